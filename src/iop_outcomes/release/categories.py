"""Estimates of hours in categories: each speaks of the people of its own category, or of these and of the one that it
is compared with, and of no other category of the arm.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from iop_outcomes.tables.results import BY_HOURS
from iop_outcomes.tables.rows import Estimated, alike
from iop_outcomes.vocabulary.measures import DIFFERENCE

Cells = TypeVar("Cells")
# what the rows of the categories of an arm have in common
QUESTION = ["analysis", "contrast", "outcome", "horizon_days", "method", "missing_rule", "measure", "group"]
# by question, and by where a category begins
Categories = Mapping[tuple[str, ...], tuple[str, ...]]


def compared(rows: Sequence[Estimated]) -> Categories:
    """The category of each place, and the one that it is compared with: the one that has no difference."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    own = [row for row in rows if row["group_by"] == BY_HOURS]
    for of_arm in alike(own, QUESTION).values():
        named = {_place(row): row["of"] for row in of_arm if row["of"] != DIFFERENCE}
        with_difference = {_place(row) for row in of_arm if row["of"] == DIFFERENCE}
        reference = tuple(name for place, name in named.items() if place not in with_difference)
        found |= {place: (name, *reference) for place, name in named.items()}
    return found


def of_row(row: Estimated, arms: Mapping[str, Cells], known: Categories) -> dict[str, Cells]:
    """The arms that a row speaks of: all, where it is not of categories."""
    if row["group_by"] != BY_HOURS:
        return dict(arms)
    asked: Collection[str] = known.get(_place(row), ()) if row["of"] == DIFFERENCE else (row["of"],)
    return {name: cells for name, cells in arms.items() if name in asked}


def _place(row: Estimated) -> tuple[str, ...]:
    return (*(str(row[name]) for name in QUESTION), str(row["hours_per_week"]))  # type: ignore[literal-required]
