"""What is not certain: how missing answers are imputed, how use may be missed, and how intervals are made."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from iop_outcomes.protocol.base import Part, Share


class Imputation(Part):
    """How what was not recorded is imputed: covariates, where the sheet asks for a method ..._imputed, and answers, by
    the missing_rule imputed or delta_adjusted.
    """

    imputations: int = Field(default=20, ge=2, description="completed data sets")
    passes: int = Field(default=5, ge=1, description="rounds of chained equations before a data set is complete")
    seed: int = Field(default=20260101, ge=0, description="the same seed gives the same data sets")
    delta: float = Field(
        default=-1.0,
        ge=-10,
        le=10,
        description="missing_rule delta_adjusted: log odds by which drawn answers are moved",
    )
    deltas: tuple[Annotated[float, Field(ge=-10, le=10)], ...] = Field(
        default=(-2.0, -1.0, 0.0, 1.0, 2.0),
        min_length=2,
        description="the same in tipping points, each value in each arm",
    )

    @field_validator("deltas")
    @classmethod
    def _apart(cls, deltas: tuple[float, ...]) -> tuple[float, ...]:
        if any(a >= b for a, b in pairwise(deltas)):
            raise ValueError("deltas must rise")
        return deltas


class Misclassification(Part):
    """How far results on use hold where use was missed, or seen where there was none: by what share, is supposed."""

    sensitivity: list[Share] = Field(
        default=[],
        description="shares of people with use of whom it is found; with each of them the primary results on use are "
        "corrected. Empty: not asked",
    )
    specificity: list[Share] = Field(
        default=[1.0], min_length=1, description="shares of people without use of whom none is found"
    )

    @model_validator(mode="after")
    def _tells(self) -> Misclassification:
        pairs = [(se, sp) for se in self.sensitivity for sp in self.specificity if se + sp <= 1]
        if pairs:
            raise ValueError(
                f"with a sensitivity of {pairs[0][0]:g} and a specificity of {pairs[0][1]:g} use would be found no "
                "more often among those with use than among those without: their sum must be above 1"
            )
        return self


class Alike(Part):
    """Cohorts like this one, drawn with a known truth, on which the primary questions are asked again."""

    replicates: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="cohorts drawn for each comparison; 0: none, and nothing is tried",
    )


class Inference(Part):
    """How uncertainty is stated."""

    confidence_level: float = Field(default=0.95, gt=0.5, lt=1)
    cluster: Literal["site", "person"] = Field(default="site", description="what is independent: sites, or people")
    min_clusters: int = Field(
        default=20, ge=2, description="fewer sites than this, and people are taken as independent"
    )
    hazard_cuts_days: tuple[int, ...] = Field(
        default=(), description="days between which hazard ratios of leaving are also given by period"
    )

    @field_validator("hazard_cuts_days")
    @classmethod
    def _rising(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if any(a >= b for a, b in pairwise((0, *days))):
            raise ValueError("days must rise, and lie above 0")
        return days
