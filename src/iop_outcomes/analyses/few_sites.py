"""The interval of a difference in shares once more, where few sites hold its people.

With few sites the sandwich of the estimates is too small, and their t distribution on J - 1 too narrow where few sites
hold an arm. In order: the question must be a weighted share, of people whose state on the day is known of all; people
of a site are taken together, their sites being fewer than ENOUGH; bias-reduced linearisation gives the interval of the
same difference, with its degrees of freedom. It takes the weights as known.

Left alone: doubly robust and pooled estimates, days, ratios of hazards, and shares of people some of whom were last
seen before the day. They are no weighted regression of an outcome that is known of everyone, for which alone the method
is derived.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iop_outcomes.analyses.outcomes import Outcome
from iop_outcomes.analyses.rows import Row, diagnostic
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.regression.few_clusters import ENOUGH, cr2
from iop_outcomes.protocol import Analysis
from iop_outcomes.tables.results import FEW_SITES_DEGREES, FEW_SITES_HIGH, FEW_SITES_LOW
from iop_outcomes.vocabulary.measures import DIFFERENCE
from iop_outcomes.vocabulary.methods import WEIGHTED

# the difference that is told of must be the estimate
SAME = 1e-9


def rows(ask: Analysis, sample: Sample, outcome: Outcome, shown: Sequence[Row]) -> tuple[Row, ...]:
    """Rows of the diagnostics: lower and upper limit, and degrees of freedom. shown: the estimates of the question."""
    state = outcome.state(ask)
    if sample.inference.cluster != "site" or ask.method not in WEIGHTED or state is None:
        return ()
    weight = sample.weight(ask.method) * outcome.used(ask)
    there = weight > 0
    site = sample.scores["site_id"].to_numpy()
    if not 1 < len(set(site[there])) < ENOUGH:
        return ()
    try:
        arm = sample.arm[there][:, None].astype(float)
        found = cr2(arm, state[there], [sample.called], site[there], weight[there]).take(sample.called)
    except EstimationError:  # an arm of one site has an estimate, and no such interval
        return ()
    gap = next(row["estimate"] for row in shown if row["of"] == DIFFERENCE)
    if not np.isclose(found.value[0], float(str(gap)), rtol=0, atol=SAME):
        return ()
    low, high = found.interval(sample.inference.confidence_level)
    numbers = {FEW_SITES_LOW: low, FEW_SITES_HIGH: high, FEW_SITES_DEGREES: found.degrees}
    return tuple(diagnostic(ask, name, float(value[0]), np.nan, "info") for name, value in numbers.items())
