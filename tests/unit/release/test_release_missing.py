"""Readings of a missing answer on their way out: what counts tell, what is withheld, and tipping points."""

from __future__ import annotations

import pandas as pd
import pytest
from release_rows import PLENTY, counts_of, four, only, release, row

from iop_outcomes.vocabulary.answers import LABELS, LEVELS, MISSING_RULES, NOT_ANSWERED, STATE_LEVELS
from iop_outcomes.vocabulary.readings import OF_COUNTS

CARRIED = counts_of(
    "iop",
    {"abstinent": 60, "using": 40, "missing_last_abstinent": 14, "missing_last_using": 27},
) + counts_of(
    "residential",
    {"abstinent": 45, "using": 45, "missing_last_abstinent": 16, "missing_last_using": 33},
)


def adjusted(rule: str, number: float = 0.5, **key: object) -> list[dict[str, object]]:
    return four(number=number, missing_rule=rule, method="overlap", estimand="ATO", **key)


def test_bounds_are_computed_from_counts_in_the_order_of_the_arms() -> None:
    found = release(counts=PLENTY, estimates=four(missing_rule="worst_case") + four(missing_rule="best_case"))
    told = found["estimates"]
    for rule, first, second in (("worst_case", 60, 60), ("best_case", 85, 45)):
        one, other = (only(told, of=arm, missing_rule=rule) for arm in ("iop", "residential"))
        assert (one.events, one.n) == (first, 125)
        assert (other.events, other.n) == (second, 105)
        gap = only(told, of="difference", missing_rule=rule)
        assert gap.estimate == pytest.approx(first / 125 - second / 105)
    turned = release(counts=PLENTY, estimates=four(missing_rule="worst_case"), arms={"c": ["residential", "iop"]})[
        "estimates"
    ]
    assert only(turned, of="iop").events == 85


def test_the_last_observation_is_a_level_and_its_share_follows_from_counts() -> None:
    told = release(counts=CARRIED, estimates=four(missing_rule="last_observation"))["estimates"]
    one = only(told, of="iop")
    assert (one.events, one.n) == (74, 141)
    assert one.estimate == pytest.approx(74 / 141)
    plain = release(counts=CARRIED, estimates=four(missing_rule="observed_only"))["estimates"]
    assert (only(plain, of="iop").events, only(plain, of="iop").n) == (60, 100)


def test_a_small_level_of_the_last_observation_is_not_told_and_withholds_what_it_would_tell() -> None:
    few = counts_of("iop", {"abstinent": 60, "using": 40, "missing_last_abstinent": 4, "missing_last_using": 37})
    found = release(counts=few + CARRIED[4:], estimates=four(missing_rule="last_observation"))
    cells = found["counts"].set_index(["arm", "level"])["status"]
    assert cells["iop", "missing_last_abstinent"] != "ok"
    assert (
        only(found["estimates"], of="iop").status == "suppressed"
        or only(found["estimates"], of="iop").rounding_error > 0
    )


@pytest.mark.parametrize("rule", ["weighted_by_observation", "imputed", "delta_adjusted"])
def test_a_model_of_missing_answers_is_told_where_each_level_is_large_enough(rule: str) -> None:
    found = release(counts=PLENTY, estimates=adjusted(rule))["estimates"]
    told = only(found, of="iop")
    assert (told.status, told.n, told.events) == ("ok", 125, 60)
    for level in ("using", "missing"):
        few = {"abstinent": 60, "using": 40, "missing": 25, "not_yet_observed": 30} | {level: 4}
        hidden = release(counts=counts_of("iop", few) + PLENTY[4:], estimates=adjusted(rule))["estimates"]
        assert only(hidden, of="iop").status == "suppressed"
        assert only(hidden, of="difference").status == "suppressed"


def test_tipping_points_are_released_as_differences_with_both_deltas() -> None:
    plane = [
        row("risk", "difference", 0.1 * one, method="overlap", estimand="ATO", missing_rule="delta_adjusted",
            delta_first=one, delta_second=other, n_effective=200.0)
        for one in (-1.0, 0.0) for other in (-1.0, 0.0)
    ]  # fmt: skip
    told = release(counts=PLENTY, estimates=plane)["estimates"]
    assert list(zip(told["delta_first"], told["delta_second"], strict=True)) == [
        (-1.0, -1.0), (-1.0, 0.0), (0.0, -1.0), (0.0, 0.0)
    ]  # fmt: skip
    assert (told["status"] == "ok").all()
    few = counts_of("iop", {"abstinent": 5, "using": 40, "missing": 25, "not_yet_observed": 30})
    hidden = release(counts=few + PLENTY[4:], estimates=plane)["estimates"]
    assert (hidden["status"] == "suppressed").all()
    assert hidden[["estimate", "std_error"]].isna().all(axis=None)


def test_every_level_is_read_by_every_rule() -> None:
    levels = {*LEVELS, *STATE_LEVELS, *NOT_ANSWERED}
    assert levels <= {*OF_COUNTS.events, *OF_COUNTS.others}
    assert levels <= set(LABELS)
    for rule in MISSING_RULES:
        for first in (True, False):
            assert not set(OF_COUNTS.event(rule, first)) & set(OF_COUNTS.left_out[rule])


def test_rules_without_counts_are_never_crude() -> None:
    assert pd.Series([r.counts for r in MISSING_RULES.values()]).sum() == 6


@pytest.mark.parametrize(("waiting", "told"), [(11, False), (20, True)])
def test_people_who_are_a_difference_of_rounded_numbers_are_told_only_where_it_is_as_near_as_they_are(waiting, told):
    """Under `strict` nobody missing is not told, so that people are all (rounded to 10) without those not due: of 129
    people and 11 not due, 20 as it is told, 110 would be told of 118.
    """
    cells = {"abstinent": 85, "using": 33, "missing": 0, "not_yet_observed": waiting}
    counts = counts_of("iop", cells) + counts_of("residential", {**cells, "not_yet_observed": 21})
    found = release(counts=counts, estimates=four(missing_rule="missing_is_using"), policy="strict")["estimates"]
    one = only(found, of="iop")
    assert one.status == "ok"
    assert abs(one.estimate - 85 / 118) <= one.rounding_error
    assert pd.notna(one.n) is told
    assert not told or abs(one.n - 118) <= 10
