"""Causes of leaving that are counted together, because no question tells them apart.

A cause that few people leave by holds back the number still there, as the two add up. Where a question asks who is
still in care, or there or completed, it needs no cause by itself: the others are one. Questions on the same people
share the answer, or one would tell what the other holds together. Censoring is never among them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from iop_outcomes.vocabulary.causes import CENSORED

if TYPE_CHECKING:
    from iop_outcomes.release.life_tables import Leaving, Question

OR = " or "


def called(pool: Collection[str]) -> str:
    """The name of causes that are counted together."""
    return OR.join(sorted(pool))


def pooled(
    arms: Mapping[tuple[str, ...], tuple[Question, Leaving]], apart: Mapping[Question, Collection[Collection[str]]]
) -> dict[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The pools of each arm, by the key of the arm.

    arms: question and table of each. apart: sets of causes that a question tells from all others; a question without an
    entry tells all apart.
    """
    alike = _alike(arms)
    found: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {}
    for key, (question, _) in arms.items():
        causes = sorted({c for q, one in arms.values() if q in alike[question] for c in one.causes} - {CENSORED})
        if not alike[question] <= apart.keys():
            continue
        told = [set(some) for q in sorted(alike[question]) for some in apart[q]]
        groups: dict[tuple[bool, ...], list[str]] = {}
        for cause in causes:
            groups.setdefault(tuple(cause in some for some in told), []).append(cause)
        found[key] = tuple(tuple(group) for group in groups.values() if len(group) > 1)
    return found


def _alike(arms: Mapping[tuple[str, ...], tuple[Question, Leaving]]) -> dict[Question, set[Question]]:
    """For each question those with an arm whose table is the same, itself among them, and those like them in turn."""
    groups: dict[Question, set[Question]] = {question: {question} for question, _ in arms.values()}
    of_table: dict[Leaving, Question] = {}
    for question, leaving in arms.values():
        other = of_table.setdefault(leaving, question)
        if groups[other] is not groups[question]:
            joined = groups[other] | groups[question]
            groups.update(dict.fromkeys(joined, joined))
    return groups
