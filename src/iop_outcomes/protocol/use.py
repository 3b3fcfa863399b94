"""What counts as use, and how tests become a pattern of use; each default with the source that it follows.

`data/reference/substance_classes.csv` tells what a class of substances holds and what is prescribed for it,
`data/reference/detection_windows.csv` how long a substance is found in a specimen.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from iop_outcomes.protocol.base import OneOf, Part
from iop_outcomes.vocabulary.endpoints import ADMISSION, CLOCKS
from iop_outcomes.vocabulary.levels import CONTROLLED, LEVELS
from iop_outcomes.vocabulary.testing import (
    ANY,
    EXCUSED_REASONS,
    REASONS,
    SPECIMENS,
    URINE,
)

ReasonName = Annotated[str, OneOf(REASONS)]
Specimen = Annotated[str, OneOf(SPECIMENS)]


class AskedTests(Part):
    """Tests as an endpoint asks about them."""

    substance: str = Field(default=ANY, description="class of substances, a substance, or any")
    clock: Annotated[str, OneOf(CLOCKS)] = Field(default=ADMISSION, description="where days are counted from")
    one_in_days: int = Field(default=0, ge=0, description="tests are thinned to one in so many days; 0: all count")


class Schedule(Part):
    """When tests are due."""

    kind: Literal["recorded", "regular"] = Field(
        default="recorded",
        description="recorded: a test was due where the records hold one, given or not; regular: in every so many "
        "days, and one that is not on record was missed",
    )
    every_days: int = Field(default=7, ge=1, description="regular: days from one test to the next")
    sites: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default={}, description="regular: the same at sites that differ, by site_id"
    )
    until: Literal["observed", "care"] = Field(
        default="care",
        description="regular: tests are due to the end of observation, or of the episode of care, its stays no "
        "more than `care.gap_days` apart",
    )

    @model_validator(mode="after")
    def _regular(self) -> Schedule:
        usual = {name: Schedule.model_fields[name].default for name in ("every_days", "sites", "until")}
        if self.kind == "recorded" and any(getattr(self, name) != value for name, value in usual.items()):
            raise ValueError("`every_days`, `sites` and `until` are for `kind: regular`; `recorded` reads the records")
        return self


class Use(Part):
    """What counts as use of a substance, and how the tests of an interval become one symbol."""

    interval_days: int = Field(default=7, ge=1, le=366, description="length of an interval of a pattern")
    begins: int = Field(
        default=1,
        ge=0,
        le=1,
        description="day, from time zero, on which interval 1 begins: 1, as a test of the day on which care starts "
        "tells of the time before it; or 0",
    )
    last_interval: Literal["whole", "begun"] = Field(
        default="whole", description="the last interval: the last that observation covers whole, or that it reaches"
    )
    conflicts: Literal["mixed", "any_positive", "last"] = Field(
        default="mixed",
        description="tests of one interval, or of one substance on one day, that disagree: mixed; any_positive: the "
        "positive counts; last: the last day counts, and two of one day are mixed",
    )
    prescribed: Literal["no_use", "not_tested", "use"] = Field(
        default="no_use",
        description="a substance that was found while a medication explains it (a spell on record covers the day, or "
        "ended within the time that the substance is found): no use of it, so that the test counts as negative; as if "
        "the substance had not been tested for, so that the test is excused; or use all the same",
    )
    dilute: Literal["missed", "excused", "as_written"] = Field(
        default="missed",
        description="a negative of a dilute specimen: missed, as it is no valid test; excused; or as_written. A "
        "positive of one stands (49 CFR 40.197(a))",
    )
    tampered: Literal["missed", "positive", "excused"] = Field(
        default="missed",
        description="an adulterated or substituted specimen, whatever its result: missed, as a refusal to be tested "
        "(49 CFR 40.191(a)); positive; or excused",
    )
    excused: list[ReasonName] = Field(
        default=list(EXCUSED_REASONS),
        description="reasons for which a test without a result is no missed test: it is left out as not observed",
    )
    deaths: Literal["apart", "missed"] = Field(
        default="apart", description="intervals from a death on: a state of their own, or as tests that were missed"
    )
    least_covered: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="share of an interval that the times in which the substance is found must cover, test by test, for "
        "tests to tell of it; else they are excused, positives as negatives, as one of alcohol in urine is of a week. "
        "0: not asked",
    )
    specimen: Specimen = Field(default=URINE, description="what was tested where the records do not say")
    self_report: Literal["ignored", "fills", "counts"] = Field(
        default="ignored",
        description="what people told at interviews: ignored; fills intervals without a test; or counts beside tests, "
        "and use that is told is use",
    )
    controlled: list[Annotated[str, OneOf(LEVELS)]] = Field(
        default=list(CONTROLLED),
        description="levels of care whose days are spent in a controlled environment, where use is hardly possible: "
        "the community begins on the first day outside of them that does not lie between two such stays no more than "
        "`care.gap_days` apart",
    )
    schedule: Schedule = Schedule()

    @field_validator("excused", "controlled")
    @classmethod
    def _once(cls, names: list[str]) -> list[str]:
        if len(set(names)) < len(names):
            raise ValueError("a name stands twice")
        return names
