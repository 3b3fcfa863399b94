"""Whom an estimate speaks for: each estimand with the words that readers see."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimand:
    """Whom an estimate speaks for.

    meaning: whom. lead: the same at the head of a sentence; by_chance: where the arm was assigned so; of_settings:
    where the arms are levels of care and were not; of_several: of {number} arms.
    """

    name: str
    meaning: str
    lead: str = "As compared here"
    by_chance: str = "As compared here"
    of_settings: str = ""
    of_several: str = ""


_ROWS = (
    Estimand(
        "as_observed",
        "as observed",
        lead="As observed, without adjustment",
        by_chance="As randomised, without adjustment",
    ),
    Estimand(
        "ATE",
        "everyone",
        lead="Standardised to everyone in the comparison",
        by_chance="Standardised to everyone randomised",
        of_several="Standardised to everyone in any of the {number} arms",
    ),
    Estimand("ATT", "people of the first arm"),
    Estimand("ATC", "people of the second arm"),
    Estimand(
        "ATO",
        "people for whom both were in use",
        lead="Of people like those for whom both were in use",
        by_chance="With chance differences between the arms balanced",
        of_settings="Of people like those in whom both settings were used",
        of_several="Of people like those in whom all {number} settings were used",
    ),
    Estimand("ATM", "people who could be matched"),
    Estimand("ATEN", "people for whom both were in use, by entropy"),
    Estimand("landmark", "people at risk on the landmark"),
    Estimand("started", "people who were there at time zero", lead="Of everyone who was there at time zero"),
    Estimand("randomised", "everyone randomised", lead="As assigned", by_chance="As randomised"),
)
ESTIMANDS = {row.name: row for row in _ROWS}
