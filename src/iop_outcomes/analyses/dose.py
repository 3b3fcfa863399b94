"""Dose: duration of care (`duration`), strategies of how long to stay (`staying`), a claimed threshold of weeks
(`threshold`), further care after leaving (`starting`), and being back at what was left (`returning`), hours a week for
so many weeks at a level of care (`hours_and_weeks`), and intensity: hours a week as a curve (`intensity`) or in
categories (`in_categories`), and tests a week (`testing`), beside abstinence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from iop_outcomes.analyses import (
    duration,
    hours_and_weeks,
    in_categories,
    intensity,
    returning,
    starting,
    staying,
    testing,
    threshold,
    weeks_of_care,
)
from iop_outcomes.analyses.answer import Answered, together
from iop_outcomes.analyses.dose_tables import Tables
from iop_outcomes.protocol import Analysis, Contrast, Endpoint, Gate, Inference, Intensity, OfDose
from iop_outcomes.steps.store import NOTHING, Wanted
from iop_outcomes.vocabulary.endpoints import AFTER_LEAVING
from iop_outcomes.vocabulary.measures import TESTS

if TYPE_CHECKING:
    import pandas as pd


def run(
    people: pd.DataFrame,
    arms: pd.DataFrame,
    covariates: pd.DataFrame,
    retention: pd.DataFrame,
    dose: pd.DataFrame,
    abstinence: pd.DataFrame,
    first_use: pd.DataFrame,
    doses: pd.DataFrame,
    onward: pd.DataFrame,
    rows: Sequence[Analysis],
    compared: OfDose,
    contrasts: Mapping[str, Contrast],
    endpoints: Mapping[str, Endpoint],
    gate: Gate,
    inference: Inference,
) -> dict[str, pd.DataFrame]:
    """The tables counts, estimates, curves and diagnostics of the rows of the step dose."""
    tables = Tables(people, arms, covariates, retention, dose, abstinence, first_use, doses, onward)

    recorded: hours_and_weeks.Recorded = {}
    curves: threshold.Known = {}
    weighted: intensity.Known = {}

    def answered(ask: Analysis) -> Answered:
        endpoint = endpoints[ask.outcome]
        if asked := compared.intensities.get(ask.contrast):
            own = contrasts[asked.contrast]
            return _hours_or_tests(ask, tables, asked, own, endpoint, gate, inference, weighted)
        if asked_for := compared.strategies.get(ask.contrast):
            return staying.answered(ask, tables, asked_for, contrasts[asked_for.contrast], endpoint, gate, inference)
        if claimed := compared.thresholds.get(ask.contrast):
            own = contrasts[claimed.contrast]
            return threshold.answered(ask, tables, claimed, own, endpoint, gate, inference, curves)
        if further := compared.starting.get(ask.contrast):
            if endpoint.kind in AFTER_LEAVING:
                return returning.answered(ask, tables, further, gate, inference)
            return starting.answered(ask, tables, further, endpoint, gate, inference)
        if grid := compared.doses.get(ask.contrast):
            own = contrasts[grid.contrast]
            return hours_and_weeks.answered(ask, tables, grid, own, endpoint, gate, inference, recorded)
        if asked_of := compared.durations.get(ask.contrast):
            return duration.answered(ask, tables, asked_of, endpoint, gate, inference)
        return duration.randomised(ask, tables, contrasts[ask.contrast], gate, inference)

    told = Answered(counts=tuple(weeks_of_care.rows(doses, rows[0].cohort))) if rows else Answered()
    return together([told, *map(answered, rows)]).tables("counts", "estimates", "curves", "diagnostics")


def _hours_or_tests(
    ask: Analysis,
    tables: Tables,
    asked: Intensity,
    contrast: Contrast,
    endpoint: Endpoint,
    gate: Gate,
    inference: Inference,
    weighted: intensity.Known,
) -> Answered:
    """What answers an intensity: tests, hours in categories, or hours as a curve."""
    if asked.of == TESTS:
        return testing.answered(ask, tables, asked, contrast, endpoint, gate, inference)
    if asked.categories:
        return in_categories.answered(ask, tables, asked, contrast, endpoint, gate, inference)
    return intensity.answered(ask, tables, asked, contrast, endpoint, gate, inference, weighted)


def reads(rows: Sequence[Analysis]) -> dict[str, Wanted]:
    """Nothing of people where no row of the sheet asks about dose."""
    return {} if rows else dict.fromkeys((one.name for one in fields(Tables)), NOTHING)
