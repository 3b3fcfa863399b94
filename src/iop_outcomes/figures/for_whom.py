"""For whom: the difference within groups of people (a forest plot), with a mark where it lies drawn to their mean.

Of each question that is asked within groups the first reading of missing answers is drawn, by the preferred adjusted
method; each grouping is a heading that says whether its groups differ.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from iop_outcomes.figures import forest, style
from iop_outcomes.presentation import for_whom, numbers
from iop_outcomes.presentation.for_whom import Group, Grouped, Question
from iop_outcomes.presentation.labels import Labels, words
from iop_outcomes.protocol import Compared
from iop_outcomes.vocabulary.answers import MISSING_RULES
from iop_outcomes.vocabulary.statuses import STATUSES

if TYPE_CHECKING:
    import pandas as pd

WHAT = "The difference within groups of people"
RULES = tuple(MISSING_RULES)


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One forest plot for all questions."""
    labels = Labels(study)
    estimates = tables.everything if tables.everything is not None else tables.estimates
    asked = _first_readings(for_whom.questions(estimates, tables.diagnostics, labels))
    shown = _data(asked)
    if not any(group.told for question in asked for one in question.modifiers for group in one.groups):
        return style.note("no group has a number", shown, WHAT)
    axis = forest.Axis(
        "Difference between the arms in percentage points, first minus second",
        "Difference (interval)",
        percent=True,
        label_share=0.9,
    )
    plot = forest.plot(_rows(asked, labels), axis, "Drawn to the mean of the groups")
    return style.Figure(plot, shown, _alt(asked, labels))


def _first_readings(found: list[Question]) -> list[Question]:
    """Of each question its first reading of missing answers."""
    kept: dict[tuple[object, ...], Question] = {}
    for question in sorted(found, key=lambda q: RULES.index(q.first["missing_rule"])):
        row = question.first
        kept.setdefault((row["contrast"], row["outcome"], row["horizon_days"]), question)
    return list(kept.values())


def _data(asked: list[Question]) -> pd.DataFrame:
    import pandas as pd

    names = ("contrast", "outcome", "horizon_days", "missing_rule", "method", "group_by", "group", "estimate",
             "conf_low", "conf_high", "rounding_error", "status")  # fmt: skip
    rows = [
        {**{n: group.main[n] for n in names}, "shrunken": _drawn(group)}  # type: ignore[literal-required]
        for question in asked for one in question.modifiers for group in one.groups
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=[*names, "shrunken"])


def _rows(asked: list[Question], labels: Labels) -> list[forest.Row]:
    rows: list[forest.Row] = []
    for question in asked:
        row = question.first
        rows.append(forest.Row(labels.against(row["contrast"]), heading=True))
        rows.append(
            forest.Row(
                labels.question(row["outcome"], float(row["horizon_days"] or 0), row["missing_rule"]), heading=True
            )
        )
        for one in question.modifiers:
            rows.append(forest.Row(_head(one), heading=True))
            rows += [_row(group) for group in one.groups]
    return rows


def _head(one: Grouped) -> str:
    """The modifier, with the p value of its groups being alike."""
    if one.adjusted is None:
        return one.asked.title
    return f"{one.asked.title} (same in all: {numbers.p_is(one.adjusted)}{', adjusted' * (one.family > 1)})"


def _row(group: Group) -> forest.Row:
    row = group.main
    limits = row["conf_low"], row["conf_high"]
    text = numbers.with_limits(row["estimate"], *limits, numbers.points, row["rounding_error"])
    return forest.Row(
        words(group.name),
        row["estimate"],
        *limits,
        text=text if group.told else STATUSES[row["status"]].drawn,
        truth=_drawn(group),
    )


def _drawn(group: Group) -> float:
    return math.nan if group.drawn is None else group.drawn.value


def _alt(asked: list[Question], labels: Labels) -> str:
    said = []
    for question in asked:
        row = question.first
        groupings = [
            f"{one.asked.title}: "
            + ", ".join(
                f"{group.name} {numbers.points(group.main['estimate'], group.main['rounding_error'])}"
                for group in one.groups
                if group.told
            )
            for one in question.modifiers
        ]
        said.append(f"{labels.against(row['contrast'])}, {labels.endpoint(row['outcome'])}. {'; '.join(groupings)}")
    return (
        "Forest plot of the difference in percentage points within groups of people, with confidence intervals and a "
        f"mark where each lies drawn to the mean of its grouping. {'. '.join(said)}."
    )
