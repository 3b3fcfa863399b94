"""How far results on use hold where some use was missed, or seen where there was none.

One table for each contrast: the preferred adjusted share of people without use in each arm, and their difference, as
found and as they would be if use had been found in so many of those with it, and in none of so many of those without,
alike in both arms. Readings that count a missing answer as use, or as what was last seen, are not corrected: nobody
measured use there. A death that counts against the outcome was not found by a measurement either, and stays as it is;
its share of an arm is that of the released counts. All is computed from the release. A share that lies below 0 or
above 1 says that what was found could not have been found so.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from iop_outcomes.vocabulary.answers import (
    COUNTED_AGAINST,
    IMPUTED,
    LEVELS,
    NONE,
    OBSERVED_ONLY,
    WEIGHTED_BY_OBSERVATION,
)
from iop_outcomes.vocabulary.causes import DIED
from iop_outcomes.vocabulary.endpoints import USE_ON_A_DAY
from iop_outcomes.vocabulary.measures import MEASURES, RISK
from iop_outcomes.vocabulary.methods import CRUDE, PREFERRED

if TYPE_CHECKING:
    import pandas as pd

NOT_SO = "cannot be"
# readings under which whoever counts was measured, or stands in the place of people who were
MEASURED = (NONE, OBSERVED_ONLY, WEIGHTED_BY_OBSERVATION, IMPUTED)
NOTE = (
    "As if use had been found in this share of the people with use (sensitivity) and not in this share of those "
    "without (specificity), in both arms alike; the interval counts chance alone. A measurement that misses use makes "
    "a difference between the arms look smaller than it is, where it misses it alike in both; residents who can hardly "
    "use, or are tested more often, are not measured alike, and then the difference can be off either way. Deaths stay "
    "as they are counted. Readings that count a missing answer as use are not here, as nobody measured use there. "
    f"\u2018{NOT_SO}\u2019: so little, or so much, use could not have been found."
)


def tables(estimates: pd.DataFrame, counts: pd.DataFrame, study: AsRun) -> list[Table]:
    """The tables of the contrasts that have a share of people without use; none where nothing is supposed."""
    if not study.misclassification.sensitivity:
        return []
    labels = Labels(study)
    use = [o for o in labels.endpoints() if labels.kind(o) in USE_ON_A_DAY]
    own = estimates[(estimates["measure"] == RISK) & estimates["outcome"].isin(use) & (estimates["group_by"] == ALL)]
    own = own[own["missing_rule"].isin(MEASURED)]
    found = [_of_contrast(own[own["contrast"] == name], counts, labels, study, name) for name in study.contrasts]
    return [table for table in found if table.blocks]


def _of_contrast(own: pd.DataFrame, counts: pd.DataFrame, labels: Labels, study: AsRun, name: str) -> Table:
    blocks = []
    for (outcome, day, rule), rows in own.groupby(["outcome", "horizon_days", "missing_rule"], sort=False):
        speaker = _speaker(pairs(rows))
        if speaker is not None:
            heading = labels.question(str(outcome), float(str(day)), str(rule))
            measured = {side: _measured(counts, speaker.main, side, study) for side in labels.sides(name)}
            blocks.append(Block(heading, tuple(_lines(speaker, measured, labels, study))))
    columns = ("Sensitivity, specificity", *labels.arms(name), f"Difference ({effects.level(labels)})")
    title = f"{labels.contrast(name)}: had use been missed"
    return Table(title, columns, tuple(blocks), NOTE)


def _measured(counts: pd.DataFrame, row: Estimated, side: str, study: AsRun) -> float:
    """The share of an arm's people, of those who count, whose use was measured: all but those who had died, where
    deaths count against the outcome. Everyone, where their number is not told.
    """
    if study.endpoints[row["outcome"]].deaths != COUNTED_AGAINST:
        return 1.0
    whole = (counts["group_by"] == ALL) & (counts["variable"] == ALL) & (counts["arm"] == side)
    for column in ("analysis", "contrast", "outcome", "horizon_days"):
        whole &= counts[column] == row[column]
    told = counts[whole].set_index("level")["count"].astype("Float64")
    asked = LEVELS[:3] if row["missing_rule"] in (NONE, OBSERVED_ONLY) else LEVELS[:4]
    people, dead = told.reindex(asked).sum(), told.get(DIED)
    return 1.0 if dead is None or not numbers.known(dead) or not people else 1.0 - float(dead) / float(people)


def _speaker(found: list[Pair]) -> Pair | None:
    ranks = {m: i for i, m in enumerate(PREFERRED)}
    there = [p for p in found if p.there]
    return min(there, key=lambda p: ranks.get(p.main["method"], len(ranks))) if there else None


def _lines(pair: Pair, measured: Mapping[str, float], labels: Labels, study: AsRun) -> list[Line]:
    asked = study.misclassification
    name = pair.main["method"]
    found = f"As found ({within(method(name)) if name != CRUDE else 'unadjusted'})"
    lines = [_line(found, pair, measured, labels, 1.0, 1.0)]
    for sensitivity in asked.sensitivity:
        for specificity in asked.specificity:
            words = ", ".join(f"{numbers.plain(100 * v)}{numbers.NARROW}%" for v in (sensitivity, specificity))
            lines.append(_line(words, pair, measured, labels, sensitivity, specificity))
    return lines


def _line(
    words: str, pair: Pair, measured: Mapping[str, float], labels: Labels, sensitivity: float, specificity: float
) -> Line:
    """Shares without use, of which what was found with use, among those measured, is corrected."""
    value, signed = FORMS[MEASURES[RISK].unit]
    first, second = (
        (1 - true_share(1 - pair.rows[side]["estimate"] / measured[side], sensitivity, specificity)) * measured[side]
        for side in labels.sides(pair.main["contrast"])
    )
    cells = []
    for side, share in zip(labels.sides(pair.main["contrast"]), (first, second), strict=True):
        error = true_difference(float(pair.rows[side]["rounding_error"] or 0.0), sensitivity, specificity)
        cells.append(value(share, error) if 0 <= share <= measured[side] else NOT_SO)
    so = NOT_SO not in cells
    cells.append(_difference(pair.main, first - second, signed, sensitivity, specificity) if so else NOT_SO)
    return Line(words, tuple(cells))


def _difference(row: Estimated, gap: float, form: numbers.Form, sensitivity: float, specificity: float) -> str:
    """The corrected difference, with limits as far from it as the correction carries those of the one found."""
    low, high, error = (
        true_difference(float(away or 0.0), sensitivity, specificity)
        for away in (row["conf_low"] - row["estimate"], row["conf_high"] - row["estimate"], row["rounding_error"])
    )
    return numbers.with_limits(gap, gap + low, gap + high, form, error)
