"""Going on to further care, against none, among people who leave a level of care alive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from pydantic import Field, model_validator

from iop_outcomes.protocol.base import OneOf, Part, Share, Words
from iop_outcomes.vocabulary.arms import NOT_STARTED, STARTED
from iop_outcomes.vocabulary.causes import COMPLETED, DIED, LEAVING, TRANSFERRED
from iop_outcomes.vocabulary.levels import DETOX, LABELS, LEVELS

Level = Annotated[str, OneOf(LEVELS)]
# ways of leaving after which care can be started
Way = Annotated[str, OneOf([way for way in LEAVING if way != DIED])]


class Side(NamedTuple):
    """One of the two strategies. name: in results tables. label: in words."""

    name: str
    label: str


class Starting(Part):
    """Two strategies of people who leave some levels of care alive: to start care at other levels within so many days
    of it, and to start none of it by then. Time zero is the day of leaving; everyone under either, by clones that are
    censored when they depart from it, weighted for that (clone, censor, weight).
    """

    title: Words
    leaves: list[Level] = Field(min_length=1, description="levels of care that are left")
    starts: list[Level] = Field(min_length=1, description="levels of care that are started")
    within_days: int = Field(default=14, ge=1, le=90, description="days after leaving within which care is started")
    left_as: list[Way] = Field(
        default=[COMPLETED, TRANSFERRED],
        min_length=1,
        description="ways of leaving that let people go on; who leaves unplanned has no step to take",
    )
    back: list[Level] | None = Field(
        default=None,
        description="levels of care at which a person is back after leaving; null: those that are left, and "
        "detoxification",
    )
    at_least_days: int = Field(default=3, ge=1, description="days at the levels that are left, at least")
    truncated: Share | None = Field(
        default=None, description="weights are cut off at this quantile of those of a strategy; null: not"
    )

    @property
    def returns(self) -> list[str]:
        """Levels of care at which a person is back."""
        if self.back is not None:
            return self.back
        return [name for name in LEVELS if name in self.leaves or (name == DETOX and name not in self.starts)]

    @property
    def first(self) -> Side:
        """To start."""
        return Side(STARTED, f"Starting {in_words(self.starts)} care within {self.within_days} days")

    @property
    def second(self) -> Side:
        """To start none."""
        return Side(NOT_STARTED, f"Starting none within {self.within_days} days")

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both strategies."""
        return self.first, self.second

    @model_validator(mode="after")
    def _apart(self) -> Starting:
        both = [name for name in self.leaves if name in self.starts]
        if both:
            raise ValueError(f"`leaves` and `starts` both name '{both[0]}': whoever goes on there has not left it")
        if both := [name for name in self.returns if name in self.starts]:
            raise ValueError(f"`back` and `starts` both name '{both[0]}': starting further care is no return")
        return self


def in_words(levels: Sequence[str]) -> str:
    """'outpatient or intensive outpatient', 'residential 3.1 or 3.5', within a sentence."""
    labels = [LABELS[name].lower().split(" ") for name in levels]
    shared = [i > 0 and len(label) == 2 and label[0] == labels[i - 1][0] for i, label in enumerate(labels)]
    *before, last = (label[1] if same else " ".join(label) for label, same in zip(labels, shared, strict=True))
    return " or ".join(part for part in (", ".join(before), last) if part)
