"""Which sums of cells may hold each other's people: equal ones are the same people only where their groups are."""

from __future__ import annotations

from results_rows import made

from iop_outcomes.release import nesting
from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import POLICIES

LEVELS = ("abstinent", "using", "not_yet_observed")


def lines(*groups: tuple[str, str, tuple[int, int, int]]) -> set[Line]:
    """Lines of groups of counts: contrast, arm, and people by level."""
    key = {"analysis": "a", "cohort": "ours", "outcome": "abstinent", "horizon_days": 180, "status": "ok"}
    rows = [
        {**key, "analysis": contrast, "contrast": contrast, "arm": arm, "level": level, "count": n}
        for contrast, arm, people in groups
        for level, n in zip(LEVELS, people, strict=True)
    ]
    frame = made("counts", rows)
    return set(nesting.lines(frame, (), (), (), {}, (), {}, POLICIES["acro"]))


def test_an_arm_of_two_contrasts_with_as_many_people_is_the_same_people() -> None:
    found = lines(("first", "iop", (40, 20, 1)), ("second", "iop", (40, 20, 1)))
    assert {Line((2,), 5), Line((5,), 2)} <= found
    assert all(line.rest is None for line in found)


def test_levels_of_groups_that_differ_are_equal_by_chance_and_the_larger_might_hold_more() -> None:
    """One is not yet observed of 61, and of the 40 of these who were in care: nobody is told to be the same one."""
    found = lines(("first", "iop", (40, 20, 1)), ("second", "iop", (30, 9, 1)))
    assert Line((5,), 2, 0) in found
    assert not {Line((5,), 2), Line((2,), 5), Line((2,), 5, 0)} & found


def test_people_who_went_on_are_some_of_an_arm_and_so_are_all_who_could_have() -> None:
    """Of 40 abstinent in residential care 37 left and could step down: 32 did, and 5 did not."""
    found = lines(("main", "residential", (40, 60, 0)), ("down", "went", (32, 20, 0)), ("down", "none", (5, 3, 0)))
    assert not any(line.parts == (3,) and line.total == 0 for line in found)
    found = lines(
        ("main", "residential", (40, 60, 0)), ("down", "started", (32, 20, 0)), ("down", "not_started", (5, 3, 0))
    )
    assert Line((3,), 0, 8) in found
    assert Line((3, 6), 0, 3) in found
    assert not any(line.parts == (4, 7) for line in found)  # 23 of 60: the others are many
