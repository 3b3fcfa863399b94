"""Causes of leaving that are counted together, because no question tells them apart.

Where few people leave by a cause, the number still there is withheld or rounded with it, as the two add up. Where a
question asks who is still in care, or there or completed, it needs no cause by itself: the others are one. Questions on
the same people share the answer, or one would tell what the other holds together. Censoring is never among them.

For drawing, a way of leaving by which too few people of an arm leave is one with the next smallest, until enough do
(`ways`): what is drawn then adds up to everyone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.release.policy import Policy
from iop_outcomes.vocabulary.causes import CENSORED

if TYPE_CHECKING:
    from iop_outcomes.release.life_tables import Leaving, Question

OR = " or "
# names of what is drawn, and the levels that each holds
Ways = tuple[tuple[str, tuple[str, ...]], ...]


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


def parts(name: str, pools: Collection[tuple[str, ...]]) -> tuple[str, ...]:
    """The causes of a level by its name."""
    return next((pool for pool in pools if called(pool) == name), (name,))


def ways(
    arms: Mapping[tuple[str, ...], tuple[Question, Leaving]],
    counted: Mapping[tuple[str, ...], Leaving],
    last: Mapping[tuple[str, ...], int],
    policy: Policy,
) -> dict[tuple[str, ...], Ways]:
    """What is drawn of each arm: the same of all arms of questions on the same people.

    arms: as in `pooled`. counted: with pooled causes. last: the day to which the arm is drawn.
    """
    alike = _alike(arms)
    done: dict[frozenset[Question], Ways] = {}
    for key, (question, _) in arms.items():
        group = frozenset(alike[question])
        if group not in done:
            own = [key for key, (q, _) in arms.items() if q in group]
            causes = {cause for key in own for cause in counted[key].causes}
            by_level = {c: [counted[key].gone(last[key], (c,)) for key in own] for c in sorted(causes - {CENSORED})}
            drawn = [(level,) for level in by_level] if policy.exact else _enough(by_level, policy)
            censored = [(CENSORED,)] if CENSORED in causes else []
            done[group] = tuple((called(levels), levels) for levels in (*drawn, *censored))
    return {key: done[frozenset(alike[question])] for key, (question, _) in arms.items()}


def _enough(people: Mapping[str, Sequence[int]], policy: Policy) -> list[tuple[str, ...]]:
    """Levels put together until none is of too few people in an arm, or one is left. people: of each arm."""
    groups: dict[tuple[str, ...], list[int]] = {(level,): list(own) for level, own in people.items()}
    while len(groups) > 1 and any(policy.small(n) for own in groups.values() for n in own):
        order = sorted(groups, key=lambda levels: (sum(groups[levels]), levels))
        first = next(levels for levels in order if any(map(policy.small, groups[levels])))
        second = next(levels for levels in order if levels != first)
        both = [a + b for a, b in zip(groups.pop(first), groups.pop(second), strict=True)]
        groups[tuple(sorted((*first, *second)))] = both
    return sorted(groups)


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
