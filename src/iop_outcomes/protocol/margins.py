"""How much worse still counts as no worse: set for an outcome before outcomes are read, with the reason for it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from iop_outcomes.protocol.base import Name, Part, Words
from iop_outcomes.protocol.rows import Family, Measure, Method, MissingRule
from iop_outcomes.vocabulary.measures import DIFFERENCE, MEASURES, RATIO


class Margin(Part):
    """The margin of one outcome in one measure, and on which scale it is."""

    outcome: Name
    measure: Measure
    of: Literal["", "difference", "ratio"] = Field(
        default="",
        description="scale of the margin; empty: the difference of the arms, or the ratio that is measured",
    )
    margin: float = Field(
        description="the first arm less the second, or by it, that is just not acceptable: below 0 (below 1 of "
        "a ratio) where more is better, above where fewer is"
    )
    strict: float | None = Field(default=None, description="a stricter margin, whose verdict stands beside it")
    better: Literal["", "more", "fewer"] = Field(
        default="", description="which way is better; empty: as it follows from the outcome"
    )
    horizon_days: int | None = Field(
        default=None, ge=1, description="day that it is for; null: the days of the primary questions, or all asked"
    )
    reason: Words = Field(min_length=20, description="why so much worse, and no more, would still be acceptable")

    @property
    def scale(self) -> str:
        """DIFFERENCE or RATIO."""
        return self.of or MEASURES[self.measure].main

    @model_validator(mode="after")
    def _on_a_scale(self) -> Margin:
        known = MEASURES[self.measure]
        if self.of and self.of not in known.rows("first", "second"):
            has = RATIO if known.ratio else DIFFERENCE
            raise ValueError(f"the measure {self.measure} has no {self.of}: leave `of` empty, or write {has}")
        if self.scale == DIFFERENCE and known.share:
            for key, given in (("margin", self.margin), ("strict", self.strict)):
                if given is not None and abs(given) >= 1:
                    raise ValueError(f"`{key}` is a difference of shares, within -1 and 1: ten points are 0.1")
        return self


class Judged(Part):
    """One question on which a verdict is given, as the release is told of it.

    asked: methods that the sheet asks for, each with the families under its readings. readings: those of missing
    answers under each of which a verdict of no worse must hold; empty: all that were asked.
    """

    analysis: Name
    contrast: Name
    outcome: Name
    horizon_days: int
    measure: Measure
    of: str
    better: str
    randomised: bool = False
    margin: float | None = None
    strict: float | None = None
    primary: list[Method] = []
    asked: list[Method]
    readings: list[MissingRule] = []
    family: Family = "primary"
