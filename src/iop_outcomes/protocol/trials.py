"""What only the authors of a study can say of the trials that its comparisons stand in for."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from iop_outcomes.protocol.base import Part, Words
from iop_outcomes.tables.results import ALL
from iop_outcomes.vocabulary.trials import (
    ASSIGNED,
    COMPARED,
    CONTRASTED,
    ELIGIBLE,
    FOLLOWED,
    OUTCOMES,
    PARTS,
    PLAN,
    ZERO,
)


def _said(part: str) -> str:
    return f"{PARTS[part][1]}: what the definition does not say, in sentences"


class Trial(Part):
    """Sentences of a target trial, each beside what the study's own definition says of that part."""

    eligibility: Words = Field(default="", description=_said(ELIGIBLE))
    time_zero: Words = Field(default="", description=_said(ZERO))
    strategies: Words = Field(default="", description=_said(COMPARED))
    assignment: Words = Field(default="", description=_said(ASSIGNED))
    follow_up: Words = Field(default="", description=_said(FOLLOWED))
    outcomes: Words = Field(default="", description=_said(OUTCOMES))
    causal_contrast: Words = Field(default="", description=_said(CONTRASTED))
    analysis_plan: Words = Field(default="", description=_said(PLAN))


def said(trials: Mapping[str, Trial], comparison: str, part: str) -> str:
    """What the authors say of a part of a comparison: of it by name, else of `all`; '' where nothing."""
    found = (getattr(trials[name], part) for name in (comparison, ALL) if name in trials)
    return next((words for words in found if words), "")
