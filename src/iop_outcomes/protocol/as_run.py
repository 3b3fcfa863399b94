"""The study as it was run, as far as steps after the analyses are told of it: release, figures and report."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from iop_outcomes.protocol.base import Name, Part
from iop_outcomes.protocol.doses import Doses
from iop_outcomes.protocol.margins import Margin
from iop_outcomes.protocol.modifiers import Modifier
from iop_outcomes.protocol.records import Kind
from iop_outcomes.protocol.rows import EXPLORATORY, PRIMARY, SPECIFICATION, Analysis, Eligibility, Endpoint
from iop_outcomes.protocol.sites import Sites
from iop_outcomes.protocol.specifications import Specifications
from iop_outcomes.protocol.starting import Starting
from iop_outcomes.protocol.staying import Strategies
from iop_outcomes.protocol.study import (
    Adjustment,
    Care,
    Contrast,
    Disclosure,
    Duration,
    Gate,
    Intensity,
    Population,
)
from iop_outcomes.protocol.thresholds import Threshold
from iop_outcomes.protocol.trials import Trial
from iop_outcomes.protocol.uncertain import Imputation, Inference, Misclassification


class Companions(Part):
    """What repeats a question under another rule."""

    contrasts: list[Name] = []
    outcomes: list[Name] = []


class InCare(Part):
    """How a contrast divides people by who is in care on a day."""

    day: int = Field(ge=0, description="of strategies: by which whoever is to leave has left")
    of: Name | None = Field(default=None, description="the contrast whose arms its people are, if any")
    arm: Name | None = Field(default=None, description="the one arm of that contrast whose people it divides")
    staying: Name | None = Field(default=None, description="the side of those in care on the day, of that one arm")
    sides: dict[Name, tuple[int, int | None]] = Field(
        default={}, description="of that one arm: the first and the last day on which people of each side leave"
    )


class Compared(Part):
    """Who is compared, and what it is called: all that figures need to speak."""

    contrasts: dict[Name, Contrast] = Field(description="as asked for")
    variants: dict[Name, Contrast] = Field(default={}, description="their copies under other classifiers")
    durations: dict[Name, Duration] = {}
    intensities: dict[Name, Intensity] = {}
    strategies: dict[Name, Strategies] = {}
    thresholds: dict[Name, Threshold] = {}
    starting: dict[Name, Starting] = {}
    doses: dict[Name, Doses] = {}
    specifications: dict[Name, Specifications] = {}
    sites: dict[Name, Sites] = {}
    margins: dict[Name, Margin] = {}
    modifiers: dict[Name, Modifier] = {}
    endpoints: dict[Name, Endpoint] = Field(description="by outcome, in the order of the library")
    primary: list[Analysis] = Field(default=[], description="the questions that the study is about")
    exploratory: list[Analysis] = Field(default=[], description="those that answer nothing, and give rise to questions")
    specified: list[Analysis] = Field(
        default=[], description="what specification curves ask beside the sheet, and is shown nowhere else"
    )
    companions: Companions = Companions()
    population: Population = Population()
    inference: Inference = Inference()
    gate: Gate = Gate()


class Origin(Part):
    """Where records come from, as far as a reader is told."""

    kind: Kind
    citation: str = ""
    note: str = ""
    people: int
    sites: int
    scenario: str
    seed: int


class AsRun(Compared):
    """The whole study, as the report reads it."""

    cohort: Name
    title: str
    source: Origin
    care: Care = Care()
    adjustment: Adjustment = Adjustment()
    imputation: Imputation = Imputation()
    misclassification: Misclassification = Misclassification()
    disclosure: Disclosure = Disclosure()
    eligibility: list[Eligibility]
    analyses: list[Analysis]
    trials: dict[Name, Trial] = {}

    @model_validator(mode="before")
    @classmethod
    def _by_family(cls, given: Any) -> Any:
        """Which analyses are primary, or specifications, stands in their family, and need not be said twice."""
        if not isinstance(given, dict) or "primary" in given:
            return given
        rows = given.get("analyses", ())
        families = [row["family"] if isinstance(row, dict) else row.family for row in rows]
        of = {"primary": PRIMARY, "exploratory": EXPLORATORY, "specified": SPECIFICATION}
        return {
            **given, **{n: [r for r, own in zip(rows, families, strict=True) if own == f] for n, f in of.items()}
        }  # fmt: skip
