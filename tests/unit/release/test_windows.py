"""Who had left care by a day, as answers tell it, and as curves do: which lines tie them."""

from __future__ import annotations

import pytest
from results_rows import made

from iop_outcomes.protocol import InCare
from iop_outcomes.release.days import Cell
from iop_outcomes.release.life_tables import Leaving, Move, Table
from iop_outcomes.release.lines import Line
from iop_outcomes.release.windows import Window, lines, windows

KEY = ("staying", "ours", "c", "iop", "retained")
# 16 leave unplanned by day 28, 9 complete by day 26; one more leaves on day 29
MOVES = (Move(10, "unplanned", 16), Move(26, "completed", 9), Move(29, "unplanned", 1))
TABLE = Table(KEY, Leaving(67, MOVES), (), (("unplanned", ("unplanned",)), ("completed", ("completed",))), {})
OUT, UNPLANNED_28, UNPLANNED_30, COMPLETED_30 = range(4)
PEOPLE = {OUT: 25, UNPLANNED_28: 16, UNPLANNED_30: 17, COMPLETED_30: 9}
AT = {
    Cell(KEY, 28, "unplanned"): UNPLANNED_28,
    Cell(KEY, 30, "unplanned"): UNPLANNED_30,
    Cell(KEY, 30, "completed"): COMPLETED_30,
}
WINDOW = Window((OUT,), ("c", "iop"), 28)


def tied(
    window: Window = WINDOW, least: int = 10, outcomes: tuple[str, ...] = ("retained",), out: int = 25
) -> list[Line]:
    return list(lines([window], {KEY: TABLE}, outcomes, AT, {**PEOPLE, OUT: out}, least))


def test_what_is_told_of_each_way_last_before_and_next_after_the_day_is_tied_to_it() -> None:
    """25 left by day 28: 16 of them unplanned, and all of them are among the 17 and 9 of day 30 or earlier."""
    before = Line((UNPLANNED_28,), OUT, 9)
    assert tied() == [before, Line((OUT,), UNPLANNED_28, 0, (COMPLETED_30,))]


def test_a_great_difference_after_the_day_is_no_secret() -> None:
    early = Window((OUT,), ("c", "iop"), 9)
    assert tied(early, out=5) == []
    assert tied(early, out=5, least=21) == [Line((OUT,), UNPLANNED_28, 20, (COMPLETED_30,))]


def test_other_arms_and_outcomes_that_are_not_of_care_tie_nothing() -> None:
    assert tied(Window((OUT,), ("c", "residential"), 28)) == []
    assert tied(outcomes=("unplanned_discharge",)) == []


@pytest.mark.parametrize("levels", [("unplanned", "other"), ("unplanned",)])
def test_a_way_of_several_levels_is_told_by_itself_or_by_all_of_them(levels: tuple[str, ...]) -> None:
    """Of 'unplanned or other' only the one level is told on day 28: it says nothing of the way where there are two."""
    table = Table(KEY, TABLE.leaving, (), (("gone", levels),), {})
    found = list(lines([WINDOW], {KEY: table}, ("retained",), AT, PEOPLE, 10))
    assert bool(found) is (levels == ("unplanned",))


def test_windows_are_the_rows_of_those_who_are_not_in_care() -> None:
    key = {"analysis": "a", "cohort": "ours", "outcome": "abstinent", "horizon_days": 180, "status": "ok"}
    by_arm = {"group_by": "arm", "group": "iop"}
    rows = [
        {**key, "contrast": "hours", "arm": "iop", **by_arm, "level": "out_of_care", "count": 25},
        {**key, "contrast": "hours", "arm": "iop", **by_arm, "level": "abstinent", "count": 42},
        {**key, "contrast": "weeks", "arm": "stay", "level": "abstinent", "count": 30},
        {**key, "contrast": "weeks", "arm": "leave", "level": "abstinent", "count": 20},
        {**key, "contrast": "weeks", "arm": "leave", "level": "using", "count": 17},
        {**key, "contrast": "stay_90", "arm": "stayed", "level": "abstinent", "count": 30},
        {**key, "contrast": "c", "arm": "iop", "level": "abstinent", "count": 67},
    ]
    in_care = {
        "hours": InCare(day=28, of="c"),
        "weeks": InCare(day=21, of="c", arm="iop", staying="stay"),
        "stay_90": InCare(day=90),
    }
    assert windows(made("counts", rows), in_care) == (
        Window((0,), ("c", "iop"), 28),
        Window((3, 4), ("c", "iop"), 21),
    )
