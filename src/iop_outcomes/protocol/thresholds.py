"""A week up to which staying is claimed to pay more than beyond it, asked of the curve had everyone left in each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from iop_outcomes.protocol.base import Name, Part, Share, Words

ADJUSTED = "adjusted"
# fewer than this would tell too much of them, and say too little
FEWEST = 11


class Threshold(Part):
    """Everyone who started in one arm, had all left in one and the same week, for several weeks: a curve, and whether
    it bends at one of them.
    """

    title: Words
    contrast: Name = Field(description="contrast that has the arm")
    arm: Name = Field(description="arm in which these people started")
    follows: Literal["index", "care"] = Field(
        default="care", description="what is left: the index level, or the episode of care at any level"
    )
    weeks: list[Annotated[int, Field(ge=1, le=104)]] = Field(
        min_length=5, description="weeks of leaving, rising: two at least on either side of `at`"
    )
    at: int = Field(ge=2, le=104, description="the week of the claim: 13 for ninety days")
    step: int = Field(
        default=4, ge=1, le=52, description="equal steps up to `at` and beyond it, in weeks; both ends are in `weeks`"
    )
    fewest: int = Field(
        default=30,
        ge=FEWEST,
        description="a week has a point where the effective number of the weighted people who left in it is so many",
    )
    plan: Literal["by_chance", "adjusted"] = Field(
        default="by_chance",
        description="by_chance: how long a stay was planned to be is taken to be as if by chance among people alike at "
        "the start, so that those who complete in a week stand for everyone; adjusted: leaving is modelled by the "
        "planned end, which leaves hardly anyone for a week in which nothing was planned to end",
    )
    plan_tolerance_days: int = Field(
        default=14, ge=0, description="adjusted: a stay counts as at its planned end from so many days before it on"
    )
    truncated: Share | None = Field(
        default=None, description="weights are cut off at this quantile of those of a week; null: not"
    )

    @property
    def decided(self) -> int:
        """The last week that is decided."""
        return max(self.weeks)

    @property
    def equal_steps(self) -> tuple[int, int, int]:
        """The weeks before, at and after the threshold, equally far apart."""
        return self.at - self.step, self.at, self.at + self.step

    @model_validator(mode="after")
    def _parts(self) -> Threshold:
        if sorted(set(self.weeks)) != list(self.weeks):
            raise ValueError("`weeks` must rise, each number once")
        if min(sum(w < self.at for w in self.weeks), sum(w > self.at for w in self.weeks)) < 2:
            raise ValueError(f"a curve that may bend in week {self.at} needs two of `weeks` on either side of it")
        if lacking := [str(week) for week in self.equal_steps if week not in self.weeks]:
            raise ValueError(
                f"steps of {self.step} weeks around week {self.at} need week {' and '.join(lacking)} among `weeks`"
            )
        return self
