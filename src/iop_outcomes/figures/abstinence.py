"""Abstinence: the difference between the arms by method, under each reading of missing answers (a forest plot).

Rows are grouped by contrast, endpoint and reading; the shares of both arms stand beside them, and the truth where it is
known, that of everyone for the unadjusted row. Estimates that do not exist keep their row.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypedDict

from iop_outcomes.figures import forest, style
from iop_outcomes.presentation import numbers, select
from iop_outcomes.presentation.labels import Labels, method, within
from iop_outcomes.protocol import Compared
from iop_outcomes.vocabulary.answers import MISSING_RULES
from iop_outcomes.vocabulary.endpoints import USE_ON_A_DAY
from iop_outcomes.vocabulary.measures import DIFFERENCE, RISK
from iop_outcomes.vocabulary.methods import CRUDE, SCORED
from iop_outcomes.vocabulary.statuses import OK, STATUSES

if TYPE_CHECKING:
    import pandas as pd

METHODS = (CRUDE, *SCORED)
RULES = tuple(MISSING_RULES)
GROUP = ["contrast", "outcome", "horizon_days", "missing_rule"]


class Shown(TypedDict):
    """An estimand as it is drawn: both arms, their difference, and the truth where it is known."""

    contrast: str
    outcome: str
    horizon_days: int
    missing_rule: str
    method: str
    first: float
    second: float
    first_error: float
    second_error: float
    difference: float
    conf_low: float
    conf_high: float
    rounding_error: float
    truth: float
    status: str


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One forest plot for all contrasts that have an estimate."""
    labels = Labels(study)
    asked = select.of_arms(tables.estimates, RISK, [o for o in labels.endpoints() if labels.kind(o) in USE_ON_A_DAY])
    asked = asked[asked["contrast"].isin(list(study.contrasts))]
    shown = _shown(asked, labels, tables.truth)
    if shown.empty:
        return style.note(select.why(asked, labels), shown, "The difference in abstinence")
    axis = forest.Axis(
        "Difference between the arms in percentage points, first minus second\n(right of the line: more abstinent "
        "in the first arm)",
        "First arm, second arm",
        percent=True,
    )
    plot = forest.plot(_rows(shown, labels), axis, "Known truth of the simulation")
    return style.Figure(plot, shown, _alt(shown, labels))


def _shown(asked: pd.DataFrame, labels: Labels, truth: pd.DataFrame | None) -> pd.DataFrame:
    """One row for each estimand of the contrasts of which one at least is known, in the order of the figure."""
    import pandas as pd

    wide = []
    for key, own in asked.groupby([*GROUP, "method", "estimand"], sort=False, dropna=False):
        contrast, outcome, day, rule, name, estimand = key
        by = {r.of: r for r in own.itertuples()}
        if DIFFERENCE not in by:
            continue
        gap = by[DIFFERENCE]
        arms = [by.get(side) for side in labels.sides(str(contrast))]
        wide.append(
            {
                "contrast": contrast, "outcome": outcome, "horizon_days": day, "missing_rule": rule, "method": name,
                "estimand": estimand,
                "first": arms[0].estimate if arms[0] else math.nan,
                "second": arms[1].estimate if arms[1] else math.nan,
                "first_error": arms[0].rounding_error if arms[0] else math.nan,
                "second_error": arms[1].rounding_error if arms[1] else math.nan,
                "difference": gap.estimate, "conf_low": gap.conf_low, "conf_high": gap.conf_high,
                "rounding_error": gap.rounding_error,
                "truth": _truth(truth, str(contrast), str(outcome), float(str(day)), str(estimand)),
                "status": gap.status, "reason": gap.reason,
            }
        )  # fmt: skip
    frame = pd.DataFrame(wide)
    if frame.empty:
        return frame
    some = frame.groupby("contrast")["difference"].transform(lambda d: d.notna().any())
    ranks = {
        "contrast": list(labels.study.contrasts), "missing_rule": RULES, "method": METHODS,
    }  # fmt: skip
    order = frame.assign(
        **{f"_{c}": frame[c].map({v: i for i, v in enumerate(values)}).fillna(99) for c, values in ranks.items()}
    ).sort_values(["_contrast", "outcome", "horizon_days", "_missing_rule", "_method"], kind="stable")
    return order.loc[some.reindex(order.index), frame.columns].reset_index(drop=True)


def _truth(truth: pd.DataFrame | None, contrast: str, outcome: str, day: float, estimand: str) -> float:
    """The known difference of the estimand; for the unadjusted row that of everyone, which it should have found."""
    if truth is None:
        return math.nan
    wanted = "ATE" if estimand == "as_observed" else estimand
    own = truth[
        (truth["contrast"] == contrast)
        & (truth["outcome"] == outcome)
        & (truth["horizon_days"] == day)
        & (truth["estimand"] == wanted)
        & (truth["measure"] == RISK)
        & (truth["of"] == DIFFERENCE)
    ]
    return float(own["truth"].iloc[0]) if len(own) else math.nan


def _rows(shown: pd.DataFrame, labels: Labels) -> list[forest.Row]:
    rows: list[forest.Row] = []
    last = ""
    for (contrast, outcome, day, rule), own in shown.groupby(GROUP, sort=False, dropna=False):
        arms = labels.against(str(contrast))
        asked = labels.question(str(outcome), float(str(day)), str(rule))
        rows += [forest.Row(words, heading=True) for words in ((arms, asked) if arms != last else (asked,))]
        rows += [_row(estimand, labels) for estimand in _estimands(own)]
        last = arms
    return rows


def _estimands(shown: pd.DataFrame) -> list[Shown]:
    return shown.to_dict("records")  # type: ignore[return-value]


def _row(row: Shown, labels: Labels) -> forest.Row:
    crude = row["method"] == CRUDE
    arms = ", ".join(
        numbers.percent(value, error)
        for value, error in ((row["first"], row["first_error"]), (row["second"], row["second_error"]))
    )
    return forest.Row(
        method(row["method"]) + labels.mark(row),
        row["difference"],
        row["conf_low"],
        row["conf_high"],
        text=arms if row["status"] == OK else STATUSES[row["status"]].drawn,
        color=style.SOFT if crude else style.COLOURS[0],
        shape="s" if crude else "o",
        truth=row["truth"],
    )


def _alt(shown: pd.DataFrame, labels: Labels) -> str:
    said = []
    for _, own in shown[shown["difference"].notna()].groupby(GROUP, sort=False, dropna=False):
        (row,) = _estimands(select.best(own))
        first, second = labels.arms(row["contrast"])
        words = (
            f"{first} against {within(second)}",
            f"{within(labels.endpoint(row['outcome']))} on day {row['horizon_days']:.0f}",
            within(labels.reading(row["outcome"], row["missing_rule"])),
            within(method(row["method"])),
        )
        said.append(
            f"{', '.join(w for w in words if w)}: "
            + numbers.with_limits(
                row["difference"], row["conf_low"], row["conf_high"], numbers.points, row["rounding_error"]
            )
        )
    return (
        "Forest plot of the difference in abstinence in percentage points, with confidence intervals. "
        f"{'; '.join(said)}."
    )
