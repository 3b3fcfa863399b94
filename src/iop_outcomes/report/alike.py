"""How well the primary analyses do on cohorts alike, whose truth is known: an appendix.

One table for each contrast: each question under each truth, with its bias, how far estimates scatter beside what their
standard errors say, how often the interval held the truth, and how often it called the first arm no worse. Each number
that chance has moved stands with its Monte Carlo error. Sentences say what matters most: how often 'no worse' was said
where it was just not so. All is computed from the released diagnostics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, method
from iop_outcomes.protocol import AsRun
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.tables.results import (
    ALIKE_ANSWERED,
    ALIKE_BIAS,
    ALIKE_COVERAGE,
    ALIKE_ERROR,
    ALIKE_NO_WORSE,
    ALIKE_REPLICATES,
    ALIKE_SPREAD,
    ALIKE_TRUTH,
    AS_ESTIMATED,
    AT_THE_MARGIN,
    NO_DIFFERENCE,
    OF_ALIKE,
)
from iop_outcomes.vocabulary.measures import MEAN_DAYS

if TYPE_CHECKING:
    import pandas as pd

# chance of 'no worse' where the first arm is worse by the margin
LEVEL = 0.025
TRUTHS = {
    NO_DIFFERENCE: "Nothing differs",
    AT_THE_MARGIN: "Worse by the margin",
    AS_ESTIMATED: "As estimated, rounded",
}
ABOUT = (
    "Cohorts like this one were drawn, with a truth that is known, and asked the primary questions by the same "
    "program: score, weights, gate, estimate and interval. They resemble this one in coarse numbers alone, none of "
    "which is of a few people: sites, covariates and how they go together, what goes along with the arm, with the "
    "outcome and with a missing answer. What was not recorded is in none of them, so that this says how far the "
    "analysis is right where its assumptions are, and not whether they are."
)
NOTE = (
    "Truth and bias: first arm less second, in percentage points, or days. Errors: the mean standard error over how "
    "far estimates scattered; 1 is right. Held the truth: share of intervals. Called no worse: share of cohorts in "
    "which the interval lay wholly on the better side of the margin; where the first arm is worse by the margin this "
    "is wrong, and should be said of one in forty at most. In brackets the Monte Carlo standard error; that of shares "
    "is of two cohorts more that did and two that did not (Agresti and Coull 1998, American Statistician 52:119). "
    "Where a missing answer is read as use, or left out, the truth is of that reading: people are drawn as if it were "
    "so."
)
COLUMNS = ("Truth", "Difference", "Bias", "Errors", "Held the truth", "Called no worse", "Answered")


def tables(diagnostics: pd.DataFrame, study: AsRun) -> list[Table]:
    """A table for each contrast that was tried."""
    labels = Labels(study)
    found = []
    for name in study.contrasts:
        blocks = [
            Block(heading, tuple(_line(truth, told) for truth, told in by_truth))
            for heading, by_truth in _questions(diagnostics, labels, name)
        ]
        found.append(Table(f"{labels.contrast(name)}: on cohorts alike", COLUMNS, tuple(blocks), NOTE))
    return [table for table in found if table.blocks]


def said(diagnostics: pd.DataFrame, study: AsRun) -> list[str]:
    """How often 'no worse' was said where it was just not so, question by question."""
    labels, lines = Labels(study), []
    for name in study.contrasts:
        for heading, by_truth in _questions(diagnostics, labels, name):
            lines += [_wrongly(heading, told) for truth, told in by_truth if truth == AT_THE_MARGIN]
    return [line for line in lines if line]


Told = Mapping[str, float]


def _questions(
    diagnostics: pd.DataFrame, labels: Labels, contrast: str
) -> Iterator[tuple[str, list[tuple[str, dict[str, float]]]]]:
    """Heading of each question and, by truth, its numbers by quantity, with its measure as they are told."""
    own = diagnostics[diagnostics["quantity"].isin(OF_ALIKE) & (diagnostics["contrast"] == contrast)]
    own = own[own["value"].notna()]
    keys = ["outcome", "horizon_days", "variable", "method", "missing_rule"]
    for (outcome, day, measure, way, rule), rows in own.groupby(keys, sort=False):
        heading = f"{labels.question(str(outcome), float(str(day)), str(rule))}, {method(str(way)).lower()}"
        days = float(measure == MEAN_DAYS)
        by_truth = []
        for truth in TRUTHS:
            there = rows[rows["level"] == truth]
            if len(there):
                told = dict(zip(there["quantity"], there["value"].astype(float), strict=True))
                by_truth.append((truth, {**told, MEAN_DAYS: days}))
        if by_truth:
            yield heading, by_truth


def _line(truth: str, told: Told) -> Line:
    count, scatter = told[ALIKE_ANSWERED], told.get(ALIKE_SPREAD, float("nan"))
    form, error_form = (numbers.signed_days, numbers.days) if told[MEAN_DAYS] else (numbers.points, numbers.size)
    if not count:
        return Line(TRUTHS[truth], absent="the gate stopped every one of these cohorts")
    bias = f"{form(told[ALIKE_BIAS])} ({error_form(scatter / count**0.5)})"
    cells = (
        form(told[ALIKE_TRUTH]),
        bias,
        numbers.ratio(told[ALIKE_ERROR] / scatter) if scatter else "",
        _share(told[ALIKE_COVERAGE], count),
        _share(told[ALIKE_NO_WORSE], count) if ALIKE_NO_WORSE in told else "",
        f"{numbers.count(count)} of {numbers.count(told[ALIKE_REPLICATES])}",
    )
    return Line(TRUTHS[truth], cells)


def _share(share: float, count: float) -> str:
    return f"{numbers.percent(share)} ({numbers.percent(monte_carlo(share, count))})"


def monte_carlo(share: float, count: float) -> float:
    """Monte Carlo standard error of a share of so many cohorts, of two more on either side."""
    more = count + 4
    middle = (share * count + 2) / more
    return float((middle * (1 - middle) / more) ** 0.5)


def _wrongly(heading: str, told: Told) -> str:
    count = told[ALIKE_ANSWERED]
    if not count or ALIKE_NO_WORSE not in told:
        return ""
    share, error = told[ALIKE_NO_WORSE], monte_carlo(told[ALIKE_NO_WORSE], count)
    text = (
        f"{heading}: where the first arm was worse by exactly the margin, {numbers.count(round(share * count))} of "
        f"{numbers.count(count)} cohorts like this one were told that it is no worse"
    )
    if share > LEVEL + 2 * error:
        return f"{text}, more than the one in forty that is accepted, beyond chance."
    if error > LEVEL:
        return f"{text}; so few cohorts cannot tell whether that is one in forty."
    return f"{text}, in keeping with the one in forty that is accepted."
