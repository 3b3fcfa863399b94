"""A covariate left out of the score: the ratio is that of the score without it; what cannot be left out is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from contrast_people import CONTRAST, ENDPOINTS, INFERENCE, ask, people_of_a_contrast, run_retention

import iop_outcomes as iop
from iop_outcomes.analyses import anchors
from iop_outcomes.analyses.outcomes import follow
from iop_outcomes.analyses.sample import Sample

Cohort = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return people_of_a_contrast()


def answered(cohort: Cohort, *names: str, **changes: Any) -> dict[str, Any]:
    asked = ask(**changes)
    outcome = follow(cohort["retention"], cohort["scores"], ENDPOINTS[asked.outcome])
    found = anchors.answered(asked, Sample.of(cohort["scores"], CONTRAST, INFERENCE), outcome, names)
    return {str(row["group"]): row for row in found.estimates}


@pytest.mark.parametrize("method", ["overlap", "iptw"])
def test_the_ratio_and_its_error_are_those_of_a_score_of_the_others(cohort: Cohort, method: str) -> None:
    scores = cohort["scores"]
    left = cohort["retention"][cohort["retention"]["follows"] == "index"].set_index("person_id")
    left = left.reindex(scores["person_id"])
    people = pd.DataFrame({
        "arm": np.where(scores["arm"] == 1, "iop", "residential"), "site": scores["site_id"],
        "sex": cohort["covariates"].set_index("person_id")["sex"].reindex(scores["person_id"]).astype(str).to_numpy(),
        "left": ((left["cause"] == "unplanned") & (left["days"] <= 90)).astype(int).to_numpy(),
    })  # fmt: skip
    other = iop.adjusted_difference(people, "arm", "iop", "residential", ["sex", "site"], "left", weights=method)
    ratio = other[other["of"] == "ratio"].iloc[0]
    estimand = {"overlap": "ATO", "iptw": "ATE"}[method]
    row = answered(cohort, "age", method=method, estimand=estimand)["age"]
    assert row["estimate"] == pytest.approx(ratio["estimate"])
    assert row["std_error"] == pytest.approx(ratio["std_error"])
    assert row["conf_low"] == pytest.approx(ratio["conf_low"])


def test_what_is_left_out_moves_the_answer_and_what_is_no_term_has_none(cohort: Cohort) -> None:
    (whole,) = run_retention(cohort, ask())["estimates"].query("of == 'ratio'")["estimate"]
    found = answered(cohort, "age", "sex", "severity")
    assert all(abs(np.log(found[name]["estimate"] / whole)) > 1e-6 for name in ("age", "sex"))
    assert found["severity"]["status"] == "not_possible"
    assert found["severity"]["reason"] == anchors.NO_TERM


def test_a_state_that_is_not_known_of_everyone_is_named(cohort: Cohort) -> None:
    early = cohort["retention"].assign(cause=np.where(cohort["retention"]["days"] < 20, "censored", "unplanned"))
    assert answered({**cohort, "retention": early}, "age")["age"]["reason"] == anchors.UNCLEAR
