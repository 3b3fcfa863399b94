"""Intervals, schedules, interviews, deaths and days in residence; and the same by a loop over people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cohort_rows import people, table
from use_rows import matrix, run, screens, stay, text, told

from iop_outcomes.clean import episodes
from iop_outcomes.cohort import use as step
from iop_outcomes.cohort.use import residence
from iop_outcomes.errors import StudyError
from iop_outcomes.patterns.pattern import to_strings
from iop_outcomes.protocol import AskedTests, Schedule, Use

EVERY_WEEK = Schedule(kind="regular", until="observed")


def test_intervals_by_hand() -> None:
    tests = screens((0, "positive"), (1, "negative"), (7, "negative"), (8, "missing"), (20, "positive"))
    # day 0 tells of the time before interval 1; days 1 to 7, 8 to 14, 15 to 21
    found = matrix(run(tests, Use()), Use())
    assert (to_strings(found), found.first) == (["+-o+"], 0)
    assert text(tests, Use()) == "-o+"
    # from day 0 on: 0 to 6, 7 to 13, 14 to 20, 21 to 27
    assert text(tests, Use(begins=0)) == "*-+_"
    assert text(tests, Use(interval_days=14)) == "-"
    assert text(tests, Use(interval_days=14, last_interval="begun")) == "-+"
    # what lies after the last whole interval is left out
    assert text(screens((28, "positive")), Use(), days=27) == "___"


@pytest.mark.parametrize(
    ("every", "days", "last", "pattern"),
    [
        (7, 27, "whole", "-oo"), (7, 28, "whole", "-ooo"), (7, 29, "begun", "-oooo"), (14, 28, "whole", "-__o"),
        (2, 27, "whole", "-oo"),
    ],
)  # fmt: skip
def test_a_test_that_was_due_and_is_on_no_record_was_missed(every: int, days: int, last: str, pattern: str) -> None:
    schedule = Schedule(kind="regular", every_days=every, until="observed")
    tests = screens((3, "negative"))
    assert text(tests, Use(schedule=schedule, last_interval=last), days=days) == pattern
    # read from the records alone, none was scheduled: the two are never one
    assert set(text(tests, Use(last_interval=last), days=days)) <= {"-", "_"}


@pytest.mark.parametrize(("gap_days", "pattern"), [(1, "-o__"), (4, "-o__"), (5, "-ooo"), (14, "-ooo"), (0, "-___")])
def test_tests_are_due_while_the_episode_of_care_goes_on(gap_days: int, pattern: str) -> None:
    """Stays 5 days apart are one episode under a rule of 5; those of 1 apart, where no day lies between, of 1."""
    use = Use(schedule=Schedule(kind="regular"))
    care = pd.concat([stay("2.1", 0, 9), stay("1", 10, 15), stay("1", 20, 28)], ignore_index=True)
    linked = episodes.under_gaps(
        care, table("persons", [{"person_id": "a"}], observed_to_day=28, sex="unknown"), [gap_days]
    )[gap_days].episodes
    tests = screens((3, "negative"))
    assert text(tests, use, stays=care, days=28, gap_days=gap_days) == pattern
    # as the episode that the study links them to
    ends = int(linked["episode_end_day"].iloc[0])
    assert pattern == "-" + "".join("o" if 7 * week <= ends else "_" for week in (2, 3, 4))
    assert text(tests, use) == "-__"


def test_a_day_without_care_stops_no_schedule() -> None:
    use, tests = Use(schedule=Schedule(kind="regular")), screens((3, "negative"), (10, "negative"))
    care = pd.concat([stay("2.1", 0, 20), stay("2.1", 22, 60)], ignore_index=True)
    assert text(tests, use, stays=care, days=69) == "--oooooo_"
    assert text(tests, use, stays=stay("2.1", 0, 60), days=69) == "--oooooo_"
    # an episode that begins later is another one
    later = pd.concat([stay("2.1", 0, 20), stay("2.1", 35, 60)], ignore_index=True)
    assert text(tests, use, stays=later, days=69) == "--_______"


def test_schedules_differ_between_sites() -> None:
    use = Use(schedule=Schedule(kind="regular", until="observed", sites={"S1": 14}))
    assert text(screens((3, "negative")), use, days=28) == "-__o"
    elsewhere = Use(schedule=Schedule(kind="regular", until="observed", sites={"S9": 14}))
    with pytest.raises(StudyError, match=r"names 1 site\(s\) that no one in the cohort is of"):
        text(screens((3, "negative")), elsewhere)


@pytest.mark.parametrize(("deaths", "pattern"), [("apart", "-xx"), ("missed", "-oo")])
def test_from_a_death_on_there_is_no_test_to_miss(deaths: str, pattern: str) -> None:
    assert text(screens((3, "negative")), Use(deaths=deaths), died=10) == pattern
    # a test of the week of death stands
    tests = screens((3, "negative"), (9, "positive"))
    assert text(tests, Use(deaths=deaths), died=10) == f"-+{pattern[2]}"


def test_records_that_end_with_a_death_say_as_much_as_those_that_go_on() -> None:
    """Person a died on day 10; person b shows how far patterns reach."""
    tests = pd.concat([screens((3, "negative")), screens((3, "negative"), (20, "positive")).assign(person_id="b")])
    whole = people("a", "b", observed_days=27)
    persons = table(
        "persons", [{"person_id": "a", "death_day": 10}, {"person_id": "b"}], observed_to_day=27, sex="unknown"
    )
    empty = [table(name, []) for name in ("stays", "followups", "medications")]
    patterns = []
    for ends in (27, 10):
        own = whole.assign(observed_days=[ends, 27])
        made = step.run(own, persons, empty[0], tests, *empty[1:], Use(), [AskedTests(substance="opioid")])
        patterns.append(to_strings(matrix(made["use_patterns"], Use(), ("a", "b")).window(1, 99)))
    assert patterns[0] == patterns[1] == ["-xx", "-_+"]


@pytest.mark.parametrize(
    ("cells", "ignored", "fills", "counts"),
    [
        # days 15 to 28 are free of use
        ({}, "-__+", "-_-+", "-_-+"),
        ({"days_used": 14.0}, "-__+", "-_++", "-_++"),
        # of some of these days nobody knows which; the first use is dated
        ({"days_used": 3.0}, "-__+", "-__+", "-__+"),
        ({"days_used": 3.0, "first_use_day": 16}, "-__+", "-_++", "-_++"),
        ({"days_used": 3.0, "first_use_day": 3}, "-__+", "-__+", "*__+"),
        # a look-back within one week
        ({"day": 22, "lookback_days": 7, "days_used": 2.0}, "-__+", "-_++", "-_++"),
        ({"days_used": 3.0, "no_use_through_day": 14}, "-__+", "--_+", "--_+"),
        ({"day": None, "days_used": None}, "-__+", "-__+", "-__+"),
    ],
)
def test_what_people_told(cells: dict, ignored: str, fills: str, counts: str) -> None:
    tests = screens((3, "negative"), (25, "positive"))
    for reading, pattern in (("ignored", ignored), ("fills", fills), ("counts", counts)):
        assert text(tests, Use(self_report=reading), days=28, followups=told(**cells)) == pattern
    if counts.startswith("*"):
        both = Use(self_report="counts", conflicts="any_positive")
        assert text(tests, both, days=28, followups=told(**cells)) == "+" + counts[1:]


def test_days_in_a_controlled_environment() -> None:
    # 0 to 4 and 5 to 9 are one spell; 3.1 overlaps it; outpatient care is none; the last is open
    care = pd.concat(
        [stay("3.7", 0, 4), stay("3.5", 5, 9), stay("3.1", 8, 11), stay("2.1", 12, 20), stay("4", 25, None)],
        ignore_index=True,
    )
    found = run(screens((3, "negative")), Use(), stays=care)
    assert found.loc[found["interval"] >= 1, "residential_days"].tolist() == [7, 4, 0]
    assert run(screens((3, "negative")), Use(begins=0), stays=care)["residential_days"].tolist() == [7, 5, 0, 3]
    halfway = Use(controlled=["3.5", "3.7", "4"])
    assert run(screens((3, "negative")), halfway, stays=care)["residential_days"].tolist() == [7, 2, 0]


def test_the_day_of_return_to_the_community() -> None:
    from cohort_rows import people

    who = people("a", "b", "c", "d", observed_days=30)
    care = pd.concat(
        [stay("3.7", 0, 4), stay("3.5", 5, 9), stay("2.1", 10, 20), stay("2.1", 0, 9, "b"), stay("3.5", 10, 20, "b"),
         stay("3.5", 0, None, "c"), stay("3.5", 0, 40, "d")],
        ignore_index=True,
    )  # fmt: skip
    inside = residence.spells(who, care, Use().controlled)
    # who began at home is there from day 0; who is in residence to the end of observation never returns
    assert residence.community_day(who, inside).tolist() == [10, 0, pd.NA, pd.NA]


def test_how_often_people_were_tested() -> None:
    tests = screens((1, "negative"), (2, "missing"), (3, "positive"), (9, "missing"))
    found = run(tests, Use()).set_index("interval")
    assert found["tests_due"].tolist() == [3, 1, 0]
    assert found["tests_taken"].tolist() == [2, 0, 0]


def test_the_table_is_refused_for_a_substance_that_it_does_not_hold() -> None:
    found = run(screens((3, "negative")), Use())
    with pytest.raises(StudyError, match=r"No use pattern was made of the substance 'cocaine'\. There are: opioid"):
        matrix(found, Use(), of="cocaine")


def by_loop(rows: pd.DataFrame, use: Use, days: int) -> str:
    """One person's pattern from interval 1 on, interval by interval; of one substance without extras."""
    symbols = []
    number = 1
    while use.begins + number * use.interval_days - 1 <= days:
        low = use.begins + (number - 1) * use.interval_days
        own = rows[(rows["day"] >= low) & (rows["day"] < low + use.interval_days)]
        results = list(own["result"])
        clear = {r for r in results if r != "missing"}
        last = own[own["day"] == own.loc[own["result"] != "missing", "day"].max()]
        if use.conflicts == "last" and clear:
            clear = {r for r in last["result"] if r != "missing"}
        if not clear:
            symbols.append("o" if results else "_")
        elif clear == {"positive"} or ("positive" in clear and use.conflicts == "any_positive"):
            symbols.append("+")
        else:
            symbols.append("-" if clear == {"negative"} else "*")
        number += 1
    return "".join(symbols)


