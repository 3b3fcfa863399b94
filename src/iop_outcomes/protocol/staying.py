"""Strategies of how long to stay, compared with each other: what each decides, and when who has followed it is told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from iop_outcomes.protocol.base import Name, Part, Share, Words
from iop_outcomes.vocabulary.kind import DAYS_PER_WEEK

AT_LEAST, EXACTLY, AT_MOST = "at_least", "exactly", "at_most"


class Stay(Part):
    """One strategy. Weeks are counted from time zero: week 1 is days 0 to 6, and who was last in care on one of these
    has left in week 1.
    """

    name: Name = Field(description="short name, used in results tables")
    label: Words = Field(min_length=1, description="name in words: 'Staying at least 13 weeks'")
    stay: Literal["at_least", "exactly", "at_most"] = Field(
        description="at_least: nobody leaves before that week; exactly: nobody before, and everyone in it; at_most: "
        "everyone by then, and who leaves sooner leaves when they do"
    )
    weeks: int = Field(ge=1, le=104, description="the week of the strategy")
    grace_weeks: int = Field(
        default=0, ge=0, le=26, description="exactly and at_most only: leaving may take so many weeks longer"
    )

    @property
    def leaves(self) -> tuple[int, int | None]:
        """First and last week in which people who follow it may leave; None where they may stay as long as they do."""
        if self.stay == AT_LEAST:
            return self.weeks, None
        return (self.weeks if self.stay == EXACTLY else 1), self.weeks + self.grace_weeks

    @property
    def decided(self) -> int:
        """The last week that it decides: by its end it is told who has followed it."""
        first, last = self.leaves
        return first - 1 if last is None else last

    @property
    def in_words(self) -> str:
        """What it decides, within a sentence."""
        if self.stay == AT_LEAST:
            return f"nobody leaves before week {self.weeks}"
        late = f", or up to {self.grace_weeks} weeks later" if self.grace_weeks else ""
        begin = "nobody leaves before" if self.stay == EXACTLY else "who leaves before leaves when they do"
        return f"{begin}, and everyone else in week {self.weeks}{late}"

    @model_validator(mode="after")
    def _decides(self) -> Stay:
        if not self.decided:
            raise ValueError("staying at least 1 week asks nothing of anyone: name a later week")
        if self.grace_weeks and self.stay == AT_LEAST:
            raise ValueError("`grace_weeks` is for leaving (exactly, at_most): to stay at least so long, lower `weeks`")
        return self


class Strategies(Part):
    """Two strategies of how long to stay, among people who started in one arm: everyone under either, by clones that
    are censored when they depart from it, weighted for that (clone, censor, weight).
    """

    title: Words
    contrast: Name = Field(description="contrast that has the arm")
    arm: Name = Field(description="arm in which these people started")
    follows: Literal["index", "care"] = Field(
        default="care", description="what is left: the index level, or the episode of care at any level"
    )
    first: Stay
    second: Stay
    plan_tolerance_days: int = Field(
        default=14, ge=0, description="a stay counts as at its planned end from so many days before it on"
    )
    truncated: Share | None = Field(
        default=None, description="weights are cut off at this quantile of those of a strategy; null: not"
    )

    @property
    def sides(self) -> tuple[Stay, Stay]:
        """Both strategies."""
        return self.first, self.second

    @property
    def longest(self) -> str | None:
        """The one whose people are all those who were there in its week, if any."""
        return next((side.name for side in self.sides if side.stay == AT_LEAST), None)

    @property
    def days(self) -> dict[str, tuple[int, int | None]]:
        """By strategy the first and the last day of leaving; None where people may stay as long as they do."""
        weeks = {side.name: side.leaves for side in self.sides}
        return {
            name: (DAYS_PER_WEEK * (first - 1), None if last is None else DAYS_PER_WEEK * last - 1)
            for name, (first, last) in weeks.items()
        }

    @property
    def all_left_by(self) -> int:
        """The day by which whoever is to leave has left."""
        return 1 + max(last for _, last in self.days.values() if last is not None)

    @property
    def decided(self) -> int:
        """The last week that one of them decides."""
        return max(side.decided for side in self.sides)

    @model_validator(mode="after")
    def _apart(self) -> Strategies:
        (_, last), (start, _) = sorted((side.leaves for side in self.sides), key=lambda weeks: weeks[0])
        if self.first.name == self.second.name:
            raise ValueError("the two strategies need names of their own")
        if last is None or start <= last:
            raise ValueError(
                f"whoever leaves in week {start} follows both strategies, and counts on both sides of the naive "
                "comparison: choose weeks that part people"
            )
        return self
