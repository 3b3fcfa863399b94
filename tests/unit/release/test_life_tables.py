"""Life tables and what of them may be told: arms that share a table, causes that are drawn together, days by hand."""

from __future__ import annotations

import random
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from release_rows import life
from results_rows import made as rows_made
from told_tables import ARM, Row, leaving, table, told

from iop_outcomes.release import at_horizons, pools
from iop_outcomes.release.days import (
    AT_RISK,
    Cell,
    DayCells,
    Told,
    candidates,
    cells,
    choose,
    emptied,
    end,
    kept,
    midpoint,
)
from iop_outcomes.release.life_tables import Key, Leaving, Table, leavings, tables
from iop_outcomes.release.policy import POLICIES, Policy
from iop_outcomes.vocabulary.causes import CENSORED, STILL_AT_RISK

CMS, OPENSAFELY, NONE, STRICT = (POLICIES[n] for n in ("cms", "opensafely", "none", "strict"))
PEOPLE: list[Row] = [(10, "unplanned", 40), (30, "completed", 60), (50, "died", 4), (60, "unplanned", 15)]


def told_as(*numbers: int) -> dict[int, Told]:
    """What is told week by week, as it is."""
    return {7 * (week + 1): Told(n, n, n) for week, n in enumerate(numbers)}


def frame(rows: list[Row], arm: str = "iop", analysis: str = "a", outcome: str = "retained") -> pd.DataFrame:
    key = {"analysis": analysis, "cohort": "demo", "contrast": "c", "arm": arm, "outcome": outcome}
    return rows_made("life_tables", [{**key, "day": d, "cause": c, "count": n} for d, c, n in rows])


def test_days_are_the_horizons_and_weeks_up_to_the_last_of_them() -> None:
    assert candidates({30, 45}, 7, 400) == (7, 14, 21, 28, 30, 35, 42, 45)
    assert candidates(set(), 7, 20) == (7, 14)


def test_a_day_on_which_many_leave_is_told_with_the_day_before_and_a_day_within_an_interval_is_not() -> None:
    arm = leaving([(40, "unplanned", 60), (100, CENSORED, 60)])
    assert table(arm, CMS, (90,)).days["unplanned"] == (39, 40, 90)
    # twenty-one are fewer than two steps of eleven
    assert 39 not in table(leaving([(40, "unplanned", 21)], 90), CMS, (90,)).days["unplanned"]
    rows = [
        {**r, "earliest": 31} if r["day"] == 45 else r
        for r in life("iop", [(20, "unplanned", 30), (45, "unplanned", 60)])
    ]
    (left,) = leavings(rows_made("life_tables", [*rows, *life("iop", [(90, CENSORED, 60)])])).values()
    assert [day for day in range(60) if left.open_on(day)] == list(range(31, 45))
    made = table(left, CMS, (30, 40, 90))
    assert made.horizons == (30, 90)
    assert not any(left.open_on(day) for days in made.days.values() for day in days)


def test_a_day_is_kept_only_where_no_one_or_enough_left_since_the_last() -> None:
    numbers = {7: 0, 14: 12, 21: 20, 28: 24, 35: 24, 42: 40}
    # forty would be three steps of 13 and a third: the twelve of day 14 are fewer, the twenty of day 21 are not
    assert kept(numbers, (), 42, 11) == (7, 21, 42)
    # where day 28 is a horizon, twelve left since day 14, and no one up to day 35
    assert kept(numbers, (28,), 42, 11) == (7, 14, 28, 35, 42)
    # day 21 does not go together with day 28, and two horizons are more than one
    assert kept(numbers, (14, 21, 28), 42, 11) == (7, 14, 28, 35, 42)
    # it ends with the last day, whatever the others would allow
    assert kept({7: 20, 14: 25}, (7,), 14, 11) == (14,)


def test_steps_are_alike_where_they_can_be() -> None:
    numbers = {day: day for day in range(11, 60)}
    # 59 people in steps of at least eleven are five: four of eleven would leave fifteen for the last
    assert kept(numbers, (), 59, 11) == (12, 24, 36, 48, 59)


