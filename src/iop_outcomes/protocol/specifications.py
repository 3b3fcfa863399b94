"""Choices that could have been made otherwise: every combination of them asks a question once more."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from iop_outcomes.protocol.base import Name, Part, Words
from iop_outcomes.protocol.rows import Method, MissingRule
from iop_outcomes.vocabulary.answers import NONE
from iop_outcomes.vocabulary.methods import IMPUTED, SCORED


class Specifications(Part):
    """One specification curve: a share of people compared under every combination of what is listed."""

    title: Words
    contrast: Name
    outcomes: list[Name] = Field(
        min_length=1, description="an outcome of the sheet, and the same by other rules: gaps, clocks, definitions"
    )
    horizon_days: list[Annotated[int, Field(ge=1)]] = Field(min_length=1, description="days")
    methods: list[Method] = Field(
        min_length=1, description="methods with a propensity score: weights, truncation, doubly robust"
    )
    missing_rules: list[MissingRule] = Field(
        default=[NONE], min_length=1, description="readings of a missing answer; none where none can be missing"
    )
    classifiers: list[Literal["label", "asam", "broad"]] = Field(
        default=[], description="of the `classifiers` of the contrast, those tried beside its own column"
    )

    @field_validator("methods")
    @classmethod
    def _of_a_score(cls, methods: list[str]) -> list[str]:
        strange = [m for m in methods if m not in SCORED or m in IMPUTED]
        if strange:
            known = ", ".join(m for m in SCORED if m not in IMPUTED)
            raise ValueError(f"'{strange[0]}' is no method that a specification can vary; expected some of {known}")
        return methods
