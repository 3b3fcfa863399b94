"""Invented people and the answers expected of a cohort's definition, as a file beside the cohort's own."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from iop_outcomes.protocol.base import Name, OneOf, Part
from iop_outcomes.vocabulary.endpoints import CAUSES

Record = dict[str, Any]


class Left(Part):
    """When and how something that is followed was left."""

    days: int = Field(ge=0, description="days from its start")
    cause: Annotated[str, OneOf(CAUSES)]


class Expected(Part):
    """What the definition should make of a person."""

    eligible: bool
    excluded_by: Name | None = Field(default=None, description="the eligibility rule that should exclude the person")
    time_zero: int | None = Field(default=None, description="day of time zero")
    arms: dict[Name, str] = Field(default={}, description="name of the arm by contrast, or 'neither'")
    left: dict[str, Left] = Field(
        default={}, description="by what is followed: index, care, continuum, care_gap_30, or an event's endpoint"
    )
    outcomes: dict[Name, dict[int, bool | None]] = Field(
        default={}, description="yes-or-no endpoints by horizon; null where the answer is not known"
    )
    times: dict[Name, tuple[int, bool]] = Field(default={}, description="time endpoints: days, and whether it was seen")

    @model_validator(mode="after")
    def _one_story(self) -> Expected:
        if self.eligible and self.excluded_by:
            raise ValueError("is eligible and yet excluded by a rule; leave one out")
        if not self.eligible and (self.arms or self.left or self.outcomes or self.times):
            raise ValueError("is not eligible, so that no arm and no outcome can be expected")
        return self


class Invented(Part):
    """One invented person: records in the canonical columns, and what is expected."""

    name: str = Field(min_length=3, description="who this is, in words; named when an answer is not as expected")
    person: Record = Field(default={}, description="columns of persons; what is left out is unknown")
    stays: list[Record] = []
    sessions: list[Record] = []
    screens: list[Record] = []
    followups: list[Record] = []
    medications: list[Record] = []
    periods: list[Record] = []
    expect: Expected


class People(Part):
    """The file: invented people, one after the other."""

    people: list[Invented] = Field(min_length=1)
