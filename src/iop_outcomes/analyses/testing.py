"""Testing intensity: an outcome against how many tests a week were scheduled, among those still in care at the end of
the window.

Within each arm, people with at least so many tests a week are compared with those with fewer, standardised by a
regression on the baseline covariates. Tests that were scheduled count, given or not: whether one was given is the
person's doing, and part of the outcome. Such a comparison says how much is found by looking more often, and may say
nothing else: who is tested more often with the same use is found using more often.
"""

from __future__ import annotations

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import Answered, answer, together
from iop_outcomes.analyses.dose_tables import Tables
from iop_outcomes.analyses.outcomes import at_a_day
from iop_outcomes.analyses.rows import Some
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.protocol import Analysis, Contrast, Endpoint, Gate, Inference, Intensity
from iop_outcomes.tables.results import BY_TESTS
from iop_outcomes.vocabulary.measures import FEWER_TESTS, MORE_TESTS

SIDES = (MORE_TESTS, FEWER_TESTS)
NO_TESTS = "no tests are recorded in this cohort"
ALL_ALIKE = "everyone of the arm had tests scheduled on the same side of the cut"


def answered(
    ask: Analysis,
    tables: Tables,
    setting: Intensity,
    contrast: Contrast,
    endpoint: Endpoint,
    gate: Gate,
    inference: Inference,
) -> Answered:
    """Counts and estimates of one row, for each arm of the contrast (the arm is the row's group)."""
    window, arm = tables.window(setting.window_days), tables.arm(setting.contrast)
    tests = window["tests_per_week"].to_numpy()
    if not tests.any():
        return Answered(tuple(results.without(ask, SIDES, "not_possible", NO_TESTS)))
    more, staying = tests >= (setting.cut or 0.0), window["in_care_at_end"].to_numpy()
    found = []
    for side, value in ((contrast.first, 1), (contrast.second, 0)):
        some, here = Some(BY_TESTS, side.name), (arm == value) & staying
        people = tables.people[here].assign(arm=more[here].astype(int)).reset_index(drop=True)
        outcome = at_a_day.read(tables.abstinence, people, ask, endpoint)
        sample = Sample(people, SIDES, inference, beside=tables.baseline(here))
        found.append(Answered(counts=tuple(results.count_rows(ask, sample.label, outcome.levels, some))))
        alike = len(np.unique(sample.arm)) < len(SIDES)
        found.append(answer(ask, sample, ALL_ALIKE if alike else outcome, gate, some=some))
    return together(found)
