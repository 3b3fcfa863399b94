"""What two releases give away together, where a cell between two that are told is not."""

from __future__ import annotations

from iop_outcomes.release.changes import Change, given_away
from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import POLICIES

ACRO = POLICIES["acro"]


def test_growth_by_a_day_is_part_of_the_growth_by_a_later_one_whatever_is_told_between() -> None:
    """By day 60 1 to 5 more, by day 180 none to 4 more: so by day 60 1 to 4, which is a value too few."""
    before, after = [(47, 47), None, (60, 60)], [(48, 52), None, (55, 64)]
    apart = [Line((0,), 1, 8), Line((1,), 2, 5)]
    assert Change(cell=0) in given_away(apart, before, after, ACRO)


def test_without_the_line_between_them_either_has_values_enough() -> None:
    before, after = [(47, 47), None, (60, 60)], [(48, 52), None, (55, 64)]
    assert not given_away([Line((0,), 1, 8)], before, after, ACRO)
