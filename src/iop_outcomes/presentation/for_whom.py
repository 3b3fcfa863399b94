"""For whom a difference holds, from the released estimates of groups: raw, drawn to their mean, and tested together.

In order, for each question that is asked within groups, and of it the preferred adjusted method: its modifiers with
the estimates of their groups, in the order of the study; each group's difference drawn to the mean of the groups by how
little it is known (`estimators.causal.modifiers`); p values of the groups' being alike, adjusted within the
prespecified modifiers of the question for the family-wise error (Holm 1979, Scandinavian Journal of Statistics 6:65)
and within the others for the rate of false discoveries (Benjamini & Hochberg 1995, Journal of the Royal Statistical
Society B 57:289). Everything is computed from what is released.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.inference import adjusted
from iop_outcomes.estimators.causal.modifiers import drawn_together
from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels
from iop_outcomes.protocol import Modifier
from iop_outcomes.tables.results import ALL, GROUPS_DIFFER, GROUPS_DIFFER_BY_RATIO
from iop_outcomes.tables.rows import Estimated, alike, estimated
from iop_outcomes.vocabulary.groups import names as in_order
from iop_outcomes.vocabulary.measures import DIFFERENCE
from iop_outcomes.vocabulary.methods import CRUDE, PREFERRED
from iop_outcomes.vocabulary.statuses import OK

if TYPE_CHECKING:
    import pandas as pd

QUESTION = ("analysis", "contrast", "outcome", "horizon_days", "measure", "missing_rule")
ASKED = ("analysis", "contrast", "outcome", "horizon_days", "method", "missing_rule", "group_by")
PRESPECIFIED = "prespecified"
# how p values are adjusted in a family of modifiers
BY_FAMILY = {PRESPECIFIED: "holm", "exploratory": "benjamini-hochberg"}

# rows of one group by what they are of
Rows = Mapping[str, Estimated]


@dataclass(frozen=True)
class Drawn:
    """A difference drawn to the mean of its modifier's groups, with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Group:
    """One group. rows: of the adjusted method by what they are of; crude: the same as people came, if asked for."""

    name: str
    rows: Rows
    crude: Rows
    drawn: Drawn | None = None

    @property
    def main(self) -> Estimated:
        """Its difference, with a number or without."""
        return self.rows.get(DIFFERENCE) or next(iter(self.rows.values()))

    @property
    def told(self) -> bool:
        """There is a number."""
        return self.main["status"] == OK and numbers.known(self.main["estimate"])


@dataclass(frozen=True)
class Grouped:
    """One modifier of a question. p, p_ratio: that groups do not differ, on each scale; adjusted: within its family of
    so many; None where it is not told.
    """

    name: str
    asked: Modifier
    groups: tuple[Group, ...]
    p: float | None = None
    adjusted: float | None = None
    p_ratio: float | None = None
    adjusted_ratio: float | None = None
    family: int = 1


@dataclass(frozen=True)
class Question:
    """A question that is asked within groups. first: any of its rows."""

    first: Estimated
    modifiers: tuple[Grouped, ...]


def questions(estimates: pd.DataFrame, diagnostics: pd.DataFrame, labels: Labels) -> list[Question]:
    """The questions that are asked within groups, in the order of the estimates."""
    study = labels.study
    own = estimates[estimates["group_by"].isin(list(study.modifiers))]
    tests = _tests(diagnostics)
    level = study.inference.confidence_level
    found = []
    for rows in alike(estimated(own), QUESTION).values():
        method = min((r["method"] for r in rows if r["method"] != CRUDE), key=_rank, default="")
        if not method:
            continue
        made = [
            _grouped(name, asked, [r for r in rows if r["group_by"] == name], method, level, tests)
            for name, asked in study.modifiers.items()
        ]
        found.append(Question(rows[0] | {"method": method}, _in_families([one for one in made if one.groups])))
    return found


