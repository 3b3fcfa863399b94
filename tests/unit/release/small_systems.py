"""Small systems of cells drawn at random, and every whole-number solution that an intruder could think of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import POLICIES, Policy
from iop_outcomes.release.system import Exposed, Shown, System, ranges

# numbers further from the truth than this are not tried
REACH = 8
CMS = POLICIES["cms"]
# few people are small here, so that all solutions can be written down
NARROW = replace(CMS, minimum_count=6)
NO_ZEROS = replace(POLICIES["acro"], minimum_count=6)


def drawn(seed: int, cells: int = 5) -> System:
    """Cells of 0 to 20 people, of which up to four lines hold some: of a known sum, or the rest of a larger cell."""
    rng = np.random.default_rng(seed)
    people = [int(n) for n in rng.choice([0, 1, 2, 3, 4, 5, 7, 9, 14, 20], cells)]
    lines = []
    for _ in range(int(rng.integers(1, 5))):
        chosen = [int(i) for i in rng.choice(cells, int(rng.integers(2, min(5, cells + 1))), replace=False)]
        total = max(chosen, key=lambda i: (people[i], i))
        parts = tuple(i for i in chosen if i != total)
        rest = people[total] - sum(people[i] for i in parts)
        nested = rest >= 0 and rng.random() < 0.6
        lines.append(Line(parts, total, rest) if nested else Line(tuple(chosen)))
    return System(tuple(people), tuple(lines), tuple(int(b) for b in rng.choice([1, 1, 5], cells)))


def enumerated(system: System, shown: Shown, policy: Policy) -> set[Exposed]:
    """What is exposed, from all whole-number solutions that agree with the lines and with what is told."""
    system = system.under(policy)
    equations = system.equations
    size = len(equations.truth)
    matrix = np.zeros((len(equations.right), size), dtype=int)
    matrix[equations.row, equations.column] = equations.sign
    low, high = ranges(system, shown, policy)
    low = np.maximum(low, equations.truth - REACH).astype(int)
    high = np.minimum(high, equations.truth + REACH).astype(int)
    # what the numbers from each one on can add to each line, at least and at most
    ends = np.sort(np.stack([matrix * low, matrix * high]), axis=0)
    least, most = (np.cumsum(end[:, ::-1], axis=1)[:, ::-1].tolist() for end in ends)
    held = [[(r, int(matrix[r, j])) for r in np.flatnonzero(matrix[:, j]).tolist()] for j in range(size)]
    lowest, highest = equations.truth.tolist(), equations.truth.tolist()
    solution = [0] * size

    def extend(j: int, left: list[int]) -> None:
        if j == size:
            for i, value in enumerate(solution):
                lowest[i], highest[i] = min(lowest[i], value), max(highest[i], value)
            return
        for value in range(int(low[j]), int(high[j]) + 1):
            after = left.copy()
            for r, sign in held[j]:
                after[r] -= sign * value
            beyond = ((least[r][j + 1], most[r][j + 1]) if j + 1 < size else (0, 0) for r, _ in held[j])
            if all(a <= after[r] <= b for (r, _), (a, b) in zip(held[j], beyond, strict=True)):
                solution[j] = value
                extend(j + 1, after)

    extend(0, equations.right.tolist())
    few = [highest[i] - lowest[i] + 1 < policy.protection for i in range(size)]
    return {equations.exposed(i) for i in np.flatnonzero(system.sensitive(policy) & few)}