@pytest.mark.parametrize("conflicts", ["mixed", "any_positive", "last"])
@pytest.mark.parametrize(("length", "begins"), [(7, 1), (7, 0), (3, 1), (28, 0)])
def test_many_people_are_as_one_by_one_in_any_order(conflicts: str, length: int, begins: int) -> None:
    rng = np.random.default_rng(20260101)
    names = tuple(f"p{i:02d}" for i in range(30))
    n = 400
    rows = pd.DataFrame(
        {
            "person_id": rng.choice(names, n),
            "day": rng.integers(-10, 90, n),
            "result": rng.choice(["negative", "positive", "missing", "inconclusive"], n, p=[0.5, 0.2, 0.2, 0.1]),
            "substance": "opioid",
        }
    )
    use = Use(interval_days=length, begins=begins, conflicts=conflicts, least_covered=0)
    found = run(rows, use, days=84, who=names)
    expected = [by_loop(rows[rows["person_id"] == name], use, 84) for name in names]
    assert to_strings(matrix(found, use, names).window(1, 999)) == expected
    # the order of tests, copies of them, and that of people change nothing
    shuffled = pd.concat([rows, rows.sample(50, random_state=1)]).sample(frac=1, random_state=2).reset_index(drop=True)
    again = run(shuffled, use, days=84, who=names[::-1])
    key = ["person_id", "interval"]
    pd.testing.assert_frame_equal(found.sort_values(key, ignore_index=True), again.sort_values(key, ignore_index=True))


