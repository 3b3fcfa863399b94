"""How far results on use hold where some use was missed, or seen where there was none.

One table for each contrast: the preferred adjusted share of people without use in each arm, and their difference, as
found and as they would be if use had been found in so many of those with it, and in none of so many of those without,
alike in both arms. All is computed from the released estimates. A share that lies below 0 or above 1 says that what was
found could not have been found so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.estimators.two_by_two.misclassification import true_difference, true_share
from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, method, within
from iop_outcomes.protocol import AsRun
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.report.results import FORMS
from iop_outcomes.report.sentences import effects
from iop_outcomes.report.summary import Pair, pairs
from iop_outcomes.tables.results import ALL
from iop_outcomes.tables.rows import Estimated
from iop_outcomes.vocabulary.endpoints import USE_ON_A_DAY
from iop_outcomes.vocabulary.measures import MEASURES, RISK
from iop_outcomes.vocabulary.methods import CRUDE, PREFERRED

if TYPE_CHECKING:
    import pandas as pd

NOT_SO = "cannot be"
NOTE = (
    "As if use had been found in this share of the people with use (sensitivity) and not in this share of those "
    "without (specificity), in both arms alike; the interval counts chance alone. A measurement that misses use makes "
    "a difference between the arms look smaller than it is, where it misses it alike in both; residents who can hardly "
    "use, or are tested more often, are not measured alike, and then the difference can be off either way. "
    f"\u2018{NOT_SO}\u2019: so little, or so much, use could not have been found."
)


def tables(estimates: pd.DataFrame, study: AsRun) -> list[Table]:
    """The tables of the contrasts that have a share of people without use; none where nothing is supposed."""
    if not study.misclassification.sensitivity:
        return []
    labels = Labels(study)
    use = [o for o in labels.endpoints() if labels.kind(o) in USE_ON_A_DAY]
    own = estimates[(estimates["measure"] == RISK) & estimates["outcome"].isin(use) & (estimates["group_by"] == ALL)]
    found = [_of_contrast(own[own["contrast"] == name], labels, study, name) for name in study.contrasts]
    return [table for table in found if table.blocks]


def _of_contrast(own: pd.DataFrame, labels: Labels, study: AsRun, name: str) -> Table:
    blocks = []
    for (outcome, day, rule), rows in own.groupby(["outcome", "horizon_days", "missing_rule"], sort=False):
        speaker = _speaker(pairs(rows))
        if speaker is not None:
            heading = labels.question(str(outcome), float(str(day)), str(rule))
            blocks.append(Block(heading, tuple(_lines(speaker, labels, study))))
    columns = ("Sensitivity, specificity", *labels.arms(name), f"Difference ({effects.level(labels)})")
    title = f"{labels.contrast(name)}: had use been missed"
    return Table(title, columns, tuple(blocks), NOTE)


def _speaker(found: list[Pair]) -> Pair | None:
    ranks = {m: i for i, m in enumerate(PREFERRED)}
    there = [p for p in found if p.there]
    return min(there, key=lambda p: ranks.get(p.main["method"], len(ranks))) if there else None


def _lines(pair: Pair, labels: Labels, study: AsRun) -> list[Line]:
    asked = study.misclassification
    name = pair.main["method"]
    lines = [_line(f"As found ({within(method(name)) if name != CRUDE else 'unadjusted'})", pair, labels, 1.0, 1.0)]
    for sensitivity in asked.sensitivity:
        for specificity in asked.specificity:
            words = ", ".join(f"{numbers.plain(100 * v)}{numbers.NARROW}%" for v in (sensitivity, specificity))
            lines.append(_line(words, pair, labels, sensitivity, specificity))
    return lines


def _line(words: str, pair: Pair, labels: Labels, sensitivity: float, specificity: float) -> Line:
    """Shares without use, of which what was found with use is corrected."""
    value, signed = FORMS[MEASURES[RISK].unit]
    cells = []
    for side in labels.sides(pair.main["contrast"]):
        row = pair.rows[side]
        share = 1 - true_share(1 - row["estimate"], sensitivity, specificity)
        error = true_difference(float(row["rounding_error"] or 0.0), sensitivity, specificity)
        cells.append(value(share, error) if 0 <= share <= 1 else NOT_SO)
    cells.append(_difference(pair.main, signed, sensitivity, specificity))
    return Line(words, tuple(cells))


def _difference(row: Estimated, form: numbers.Form, sensitivity: float, specificity: float) -> str:
    gap, low, high, error = (
        true_difference(float(row[column] or 0.0), sensitivity, specificity)
        for column in ("estimate", "conf_low", "conf_high", "rounding_error")
    )
    return numbers.with_limits(gap, low, high, form, error)
