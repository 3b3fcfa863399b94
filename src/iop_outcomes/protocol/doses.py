"""Doses of care had everyone had them: hours a week, for so many weeks, at either level of a contrast."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from iop_outcomes.protocol.base import Name, Part, Words

# fewer people than this near a dose would tell too much of them, and say too little
FEWEST = 20


# the lower and the upper quantile to which weights are brought in
Quantiles = tuple[Annotated[float, Field(ge=0, lt=0.5)], Annotated[float, Field(gt=0.5, le=1)]]


class Doses(Part):
    """A grid of doses: what would have come of everyone in a contrast, had all attended so many hours a week for so
    many weeks, at the level of its first arm and at that of its second; and the setting at the same dose.
    """

    title: Words
    contrast: Name = Field(description="contrast whose people these are, and whose arms are the levels of care")
    hours: list[Annotated[float, Field(gt=0, le=80)]] = Field(min_length=1, description="attended hours a week")
    weeks: list[Annotated[int, Field(ge=1, le=104)]] = Field(min_length=1, description="weeks of care")
    fewest_near: int = Field(
        default=50,
        ge=FEWEST,
        description="a dose has a number where so many people of its level stayed as long, at nearly such hours",
    )
    compare: dict[Name, tuple[float, float]] = Field(
        default={},
        description="for each arm of the contrast by name: two of the hours, fewer first, whose difference is told",
    )
    truncated: Quantiles = Field(
        default=(0.01, 0.99), description="quantiles to which weights of weekly histories are brought in"
    )

    @property
    def decided(self) -> int:
        """The last week of the longest dose."""
        return max(self.weeks)

    @model_validator(mode="after")
    def _rises(self) -> Doses:
        for name, values in (("hours", self.hours), ("weeks", self.weeks)):
            if sorted(set(values)) != list(values):
                raise ValueError(f"`{name}` must rise, each number once")
        for arm, (fewer, more) in self.compare.items():
            if not fewer < more or not {fewer, more} <= set(self.hours):
                raise ValueError(f"`compare` of '{arm}' must be two of `hours`, fewer first")
        return self
