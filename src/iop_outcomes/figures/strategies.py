"""Strategies of how long to stay, and of going on to further care: the naive comparison of those who did so beside the
right one (a forest plot).

Differences in percentage points, and the truth where it is known. The naive row is set apart by mark and
colour. Estimates that do not exist keep their row.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

from iop_outcomes.figures import forest, style
from iop_outcomes.presentation import numbers, select
from iop_outcomes.presentation.labels import Labels, sentence, strategies_method, within
from iop_outcomes.protocol import Compared, two_strategies
from iop_outcomes.tables.rows import estimated
from iop_outcomes.vocabulary.measures import DIFFERENCE, RISK
from iop_outcomes.vocabulary.methods import CLONE_CENSOR_WEIGHT, CRUDE, METHODS

if TYPE_CHECKING:
    import pandas as pd

QUESTION = ["analysis", "contrast", "outcome", "horizon_days", "missing_rule"]
KEY = [*QUESTION, "method"]
NUMBERS = ["estimate", "conf_low", "conf_high", "rounding_error", "n", "status", "reason"]
ORDER = (CRUDE, CLONE_CENSOR_WEIGHT)


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One forest plot of the strategies of a study."""
    labels = Labels(study)
    shown = questions(tables.estimates, study, tables.truth)
    if not shown["estimate"].notna().any():
        return style.note(select.why(shown, labels), shown, "The comparison of strategies")
    axis = forest.Axis(
        "Difference in percentage points (right of 0: more under the strategy named first)",
        "Points (interval)",
        percent=True,
        text_share=0.55,
        label_share=0.75,
    )
    plot = forest.plot(_rows(shown, labels), axis, "Known truth of the simulation")
    return style.Figure(plot, shown, _alt(shown, labels))


def questions(estimates: pd.DataFrame, study: Compared, truth: pd.DataFrame | None) -> pd.DataFrame:
    """Differences between strategies, one row each, naive ones first: with the shares of both, and the truth."""
    own = estimates[estimates["contrast"].isin(list(two_strategies(study))) & (estimates["measure"] == RISK)]
    found = own.loc[own["of"] == DIFFERENCE, [*KEY, *NUMBERS, "measure"]].copy()
    for column, place in (("first", 0), ("second", 1)):
        side = {name: s.sides[place].name for name, s in two_strategies(study).items()}
        shares = own.loc[own["of"] == own["contrast"].map(side), [*KEY, "estimate"]]
        found = found.merge(shares.rename(columns={"estimate": column}), on=KEY, how="left", validate="1:1")
    found["truth"] = [_truth(truth, row) for row in found[QUESTION].to_dict("records")]
    found["rank"] = found["method"].map({name: place for place, name in enumerate(ORDER)})
    return found.sort_values([*QUESTION, "rank"], kind="stable").drop(columns="rank").reset_index(drop=True)


def _truth(truth: pd.DataFrame | None, row: Mapping[Hashable, object]) -> float:
    """The known difference had everyone followed either strategy."""
    if truth is None:
        return math.nan
    own = truth[truth["of"] == DIFFERENCE]
    for column in ("contrast", "outcome", "horizon_days"):
        own = own[own[column] == row[column]]
    own = own[own["estimand"] == METHODS[CLONE_CENSOR_WEIGHT].estimand]
    return float(own["truth"].iloc[0]) if len(own) else math.nan


def _rows(shown: pd.DataFrame, labels: Labels) -> list[forest.Row]:
    rows: list[forest.Row] = []
    last = ""
    for _, own in shown.groupby(QUESTION, sort=False):
        title, asked = _heading(own, labels)
        rows += [forest.Row(words, heading=True) for words in ((title, asked) if title != last else (asked,))]
        rows += _marks(own)
        last = title
    return rows


def _heading(own: pd.DataFrame, labels: Labels) -> tuple[str, str]:
    row = estimated(own)[0]
    asked = labels.question(row["outcome"], float(row["horizon_days"] or 0), row["missing_rule"])
    return labels.contrast(row["contrast"]), asked


def _marks(own: pd.DataFrame) -> list[forest.Row]:
    found = []
    for row, truth in zip(estimated(own), own["truth"], strict=True):
        naive, error = row["method"] == CRUDE, row["rounding_error"]
        limits = numbers.interval(row["conf_low"], row["conf_high"], numbers.points, error)
        text = f"{numbers.points(row['estimate'], error)} ({limits})"
        found.append(
            forest.Row(
                strategies_method(row["method"]),
                row["estimate"],
                row["conf_low"],
                row["conf_high"],
                text=text if numbers.known(row["estimate"]) else "not shown",
                color=style.WARNING if naive else style.COLOURS[0],
                shape="s" if naive else "o",
                truth=float(truth),
            )
        )
    return found


def _alt(shown: pd.DataFrame, labels: Labels) -> str:
    said = []
    for _, own in shown.groupby(QUESTION, sort=False):
        parts = [f"{within(r.label)} {r.text}" for r in _marks(own)]
        said.append(f"{', '.join(_heading(own, labels))}: {sentence(parts)}")
    return "Forest plot of strategies, naive and weighted. " + ". ".join(said) + "."