def test_a_curve_ends_where_all_is_told_and_enough_are_still_there() -> None:
    ways = {"unplanned": told_as(20, 40, 60, 60), "died": {d: t for d, t in told_as(0, 0, 0, 12).items() if d != 21}}
    assert end(100, ways, None, CMS) == 28
    assert end(75, ways, None, CMS) == 14
    assert end(72, ways, None, CMS) == 28
    # that no one is there is told: what rounding has too much or lacks does not matter then
    assert end(75, ways, 28, CMS) == 28
    assert choose(75, {"unplanned": told_as(3)}, (), None, CMS) == {"unplanned": {7: Told(3, 3, 3)}}
    assert choose(8, {"unplanned": told_as(3)}, (), None, CMS) == {}


def test_from_the_day_on_which_no_one_is_there_the_ways_add_up_to_everyone() -> None:
    ways = {
        "unplanned": {7: Told(40, 38, 42), 14: Told(60, 58, 62)},
        "completed": {7: Told(0, 0, 0), 14: Told(15, 15, 15)},
    }
    full = emptied(76, ways, 14, 14)
    assert {name: own[14].count for name, own in full.items()} == {"unplanned": 61, "completed": 15}
    assert full["unplanned"][7].count == 40
    # what the ranges cannot hold goes to the largest
    assert emptied(80, ways, 14, 14)["unplanned"][14] == Told(65, 58, 62)


def test_midpoints_are_those_of_six() -> None:
    assert [midpoint(n, OPENSAFELY) for n in (0, 5, 6, 7, 10, 12, 13, 15, 20)] == [0, 3, 3, 9, 9, 9, 15, 15, 21]
    assert midpoint(17, CMS) == 17


def test_causes_by_which_few_leave_are_drawn_with_the_next_smallest() -> None:
    made = table(leaving(PEOPLE, 81), CMS, (90,))
    # 4 died: with the 55 of whom fewest left otherwise
    assert made.ways == (("completed", ("completed",)), ("died or unplanned", ("died", "unplanned")))
    assert made.number(90, "died or unplanned") == 59
    assert made.number(90, "died") == 4
    assert (made.number(90, STILL_AT_RISK), made.number(0, AT_RISK)) == (81, 200)
    every = table(leaving(PEOPLE, 81), NONE, (90,))
    assert [name for name, _ in every.ways] == ["completed", "died", "unplanned"]
    # where no zero may be told, a cause by which no one left is one of few
    assert len(table(leaving([(10, "unplanned", 40), (20, "completed", 9)], 50), STRICT, (90,)).ways) == 1


def test_arms_are_drawn_alike_and_those_who_leave_alike_share_a_table() -> None:
    other: list[Row] = [(10, "unplanned", 50), (30, "completed", 60), (50, "died", 40), (90, CENSORED, 50)]
    first = frame([*PEOPLE, (90, CENSORED, 81)])
    again = frame([*PEOPLE, (90, CENSORED, 81)], analysis="b", outcome="time_in_care")
    arms = leavings(pd.concat([first, frame(other, arm="residential"), again]))
    made = tables(arms, CMS, {("a", "c", "retained"): {30}, ("b", "c", "time_in_care"): {60}}, {})
    shared = made["a", "demo", "c", "iop", "retained"]
    assert shared is made["b", "demo", "c", "iop", "time_in_care"]
    assert (shared.key, shared.horizons) == (ARM, (30, 60))
    # forty died in the other arm, and yet it is drawn as this one is
    assert made["a", "demo", "c", "residential", "retained"].ways == shared.ways


def test_causes_that_no_question_tells_apart_are_one_and_their_names_are_taken_apart_by_the_pools() -> None:
    arms = {ARM: leaving(PEOPLE, 81)}
    made = tables(arms, CMS, {("a", "c", "retained"): {90}}, {("a", "c", "retained"): [("unplanned",)]})[ARM]
    assert made.leaving.causes == ("completed or died", "unplanned")
    assert pools.parts("completed or died", made.leaving.pools) == ("completed", "died")
    assert pools.parts("unplanned", made.leaving.pools) == ("unplanned",)


def test_people_who_are_not_at_risk_are_apart() -> None:
    (arm,) = leavings(frame([(0, "not_at_risk", 40), (5, "died", 12), (90, CENSORED, 48)])).values()
    assert (arm.people, arm.apart, arm.at_risk(6), arm.base) == (60, 40, 48, 5)


