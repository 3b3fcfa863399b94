"""Phrases of the summary on hours a week in categories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, groups
from iop_outcomes.protocol import AsRun
from iop_outcomes.report.sentences.effects import POINTS, Rows, gap, reading
from iop_outcomes.tables.rows import Estimated, alike, estimated
from iop_outcomes.vocabulary.measures import DIFFERENCE
from iop_outcomes.vocabulary.methods import UNADJUSTED

if TYPE_CHECKING:
    import pandas as pd

QUESTION = ["outcome", "horizon_days", "missing_rule", "method"]


def questions(own: pd.DataFrame) -> Iterator[tuple[Estimated, dict[str, Rows]]]:
    """Each question of an arm by each method: one of its rows, and the rows of each category by its name."""
    for rows in alike(estimated(own), QUESTION).values():
        # of no hours at all the place is missing, and comes first
        places = sorted(alike(rows, ["hours_per_week"]).values(), key=lambda some: _begins(some[0]))
        told = ({row["of"]: row for row in some} for some in places)
        yield rows[0], {next(of for of in some if of != DIFFERENCE): some for some in told}


def _begins(row: Estimated) -> float:
    begins = numbers.number(row["hours_per_week"])
    return -1.0 if begins is None else begins


def _fine(row: Estimated) -> bool:
    """There is a number, and protection has moved it by less than chance may have."""
    return numbers.known(row["estimate"]) and (numbers.number(row["rounding_error"]) or 0.0) <= row["std_error"]


def said(own: pd.DataFrame, study: AsRun, name: str) -> Iterator[str]:
    """Each arm, under each reading: what comes of the other categories against the one that is named, by weights."""
    labels, setting = Labels(study), study.intensities[name]
    side = dict(zip(labels.sides(name), groups(labels, name), strict=True))
    for arm, rows in own[~own["method"].isin(UNADJUSTED)].groupby("group", sort=False):
        reference = setting.categories.compared_with(str(arm)) if setting.categories else ""
        for row, by_category in questions(rows):
            parts = [
                f"with {of}, {gap(told[DIFFERENCE], labels, POINTS, numbers.size)}"
                for of, told in by_category.items()
                if DIFFERENCE in told and _fine(told[DIFFERENCE])
            ]
            if parts:
                begin = f"Of {side[str(arm)]} and still in care after {setting.window_days} days"
                begin = ", ".join(part for part in (begin, reading(row, labels)) if part)
                yield f"{begin}, against {reference} attended hours a week: {'; '.join(parts)}."
