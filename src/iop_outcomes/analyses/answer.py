"""The life of an estimand, the same for every outcome, method and comparison.

In order: the design must allow an estimate; the outcome must be known as far as the question goes; crude rows stop
here, as release fills them from the counts that it lets out; enough people must have had the event, and enough not; the
measure is estimated, with covariates imputed where the method says so; of a risk, the people must be able to show a
difference as small as the protocol asks for, and where their sites are few its interval is told once more; the numbers
become rows. Whoever stops on the way leaves rows that say why in place of numbers: `gated`, or `not_possible` where no
people could answer.

What asks the same question again wraps `answer` once, and is no step of it:

- a margin reads the rows of the difference that `Answered` holds, and adds its verdict to them;
- a subgroup, a site or a quarter gives a sample and an outcome of those people, and `some` that names them;
- several readings of a missing outcome (multiple imputation, a tipping value) give one outcome each, a copy with other
  levels, to the same sample; what is pooled over them is pooled as `imputed` pools completed covariates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from iop_outcomes.analyses import few_sites, imputed, power
from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.hazards import Ratios
from iop_outcomes.analyses.missing import multiple
from iop_outcomes.analyses.outcomes import Modelled, Outcome, at_a_day
from iop_outcomes.analyses.outcomes.amounts import Amounts
from iop_outcomes.analyses.rows import EVERYONE, Row, Some
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.errors import EstimationError, NotPossible
from iop_outcomes.estimators.base.pooling import Pooled
from iop_outcomes.protocol import Analysis, Gate
from iop_outcomes.tables.results import ONE_RATIO, OVER_WEEKS, PROPORTIONAL
from iop_outcomes.vocabulary.answers import MISSING_RULES
from iop_outcomes.vocabulary.measures import HAZARD_RATIO, MODELLED, RATIO, RISK, SUBDISTRIBUTION_HAZARD_RATIO
from iop_outcomes.vocabulary.methods import CRUDE, IMPUTED, SCORED

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Decided:
    """Whether an estimate is allowed before outcomes are looked at: ok, or another status with its reason."""

    status: str = "ok"
    reason: str = ""


ALLOWED = Decided()


def decided(gates: pd.DataFrame) -> dict[str, Decided]:
    """What the design decided, by method. gates: the table."""
    told = zip(gates["method"], gates["status"], gates["reason"], strict=True)
    return {str(method): Decided(str(status), str(reason)) for method, status, reason in told}


@dataclass(frozen=True)
class Answered:
    """Rows of the results tables that answer one or more questions."""

    estimates: tuple[Row, ...] = ()
    diagnostics: tuple[Row, ...] = ()
    curves: tuple[Row, ...] = ()
    counts: tuple[Row, ...] = ()

    @property
    def status(self) -> object:
        """Of the answer to one question: of its first row."""
        return self.estimates[0]["status"]

    def tables(self, *names: str) -> dict[str, pd.DataFrame]:
        """The declared tables of some of the four names."""
        return {name: results.table(name, getattr(self, name)) for name in names}


def together(answers: Iterable[Answered]) -> Answered:
    """All rows, in order; cells of people that several questions count are there once."""
    found = list(answers)
    counts = {tuple(row.items()): row for one in found for row in one.counts}
    return Answered(
        tuple(row for one in found for row in one.estimates),
        tuple(row for one in found for row in one.diagnostics),
        tuple(row for one in found for row in one.curves),
        tuple(counts.values()),
    )


def answer(
    ask: Analysis,
    sample: Sample,
    outcome: Outcome | str,
    gate: Gate,
    design: Decided = ALLOWED,
    records: imputed.Records | None = None,
    some: Some = EVERYONE,
) -> Answered:
    """Estimates and diagnostics of one row of the sheet.

    outcome: in the order of the sample, or why it is recorded of no one. design: what was decided before outcomes are
    looked at. records: for covariates that are imputed. some: of whom the rows are. Raises StudyError where a method
    needs records and there are none.
    """

    def without(status: str, reason: str, told: tuple[Row, ...] = ()) -> Answered:
        return Answered(tuple(results.without(ask, sample.names, status, reason, some)), told)

    stopped = _stopped(ask, sample, outcome, gate, design)
    if isinstance(outcome, str) or stopped != ALLOWED or ask.method == CRUDE:
        return without(stopped.status, stopped.reason)
    try:
        if ask.measure == HAZARD_RATIO:
            return _ratios(ask, sample, outcome, outcome.hazard_ratios(ask, sample, gate.min_events), some)
        if ask.measure == SUBDISTRIBUTION_HAZARD_RATIO:
            return _ratios(ask, sample, outcome, Ratios(outcome.subdistribution_ratio(ask, sample)), some)
        if ask.measure in MODELLED and isinstance(outcome, Modelled):
            return _ratios(ask, sample, outcome, outcome.modelled(ask, sample), some)
        shown = _means(ask, sample, outcome, records, some)
    except NotPossible as wrong:
        return without("not_possible", str(wrong))
    except EstimationError as wrong:
        return without("gated", str(wrong))
    if ask.measure != RISK:
        return Answered(shown, _beside(ask, sample, outcome))
    error = power.error_of(shown)
    judged = power.judge(ask, sample.inference.confidence_level, error, gate.max_detectable_difference)
    told = () if judged.row is None else (judged.row,)
    if judged.reason:
        return without("gated", judged.reason, told)
    tipping = tuple(multiple.tipping(ask, sample, outcome, some)) if _moved(outcome, ask) else ()
    return Answered((*shown, *tipping), (*told, *few_sites.rows(ask, sample, outcome, shown)))


def _beside(ask: Analysis, sample: Sample, outcome: Outcome) -> tuple[Row, ...]:
    """What release must know of an amount."""
    return tuple(outcome.dominance(ask, sample)) if isinstance(outcome, Amounts) else ()


def _moved(outcome: Outcome, ask: Analysis) -> TypeGuard[at_a_day.AtADay]:
    """The rule moves drawn answers by a delta, so that the tipping points are asked for, too."""
    shifted = MISSING_RULES[ask.missing_rule].shifted and ask.method not in IMPUTED
    return shifted and isinstance(outcome, at_a_day.AtADay)


def _stopped(ask: Analysis, sample: Sample, outcome: Outcome | str, gate: Gate, design: Decided) -> Decided:
    """Whether an estimate is still allowed when the people with the outcome have been counted."""
    if design != ALLOWED:
        return design
    silent = outcome if isinstance(outcome, str) else outcome.silent(ask, sample)
    if isinstance(outcome, str) or silent:
        return Decided("not_possible", silent)
    few = "" if ask.method == CRUDE else outcome.few(ask, sample, gate.min_events)
    return Decided("gated", few) if few else ALLOWED


def _means(
    ask: Analysis, sample: Sample, outcome: Outcome, records: imputed.Records | None, some: Some
) -> tuple[Row, ...]:
    """Rows of the means of two sides. Raises EstimationError."""
    if ask.method in IMPUTED:
        found = imputed.estimated(ask, sample, outcome, records)
        people = {"n_effective": float(np.mean(found.effective))}
        return tuple(_pooled(ask, sample, found.pooled, people, some))
    if MISSING_RULES[ask.missing_rule].drawn and isinstance(outcome, at_a_day.AtADay):
        found = multiple.estimated(ask, sample, outcome)
        people = {"n_effective": float(np.mean(found.effective))}
        return tuple(_pooled(ask, sample, found.pooled, people, some))
    used, level = outcome.used(ask), sample.inference.confidence_level
    estimate = outcome.means(ask, sample)
    people = {"n_effective": sample.effective(ask.method, used)}
    made = results.two_arms(ask, estimate, sample.names, level, people, some)
    return tuple(made)


def _pooled(ask: Analysis, sample: Sample, pooled: Pooled, people: Mapping[str, float], some: Some) -> Iterable[Row]:
    """Each arm, their difference and their ratio, of several completed data sets."""
    limits = pooled.interval(sample.inference.confidence_level)
    errors, p = pooled.standard_error(), pooled.p_value()
    for at, of in enumerate(results.rows_of(ask, sample.names)):
        shown = np.array([pooled.value[at], *limits[at]])
        low, mid, high = (np.exp(shown) if of == RATIO else shown)[[1, 0, 2]]
        numbers = {
            "estimate": float(mid), "std_error": float(errors[at]), "conf_low": float(low), "conf_high": float(high),
            "p_value": float(p[at]) if at > 1 else np.nan,
        }  # fmt: skip
        yield results.row(ask, of, some) | numbers | dict(people)


def _ratios(ask: Analysis, sample: Sample, outcome: Outcome, found: Ratios, some: Some) -> Answered:
    """The ratio over all days, those of the periods, and the tests of one ratio being enough."""
    level = sample.inference.confidence_level
    people = {"n_effective": sample.effective(ask.method, outcome.used(ask))}
    if found.fit is not None:
        whole = results.from_cox(ask, found.fit, found.whole, level, people, ask.method in SCORED, some)
    else:
        whole = results.from_estimate(ask, RATIO, found.whole, level, people, logarithmic=True, some=some)
    made = [whole]
    for one in found.periods:
        days = Some(some.group_by, some.group, one.first, one.last)
        if one.estimate is None:
            made += results.without(ask, sample.names, "gated", one.reason, days)
        else:
            made.append(results.from_estimate(ask, RATIO, one.estimate, level, people, logarithmic=True, some=days))
    tests = {ONE_RATIO: found.one_ratio, PROPORTIONAL: found.proportional, OVER_WEEKS: found.over_weeks}
    told = [results.diagnostic(ask, q, p, np.nan, "info") for q, p in tests.items() if p is not None]
    return Answered(tuple(made), tuple(told))
