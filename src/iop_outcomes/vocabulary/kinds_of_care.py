"""The kinds of endpoints of leaving care, staying in it and coming back, of overdose and of death."""

from __future__ import annotations

from iop_outcomes.vocabulary import methods
from iop_outcomes.vocabulary.causes import COMPLETED, DIED
from iop_outcomes.vocabulary.kind import (
    BEING_THERE,
    COMPETING,
    CONTRASTS,
    DOSE,
    PLACE_BY_PLACE,
    RETENTION,
    SINCE_LEAVING,
    STARTING,
    Asked,
    Kind,
    Measures,
)
from iop_outcomes.vocabulary.measures import OF_PLACES

_SHARES: Measures = {"risk": (*methods.AVERAGES, *methods.WITH_LOSS)}
_RATIOS: Measures = {
    "hazard_ratio": methods.HAZARDS,
    "subdistribution_hazard_ratio": (methods.NAIVE, *methods.WEIGHTED),
}
# not doubly robust: who is at risk has left care, or had no overdose yet, and pseudo-observations would take the others
# for a random part
_SHARES_OF_SOME: Measures = {"risk": (methods.CRUDE, *methods.WEIGHTED)}

KINDS_OF_CARE = (
    Kind(
        "left_index",
        "leaving the index level of care by one cause",
        COMPETING,
        (Asked(RETENTION, CONTRASTS, _SHARES | _RATIOS),),
        place=2,
    ),
    Kind(
        "in_care",
        "still in care, or days in it",
        BEING_THERE,
        (Asked(RETENTION, CONTRASTS, {"mean_days": methods.AVERAGES} | _SHARES),),
        place=1,
        curve="In care",
        panel="Still in care",
        verb="were still in care on day {day}",
    ),
    Kind(
        "in_care_or_completed",
        "still in care, or completed",
        BEING_THERE,
        (Asked(RETENTION, CONTRASTS, _SHARES),),
        place=1,
        curve="In care, or completed",
        panel="Still in care, or completed",
        kept=COMPLETED,
        verb="were still in care, or had completed, on day {day}",
    ),
    Kind(
        "engaged",
        "so many days with attended care",
        COMPETING,
        (Asked(RETENTION, CONTRASTS, _SHARES | _RATIOS),),
        place=3,
        needs=("sessions",),
        takes=("sessions",),
        cause="engaged",
        curve="Engaged in care",
        verb="had engaged in care within {day} days",
        silent="no one in this cohort has so many attended sessions on record",
    ),
    Kind(
        "readmitted",
        "a new episode of care after leaving",
        COMPETING,
        (Asked(RETENTION, CONTRASTS, _SHARES_OF_SOME | _RATIOS),),
        place=3,
        cause="readmitted",
        curve="Back in care after leaving",
        among_some=True,
        of_leavers=True,
        verb="were back in care within {day} days of leaving it",
        silent="no one in this cohort has a later episode of care on record",
    ),
    Kind(
        "continued",
        "further treatment after leaving the index level",
        COMPETING,
        (Asked(RETENTION, CONTRASTS, _SHARES_OF_SOME | _RATIOS),),
        place=3,
        cause="continued",
        curve="In further treatment",
        among_some=True,
        of_leavers=True,
        verb="had begun further treatment within {day} days of leaving the level at which they started",
        silent="no one in this cohort has treatment on record after the index level",
    ),
    Kind(
        "death",
        "death from any cause",
        COMPETING,
        (Asked(RETENTION, CONTRASTS, _SHARES | _RATIOS),),
        place=4,
        cause=DIED,
        verb="died within {day} days",
        silent="no death is on record in this cohort",
    ),
    Kind(
        "back_in_care",
        "back at a level of care that was left, or in detoxification, so many days after leaving it",
        SINCE_LEAVING,
        (Asked(DOSE, STARTING, {"risk": (methods.CRUDE, methods.CLONE_CENSOR_WEIGHT)}),),
        place=3,
        grows=True,
        verb="were back in such care within {day} days of leaving it",
    ),
    Kind(
        "place_of_care",
        "the level of care that people are at, or being out of care, day by day",
        PLACE_BY_PLACE,
        (Asked(RETENTION, CONTRASTS, dict.fromkeys(OF_PLACES, (methods.NAIVE, *methods.WEIGHTED))),),
        place=5,
    ),
    Kind(
        "overdose",
        "the first overdose, fatal or not",
        COMPETING,
        (Asked(RETENTION, CONTRASTS, _SHARES_OF_SOME | _RATIOS),),
        place=3,
        recorded=("persons", "overdose_day"),
        cause="overdose",
        curve="Had an overdose",
        among_some=True,
        verb="had an overdose on record within {day} days",
        silent="no overdose is on record in this cohort",
    ),
)
