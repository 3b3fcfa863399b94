"""Abstinence of one contrast at a horizon, under each reading of a missing outcome, week by week, and times to relapse.

Every question counts its people by arm and level, whatever the design allows; the rest is `answer` over states on a day
or times to an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from iop_outcomes.analyses import anchors as left_out
from iop_outcomes.analyses import by_site as of_sites
from iop_outcomes.analyses import imputed, two_sources
from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import Answered, answer, decided, together
from iop_outcomes.analyses.missing.history import History
from iop_outcomes.analyses.missing.history import read as read_history
from iop_outcomes.analyses.outcomes import amounts as amounts_of
from iop_outcomes.analyses.outcomes import at_a_day, between_days, to_an_event, week_by_week
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.errors import EstimationError, StudyError
from iop_outcomes.protocol import Adjustment, Analysis, Contrast, Endpoint, Gate, Imputation, Inference
from iop_outcomes.steps.store import Wanted
from iop_outcomes.vocabulary.answers import LAST_OBSERVATION, WITH_HISTORY
from iop_outcomes.vocabulary.endpoints import AMOUNTS, BETWEEN, TIMED, TOLD_TWICE, WEEKLY
from iop_outcomes.vocabulary.measures import TIME_RATIO

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
    history: pd.DataFrame | None = None,
    amounts: pd.DataFrame | None = None,
    by_site: Sequence[Analysis] = (),
    fewest_of_site: int = 0,
    anchored: Sequence[Analysis] = (),
    anchors: Sequence[str] = (),
) -> dict[str, pd.DataFrame]:
    """The tables counts, estimates, curves and diagnostics of a contrast's rows of the step abstinence.

    people, covariates, imputation, adjustment: where a row asks for covariates to be imputed. history, and imputation:
    where a rule for missing answers stands on what was recorded before. amounts: where a row asks for one.
    by_site: rows that are asked site by site as well, with so many people in each arm of a site. anchored: rows that
    are asked with each of the anchors left out.
    """
    sample, design = Sample.of(scores, contrast, inference), decided(gates)
    records = imputed.records(people, covariates, contrast, adjustment, imputation)
    answers = []
    # methods ask about the same levels, and of a national year they take longer to read than an estimate to make
    known: dict[tuple[str, int], Known] = {}
    counted = set()
    for ask in rows:
        key = (ask.outcome, ask.horizon_days)
        if key not in known:
            rules = {r.missing_rule for r in rows if (r.outcome, r.horizon_days) == key}
            before = remembered(history, sample, ask, imputation) if rules & set(WITH_HISTORY) else None
            tables = Happened(abstinence, first_use, amounts)
            known[key] = _read(tables, sample, ask, endpoints[ask.outcome], before, LAST_OBSERVATION in rules)
        outcome = known[key]
        if (ask.analysis, *key) not in counted:
            counted.add((ask.analysis, *key))
            answers.append(Answered(counts=tuple(_counts(ask, sample, outcome))))
            if endpoints[ask.outcome].kind in TOLD_TWICE:
                answers.append(Answered(counts=tuple(two_sources.counts(ask, sample, abstinence))))
        found = answer(ask, sample, outcome, gate, design[ask.method], records)
        answers.append(replace(found, curves=_curves(ask, sample, outcome)) if found.status == "ok" else found)
        if ask in by_site and found.status == "ok":
            answers.append(of_sites.answered(ask, sample, outcome, fewest_of_site))
        if ask in anchored and found.status == "ok":
            answers.append(left_out.answered(ask, sample, outcome, anchors))
    return together(answers).tables("counts", "estimates", "curves", "diagnostics")


Known = to_an_event.ToAnEvent | at_a_day.AtADay | week_by_week.WeekByWeek | amounts_of.Amounts


def _curves(ask: Analysis, sample: Sample, outcome: Known) -> tuple[results.Row, ...]:
    """Curves of a time between two days beside its ratio of times, which the gate let pass; of the Weibull one alone,
    so that there is one set of curves to a method.
    """
    if not isinstance(outcome, between_days.BetweenDays) or ask.measure != TIME_RATIO:
        return ()
    try:
        return tuple(outcome.curves(ask, sample))
    except EstimationError:
        return ()  # of masses that do not settle; the ratio stands without them


def remembered(history: pd.DataFrame | None, sample: Sample, ask: Analysis, how: Imputation | None) -> History | None:
    """What was recorded of the people of a question before its day. Raises StudyError where nothing was given."""
    if history is None or how is None:
        raise StudyError(f"The missing_rule '{ask.missing_rule}' needs the table history. This is a defect.")
    return read_history(history, sample.scores, ask, how)


class Happened(NamedTuple):
    """The tables of what happened to people."""

    abstinence: pd.DataFrame
    first_use: pd.DataFrame
    amounts: pd.DataFrame | None

    @property
    def given_amounts(self) -> pd.DataFrame:
        """The table amounts. Raises StudyError without it."""
        if self.amounts is None:
            raise StudyError("A question needs the table amounts, and the analysis was not given it. This is a defect.")
        return self.amounts


def _read(
    tables: Happened,
    sample: Sample,
    ask: Analysis,
    endpoint: Endpoint,
    history: History | None,
    carried: bool,
) -> Known:
    """The outcome that a row asks about, by how its kind is answered."""
    people = sample.scores
    if endpoint.kind in TIMED:
        return to_an_event.read(tables.first_use, people, ask.outcome)
    if endpoint.kind in BETWEEN:
        return between_days.read(tables.first_use, people, ask.outcome)
    if endpoint.kind in AMOUNTS:
        return amounts_of.read(tables.given_amounts, people, ask, endpoint)
    if endpoint.kind in WEEKLY:
        return week_by_week.read(tables.abstinence, people, ask, endpoint)
    return at_a_day.read(tables.abstinence, people, ask, endpoint, history, carried)


def _counts(ask: Analysis, sample: Sample, outcome: Known) -> Iterable[results.Row]:
    """The people of a question by arm and level."""
    if isinstance(outcome, week_by_week.WeekByWeek):
        return outcome.counts(ask, sample)
    levels = outcome.levels(ask) if isinstance(outcome, to_an_event.ToAnEvent) else outcome.levels
    return results.count_rows(ask, sample.label, levels)


def reads(rows: Sequence[Analysis]) -> dict[str, Wanted]:
    """The rows of the outcomes that are asked about."""
    asked = Wanted(where={"outcome": sorted({r.outcome for r in rows})})
    return dict(abstinence=asked, first_use=asked, history=asked, amounts=asked)