def not_excluded(groups: Iterable[Group], margin: float) -> list[Group]:
    """The groups whose interval holds a difference that is worse than a margin, or may but for rounding."""
    found = []
    for group in groups:
        row, error = group.main, numbers.number(group.main["rounding_error"]) or 0.0
        worst = row["conf_low"] - error if margin < 0 else row["conf_high"] + error
        if group.told and (worst < margin if margin < 0 else worst > margin):
            found.append(group)
    return found


def people(groups: Iterable[Group]) -> float:
    """People of some groups; not a number where those of one are not told."""
    told = [numbers.number(group.main["n"]) for group in groups]
    return math.nan if None in told else math.fsum(n for n in told if n is not None)


def _rank(method: str) -> int:
    return PREFERRED.index(method) if method in PREFERRED else len(PREFERRED)


def _tests(diagnostics: pd.DataFrame) -> dict[tuple[object, ...], float]:
    """p values by quantity and question."""
    own = diagnostics[
        diagnostics["quantity"].isin([GROUPS_DIFFER, GROUPS_DIFFER_BY_RATIO]) & diagnostics["value"].notna()
    ]
    keys = own[["quantity", *ASKED]].astype(object).itertuples(index=False, name=None)
    return dict(zip(keys, own["value"].astype(float), strict=True))


def _grouped(
    name: str,
    asked: Modifier,
    rows: Sequence[Estimated],
    method: str,
    level: float,
    tests: Mapping[tuple[object, ...], float],
) -> Grouped:
    """A modifier with its groups in order."""
    by_group = alike(rows, ("group",)).values()
    order = in_order(asked.cuts) if asked.thirds or asked.cuts else ()
    groups = []
    for own in sorted(by_group, key=lambda o: order.index(o[0]["group"]) if o[0]["group"] in order else len(order)):
        some = {r["of"]: r for r in own if r["method"] == method}
        crude = {r["of"]: r for r in own if r["method"] == CRUDE}
        if some:
            groups.append(Group(own[0]["group"], some, crude))
    key = {**rows[0], "method": method, "group_by": name} if rows else {}
    p, ratio = (
        tests.get((quantity, *(key.get(column) for column in ASKED)))
        for quantity in (GROUPS_DIFFER, GROUPS_DIFFER_BY_RATIO)
    )
    return Grouped(name, asked, _drawn(groups, level), p, None, ratio)


def _drawn(groups: Sequence[Group], level: float) -> tuple[Group, ...]:
    """The groups with their differences drawn to the mean, where two or more have one."""
    told = [group for group in groups if group.told]
    value, error = (np.array([g.main[c] for g in told], dtype=float) for c in ("estimate", "std_error"))
    try:
        found = drawn_together(value, error)
    except EstimationError:
        return tuple(groups)
    reach = NormalDist().inv_cdf(0.5 + level / 2) * found.error
    drawn = {
        g.name: Drawn(float(v), float(v - r), float(v + r)) for g, v, r in zip(told, found.value, reach, strict=True)
    }
    return tuple(replace(group, drawn=drawn.get(group.name)) for group in groups)


def _in_families(made: Sequence[Grouped]) -> tuple[Grouped, ...]:
    """The modifiers with p values adjusted within their families."""
    kept = list(made)
    for family, how in BY_FAMILY.items():
        places = [i for i, one in enumerate(kept) if one.asked.family == family]
        by_difference, by_ratio = (
            _adjusted({i: p for i in places if (p := told(kept[i])) is not None}, how)
            for told in (lambda one: one.p, lambda one: one.p_ratio)
        )
        for i in places:
            kept[i] = replace(
                kept[i], adjusted=by_difference.get(i), adjusted_ratio=by_ratio.get(i), family=len(by_difference)
            )
    return tuple(kept)


def _adjusted(values: Mapping[int, float], how: str) -> dict[int, float]:
    """p values adjusted for each other, by place."""
    if not values:
        return {}
    return dict(zip(values, map(float, adjusted(list(values.values()), how)), strict=True))


def one_group(group: Group) -> bool:
    """The row stands for people who are all of one group."""
    return group.name == ALL
