"""Times to relapse, dropout and first use in three opioid trials against R's coxph on CTNote's columns.

The references are in references/endpoints.json, with the script in r/endpoints.R; the trials are not shipped.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.analyses.outcomes.followed import columns
from iop_outcomes.cohort import retention
from iop_outcomes.cohort.runs import run_of_screens
from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.patterns.evaluate import evaluate
from iop_outcomes.patterns.pattern import from_strings
from iop_outcomes.patterns.published import find, published
from iop_outcomes.patterns.words import AS_OPERATIONALISED
from iop_outcomes.protocol import Endpoint
from iop_outcomes.sources.trials import ctn0094

REFERENCE = json.loads((Path(__file__).parent / "references" / "endpoints.json").read_text())
ARMS = {
    "inpatient_vs_outpatient": (
        ["Inpatient BUP", "Inpatient NR-NTX"],
        ["Methadone", "Outpatient BUP", "Outpatient BUP + EMM", "Outpatient BUP + SMM"],
    ),
    "naltrexone_vs_buprenorphine": (["Inpatient NR-NTX"], ["Inpatient BUP"]),
    "methadone_vs_buprenorphine": (["Methadone"], ["Outpatient BUP"]),
    "enhanced_vs_standard_counselling": (["Outpatient BUP + EMM"], ["Outpatient BUP + SMM"]),
}
RELAPSE = Endpoint(
    outcome="relapse", kind="run_of_screens", label="Relapse", definition="Four in a row.", substance="opioid", run=4,
    counts="positive,inconclusive,missing",
)  # fmt: skip
Ratio = tuple[float, float]


@pytest.fixture(scope="module")
def tables(shared: Path) -> dict[str, pd.DataFrame]:
    return ctn0094.read({"path": str(shared / "data" / "ctn0094")})


@pytest.fixture(scope="module")
def patterns(shared: Path) -> pd.DataFrame:
    folder = shared / "data" / "ctn0094"
    arms = pd.read_csv(folder / "ctn0094_randomization.csv").query("which == 1")[["who", "treatment"]]
    return pd.read_csv(folder / "published_endpoints.csv").merge(arms, on="who")


def ratio(arm: pd.Series, sides: tuple[list[str], list[str]], days: Any, event: Any) -> Ratio:
    """Hazard ratio of the first side against the second, and the model's standard error of its logarithm."""
    here = arm.isin([*sides[0], *sides[1]]).to_numpy()
    first = arm.isin(sides[0]).to_numpy()[here, None].astype(float)
    days, event = (np.asarray(column, dtype=float)[here] for column in (days, event))
    known = (days > 0) | (event > 0)
    fit = cox(first[known], days[known], event[known])
    return float(np.exp(fit.estimate.value[0])), float(np.sqrt(np.linalg.inv(fit.information)[0, 0]))


@pytest.mark.parametrize("contrast", ARMS)
@pytest.mark.parametrize("name", REFERENCE["ratios"]["inpatient_vs_outpatient"])
def test_hazard_ratios_of_published_endpoints(
    contrast: str, name: str, patterns: pd.DataFrame, agree: Callable[..., None]
) -> None:
    found = evaluate(
        from_strings(patterns["who"], patterns["usePatternUDS"]), find([name], AS_OPERATIONALISED, published())
    )[name]
    ours = ratio(patterns["treatment"], ARMS[contrast], found.values, found.event)
    theirs = REFERENCE["ratios"][contrast][name]
    agree(ours, [theirs["hazard_ratio"], theirs["std_error"]], 1e-6)


@pytest.mark.parametrize("contrast", ARMS)
def test_relapse_from_screens_is_censored_on_its_own_clock(
    contrast: str, tables: dict[str, pd.DataFrame], agree: Callable[..., None]
) -> None:
    """From records as a study reads them; screens of baseline weeks do not count."""
    people = tables["persons"]
    days, event = run_of_screens(people, {"screens": tables["screens"].astype({"day": "int64"})}, RELAPSE)
    own = people["person_id"].map(days), people["person_id"].map(event)
    theirs = REFERENCE["ratios"][contrast]["Rs_ctnNinetyFour_2023"]
    found = ratio(people["assigned_arm"], ARMS[contrast], *own)
    agree(found, [theirs["hazard_ratio"], theirs["std_error"]], 1e-6)
    late = REFERENCE["three_weeks_late"][contrast]["hazard_ratio"]
    kept = ratio(people["assigned_arm"], ARMS[contrast], own[0] + 21 * ~own[1], own[1])[0]
    agree(kept, late, 1e-6)
    assert abs(found[0] - late) > 1e-4


@pytest.mark.parametrize("contrast", ARMS)
def test_dropout_from_stays_is_censored_on_its_own_clock(
    contrast: str, tables: dict[str, pd.DataFrame], agree: Callable[..., None]
) -> None:
    """The stay of whoever did not drop out ends with the last week; a dropout is known to three weeks before it."""
    stays = tables["stays"].merge(tables["persons"], on="person_id")
    people = pd.DataFrame(
        {
            "person_id": stays["person_id"], "record_id": stays["person_id"], "index_start_day": 0,
            "clock_start_day": 0, "observed_days": stays["observed_to_day"],
        }
    )  # fmt: skip
    # a death does not end the published dropout
    dropped = stays["end_day"] < stays["observed_to_day"]
    episodes = people[["person_id", "index_start_day"]].assign(
        **{f"{of}_end_day": stays["end_day"] for of in ("index", "episode")},
        **{f"{of}_end_latest": stays["end_day"] for of in ("index", "episode")},
        **{f"{of}_reason": np.where(dropped, "unplanned", "completed") for of in ("index", "episode")},
    )
    no_gaps = episodes.head(0).assign(gap_days=0)
    rows = retention.run(people, episodes, no_gaps, tables["screens"].head(0), tables["persons"])["retention"]
    days, _, cause, _ = columns(rows, "index", people)
    found = ratio(stays["assigned_arm"], ARMS[contrast], days, cause == "unplanned")
    theirs = REFERENCE["ratios"][contrast]["Dr_ctnNinetyFour_2023"]
    agree(found, [theirs["hazard_ratio"], theirs["std_error"]], 1e-6)
