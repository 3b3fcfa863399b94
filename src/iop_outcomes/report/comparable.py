"""Could people have been in either arm, and for whom do the weighted estimates speak?

Equipoise by preference scores (Walker et al. 2013, Comparative Effectiveness Research 3:11): the score with the arms'
shares of people taken out of it, logit(preference) = logit(score) - logit(share of the first arm). Who lies between .3
and .7 could about as well have been in the other arm; where at least half of both arms do, the arms are said to be in
equipoise. All is computed from released counts of scores in bins: of bins that a border cuts nobody knows which side
people are on, so that the share is told as the least and the most that it can be.

Generalisability: categories and means of everyone compared beside those of the people for whom the preferred weights
speak, and how far these are apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scipy.special import expit, logit

from iop_outcomes.presentation import numbers, told
from iop_outcomes.presentation.labels import UNITS, Labels, covariate, method, within, words
from iop_outcomes.presentation.told import NO_ONE, Told
from iop_outcomes.protocol import AsRun
from iop_outcomes.report.cohort import arm_size
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.tables.bands import SCORES
from iop_outcomes.tables.results import ALL, COVARIATE, MEAN, SCORE, WEIGHTED_MEAN
from iop_outcomes.tables.rows import counted
from iop_outcomes.vocabulary.estimands import ESTIMANDS
from iop_outcomes.vocabulary.methods import METHODS, PREFERRED_WEIGHTS

if TYPE_CHECKING:
    import pandas as pd

PREFERENCE = (0.3, 0.7)
ENOUGH = 0.5
NOTE = (
    "Everyone compared: all people of both arms. Beside them those for whom the weighted estimate speaks; where the "
    "two are far apart, what was found need not hold for people who seldom come to one of the arms."
)


def equipoise(counts: pd.DataFrame, study: AsRun, contrast: str) -> str:
    """A sentence on how many of each arm could about as well have been in the other, or ''."""
    labels = Labels(study)
    own = counts[(counts["analysis"] == "design") & (counts["contrast"] == contrast)]
    sizes = [arm_size(own, side) for side in labels.sides(contrast)]
    if study.contrasts[contrast].further_arms or not all(size and size.count for size in sizes):
        return ""
    first, second = (float((size or NO_ONE).count or 0.0) for size in sizes)
    shares = []
    for side, size in zip(labels.sides(contrast), (first, second), strict=True):
        bins = own[(own["outcome"] == SCORE) & (own["arm"] == side)]
        if bins.empty:
            return ""
        shares.append(between({row["level"]: told.told(row) for row in counted(bins)}, first / (first + second), size))
    said = [
        f"{numbers.whole_percent(low)} to {numbers.whole_percent(high)} of {within(arm)}"
        for (low, high), arm in zip(shares, labels.arms(contrast), strict=True)
    ]
    low, high = min(one[0] for one in shares), min(one[1] for one in shares)
    if low >= ENOUGH:
        found = "so that the arms are in equipoise by that rule"
    elif high < ENOUGH:
        found = "so that they are not in equipoise by that rule, and most of an arm had a clear preference"
    else:
        found = "which leaves open whether they are in equipoise by that rule"
    low_end, high_end = map(numbers.plain, PREFERENCE)
    return (
        f"By preference scores between {low_end} and {high_end}, {' and '.join(said)} could about as well have been in "
        "the other arm (at least half of both: equipoise; Walker et al. 2013, Comparative Effectiveness Research 3:11)"
        f", {found}."
    )


def between(bins: Mapping[str, Told], first: float, size: float) -> tuple[float, float]:
    """The least and the greatest share of an arm's people (size) with a preference in between.

    bins: people by bin of the score, empty ones left out. first: share of people in the first arm.
    """
    low, high = (float(expit(logit(at) + logit(first))) for at in PREFERENCE)
    least = most = 0.0
    for name, (start, end) in SCORES.items():
        people = bins.get(name, NO_ONE)
        if start >= low and end <= high:
            least += people.low
        if end > low and start < high:
            most += people.high
    return min(least / size, 1.0), min(most / size, 1.0)


def generalisability(counts: pd.DataFrame, diagnostics: pd.DataFrame, study: AsRun, contrast: str) -> Table | None:
    """Everyone compared beside those for whom the preferred weights speak; None where they speak for everyone."""
    labels = Labels(study)
    own = counts[(counts["analysis"] == "design") & (counts["contrast"] == contrast)]
    made = diagnostics[(diagnostics["analysis"] == "design") & (diagnostics["contrast"] == contrast)]
    there = made[made["quantity"] == WEIGHTED_MEAN]
    weighted = next((m for m in PREFERRED_WEIGHTS if (there["method"] == m).any()), "")
    if not weighted:
        return None
    values = _by(there[there["method"] == weighted], "variable", "level")
    sizes = [arm_size(own, side) for side in labels.sides(contrast)]
    blocks = [_numbers(made, labels, contrast, values, sizes)] + [
        _categories(own, labels, contrast, str(name), values, sizes)
        for name in dict.fromkeys(own.loc[own["outcome"] == COVARIATE, "variable"])
    ]
    filled = tuple(block for block in blocks if block.lines)
    if not filled:
        return None
    whom = ESTIMANDS[METHODS[weighted].estimand].meaning
    columns = ("At the start", "Everyone compared", f"{method(weighted)}: {whom}", "Difference")
    return Table(f"{labels.contrast(contrast)}: who is compared, and for whom it speaks", columns, filled, NOTE)


Sizes = list[Told | None]


def _by(rows: pd.DataFrame, *keys: str) -> dict[tuple[str, str], float]:
    """Values by two of the columns."""
    first, second = (rows[key].astype(str) for key in keys)
    return dict(zip(zip(first, second, strict=True), rows["value"].astype(float), strict=True))


def _numbers(
    made: pd.DataFrame, labels: Labels, contrast: str, values: Mapping[tuple[str, str], float], sizes: Sizes
) -> Block:
    """Means of everyone, of both arms' released means and people."""
    means = _by(made[made["quantity"] == MEAN], "variable", "arm")
    people = [float(size.count) if size and size.count else float("nan") for size in sizes]
    lines = []
    for name in dict.fromkeys(name for name, _ in means):
        of = [means.get((name, side), float("nan")) for side in labels.sides(contrast)]
        whole = sum(m * p for m, p in zip(of, people, strict=True)) / sum(people)
        there = values.get((name, ALL), float("nan"))
        if numbers.known(whole) and numbers.known(there):
            unit = f", {UNITS[name]}" if name in UNITS else ""
            cells = (numbers.decimals(whole), numbers.decimals(there), numbers.decimals(there - whole))
            lines.append(Line(covariate(name) + unit, cells))
    return Block("Numbers: mean", tuple(lines))


def _categories(
    own: pd.DataFrame,
    labels: Labels,
    contrast: str,
    name: str,
    values: Mapping[tuple[str, str], float],
    sizes: Sizes,
) -> Block:
    rows = own[(own["outcome"] == COVARIATE) & (own["variable"] == name)]
    cells = {(r["level"], r["arm"]): told.told(r) for r in counted(rows)}
    whole = sum((float(size.count) if size and size.count else float("nan") for size in sizes), 0.0)
    lines = []
    for value in sorted(set(rows["level"])):
        there = values.get((name, str(value)), float("nan"))
        people = [cells.get((value, side), NO_ONE).count for side in labels.sides(contrast)]
        if None in people or not numbers.known(whole) or not numbers.known(there):
            continue
        share = sum(float(p or 0.0) for p in people) / whole
        shown = (numbers.percent(share), numbers.percent(there), numbers.points(there - share))
        lines.append(Line(words(str(value)), shown))
    return Block(covariate(name), tuple(lines))
