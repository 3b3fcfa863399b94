"""Sums of cells of which a gate tells whether they are few are protected as cells are: by hand."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from small_systems import CMS

from iop_outcomes.release import gates
from iop_outcomes.release.audit import exposed
from iop_outcomes.release.ground import OfGroup
from iop_outcomes.release.life_tables import Leaving, Move
from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import POLICIES
from iop_outcomes.release.suppression import protect
from iop_outcomes.release.system import Exposed, Shown, System, ranges
from iop_outcomes.tables import TABLES
from iop_outcomes.vocabulary.readings import OF_COUNTS, Reading, being_there, leaving

# 12 to 20 of 30 people have the event; 4 and 6 have not
TOLD = Shown((15, None, None), (5, 0, 0), (12, 1, 1), (20, 10, 10))
PLAIN = System((20, 4, 6), (Line((0, 1, 2)),), (1, 1, 1))
GATED = replace(PLAIN, gates=((1, 2),))


def test_what_is_known_of_a_sum_that_a_gate_speaks_of() -> None:
    few, many = ranges(GATED, Shown.nothing(3), CMS), ranges(replace(GATED, people=(20, 4, 7)), Shown.nothing(3), CMS)
    assert [ends[-1] for ends in few] == [1, 10]
    assert many[0][-1] == 11 < many[1][-1]


def test_a_sum_that_is_known_to_be_few_may_be_told_by_the_others() -> None:
    """10 to 18 people are without the event as far as counts tell; that they are few makes them 10."""
    assert exposed(PLAIN, TOLD, CMS) == set()
    # small numbers of a line are looked at together as well, and are the same people here
    assert exposed(GATED, TOLD, CMS) == {Exposed(line=0), Exposed(gate=0)}


def test_what_is_told_leaves_enough_values_of_such_a_sum() -> None:
    shown = protect(GATED, CMS, 5)
    assert exposed(GATED, shown, CMS) == set()
    assert protect(PLAIN, CMS, 5) != shown


def estimates(**of: object) -> pd.DataFrame:
    """One row."""
    row = {
        "analysis": "a", "contrast": "c", "outcome": "o", "horizon_days": 90, "group_by": "all", "group": "all",
        "missing_rule": "observed_only", "method": "overlap", "measure": "risk", "status": "ok", "from_day": None,
    } | of  # fmt: skip
    table = TABLES["estimates"]
    frame = pd.DataFrame([row]).reindex(columns=list(table.columns))
    return frame.astype({name: table.columns[name].dtype for name in ("horizon_days", "from_day")})


QUESTION = ("a", "c", "o", "90", "all", "all")


@pytest.mark.parametrize(
    ("of", "found"),
    [
        ({}, {QUESTION: {"observed_only"}}),
        ({"status": "gated"}, {QUESTION: {"observed_only"}}),
        ({"status": "not_possible"}, {}),
        ({"method": "crude"}, {}),
        ({"measure": "mean_days"}, {}),
        ({"from_day": 31}, {}),
        ({"horizon_days": None}, {(*QUESTION[:3], "None", *QUESTION[4:]): {"observed_only"}}),
    ],
)
def test_rows_that_passed_a_gate_or_did_not(of: dict[str, object], found: dict[tuple[str, ...], set[str]]) -> None:
    assert gates.asked(estimates(**of)) == found


def test_sums_of_answers_leave_out_whom_the_rule_leaves_out() -> None:
    rows = [
        OfGroup(QUESTION, "iop", level, 5, place)
        for place, level in enumerate(("abstinent", "using", "missing", "not_yet_observed"))
    ]
    asked = {QUESTION: {"missing_is_using", "observed_only"}}
    # those who are not observed are using; one cell alone is no sum
    assert sums(rows, asked) == {(1, 2)}
    assert sums(rows, {}) == set()
    assert sums([r._replace(place=None) for r in rows], asked) == set()


def test_sums_of_bounds_count_a_missing_answer_in_each_arm_as_the_rule_does() -> None:
    rows = [
        OfGroup(QUESTION, arm, level, 9, 10 * at + place)
        for at, arm in enumerate(("iop", "residential"))
        for place, level in enumerate(("abstinent", "using", "died", "missing"))
    ]
    assert sums(rows, {QUESTION: {"worst_case"}}) == {(1, 2, 3), (10, 13), (11, 12)}
    assert sums(rows, {QUESTION: {"best_case"}}) == {(0, 3), (1, 2), (11, 12, 13)}


@pytest.mark.parametrize(
    ("sides", "told"),
    [
        # of 25 people 11 are abstinent: if of 10 using and 2 who died there are 11, at most 3 are missing
        (((11,), (10, 2), (2,)), True),
        (((11,), (10, 2), (4,)), False),  # of 27 at most 5 are, which is values enough
        (((11,), (12,), (2,)), False),  # of one cell it is known whether it is small
        (((11,), (12, 2), (2,)), False),
        (((11,), (10, 2), ()), False),
        (((2, 9), (13,), (1,)), True),  # 2 and 9 with the event are 11, and 11 or more are without it
    ],
)
def test_a_gate_is_not_told_where_it_would_tell_who_is_left_out(sides: tuple[tuple[int, ...], ...], told: bool) -> None:
    assert gates.bound(sides, 11, CMS) is told


def sums(rows: list[OfGroup], asked: dict[tuple[str, ...], set[str]]) -> set[tuple[int, ...]]:
    return gates.of_counts(rows, asked, {"*": OF_COUNTS}, {"c": "iop"}, 11, CMS)


@pytest.mark.parametrize(
    ("reading", "sums"),
    [
        (leaving("completed"), {(11, 12, 13)}),
        (being_there("in_care", ""), {(10, 11)}),
        (being_there("in_care", "completed"), {(10, 12, 13)}),
    ],
)
def test_sums_of_life_tables_are_who_has_the_event_and_who_has_not(reading: object, sums: set[tuple[int, ...]]) -> None:
    key = ("a", "k", "c", "iop", "o")
    levels = ("completed", "unplanned", "censored", "still_at_risk")
    rows = [(key, 90, level) for level in levels] + [(key, 180, level) for level in levels]
    at = (10, 11, 12, 13, 20, 21, 22, 23)
    read = {"o": reading, "*": OF_COUNTS}
    found = gates.of_life_tables(rows, at, {key: Leaving(50, ())}, {QUESTION: set()}, read, 11, CMS)  # type: ignore[arg-type]
    assert sums <= found
    assert all(place < 20 for own in found for place in own)


@pytest.mark.parametrize(
    ("sides", "steps", "told"),
    [
        # of 22 people 12 have left, and passing a gate of 10 says that no more have: by an earlier day 10 at least had
        (((12,), (5, 5, 0), ()), True, True),
        (((12,), (5, 5, 0), ()), False, False),
        (((30,), (5, 5, 0), ()), True, False),
        # of a single cell it is known whether it is few
        (((12,), (10,), ()), True, False),
    ],
)
def test_a_gate_that_leaves_few_values_to_what_grows_is_told_nowhere(sides, steps, told) -> None:
    assert gates.bound(sides, 10, POLICIES["acro"], steps) is told


def test_the_sides_of_a_life_table_are_its_levels_by_the_day() -> None:
    moves = (Move(5, "completed", 3), Move(9, "unplanned", 12), Move(40, "transferred", 4))
    read = Reading(kind="cause", events=("unplanned",))
    assert gates.sides_of(Leaving(22, moves), read, 30) == ((12,), (3, 0, 7), ())
