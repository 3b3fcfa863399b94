"""Counts behind printed shares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.two_by_two.printed import Counts, counts_behind


@pytest.mark.parametrize(
    ("share", "at_most", "digits", "expected"),
    [
        (0.47, 32, 2, Counts(15, 32)),  # 46.9
        (0.95, 42, 2, Counts(40, 42)),  # 95.2
        (0.536, 56, 3, Counts(30, 56)),
        (0.891, 55, 3, Counts(49, 55)),
        # 26 of 42 is 61.9 and 27 are 64.3: one person at least was not seen
        (0.63, 42, 2, Counts(26, 41)),
        (0.38, 32, 2, Counts(12, 32)),  # 37.5, printed half up
        (0.0, 7, 2, Counts(0, 7)),
        (1.0, 7, 2, Counts(7, 7)),
    ],
)
def test_the_largest_group_that_has_the_share(share: float, at_most: int, digits: int, expected: Counts) -> None:
    assert counts_behind(share, at_most, digits) == expected


@given(n=st.integers(1, 300), some=st.floats(0, 1), digits=st.sampled_from([2, 3]))
def test_a_share_of_everyone_is_found_again(n: int, some: float, digits: int) -> None:
    events = round(some * n)
    found = counts_behind(round(events / n, digits), n, digits)
    assert found.n == n
    assert abs(found.events / n - events / n) <= 10.0**-digits


def test_refused() -> None:
    with pytest.raises(EstimationError, match="lies between 0 and 1"):
        counts_behind(47, 32)
    with pytest.raises(EstimationError, match="No group of 3 people or fewer"):
        counts_behind(0.47, 3)
