"""Hazard ratios by period: the one of all days, and that of each period, for every way of leaving that is asked for.

A plot of what a test of proportional hazards looks at, with the weights, score and clusters of the ratios themselves.
Of each question the preferred method is drawn; without ratios by period the figure says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import forest, style
from iop_outcomes.presentation import numbers, select
from iop_outcomes.presentation.labels import Labels, capital, method, within
from iop_outcomes.protocol import Compared
from iop_outcomes.tables.rows import Estimated, estimated
from iop_outcomes.vocabulary.measures import HAZARD_RATIO

if TYPE_CHECKING:
    import pandas as pd

GROUP = ["contrast", "outcome", "horizon_days"]
PERIOD = ["from_day", "to_day"]


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One forest plot of ratios for all contrasts."""
    labels = Labels(study)
    found = tables.estimates
    asked = found[(found["measure"] == HAZARD_RATIO) & found["contrast"].isin(list(study.contrasts))]
    shown = _shown(asked, labels)
    if shown.empty:
        return style.note(select.why(asked, labels), shown, "Hazard ratios by period")
    axis = forest.Axis(
        "Ratio of hazards, first arm to second (right of the line: a faster pace in the first arm)",
        "Ratio",
        logarithmic=True,
        text_share=0.35,
    )
    return style.Figure(forest.plot(_rows(shown, labels), axis), shown, _alt(shown, labels))


def _shown(asked: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """The rows of the preferred method of each question that has a ratio by period, in the order of the study."""
    import pandas as pd

    kept = []
    for key, own in asked.groupby(GROUP, sort=False, dropna=False):
        periods = own[own["from_day"].notna() & own["estimate"].notna()]
        if periods.empty:
            continue
        best = select.best(periods)["method"].iloc[0]
        rows = own[own["method"] == best]
        place = (list(labels.study.contrasts).index(str(key[0])), list(labels.endpoints()).index(str(key[1])))
        kept.append(
            (
                place,
                rows[
                    [
                        "analysis",
                        *GROUP,
                        "method",
                        *PERIOD,
                        "estimate",
                        "conf_low",
                        "conf_high",
                        "status",
                        "rounding_error",
                    ]
                ],
            )
        )
    ordered = [rows for _, rows in sorted(kept, key=lambda k: k[0])]
    return pd.concat(ordered, ignore_index=True) if ordered else asked.iloc[:0]


def _rows(shown: pd.DataFrame, labels: Labels) -> list[forest.Row]:
    rows: list[forest.Row] = []
    last = ""
    for (contrast, outcome, day), own in shown.groupby(GROUP, sort=False, dropna=False):
        arms = labels.against(str(contrast))
        asked = f"{labels.endpoint(str(outcome))}, to day {day:.0f}: {within(method(str(own['method'].iloc[0])))}"
        asked += labels.mark(estimated(own)[0])
        rows += [forest.Row(words, heading=True) for words in ((arms, asked) if arms != last else (asked,))]
        rows += [_row(row) for row in estimated(own)]
        last = arms
    return rows


def _row(row: Estimated) -> forest.Row:
    period = numbers.known(row["from_day"])
    known = numbers.known(row["estimate"])
    limits, error = (row["conf_low"], row["conf_high"]), row["rounding_error"]
    text = numbers.with_limits(row["estimate"], *limits, numbers.ratio, error)
    return forest.Row(
        capital(_days(row)),
        row["estimate"],
        row["conf_low"],
        row["conf_high"],
        text=text if known else "not shown",
        color=style.COLOURS[0] if period else style.SOFT,
        shape="o" if period else "s",
    )


def _ratio(row: Estimated) -> str:
    return numbers.ratio(row["estimate"], row["rounding_error"])


def _days(row: Estimated) -> str:
    """The days of follow-up that a ratio is of."""
    return f"day {row['from_day']} to {row['to_day']}" if numbers.known(row["from_day"]) else "all days"


def _alt(shown: pd.DataFrame, labels: Labels) -> str:
    said = []
    for (contrast, outcome, _), own in shown.groupby(GROUP, sort=False, dropna=False):
        first, second = labels.arms(str(contrast))
        ratios = [f"{_days(r)} {_ratio(r)}" for r in estimated(own) if numbers.known(r["estimate"])]
        said.append(f"{first} against {within(second)}, {within(labels.endpoint(str(outcome)))}: {', '.join(ratios)}")
    return f"Forest plot of hazard ratios over all days and by period, with confidence intervals. {'; '.join(said)}."
