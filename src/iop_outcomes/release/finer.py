"""Cells are told more finely again where enough values remain possible without it.

Cells are loosened for many numbers in turn, and what was loosened late often serves for what was loosened before. Each
number that is safe has two moves that prove it. A cell that lies outside of a finer range in none of them is told so;
otherwise the numbers whose proofs need it are audited again as if it were. What is lost most by is tried first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.release.audit import Audit, Part
from iop_outcomes.release.bounds import propagated

if TYPE_CHECKING:
    from iop_outcomes.release.repair import State

# rounds of pushes of one attempt
ROUNDS = 4
# attempts are so many divided by the numbers of the system, so that large ones take no longer than they may
WORK = 100_000


def finer(state: State, audit: Audit) -> None:
    """Tell cells that were loosened more finely, where all numbers that are safe stay so."""
    attempts, people = WORK // max(1, len(state.low)), state.system.people
    loosened = [i for i, at in enumerate(state.at) if at and people[i]]
    for i in sorted(loosened, key=lambda i: (-state.loss(i), i)):
        kept = state.at[i]
        for at in range(kept):
            needing = _needing(state, audit, i, at)
            if needing and attempts <= 0:
                continue
            attempts -= bool(needing)
            state.tell(i, at)
            if not needing or _still_safe(state, audit, needing):
                break
            state.tell(i, kept)


def _needing(state: State, audit: Audit, i: int, at: int) -> list[int]:
    """Safe numbers whose proofs move a cell out of the range of a finer way of telling it."""
    rung, count, opened = state.ladders[i][at], state.system.people[i], audit.open
    beyond = {k for k, far in audit.moved.get(i, []) if not rung.low <= count + far <= (rung.high or 0)}
    return [n for n, proof in audit.proof.items() if beyond & set(proof) and not opened[n]]


def _still_safe(state: State, audit: Audit, numbers: list[int]) -> bool:
    """Numbers are shown to be safe by other moves; otherwise nothing is changed."""
    import numpy as np

    low, high = propagated(audit.equations, state.low, state.high)
    if any(high[n] - low[n] < audit.need[n] for n in numbers):
        return False
    kept = {n: (audit.least[n], audit.most[n], audit.proof[n]) for n in numbers}
    audit.forget(numbers)
    todo = np.zeros_like(audit.sensitive)
    todo[numbers] = True
    part = Part.of(audit, low, high, todo)
    if part is not None:
        part.push(ROUNDS)
        if not part.todo.any():
            return True
    for n, (least, most, proof) in kept.items():
        audit.least[n], audit.most[n], audit.proof[n] = least, most, proof
    return False
