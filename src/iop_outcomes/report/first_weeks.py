"""Hours of the first weeks in the report: what the weights for hours achieve, what hangs on the largest of them, how
hours go together with what was known at the start, and the answers beside their truth where that is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, term, within
from iop_outcomes.protocol import AsRun
from iop_outcomes.report import explanations
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.report.known_truth import OF_THOSE_WHO_STAYED, inside, of_truth
from iop_outcomes.report.results import forms, label, misleading, with_interval
from iop_outcomes.report.results_of_doses import of_weights
from iop_outcomes.report.summary import Pair, pairs
from iop_outcomes.tables.results import (
    ALL,
    CORRELATION,
    CORRELATION_BEFORE,
    DIFFERENCE_BROUGHT_IN,
    EFFECTIVE_SHARE,
    LARGEST_WEIGHT,
    MEAN_WEIGHT,
)
from iop_outcomes.vocabulary.measures import DIFFERENCE, FEWER_HOURS, MORE_HOURS
from iop_outcomes.vocabulary.methods import GENERALISED_PROPENSITY

if TYPE_CHECKING:
    import pandas as pd

# of whom the weighted answers, and truths, are
QUESTION = ["contrast", "arm", "analysis", "outcome", "horizon_days", "missing_rule"]
# of weights brought in to quantiles, by quantity
BROUGHT_IN: dict[str, tuple[str, numbers.Form]] = {
    EFFECTIVE_SHARE: ("Effective share", numbers.percent),
    LARGEST_WEIGHT: ("Largest weight, by the mean", numbers.ratio),
    MEAN_WEIGHT: ("Mean weight", numbers.ratio),
    DIFFERENCE_BROUGHT_IN: ("Difference", numbers.points),
}
CORRELATIONS: dict[str, tuple[str, numbers.Form]] = {
    CORRELATION_BEFORE: ("As people came", numbers.ratio),
    CORRELATION: ("Weighted", numbers.ratio),
}


def weights(diagnostics: pd.DataFrame, study: AsRun) -> list[Table]:
    """What the weights achieve; the same brought in to other quantiles; correlations with each covariate."""
    own = diagnostics[
        diagnostics["contrast"].isin(list(study.intensities)) & (diagnostics["method"] == GENERALISED_PROPENSITY)
    ]
    achieved = of_weights(own, study, study.intensities)
    varied = own[own["variable"] != ALL]
    return [*achieved, *_brought_in(varied, study), *_correlations(varied, study)]


def _brought_in(own: pd.DataFrame, study: AsRun) -> Iterator[Table]:
    asked = own[own["quantity"].isin(list(BROUGHT_IN))]
    blocks = [
        Block(_heading(key, study), tuple(_lines(rows, BROUGHT_IN)))
        for key, rows in asked.groupby(QUESTION, sort=False)
    ]
    if blocks:
        columns = ("Quantiles of weights", *(head for head, _ in BROUGHT_IN.values()))
        yield Table("Weights for hours, brought in", columns, tuple(blocks), explanations.OF_BROUGHT_IN)


def _correlations(own: pd.DataFrame, study: AsRun) -> Iterator[Table]:
    """Of each arm once: weights hang on no outcome."""
    labels, blocks = Labels(study), []
    told = own[own["quantity"].isin(list(CORRELATIONS)) & own["value"].notna()]
    for (name, arm), rows in told.groupby(["contrast", "arm"], sort=False):
        first = rows[(rows[QUESTION[2:]] == rows[QUESTION[2:]].iloc[0]).all(axis=1)]
        blocks.append(Block(labels.arm(str(name), str(arm)), tuple(_lines(first, CORRELATIONS))))
    if blocks:
        columns = ("Known at the start", *(head for head, _ in CORRELATIONS.values()))
        yield Table("Correlation with hours a week", columns, tuple(blocks), explanations.OF_CORRELATIONS)


def _heading(key: Sequence[object], study: AsRun) -> str:
    """key: of QUESTION."""
    of, labels = dict(zip(QUESTION, key, strict=True)), Labels(study)
    asked = labels.question(str(of["outcome"]), float(str(of["horizon_days"])), str(of["missing_rule"]))
    return f"{labels.arm(str(of['contrast']), str(of['arm']))} ({within(asked)})"


def _lines(rows: pd.DataFrame, told: Mapping[str, tuple[str, numbers.Form]]) -> Iterator[Line]:
    for variable, own in rows.groupby("variable", sort=False):
        values = own.set_index("quantity")["value"]
        cells = (values.get(quantity) for quantity in told)
        yield Line(
            term(str(variable)),
            tuple(
                form(float(value), 0.0) if value is not None and numbers.known(value) else numbers.DASH
                for value, (_, form) in zip(cells, told.values(), strict=True)
            ),
        )


def beside_truth(estimates: pd.DataFrame, study: AsRun, truth: pd.DataFrame) -> list[Table]:
    """Differences of more and fewer hours with their truth, which is of the same hours of the same arm."""
    labels, found = Labels(study), []
    keys = ["contrast", "outcome", "horizon_days", "of", "hours_per_week"]
    known = {
        tuple(t[k] for k in keys): float(t["truth"])
        for t in truth.to_dict("records")
        if t["estimand"] == OF_THOSE_WHO_STAYED
    }
    for name, setting in study.intensities.items():
        blocks = []
        own = estimates[estimates["contrast"] == name]
        for (arm, *_), rows in own.groupby(
            ["group", "analysis", "outcome", "horizon_days", "missing_rule"], sort=False
        ):
            hours = setting.compare.get(str(arm))
            if hours is None:
                continue
            lines = [line for pair in pairs(rows) for line in _beside(pair, labels, hours, known)]
            if lines:
                row = pairs(rows)[0].main
                asked = labels.question(row["outcome"], float(row["horizon_days"] or 0), row["missing_rule"])
                blocks.append(Block(f"{labels.arm(name, str(arm))}. {asked}", tuple(lines)))
        found += of_truth(labels, name, blocks)
    return found


def _beside(
    pair: Pair, labels: Labels, hours: tuple[float, float], known: Mapping[tuple[object, ...], float]
) -> Iterator[Line]:
    fewer, more = hours
    signed, wrong = forms(pair)[1], misleading(pair, labels)
    said = {
        MORE_HOURS: (more, f"{more:g} hours a week", numbers.percent),
        FEWER_HOURS: (fewer, f"{fewer:g} hours a week", numbers.percent),
        DIFFERENCE: (more, f"{more:g} against {fewer:g}", signed),
    }
    for of, (at, words, form) in said.items():
        row = pair.rows.get(of)
        if row is None or not numbers.known(row["estimate"]):
            continue
        value = known.get((row["contrast"], row["outcome"], row["horizon_days"], of, at))
        if value is not None:
            name = f"{words}: {label(pair, labels)}{', wrong on purpose' if wrong else ''}"
            yield Line(name, (with_interval(row, form), form(value, 0.0), inside(row, value)), wrong=wrong)