@pytest.mark.parametrize("schedule", [Schedule(), EVERY_WEEK])
def test_without_tests_there_is_no_pattern_but_by_a_schedule(schedule: Schedule) -> None:
    found = run(screens((3, "negative")).iloc[:0], Use(schedule=schedule))
    assert found["state"].tolist() == ([] if schedule.kind == "recorded" else ["missed"] * 3)


WEEKLY = "-+-o*-+-"


def test_a_common_schedule_keeps_the_last_test_due_whatever_its_result() -> None:
    """One arm is tested weekly, the other every two weeks: thinned to two weeks, both are tested as often."""
    results = {"-": "negative", "+": "positive", "o": "missing", "*": "inconclusive"}
    weekly = screens(*((7 * k + 4, results[c]) for k, c in enumerate(WEEKLY)))
    other = weekly[weekly["day"] % 14 == 11].assign(person_id="b")
    thin = AskedTests(substance="opioid", one_in_days=14)
    found = run(
        pd.concat([weekly, other]), Use(), days=56, who=("a", "b"), views=[AskedTests(substance="opioid"), thin]
    )
    everything, thinned = (
        step.matrix(found, ["a", "b"], view, Use()) for view in (AskedTests(substance="opioid"), thin)
    )
    assert to_strings(everything.window(1, 8)) == [WEEKLY, "_+_o_-_-"]
    assert to_strings(thinned.window(1, 8)) == ["_+_o_-_-", "_+_o_-_-"]
    # choosing by result would not be the same: any positive of two weeks
    worst = Use(interval_days=14, conflicts="any_positive")
    assert to_strings(matrix(run(weekly, worst, days=56), worst).window(1, 4)) == ["+-*+"]


def test_an_excused_test_gives_way_to_one_that_was_due() -> None:
    tests = screens((2, "negative", None), (10, "missing", "in_jail"), (20, "missing", "in_jail"), also=("reason",))
    view = AskedTests(substance="opioid", one_in_days=14)
    found = run(tests, Use(), views=[view])
    assert to_strings(step.matrix(found, ["a"], view, Use()).window(1, 3)) == ["-_e"]


def test_patterns_from_the_return_to_the_community() -> None:
    tests = screens((3, "negative"), (12, "positive"), (18, "negative"))
    view = AskedTests(substance="opioid", clock="community")
    found = run(tests, Use(), stays=stay("3.5", 0, 9), views=[AskedTests(substance="opioid"), view])
    # from day 10 on: days 11 to 17, and 18 to 24
    assert to_strings(step.matrix(found, ["a"], view, Use()).window(1, 9)) == ["+-"]
    assert to_strings(matrix(found, Use()).window(1, 9)) == ["-+-"]
    gone = run(tests, Use(), stays=stay("3.5", 0, None), views=[view])
    assert to_strings(step.matrix(gone, ["a"], view, Use())) == [""]
