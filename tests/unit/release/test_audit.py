"""What an intruder can work out: by hand, against every whole-number solution of small systems, and by properties."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_systems import CMS, NARROW, NO_ZEROS, drawn, enumerated

from iop_outcomes.release.audit import exposed
from iop_outcomes.release.bounds import propagated
from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.repair import State
from iop_outcomes.release.system import Exposed, Shown, System, ranges


def system(people: list[int], *lines: Line) -> System:
    return System(tuple(people), lines, (1,) * len(people))


def first(of: System, policy: Policy = CMS, base: int = 1) -> Shown:
    """What is told when small cells alone are hidden."""
    return State.first(of, policy, base).shown()


def loosened(of: System, policy: Policy, seed: int) -> tuple[Shown, Shown]:
    """What is told with some cells rounded or hidden at random, and with some more."""
    rng = np.random.default_rng(seed)
    state = State.first(of, policy, int(rng.choice([1, 1, 5])))
    told = []
    for _ in range(2):
        for i in range(len(of.people)):
            if rng.random() < 0.3:
                state.tell(i, int(rng.integers(state.at[i], len(state.ladders[i]))))
        told.append(state.shown())
    return told[0], told[1]


# ------------------------------------------------------------------------------------------------------------- by hand


def test_a_lone_small_cell_of_a_known_sum_is_exposed() -> None:
    of = system([3, 40, 57], Line((0, 1, 2)))
    assert exposed(of, first(of), CMS) == {Exposed(cell=0)}
    # with the others told to the nearest five it is one of 1 to 7
    assert exposed(of, first(of, base=5), CMS) == set()


def test_the_rest_of_a_total_is_as_sensitive_as_a_cell() -> None:
    of = system([60, 67], Line((0,), 1, 7))
    assert exposed(of, first(of), CMS) == {Exposed(line=0)}
    assert exposed(of, first(of, base=5), CMS) == set()
    # nobody, or enough people
    assert exposed(system([60, 60], Line((0,), 1)), first(of), CMS) == set()
    assert exposed(of := system([60, 71], Line((0,), 1, 11)), first(of), CMS) == set()


def test_that_two_hidden_cells_happen_to_be_equal_is_not_known_where_no_zero_is_shown() -> None:
    """Of 65 who left, none transferred; as many are told to have left without saying how. Hidden, all may be else."""
    by_chance = system([65, 0, 65], Line((0,), 2, 0), Line((0, 1), 2))
    by_meaning = system([65, 0, 65], Line((0,), 2), Line((0, 1), 2))
    for hidden, known in ((by_chance, False), (by_meaning, True)):
        state = State.first(hidden, NO_ZEROS, 1)
        assert exposed(hidden, state.shown(), NO_ZEROS) == {Exposed(cell=1)}
        state.hide_all()
        assert (exposed(hidden, state.shown(), NO_ZEROS) == {Exposed(cell=1)}) is known
    # told alike they differ by nobody, which is no cell
    alone = system([65, 65], Line((0,), 1, 0))
    assert exposed(alone, first(alone, NO_ZEROS), NO_ZEROS) == set()


def test_small_numbers_of_a_line_are_as_sensitive_together() -> None:
    """Each may be 1 to 8, but the two are 9 people for certain."""
    of = system([4, 5, 91], Line((0, 1, 2)))
    assert exposed(of, first(of), CMS) == {Exposed(line=0)}
    assert exposed(of, first(of, base=5), CMS) == set()
    enough = system([4, 7, 89], Line((0, 1, 2)))
    assert exposed(enough, first(enough), CMS) == set()


def test_sums_that_cross_give_cells_away_that_each_line_alone_keeps() -> None:
    """Three cells, two by two of known sums: every line has two unknown cells with 11 people or more."""
    people = [6, 6, 6]
    lines = [Line((0, 1)), Line((1, 2)), Line((0, 2))]
    assert all(safe_alone(people, line) for line in lines)
    of = system(people, *lines)
    low, high = propagated(of.equations, *ranges(of, first(of), CMS))
    assert (high - low >= CMS.protection - 1).all()
    assert exposed(of, first(of), CMS) == {Exposed(cell=i) for i in range(3)}
    # a second unknown in each line opens all of them
    of = system([*people, 30, 40, 50], Line((0, 1, 3)), Line((1, 2, 4)), Line((0, 2, 5)))
    assert exposed(of, first(of, base=5), CMS) == set()


def safe_alone(people: list[int], line: Line) -> bool:
    """The rule that looks at one line at a time: two unknown cells, the minimum together, not all at an extreme."""
    hidden = [people[i] for i in line.parts if CMS.small(people[i])]
    return len(hidden) >= 2 and sum(hidden) >= CMS.minimum_count and set(hidden) not in ({1}, {10})


def test_whole_numbers_are_asked_for_where_halves_would_do() -> None:
    """Three cells of an odd cycle are known to the half; whole numbers leave one value."""
    policy = replace(CMS, minimum_count=4)
    of = system([1, 2, 1, 30, 31], Line((0, 1, 3)), Line((1, 2, 3)), Line((0, 2, 4)))
    told = Shown((None,) * 3 + (30, 31), (0, 0, 0, 5, 1), (1, 1, 1, 30, 31), (3, 3, 3, 31, 31))
    assert exposed(of, told, policy) == enumerated(of, told, policy) != set()


def test_a_reason_that_tells_the_number_is_exposed() -> None:
    """A gate stops 0 to 9 events and the policy 1 to 10: what passed the one and not the other is exactly 10."""
    of = system([10, 90], Line((0, 1)))
    told = Shown((None, 90), (0, 10), (10, 85), (10, 94))
    assert exposed(of, told, CMS) == {Exposed(cell=0)}
    assert exposed(of, replace(told, low=(1, 85)), CMS) == set()


def test_a_hidden_zero_of_which_nothing_is_told_hides_nothing() -> None:
    of = system([5, 0, 95], Line((0, 1, 2)))
    told = Shown((None, None, 95), (0, 0, 1), (1, None, 95), (10, None, 95))
    assert exposed(of, told, CMS) == {Exposed(cell=0)}
    among = Shown((None, None, 95), (0, 0, 1), (0, 0, 95), (10, 10, 95))
    assert exposed(of, among, CMS) == set()
    # one that is withheld whatever it holds could hold anyone
    assert exposed(replace(of, withheld=frozenset({1})), told, CMS) == set()


def test_cells_in_no_line_keep_what_is_told() -> None:
    of = system([3, 40])
    assert exposed(of, first(of), CMS) == set()
    assert exposed(of, Shown((None, 40), (0, 1), (2, 40), (4, 40)), CMS) == {Exposed(cell=0)}


def test_ranges_are_tightened_along_every_line() -> None:
    # of 100 people each, 95 are told as 93 to 97 and 90 as 88 to 92; the others are 15 together, told as 11 to 17
    of = system([95, 5, 90, 10, 15], Line((0, 1)), Line((2, 3)), Line((1, 3), 4))
    low, high = propagated(of.equations, *ranges(of, first(of, base=5), CMS))
    assert list(zip(low, high, strict=True)) == [(93, 97), (3, 7), (90, 92), (8, 10), (11, 17)]


@pytest.mark.parametrize(
    ("people", "line", "message"),
    [
        ([3, 4, 8], Line((0, 1), 2), "does not add up"),
        ([3, 4, 8], Line((0, 1), 2, -1), "does not add up"),
        ([3, -4, 8], Line((0, 1)), "fewer than 0"),
    ],
)
def test_lines_that_do_not_add_up_are_refused(people: list[int], line: Line, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        system(people, line)


# -------------------------------------------------------------------------------------------------- every solution


@pytest.mark.parametrize("policy", [NARROW, NO_ZEROS], ids=["zeros", "no zeros"])
@pytest.mark.parametrize("seed", range(30))
def test_the_audit_finds_what_all_solutions_tell(seed: int, policy: Policy) -> None:
    of = drawn(seed)
    for told in (first(of, policy), *loosened(of, policy, seed)):
        assert exposed(of, told, policy) == enumerated(of, told, policy)


def test_the_systems_drawn_have_both_what_is_exposed_and_what_is_not() -> None:
    found = [exposed(of, first(of, NARROW), NARROW) for of in map(drawn, range(30))]
    small = [sum(drawn(seed).sensitive(NARROW)) for seed in range(30)]
    assert 10 < sum(map(len, found)) < sum(small) - 20


# ---------------------------------------------------------------------------------------------------------- properties


@pytest.mark.parametrize("seed", range(20))
def test_more_hidden_never_exposes_more(seed: int) -> None:
    of = drawn(seed, cells=9)
    less, more = loosened(of, CMS, seed)
    assert exposed(of, more, CMS) <= exposed(of, less, CMS)


@pytest.mark.parametrize("seed", range(20))
def test_order_and_repetition_change_nothing(seed: int) -> None:
    of, rng = drawn(seed, cells=9), np.random.default_rng(seed)
    told = first(of)
    found = exposed(of, told, CMS)
    order = rng.permutation(len(of.lines)).tolist()
    repeated = tuple(of.lines[k] for k in (*order, *order))
    lines = {of.lines[e.line] for e in found if e.line is not None}
    again = exposed(replace(of, lines=repeated), told, CMS)
    assert {e.cell for e in again} == {e.cell for e in found}
    assert {repeated[e.line] for e in again if e.line is not None} == lines
    place = rng.permutation(len(of.people)).tolist()
    other = exposed(permuted(of, place), Shown(*(moved(part, place) for part in told_of(told))), CMS)
    assert {e.cell if e.cell is None else place.index(e.cell) for e in other} == {e.cell for e in found}
    assert {e.line for e in other} == {e.line for e in found}


def told_of(told: Shown) -> tuple[tuple[int | None, ...], ...]:
    return told.count, told.base, told.low, told.high


def moved(values: tuple[int | None, ...], place: list[int]) -> tuple[int | None, ...]:
    """The values, that of cell i at place[i]."""
    return tuple(values[place.index(k)] for k in range(len(values)))


def permuted(of: System, place: list[int]) -> System:
    lines = tuple(
        Line(
            tuple(place[i] for i in line.parts),
            None if line.total is None else place[line.total],
            line.rest,
            tuple(place[i] for i in line.beside),
        )
        for line in of.lines
    )
    people = tuple(of.people[place.index(k)] for k in range(len(place)))
    return System(people, lines, tuple(of.bases[place.index(k)] for k in range(len(place))))
