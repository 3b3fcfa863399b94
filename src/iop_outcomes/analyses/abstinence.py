"""Abstinence of one contrast at a horizon, under each reading of a missing outcome, and times to return or relapse.

Every question counts its people by arm and level, whatever the design allows; the rest is `answer` over states on a day
or times to an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.analyses import imputed
from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import Answered, answer, decided, together
from iop_outcomes.analyses.outcomes import at_a_day, to_an_event
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.protocol import Adjustment, Analysis, Contrast, Endpoint, Gate, Imputation, Inference
from iop_outcomes.vocabulary.measures import HAZARD_RATIO

if TYPE_CHECKING:
    import pandas as pd


def run(
    abstinence: pd.DataFrame,
    first_use: pd.DataFrame,
    scores: pd.DataFrame,
    gates: pd.DataFrame,
    rows: Sequence[Analysis],
    contrast: Contrast,
    endpoints: Mapping[str, Endpoint],
    gate: Gate,
    inference: Inference,
    people: pd.DataFrame | None = None,
    covariates: pd.DataFrame | None = None,
    imputation: Imputation | None = None,
    adjustment: Adjustment | None = None,
) -> dict[str, pd.DataFrame]:
    """The tables counts, estimates and diagnostics of a contrast's rows of the step abstinence.

    people, covariates, imputation, adjustment: where a row asks for covariates to be imputed.
    """
    sample, design = Sample.of(scores, contrast, inference), decided(gates)
    records = imputed.records(people, covariates, contrast, adjustment, imputation)
    answers = []
    for ask in rows:
        outcome: to_an_event.ToAnEvent | at_a_day.AtADay
        if ask.measure == HAZARD_RATIO:
            outcome = to_an_event.read(first_use, sample.scores, ask.outcome)
            levels = outcome.levels(ask)
        else:
            outcome = at_a_day.read(abstinence, sample.scores, ask, endpoints[ask.outcome])
            levels = outcome.levels
        answers.append(Answered(counts=tuple(results.count_rows(ask, sample.label, levels))))
        answers.append(answer(ask, sample, outcome, gate, design[ask.method], records))
    return together(answers).tables("counts", "estimates", "diagnostics")
