"""The truth beside the estimate: what a simulation knows, next to what each method found.

Unadjusted comparisons of arms that were not assigned by chance stand beside the truth of everyone, which they miss, and
are marked as wrong on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, capital
from iop_outcomes.protocol import AsRun, two_strategies
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.report.results import forms, grouped, label, misleading, with_interval
from iop_outcomes.report.sentences import effects
from iop_outcomes.report.summary import Pair
from iop_outcomes.tables.results import ALL
from iop_outcomes.tables.rows import Estimated
from iop_outcomes.vocabulary.estimands import ESTIMANDS
from iop_outcomes.vocabulary.measures import DIFFERENCE
from iop_outcomes.vocabulary.methods import GENERALISED_PROPENSITY, LANDMARK_ADJUSTED, METHODS

if TYPE_CHECKING:
    import pandas as pd

# whom what is asked of hours of the first weeks speaks for
OF_THOSE_WHO_STAYED = METHODS[GENERALISED_PROPENSITY].estimand

INSIDE, OUTSIDE, OPEN = "yes", "no", "open, as the limits are rounded"


def beside(estimates: pd.DataFrame, study: AsRun, truth: pd.DataFrame) -> list[Table]:
    """Differences with their known truth, one table for each contrast; unadjusted rows beside the truth of everyone."""
    labels = Labels(study)
    known: dict[tuple[object, ...], float] = {
        (t.contrast, t.outcome, t.horizon_days, t.estimand, t.measure, t.of): float(t.truth)  # type: ignore[arg-type]
        for t in truth.itertuples()
    }
    whole = (estimates["group_by"] == ALL) & estimates["hours_per_week"].isna()
    found = estimates[(estimates["of"] == DIFFERENCE) & whole]
    tables = []
    for contrast, own in found.groupby("contrast", sort=False):
        blocks = [
            Block(heading, tuple(lines))
            for heading, rows in grouped(own, labels)
            if (lines := [line for pair in rows if (line := _truth_line(pair, labels, known)) is not None])
        ]
        if blocks:
            ci = effects.level(labels)
            columns = ("Method", f"Difference ({ci})", "Known truth", "Is the truth inside?")
            tables.append(Table(labels.contrast(str(contrast)), columns, tuple(blocks)))
    return tables


def _truth_line(pair: Pair, labels: Labels, known: dict[tuple[object, ...], float]) -> Line | None:
    row = pair.main
    estimand = _of_everyone(row, labels) if row["estimand"] == "as_observed" else row["estimand"]
    value = known.get((row["contrast"], row["outcome"], row["horizon_days"], estimand, row["measure"], row["of"]))
    if value is None:
        return None
    if not pair.there:
        return Line(label(pair, labels), absent=capital(effects.absent(row, labels)))
    signed = forms(pair)[1]
    wrong = misleading(pair, labels)
    name = label(pair, labels) + (", wrong on purpose" if wrong else "")
    return Line(name, (with_interval(row, signed), signed(value), inside(row, value)), wrong=wrong)


def _of_everyone(row: Estimated, labels: Labels) -> str:
    """What the truth of a comparison is called that adjusts for nothing."""
    if row["contrast"] in labels.study.durations:
        return METHODS[LANDMARK_ADJUSTED].estimand
    started = row["contrast"] in two_strategies(labels.study) or row["contrast"] in labels.study.thresholds
    return "started" if started else "ATE"


def inside(row: Estimated, value: float) -> str:
    """Whether the interval holds the truth; open where a limit is as near to it as rounding may have moved it."""
    error = row["rounding_error"] if row["rounding_error"] > 0 else 0.0
    if error and min(abs(value - row["conf_low"]), abs(value - row["conf_high"])) <= error:
        return OPEN
    return INSIDE if row["conf_low"] <= value <= row["conf_high"] else OUTSIDE


def hits(tables: Sequence[Table]) -> str:
    """How many intervals hold the truth, adjusted and unadjusted."""
    lines = [line for t in tables for block in t.blocks for line in block.lines if line.cells]
    said = []
    for wrong, name in ((False, "Adjusted"), (True, "Unadjusted")):
        own = [line for line in lines if line.wrong == wrong]
        inside, unsure = (sum(line.cells[-1] == word for line in own) for word in (INSIDE, OPEN))
        more = f" (of {numbers.count(unsure)} it is open, as their limits are rounded)" if unsure else ""
        many = f"{numbers.count(inside)} of {numbers.count(len(own))}"
        said.append(f"{name}: the truth lies inside {many} intervals{more}.")
    return " ".join(said)


def of_truth(labels: Labels, name: str, blocks: Sequence[Block]) -> list[Table]:
    """The table of an intensity beside its truth; none without blocks."""
    columns = ("Hours and method", f"Estimate ({effects.level(labels)})", "Known truth", "Is the truth inside?")
    whose = capital(ESTIMANDS[OF_THOSE_WHO_STAYED].meaning)
    return [Table(labels.contrast(name), columns, tuple(blocks), whose)] if blocks else []
