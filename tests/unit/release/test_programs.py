"""Linear programs: by hand, and the same numbers from HiGHS itself as from scipy's `milp`, to the last bit."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy.sparse import csc_array

from iop_outcomes.release import programs
from iop_outcomes.release.programs import Rows, by_highs, by_milp, least, least_whole

PLAIN = partial(by_milp, presolve=False)


def drawn(seed: int) -> tuple[np.ndarray, Rows, np.ndarray, np.ndarray]:
    """A program of a few dozen numbers that add up to sums of whole numbers, with ties; some have no solution."""
    rng = np.random.default_rng(seed)
    size = (int(rng.integers(2, 15)), int(rng.integers(15, 40)))
    weights = csc_array(rng.choice([-1.0, 0.0, 1.0], size, p=(0.1, 0.8, 0.1)))
    there = rng.integers(0, 12, size[1]).astype(float)
    sums = weights @ there
    over = rng.choice([0.0, np.inf], size[0], p=(0.8, 0.2))
    # limits as columns of one table, which do not lie side by side in memory
    limits = np.column_stack([there - rng.integers(0, 6, size[1]), there + rng.integers(0, 6, size[1])])
    if seed % 4 == 0:
        limits += 3
    return rng.choice([-1.0, 0.0, 0.02, 1.0, 1.5], size[1]), Rows(weights, sums, sums + over), *limits.T


def test_the_least_cost_by_hand() -> None:
    """Of two numbers that are 7 together the dearer one is as small as it may be."""
    both = Rows(csc_array([[1.0, 1.0]]), np.array([7.0]), np.array([7.0]))
    found = least(np.array([2.0, 1.0]), both, np.array([1.0, 0.0]), np.array([9.0, 5.0]))
    assert found is not None
    assert found.tolist() == [2, 5]
    assert least(np.array([2.0, 1.0]), both, np.zeros(2), np.array([3.0, 3.0])) is None
    # as cheap as anything
    free = Rows(both.weights, np.zeros(1), np.full(1, np.inf))
    assert least(np.array([-1.0, 0.0]), free, np.zeros(2), np.full(2, np.inf)) is None


def test_the_least_cost_in_whole_numbers_by_hand() -> None:
    """Twice a number and three times another are 7: 3.5 of the first, or in whole numbers 2 and 1."""
    sums = Rows(csc_array([[2.0, 3.0]]), np.array([7.0]), np.array([7.0]))
    program = np.array([0.0, 1.0]), sums, np.zeros(2), np.full(2, 9.0)
    for found, right in ((least(*program), [3.5, 0]), (least_whole(*program, 100), [2, 1])):
        assert found is not None
        assert found.tolist() == pytest.approx(right)


def test_highs_gives_the_numbers_of_milp() -> None:
    highs, solved = programs.bindings(), 0
    assert highs is not None, "scipy keeps HiGHS elsewhere: milp is asked, and releases take half as long again"
    for seed in range(120):
        program = drawn(seed)
        one, other = by_highs(highs, *program), PLAIN(*program)
        assert (one is None) is (other is None)
        if one is not None and other is not None:
            assert one.tobytes() == other.tobytes()
            solved += 1
    assert 60 < solved < 110


def test_milp_is_asked_where_highs_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    program = drawn(1)
    monkeypatch.setattr(programs, "bindings", lambda: None)
    found, right = least(*program), PLAIN(*program)
    assert found is not None
    assert right is not None
    assert found.tobytes() == right.tobytes()