def test_rows_of_counts_hold_the_true_numbers_at_horizons_and_name_their_cells() -> None:
    made = {ARM: table(leaving(PEOPLE, 81), CMS, (30, 60))}
    key = {"analysis": "a", "cohort": "demo", "contrast": "c", "outcome": "retained", "horizon_days": 30}
    asked = rows_made(
        "estimates", [{**key, "measure": "risk", "of": "iop", "method": "crude", "estimand": "ATE"}], status="ok"
    )
    found, told_cells = at_horizons.cells(made, asked)
    assert dict(zip(found["level"], found["count"], strict=True)) == {
        "completed": 60, "died": 0, "unplanned": 40, STILL_AT_RISK: 100,
    }  # fmt: skip
    assert found["rounded_to"].eq(1).all()
    assert told_cells == [Cell(ARM, 30, level) for level in found["level"]]
    assert at_horizons.asked(asked) == {("a", "c", "retained"): {30}}


def system(made: Table, policy: Policy) -> tuple[DayCells, list[int]]:
    """The cells and lines of a table whose horizons stand in counts, and the true number at each position."""
    levels = [level for _, own in made.ways for level in own]
    rows = [Cell(made.key, day, level) for day in made.horizons for level in (*levels, STILL_AT_RISK)]
    # the last one twice: a question on the same people
    at = {cell: (i,) if i < len(rows) - 1 else (i, i + 1) for i, cell in enumerate(rows)}
    found = cells([made], at, len(rows) + 1, policy)
    numbers = [made.number(cell.day, cell.level) for cell in (*rows, rows[-1])]
    return found, [*numbers, *found.people]


people = st.lists(
    st.tuples(
        st.integers(1, 120), st.sampled_from(["unplanned", "completed", "died", CENSORED]), st.integers(1, 40)
    ),
    min_size=1, max_size=40,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(people, st.integers(0, 80), st.sampled_from([0, 30]), st.sampled_from([CMS, OPENSAFELY, STRICT]))
def test_lines_add_up_and_order_of_rows_is_irrelevant(
    rows: list[Row], staying: int, apart: int, policy: Policy
) -> None:
    made = table(leaving(rows, staying, apart), policy, (30, 90))
    found, numbers = system(made, policy)
    for line in found.lines:
        parts = sum(numbers[i] for i in line.parts) + line.others
        whole = made.leaving.people + apart if line.total is None else sum(numbers[i] for i in line.totals)
        assert parts == whole
        assert line.others >= 0
    assert len({*found.cells}) == len(found.cells)
    shuffled = random.Random(1).sample(rows, len(rows))
    assert table(leaving(shuffled, staying, apart), policy, (30, 90)) == made


def test_curves_beside_other_tables_are_rounded_and_those_of_a_table_alone_are_not() -> None:
    arm = Leaving(200, leaving(PEOPLE, 81).moves)
    beside, alone = table(arm, CMS, (90,)), table(arm, CMS, (90,), alone=True)
    own = {c: b for c, b in zip(*(system(beside, CMS)[0].__dict__[n] for n in ("cells", "bases")), strict=True)}
    assert {b for c, b in own.items() if c.level != AT_RISK} == {5}
    assert set(system(alone, CMS)[0].bases) == {1}
    # any day, and not the weeks and those on which many left alone
    assert 60 in alone.days["died or unplanned"]
    assert 60 not in beside.days["died or unplanned"]
    assert told(alone, CMS).seen[ARM].last_day == 90


def test_everything_may_be_shown_as_it_is() -> None:
    life = told(table(leaving(PEOPLE, 81), NONE, (90,)), NONE)
    assert life.seen[ARM].exact == life.tables[ARM].leaving
    assert life.still(ARM, 90) == Told(81, 81, 81)


@pytest.mark.parametrize("number", [10, 11])
def test_a_small_arm_is_not_told_and_none_of_its_numbers_is(number: int) -> None:
    life = told(table(leaving([(5, "unplanned", number)]), CMS, (30,)), CMS)
    assert (ARM in life.seen) == (number == 11)
    assert life.only(lambda key: key != ARM).seen == {}


def test_the_key_of_an_arm_says_its_question() -> None:
    key: Key = ("a", "demo", "c", "iop", "retained")
    assert tables({key: leaving(PEOPLE)}, replace(CMS, rounding_base=5), {}, {})[key].horizons == ()
