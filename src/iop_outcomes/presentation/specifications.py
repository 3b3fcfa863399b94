"""A specification curve from the released estimates: every combination of choices, in order of its difference.

A combination whose estimate is not released, or has no number, keeps its place in the count and has none on the curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, method, missing_rule
from iop_outcomes.presentation.sides import side
from iop_outcomes.protocol import Specifications
from iop_outcomes.tables.results import ALL
from iop_outcomes.tables.rows import Estimated, estimated
from iop_outcomes.vocabulary.answers import NONE
from iop_outcomes.vocabulary.levels import RULES
from iop_outcomes.vocabulary.measures import DIFFERENCE, RISK
from iop_outcomes.vocabulary.statuses import OK

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("contrast", "outcome", "horizon_days", "method", "missing_rule")
# what a choice is of, as the figure names it
LEVELS, OUTCOME, DAY, METHOD, MISSING = "Levels by", "Outcome", "Day", "Method", "Missing"
CLASSIFIERS = {"index_level": "the program's label", "level_asam": "hours, ASAM", "level_broad": "hours, 6 to 30"}


@dataclass(frozen=True)
class Specified:
    """One combination: its choices by what they are of, and its difference, as released."""

    choices: dict[str, str]
    row: Estimated

    @property
    def side(self) -> str:
        """On which side of no difference its interval lies."""
        return side(self.row)


@dataclass(frozen=True)
class Curve:
    """asked: combinations. found: those with a number, the smallest difference first."""

    name: str
    title: str
    contrast: str
    asked: int
    found: tuple[Specified, ...]

    def share(self, *sides: str) -> float:
        """Of those with a number, the share whose interval lies on one of some sides."""
        return sum(one.side in sides for one in self.found) / len(self.found)

    def within(self, margin: float) -> float:
        """Of those with a number, the share whose interval lies wholly on the side of a margin that no difference lies
        on; rounding that may have moved a limit over it counts as having done so.
        """
        return sum(_inside(one.row, margin) for one in self.found) / len(self.found)

    def below(self) -> float:
        """Of those with a number, the share whose difference lies below zero."""
        return sum(one.row["estimate"] < 0 for one in self.found) / len(self.found)


def _inside(row: Estimated, margin: float) -> bool:
    error = numbers.number(row["rounding_error"]) or 0.0
    return row["conf_low"] - error > margin if margin < 0 else row["conf_high"] + error < margin


def curves(estimates: pd.DataFrame, labels: Labels) -> list[Curve]:
    """The curves of a study, in its order."""
    own = estimates["of"].eq(DIFFERENCE) & estimates["measure"].eq(RISK) & estimates["group_by"].eq(ALL)
    own &= estimates["delta_first"].isna()
    rows = {tuple(row[c] for c in COLUMNS): row for row in estimated(estimates[own])}  # type: ignore[literal-required]
    return [_curve(name, asked, rows, labels) for name, asked in labels.study.specifications.items()]


def _curve(name: str, asked: Specifications, rows: dict[tuple[object, ...], Estimated], labels: Labels) -> Curve:
    column = {RULES[classifier] for classifier in asked.classifiers}
    variants = {n: c for n, c in labels.study.variants.items() if c.variant_of == asked.contrast and c.column in column}
    contrasts = {asked.contrast: labels.study.contrasts[asked.contrast]} | variants
    every = list(product(contrasts, asked.outcomes, asked.horizon_days, asked.methods, asked.missing_rules))
    found = []
    for key in every:
        row = rows.get(key)
        if row is not None and row["status"] == OK:
            contrast, outcome, day, by, rule = key
            choices = {
                LEVELS: CLASSIFIERS.get(contrasts[contrast].column, ""), OUTCOME: labels.endpoint(outcome),
                DAY: f"{day}", METHOD: method(by), MISSING: missing_rule(rule) if rule != NONE else "",
            }  # fmt: skip
            found.append(Specified(choices, row))
    found.sort(key=lambda one: one.row["estimate"])
    return Curve(name, asked.title, asked.contrast, len(every), tuple(found))


def moves_most(curve: Curve) -> tuple[str, dict[str, float]] | None:
    """What the choices differ in whose mean differences lie farthest apart, with those, the smallest first."""
    means = {
        kind: {choice: _mean([o.row["estimate"] for o in curve.found if o.choices[kind] == choice]) for choice in own}
        for kind, own in varied(curve).items()
    }
    if not means:
        return None
    kind = max(means, key=lambda k: max(means[k].values()) - min(means[k].values()))
    return kind, dict(sorted(means[kind].items(), key=lambda item: item[1]))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def varied(curve: Curve) -> dict[str, list[str]]:
    """What the combinations with a number differ in: the choices of each kind that has several, as first met."""
    kinds = (LEVELS, OUTCOME, DAY, METHOD, MISSING)
    made = {kind: list(dict.fromkeys(one.choices[kind] for one in curve.found)) for kind in kinds}
    return {kind: sorted(choices) for kind, choices in made.items() if len(choices) > 1}
