"""What is told of cells: by hand, the kinds of releases that gave people away, and by properties of small systems."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_systems import CMS, NARROW, NO_ZEROS, drawn, enumerated

from iop_outcomes.release.audit import Audit, exposed
from iop_outcomes.release.finer import finer
from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import POLICIES, Policy
from iop_outcomes.release.repair import State
from iop_outcomes.release.suppression import protect
from iop_outcomes.release.system import Exposed, Shown, System

OPENSAFELY, ACRO, STRICT, NONE = (POLICIES[name] for name in ("opensafely", "acro", "strict", "none"))
HIDDEN, EXACT = 0, 1


def system(people: list[int], *lines: Line, **more: frozenset[int]) -> System:
    return System(tuple(people), lines, (1,) * len(people), **more)


def everything_hidden(of: System, policy: Policy) -> Shown:
    state = State.first(of, policy, 1)
    state.hide_all()
    return state.shown()


# ------------------------------------------------------------------------------------------------------------- by hand


def test_nothing_small_means_everything_is_exact() -> None:
    of = system([60, 40, 0, 100], Line((0, 1, 2), 3))
    told = protect(of, CMS, 1)
    assert told.count == (60, 40, 0, 100) == told.low == told.high
    assert told.base == (EXACT,) * 4


def test_one_neighbour_is_rounded_rather_than_hidden() -> None:
    told = protect(system([3, 240, 700], Line((0, 1, 2))), CMS, 1)
    assert (told.count[0], told.low[0], told.high[0]) == (None, 1, 10)
    assert sorted(told.base) == [HIDDEN, EXACT, 5]


def test_a_cell_too_small_to_be_rounded_is_hidden_and_nothing_told_of_it() -> None:
    told = protect(system([3, 19], Line((0, 1))), CMS, 1)
    assert (told.count, told.low, told.high) == ((None, None), (1, None), (10, None))


def test_in_a_rounded_release_slack_is_enough() -> None:
    told = protect(system([5, 468, 554, 805], Line((0, 1, 2, 3))), CMS, 5)
    assert told.count == (None, 470, 555, 805)
    assert (told.low[1], told.high[1]) == (468, 472)


def test_a_number_that_sizes_give_away_is_kept_from_whoever_does_not_know_which_cells_are_small() -> None:
    """Of 13 people 12 are in one cell, so that the other is 2 at most for whoever knows that the first is not small.
    That is no reason to tell it by the others of its own arm of 43: 29 as they are, and 11 to 17, leave 1 to 3.
    """
    told = protect(system([12, 1, 13, 29], Line((0, 1)), Line((1, 2, 3))), CMS, 1)
    assert (told.low[1], told.high[1]) == (1, 10)
    assert told.count[0] is None
    for others, size in (((0,), 13), ((2, 3), 43)):
        least = [told.low[i] or 0 for i in others]
        most = [size if told.high[i] is None else told.high[i] for i in others]
        values = min(10, size - sum(least)) - max(1, size - sum(most)) + 1
        assert values >= CMS.protection


def test_a_number_that_groups_by_chance_give_away_is_kept_by_the_sums_of_its_own_group() -> None:
    """Of 18 people 9 and 9 are known to whoever knows which cells are small, and where one of them is taken to be among
    the 9 of 23 others these are, too. The 14 beside them are no less to be hidden.
    """
    told = protect(system([9, 9, 9, 14], Line((0, 1)), Line((2, 3)), Line((0,), 2, 0)), ACRO, 1)
    assert told.count[3] is None


def test_a_zero_is_hidden_only_among_small_cells_that_are_told_as_it() -> None:
    # 2 and 3 of 5 people leave 1 to 4 each; with the zero among them each may be 0 to 5
    told = protect(system([2, 3, 0], Line((0, 1, 2))), CMS, 1)
    assert (told.count, told.low, told.high) == ((None,) * 3, (0,) * 3, (10,) * 3)


def test_withheld_cells_and_where_zeros_may_not_be_shown_tell_nothing() -> None:
    told = protect(system([40, 5, 60], withheld=frozenset({0, 1})), CMS, 1)
    assert (told.count, told.low) == ((None, None, 60), (None, None, 60))
    told = protect(system([0, 5, 60]), STRICT, 5)
    assert (told.count, told.low) == ((None, None, 60), (None, None, 58))


def test_cells_on_which_more_stands_are_kept_when_others_can_be_hidden() -> None:
    people, line = [60, 60, 124], Line((0, 1), 2, 4)
    spared = protect(system(people, line, dear=frozenset({0, 1})), CMS, 1)
    assert spared.base[0] == spared.base[1] == EXACT != spared.base[2]
    spared = protect(system(people, line, dear=frozenset({2})), CMS, 1)
    assert spared.base[2] == EXACT


def test_cells_keep_the_base_that_they_need_for_their_own_sake() -> None:
    told = protect(System((97, 203), (), (5, 1)), CMS, 1)
    assert (told.count, told.base) == ((95, 203), (5, 1))
    assert protect(System((97, 203), (), (5, 1)), OPENSAFELY, 1).base == (5, 5)
    assert protect(System((97, 203), (), (5, 1)), CMS, 10).base == (10, 10)


def test_where_anything_may_be_shown_it_is() -> None:
    told = protect(system([1, 0, 60], Line((0, 1, 2))), NONE, 1)
    assert told.count == told.low == told.high == (1, 0, 60)


def test_what_no_hiding_helps_is_still_named_and_costs_no_other_cell() -> None:
    of = system([7, 3, 60, 90], Line((0,)), Line((0, 2, 3)), Line((1, 2), None, 400))
    told = protect(of, CMS, 1)
    assert exposed(of, told, CMS) == {Exposed(cell=0)}
    assert HIDDEN not in told.base[2:]


# ------------------------------------------------------------------------------------- releases that gave people away

KINDS = {
    "a count of everyone and the same of a known subset": (
        system([60, 240, 67, 233], Line((0, 1), None), Line((2, 3), None), Line((0,), 2, 7)),
        Exposed(line=2),
    ),
    "a label that only one person bears": (system([1, 120, 179], Line((0, 1, 2))), Exposed(cell=0)),
    "events by sex, and their increments between horizons": (
        system([20, 31, 51, 23, 33, 56], Line((0, 1), 2), Line((3, 4), 5), Line((0,), 3, 3), Line((1,), 4, 2),
               Line((2,), 5, 5)),
        Exposed(line=2),
    ),
    "people held back: still at risk in both arms, and in all": (
        system([15, 20, 38], Line((0, 1), 2, 3)), Exposed(line=0)
    ),
    "a reason that tells the number": (system([10, 290], Line((0, 1))), Exposed(cell=0)),
    "totals that cross": (
        system([6, 6, 6, 112, 112, 112], Line((0, 1), 3, 100), Line((1, 2), 4, 100), Line((0, 2), 5, 100)),
        Exposed(cell=1),
    ),
    "two releases, three people apart": (
        system([40, 60, 43, 60], Line((0, 1)), Line((2, 3)), Line((0,), 2, 3)), Exposed(line=2)
    ),
}  # fmt: skip


@pytest.mark.parametrize("base", [1, 5, 10])
@pytest.mark.parametrize("kind", KINDS)
def test_releases_that_gave_people_away_do_so_no_more(kind: str, base: int) -> None:
    of, person = KINDS[kind]
    if base == 1 and kind != "totals that cross":
        assert person in exposed(of, State.first(of, CMS, 1).shown(), CMS)
    told = protect(of, CMS, base)
    assert exposed(of, told, CMS) == set()
    shown = [(low, n, high) for low, n, high in zip(told.low, of.people, told.high, strict=True) if low is not None]
    assert all(low <= n <= (high or 0) for low, n, high in shown)


def test_one_line_at_a_time_is_not_enough() -> None:
    """Two arms by two states of known sums in three tables: each line hides two cells, and all three give them away."""
    people = [6, 6, 6, 200, 200, 200]
    of = system(people, Line((0, 1, 3)), Line((1, 2, 4)), Line((0, 2, 5)))
    hidden = State.first(of, CMS, 1).shown()
    assert all(sum(hidden.count[i] is None for i in line.parts) == 2 for line in of.lines)
    assert exposed(of, hidden, CMS) == {Exposed(cell=i) for i in range(3)}
    told = protect(of, CMS, 1)
    assert exposed(of, told, CMS) == set()
    assert HIDDEN not in told.base[3:]


def test_what_serves_no_number_is_told_more_finely_again() -> None:
    of = system([3, 240, 700, 50], Line((0, 1, 2)))
    state = State.first(of, CMS, 1)
    for cell in (1, 2, 3):
        state.tell(cell, len(state.ladders[cell]) - 1)
    audit = Audit.of(of, CMS)
    assert not audit.pushed(state.low, state.high).any()
    finer(state, audit)
    told = state.shown()
    assert sorted(told.base[1:]) == [EXACT, EXACT, 5]
    assert exposed(of, told, CMS) == set()


# ---------------------------------------------------------------------------------------------------------- properties


@pytest.mark.parametrize("policy", [CMS, OPENSAFELY, ACRO, STRICT], ids=lambda policy: policy.name)
@pytest.mark.parametrize("seed", range(15))
def test_nothing_is_exposed_that_hiding_could_protect(seed: int, policy: Policy) -> None:
    of = drawn(seed, cells=10)
    told = protect(of, policy, policy.bases[seed % len(policy.bases)])
    assert exposed(of, told, policy) <= exposed(of, everything_hidden(of, policy), policy)
    for i, count in enumerate(of.people):
        low, high = told.low[i], told.high[i]
        assert low is None or high is None or low <= count <= high
        assert told.count[i] is None or not policy.small(count)
        assert (told.count[i] is None) == (told.base[i] == HIDDEN)
        assert told.base[i] != EXACT or told.count[i] == count


@pytest.mark.parametrize("policy", [NARROW, NO_ZEROS], ids=["zeros", "no zeros"])
@pytest.mark.parametrize("seed", range(12))
def test_all_solutions_leave_enough_to_each_small_number(seed: int, policy: Policy) -> None:
    of = drawn(seed)
    told = protect(of, policy, 1 if seed % 2 else 5)
    assert enumerated(of, told, policy) <= enumerated(of, everything_hidden(of, policy), policy)


@pytest.mark.parametrize("seed", range(10))
def test_the_order_of_lines_and_their_repetition_change_nothing(seed: int) -> None:
    of, rng = drawn(seed, cells=10), np.random.default_rng(seed)
    order = rng.permutation(len(of.lines)).tolist()
    told = protect(of, CMS, 1)
    assert protect(replace(of, lines=tuple(of.lines[k] for k in (*order, *order))), CMS, 1) == told
    turned = tuple(replace(line, parts=line.parts[::-1]) for line in of.lines)
    assert protect(replace(of, lines=turned), CMS, 1) == told


def test_what_sizes_give_away_is_not_told_more_exactly() -> None:
    """Sizes tell that 3 people are in one of two tables only: how many of them are in each state stays as open."""
    of = system([75, 92, 77, 93], Line((0, 1)), Line((2, 3)), Line((0,), 2, 2), Line((1,), 3, 1))
    known = exposed(of, everything_hidden(of, CMS), CMS)
    assert known == {Exposed(line=2), Exposed(line=3)}
    told = protect(of, CMS, 1)
    assert exposed(of, told, CMS) == known
    for part, total in ((0, 2), (1, 3)):
        low, high = (2 * [0], 2 * [1000])
        for at, i in enumerate((part, total)):
            low[at], high[at] = told.low[i] or 0, told.high[i] or 1000
        assert low[1] - high[0] <= 0
        assert high[1] - low[0] >= 3
