"""Life tables held back: batches by hand, validity and nearness to the truth by property."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.release.life_tables import hold, leavings
from iop_outcomes.release.policy import POLICIES, Policy
from iop_outcomes.tables import TABLES, check
from iop_outcomes.vocabulary.causes import STILL_AT_RISK

CMS, OPENSAFELY, NONE = (POLICIES[n] for n in ("cms", "opensafely", "none"))
Cell = tuple[int, str, int]


def table(cells: list[Cell], arm: str = "iop", analysis: str = "a", outcome: str = "retained") -> pd.DataFrame:
    rows = [(analysis, "demo", "c", arm, outcome, *cell) for cell in cells]
    frame = pd.DataFrame(rows, columns=list(TABLES["life_tables"].columns))
    return check(TABLES["life_tables"], frame.astype({"day": "int64", "count": "int64"}))


def held(cells: list[Cell], policy: Policy = CMS, horizons: tuple[int, ...] = ()) -> list[Cell]:
    released = check(TABLES["life_tables"], hold(table(cells), policy, {("a", "c", "retained"): horizons}))
    return [(int(d), str(c), int(n)) for d, c, n in released[["day", "cause", "count"]].itertuples(index=False)]


def test_a_batch_is_counted_on_its_mean_day() -> None:
    # 6 on day 4 and 6 on day 8 are twelve on day 6; the other 40 stay
    cells = [(4, "unplanned", 6), (8, "unplanned", 6), (30, "unplanned", 3), (90, "censored", 37)]
    assert held(cells) == [(6, "unplanned", 12), (6, STILL_AT_RISK, 40)]


def test_causes_wait_apart() -> None:
    cells = [(5, "died", 8), (5, "unplanned", 8), (9, "unplanned", 4), (20, "censored", 50)]
    # after day 20 only the 8 who died would remain: the last move, of the censored, is taken back
    assert held(cells) == [(6, "unplanned", 12), (6, STILL_AT_RISK, 58)]


def test_a_horizon_closes_the_batch_before_it() -> None:
    cells = [(10, "unplanned", 12), (28, "unplanned", 4), (40, "unplanned", 11), (90, "censored", 60)]
    assert held(cells)[0] == (10, "unplanned", 12)
    # (12 x 10 + 4 x 28) / 16 = 14.5, and 14 is the even neighbour
    assert held(cells, horizons=(30,))[0] == (14, "unplanned", 16)


def test_those_who_wait_at_a_horizon_are_counted_after_it() -> None:
    cells = [(29, "unplanned", 10), (31, "unplanned", 1), (90, "censored", 50)]
    # the mean day, 29, lies before the horizon, by which only 10 had left
    assert held(cells, horizons=(30,))[0] == (31, "unplanned", 11)


def test_too_few_people_at_the_end_take_the_last_move_back() -> None:
    cells = [(10, "unplanned", 20), (20, "unplanned", 15), (30, "died", 5)]
    assert held(cells) == [(10, "unplanned", 20), (10, STILL_AT_RISK, 20)]


def test_no_one_need_remain() -> None:
    cells = [(10, "unplanned", 20), (20, "completed", 15)]
    assert held(cells) == [(10, "unplanned", 20), (20, "completed", 15), (20, STILL_AT_RISK, 0)]


def test_ten_waiting_by_each_cause_cannot_be_read_off() -> None:
    # 20 of two causes with at most 10 waiting each would be 10 and 10
    cells = [(1, "unplanned", 10), (1, "died", 10), (5, "other", 30)]
    assert held(cells) == [(0, STILL_AT_RISK, 50)]


def test_a_small_arm_is_withheld_and_the_other_is_not() -> None:
    frame = pd.concat([table([(5, "unplanned", 10)]), table([(5, "unplanned", 11)], arm="residential")])
    assert set(hold(frame, CMS)["arm"]) == {"residential"}


def test_rounding_moves_by_multiples_of_the_base() -> None:
    cells = [(5, "unplanned", 9), (6, "unplanned", 4), (90, "censored", 100)]
    # of 13, ten are counted and three wait
    # 113 people are 115; were the censored counted, 5 would remain, so they are not
    assert held(cells, OPENSAFELY) == [(5, "unplanned", 10), (5, STILL_AT_RISK, 105)]


def test_none_is_the_identity() -> None:
    cells = [(0, "died", 1), (3, "censored", 1), (3, "unplanned", 2), (9, "completed", 1)]
    assert held(cells, NONE, horizons=(3, 5, 400)) == [*cells, (9, STILL_AT_RISK, 0)]


def test_equal_tables_share_their_horizons() -> None:
    # else the second would show on which day the first one's batch was full
    cells = [(10, "unplanned", 12), (28, "unplanned", 4), (40, "unplanned", 30), (90, "censored", 60)]
    frame = pd.concat([table(cells), table(cells, analysis="b", outcome="time_in_care")])
    both = leavings(hold(frame, CMS, {("a", "c", "retained"): {30}, ("b", "c", "time_in_care"): {60}}))
    first, second = (leaving.moves for leaving in both.values())
    assert first == second
    assert len({m.day for m in first if m.cause == "unplanned"}) == 2


def test_no_rows_give_no_rows() -> None:
    empty = hold(TABLES["life_tables"].empty(), CMS)
    assert check(TABLES["life_tables"], empty).empty


cells_of = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from(["unplanned", "completed", "died", "censored"]), st.integers(1, 9)),
    max_size=60,
    unique_by=lambda cell: cell[:2],
)
policies = st.sampled_from([CMS, OPENSAFELY, replace(CMS, minimum_count=20, rounding_base=10)])


@settings(max_examples=100, deadline=None)
@given(cells_of, policies, st.sets(st.integers(0, 70), max_size=4))
def test_what_is_held_is_a_valid_life_table_without_small_steps(
    cells: list[Cell], policy: Policy, horizons: set[int]
) -> None:
    for leaving in leavings(hold(table(cells), policy, {("a", "c", "retained"): horizons})).values():
        true = next(iter(leavings(table(cells)).values()))
        for cause in leaving.causes:
            gone = [leaving.gone(day, (cause,)) for day in range(-1, 75)]
            steps = np.diff(gone)
            assert ((steps == 0) | (steps >= policy.minimum_count)).all()
            assert (np.array(gone) % policy.rounding_base == 0).all()
            assert gone[-1] <= true.gone(None, (cause,))
        at_risk = [leaving.at_risk(day) for day in range(76)]
        assert all(n == 0 or n >= policy.minimum_count for n in at_risk)
        assert (np.diff(at_risk) <= 0).all()


@settings(max_examples=60, deadline=None)
@given(cells_of, st.integers(0, 70))
def test_the_number_gone_by_a_horizon_is_exact_when_enough_left_before_it(cells: list[Cell], day: int) -> None:
    true = next(iter(leavings(table(cells)).values()), None)
    released = leavings(hold(table(cells), CMS, {("a", "c", "retained"): {day}}))
    for leaving in released.values():
        assert true is not None
        for cause in leaving.causes:
            gone, truly = leaving.gone(day, (cause,)), true.gone(day, (cause,))
            # the last move may have been taken back
            assert gone in (0, truly) or leaving.gone(None, (cause,)) < true.gone(None, (cause,))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_mean_days_are_kept(seed: int) -> None:
    """Of 300 people: dating a batch to its last day would add days, its mean day does not."""
    days = np.minimum(np.random.default_rng(seed).geometric(0.02, 300), 90)
    by_day = zip(*np.unique(days, return_counts=True), strict=True)
    cells = [(int(day), "censored" if day == 90 else "unplanned", int(n)) for day, n in by_day]
    leaving = next(iter(leavings(hold(table(cells), CMS, {("a", "c", "retained"): {90}})).values()))
    staying = leaving.people - leaving.gone(None)
    mean = (sum(m.day * m.count for m in leaving.moves) + 90 * staying) / 300
    assert mean == pytest.approx(days.mean(), abs=0.5)
