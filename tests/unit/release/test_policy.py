"""Disclosure policies: what they call small, how they round, and that a study may only make them stricter."""

from __future__ import annotations

import pytest

from iop_outcomes.errors import StudyError
from iop_outcomes.release.policy import POLICIES, Policy, choose


@pytest.mark.parametrize(("count", "small"), [(0, False), (1, True), (10, True), (11, False)])
def test_cms_hides_one_to_ten_and_shows_zero(count: int, small: bool) -> None:
    assert POLICIES["cms"].small(count) is small


@pytest.mark.parametrize(("count", "small"), [(0, False), (1, True), (7, True), (8, False)])
def test_opensafely_hides_one_to_seven(count: int, small: bool) -> None:
    assert POLICIES["opensafely"].small(count) is small


def test_zero_is_small_where_zeros_may_not_be_shown() -> None:
    assert Policy("x", 10, False, 1, 2, 7).small(0)


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (8, 10), (12, 10), (13, 15), (17, 15), (18, 20)])
def test_opensafely_rounds_to_the_nearest_five(count: int, shown: int) -> None:
    assert POLICIES["opensafely"].rounded(count) == shown


def test_an_even_base_rounds_halves_upwards() -> None:
    policy = choose("cms", rounding_base=10)
    assert [policy.rounded(n) for n in (14, 15, 16, 25)] == [10, 20, 20, 30]


def test_none_changes_nothing() -> None:
    policy = POLICIES["none"]
    assert policy.exact
    assert not any(policy.small(n) for n in range(5))
    assert [policy.rounded(n) for n in range(5)] == list(range(5))


def test_a_study_may_be_stricter() -> None:
    policy = choose("cms", minimum_count=20, rounding_base=5)
    assert (policy.minimum_count, policy.rounding_base, policy.zeros_allowed) == (20, 5, True)


@pytest.mark.parametrize("looser", [{"minimum_count": 5}, {"minimum_count": 10}])
def test_a_study_may_not_be_looser(looser: dict[str, int]) -> None:
    with pytest.raises(StudyError, match="looser than the policy 'cms'"):
        choose("cms", **looser)


def test_a_coarser_policy_may_not_lose_its_rounding() -> None:
    with pytest.raises(StudyError, match="rounding_base: 1"):
        choose("opensafely", rounding_base=1)


def test_an_unknown_policy_is_named_with_those_that_are_known() -> None:
    with pytest.raises(
        StudyError, match=r"'cmms' is not known. Did you mean 'cms'\? Known: cms, opensafely, acro, strict, none"
    ):
        choose("cmms")
