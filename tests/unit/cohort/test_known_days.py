"""Days known to be free of use, by hand: continuous abstinence, point prevalence, and use between two days."""

from __future__ import annotations

import numpy as np
import pandas as pd
import parts
import pytest
from cohort_rows import EMPTY, LIVING, episodes, followups, people, persons, screens

from iop_outcomes.cohort import abstinence, known_days, retention
from iop_outcomes.tables import TABLES, check


def found(kind: str, who, held=EMPTY["followups"], tests=EMPTY["screens"], dead=LIVING, day: int = 30, **asked):
    endpoint = parts.endpoint("o", kind, **{"substance": "any", **asked})
    care = episodes([{"person_id": p} for p in who["person_id"]])
    stays = retention.run(who, care, TABLES["episodes_by_gap"].empty())["retention"]
    tables = abstinence.run(who, held, tests, dead, care, stays, [endpoint], {"o": [day]})
    for name, table in tables.items():
        check(TABLES[name], table)
    return tables


def answers(*given, **asked) -> dict[str, object]:
    own = found(*given, **asked)["abstinence"]
    said = own["abstinent"].astype(object).where(own["abstinent"].notna(), None)
    return dict(zip(own["person_id"], said.mask(own["dead"], "died"), strict=True))


def weeks(**marks: str) -> pd.DataFrame:
    """Screens on the last day of weeks of days 1 to 7, 8 to 14, ...: one mark per week, a blank where none was due."""
    results = {"-": "negative", "+": "positive", "o": "missing"}
    return screens(
        [
            {"person_id": who, "day": 7 * at, "result": results[mark]}
            for who, text in marks.items()
            for at, mark in enumerate(text, 1)
            if mark != " "
        ]
    )


CONTINUOUS = {"tolerance_days": 7, "from_day": 1, "day": 28}


def test_continuous_abstinence_needs_every_day_to_be_known():
    tests = weeks(a="----", b="--o-", c="-+--", d="---", e="-- -")
    expected = {"a": True, "b": None, "c": False, "d": None, "e": None}
    assert answers("continuous_abstinence", people(*"abcde"), tests=tests, **CONTINUOUS) == expected


def test_interviews_and_screens_cover_days_together():
    held = followups(
        [
            {"person_id": "a", "day": 29, "lookback_days": 14, "days_used": 0},  # days 15 to 28
            {"person_id": "b", "day": 29, "lookback_days": 13, "days_used": 0},  # day 15 is open
            {"person_id": "c", "day": 60, "no_use_through_day": 59},
            {"person_id": "d", "day": 60, "first_use_day": 28, "no_use_through_day": 27},
            {"person_id": "e", "day": 60, "first_use_day": 29, "no_use_through_day": 28},
        ]
    )
    expected = {"a": True, "b": None, "c": True, "d": False, "e": True}
    assert answers("continuous_abstinence", people(*"abcde"), held, weeks(a="--", b="--"), **CONTINUOUS) == expected


def test_use_in_a_look_back_that_reaches_beyond_the_days_leaves_them_open():
    held = followups(
        [
            {"person_id": "a", "day": 29, "lookback_days": 28, "days_used": 1},
            {"person_id": "b", "day": 36, "lookback_days": 30, "days_used": 1},
            {"person_id": "c", "day": 29, "lookback_days": 30, "days_used": 1},
        ]
    )
    assert answers("continuous_abstinence", people(*"abc"), held, **CONTINUOUS) == {"a": False, "b": None, "c": None}


def test_who_used_before_they_died_has_used_and_who_did_not_died():
    dead = persons([{"person_id": p, "death_day": 25} for p in "ab"])
    tests = weeks(a="-+", b="---")
    assert answers("continuous_abstinence", people(*"ab"), tests=tests, dead=dead, **CONTINUOUS) == {
        "a": False,
        "b": "died",
    }


def test_a_part_of_a_day_of_use_is_use():
    held = followups([{"person_id": "a", "day": 29, "lookback_days": 28, "days_used": 0.5}])
    assert answers("continuous_abstinence", people("a"), held, **CONTINUOUS) == {"a": False}


PREVALENCE = {"tolerance_days": 14, "window_days": 28, "day": 90}


def test_point_prevalence_reads_interviews_first_and_a_positive_screen_against_them():
    held = followups(
        [
            {"person_id": "a", "day": 95, "lookback_days": 30, "days_used": 0},
            {"person_id": "b", "day": 95, "lookback_days": 30, "days_used": 0},
            {"person_id": "c", "day": 95, "lookback_days": 28, "days_used": 2},
            {"person_id": "d", "day": 95, "lookback_days": 90, "days_used": 2},  # not told when
            {"person_id": "e", "day": 105, "lookback_days": 30, "days_used": 0},  # held too late
            {"person_id": "f", "day": 95, "lookback_days": 7, "days_used": 0},  # asks about a week only
            {"person_id": "g", "day": 95, "lookback_days": 90, "days_used": 0},  # of use it could not have told
            {"person_id": "h", "day": 95, "lookback_days": 7, "days_used": 2},  # of none it could not have told
            {"person_id": "i", "day": 95, "lookback_days": 30, "days_used": 2},  # a month is 28 to 31 days
        ]
    )
    tests = screens(
        [
            {"person_id": "b", "day": 67, "result": "positive"},  # the first of the days 67 to 94
            {"person_id": "c", "day": 66, "result": "positive"},
            {"person_id": "f", "day": 90, "result": "positive"},  # beside no interview: a negative would tell nothing
        ]
    )
    expected = dict(zip("abcdefghi", [True, False, False, None, None, None, None, None, False], strict=True))
    assert answers("point_prevalence", people(*"abcdefghi"), held, tests, **PREVALENCE) == expected


@pytest.mark.parametrize("missed", [0.3, 0.8])
def test_whose_prevalence_is_known_does_not_hang_on_what_it_is(missed):
    """Half use; interviews are missed, and screens taken, whatever people do: of those known, half use. Were a positive
    screen enough where a negative is not, too many of them would.
    """
    rng = np.random.default_rng(5)
    n = 3000
    names, uses, seen = [f"p{i}" for i in range(n)], rng.random(n) < 0.5, rng.random(n) >= missed
    held = followups(
        [
            {"person_id": p, "day": 90, "lookback_days": int(rng.choice([30, 90])), "days_used": int(use)}
            for p, use, there in zip(names, uses, seen, strict=True)
            if there
        ]
    )
    tests = screens(
        [
            {"person_id": p, "day": int(day), "result": "positive" if use else "negative"}
            for p, use in zip(names, uses, strict=True)
            for day in rng.choice(np.arange(66, 90, 7), rng.integers(0, 5), replace=False)
        ]
    )
    known = [
        a for a in answers("point_prevalence", people(*names), held, tests, **PREVALENCE).values() if a is not None
    ]
    assert len(known) > 400
    assert np.mean(known) == pytest.approx(0.5, abs=3 * 0.5 / np.sqrt(len(known)))


def test_without_an_interview_a_negative_screen_of_every_week_answers():
    words = {"n": "negative", "m": "missing", "p": "positive"}
    marks = {"a": "nnnn", "b": "nnn", "c": "nnnm", "d": "nnnn", "e": "nnpn"}
    rows = [(p, 69 + 7 * at, words[m]) for p, text in marks.items() for at, m in enumerate(text)]
    tests = screens([{"person_id": p, "day": day, "result": result} for p, day, result in rows])
    tests["substance"] = tests["person_id"].map({"d": "cannabis"}).fillna("opioid")
    expected = {"a": True, "b": None, "c": None, "d": None, "e": False}
    assert answers("point_prevalence", people(*"abcde"), tests=tests, **PREVALENCE, substance="opioid") == expected


def between(*given, **asked) -> dict[str, tuple[int, int, bool]]:
    own = found(*given, **asked)["first_use"]
    return {r.person_id: (r.after_days, r.days, r.event) for r in own.itertuples()}


def test_first_use_lies_after_the_last_free_day_and_by_the_first_that_tells():
    held = followups(
        [
            {"person_id": "d", "day": 61, "lookback_days": 30, "days_used": 3},  # some of days 31 to 60
            {"person_id": "e", "day": 60, "first_use_day": 20, "no_use_through_day": 19},
            {"person_id": "g", "day": 40, "lookback_days": 30, "days_used": 0},
        ]
    )
    tests = weeks(a="--+", b="---", c="-oo+-", d="---", f="+")
    expected = {
        "a": (14, 21, True),  # negative on 14, positive on 21
        "b": (21, 21, False),
        "c": (7, 28, True),  # missed weeks leave open when
        "d": (21, 60, True),
        "e": (19, 20, True),  # the day itself was told
        "f": (0, 7, True),
        "g": (39, 39, False),
        "h": (0, 0, False),
    }
    assert between("first_use_between", people(*"abcdefgh"), held, tests, tolerance_days=7) == expected


def test_a_negative_screen_after_use_moves_nothing():
    one = between("first_use_between", people("a"), tests=weeks(a="-+"), tolerance_days=7)
    assert between("first_use_between", people("a"), tests=weeks(a="-+---"), tolerance_days=7) == one


def test_order_and_copies_of_records_change_nothing_and_loops_say_the_same():
    rng = np.random.default_rng(1)
    who = people(*[f"p{i}" for i in range(60)])
    words = ["negative", "positive", "missing"]
    rows = [(p, int(day)) for p in who["person_id"] for day in rng.choice(60, 9, replace=False)]
    results = rng.choice(words, len(rows), p=[0.7, 0.1, 0.2])
    tests = screens([{"person_id": p, "day": day, "result": str(r)} for (p, day), r in zip(rows, results, strict=True)])
    again = pd.concat([tests, tests.iloc[:100]]).sample(frac=1, random_state=2)
    for kind, asked in (("continuous_abstinence", {"from_day": 0, "day": 30}), ("first_use_between", {})):
        one, other = (
            found(kind, who, tests=t, tolerance_days=10, **asked)["abstinence" if asked else "first_use"]
            for t in (tests, again)
        )
        pd.testing.assert_frame_equal(one, other)
    own = between("first_use_between", who, tests=tests, tolerance_days=10)
    known = answers("continuous_abstinence", who, tests=tests, tolerance_days=10, from_day=0, day=30)
    for person, rows in tests.groupby("person_id"):
        positive = [int(d) for d, r in zip(rows["day"], rows["result"], strict=True) if r == "positive"]
        # a positive stands against a negative of its day
        clean = {d for d, r in zip(rows["day"], rows["result"], strict=True) if r == "negative"} - set(positive)
        free = {d - k for d in clean for k in range(10)}
        by = min((d for d in positive if d > 0), default=None)
        clear = [d for d in free if d >= 0 and (by is None or d < by)]
        assert own[person] == (max(clear, default=0), max(clear, default=0) if by is None else by, by is not None)
        used = any(0 <= d <= 30 for d in positive)
        assert known[person] == (False if used else True if all(d in free for d in range(31)) else None)


def test_use_in_a_look_back_that_begins_before_time_zero_dates_no_first_use():
    """Everyone used before care. A baseline interview of day 1 or 3 that asks about 30 days tells of that use."""
    held = followups(
        [
            {"person_id": p, "day": day, "lookback_days": 30, "days_used": used}
            for p, day, used in (
                ("a", 3, 18),  # of days -27 to 2: 27 of them before time zero
                ("b", 3, 27),
                ("c", 3, 28),  # one more than find room before it
                ("d", 25, 5), ("d", 90, 0), ("e", 25, 6), ("f", 3, 18), ("f", 60, 3), ("g", 30, 1), ("h", 1, 29),
            )
        ]
    )  # fmt: skip
    expected = {
        "a": (0, 0, False), "b": (0, 0, False), "c": (0, 2, True), "d": (89, 89, False), "e": (0, 24, True),
        "f": (0, 59, True), "g": (0, 29, True), "h": (0, 0, False),
    }  # fmt: skip
    assert between("first_use_between", people(*"abcdefgh"), held, tolerance_days=7) == expected
    # counted from a later day, as from a return to the community, the same look-back leaves it open
    later = {"g": (10, 10, False), "e": (10, 10, False), "f": (10, 59, True)}
    found = between("first_use_between", people(*"efg"), held, tolerance_days=7, from_day=10)
    assert found == later


def test_days_of_use_that_find_no_room_outside_of_the_days_asked_about_are_within_them():
    held = followups(
        [
            {"person_id": p, "day": day, "lookback_days": 30, "days_used": used}
            for p, day, used in (("a", 29, 2), ("b", 29, 3), ("c", 36, 7), ("d", 36, 8))
        ]
    )  # of days -1 to 28, two before day 1; of days 6 to 35, seven after day 28
    expected = {"a": None, "b": False, "c": None, "d": False}
    assert answers("continuous_abstinence", people(*"abcd"), held, **CONTINUOUS) == expected


def test_an_interview_whose_days_begin_before_the_clock_answers_no_point_prevalence():
    """Neither way: were abstinence told by it and use not, those whose answer is known would be the abstinent."""
    held = followups(
        [
            {"person_id": p, "day": day, "lookback_days": back, "days_used": used}
            for p, day, back, used in (
                ("a", 27, 28, 3), ("b", 27, 28, 0), ("c", 28, 28, 3), ("d", 28, 28, 0),
                ("e", 29, 30, 3), ("f", 29, 30, 0),  # of days -1 to 28
                ("g", 20, 28, 3), ("g", 40, 28, 0),  # one that answers stands behind it
                ("h", 20, 28, 3),  # screens answer, of days 3 to 30
            )
        ]
    )  # fmt: skip
    tests = screens([{"person_id": "h", "day": day, "result": "negative"} for day in (-5, 7, 14, 21, 28)])
    tests.loc[0, "result"] = "positive"
    expected = dict(zip("abcdefgh", [None, None, False, True, None, None, True, True], strict=True))
    asked = PREVALENCE | {"day": 30}
    assert answers("point_prevalence", people(*"abcdefgh"), held, tests, **asked) == expected


def test_screens_answer_point_prevalence_by_a_clear_result_in_each_week():
    days = {
        "a": (85, 86, 87, 88),  # all in the last week of days 63 to 90
        "b": (63, 70, 77, 84), "c": (69, 76, 83, 90), "d": (63, 69, 77, 84), "e": (62, 70, 77, 84),
        "f": (63, 64, 70, 77, 84),
    }  # fmt: skip
    tests = screens([{"person_id": p, "day": day, "result": "negative"} for p, at in days.items() for day in at])
    expected = dict(zip("abcdef", [None, True, True, None, None, True], strict=True))
    assert answers("point_prevalence", people(*"abcdef"), tests=tests, **PREVALENCE) == expected
    # of 30 days the two before the last four weeks are of the first of these
    wider = answers("point_prevalence", people(*"abcdef"), tests=tests, **PREVALENCE | {"window_days": 30})
    assert wider == expected | {"e": True}


def test_a_negative_of_alcohol_in_urine_proves_no_week_and_one_of_its_metabolite_does():
    """Alcohol is found for 12 hours, ethyl glucuronide for 5 days; of a week a tenth is asked for."""
    rows = [(p, s, day) for p, s in (("a", "alcohol"), ("b", "etg")) for day in range(7, 85, 7)]
    rows += [("c", "alcohol", day) for day in range(1, 85)]
    tests = screens([{"person_id": p, "substance": s, "day": day, "result": "negative"} for p, s, day in rows])
    tests = pd.concat([tests, tests[tests["person_id"] == "a"].assign(person_id="d", result="positive")])
    who = people(*"abcd")
    asked = {"substance": "alcohol", "tests": tests, "tolerance_days": 7}
    expected = {"a": None, "b": True, "c": True, "d": False}
    assert answers("continuous_abstinence", who, **asked, from_day=1, day=84) == expected
    # a week's positive is told by no more tests than its negative is
    prevalence = answers("point_prevalence", who, **asked | PREVALENCE | {"day": 84})
    assert prevalence == expected | {"d": None}
    between_days = between("first_use_between", people("a"), **asked)
    assert between_days == {"a": (84, 84, False)}
    shares = found("days_abstinent", who, **asked, window_days=28, day=85)["amounts"]["as_use"]
    assert shares.tolist() == [4 / 28, 1.0, 1.0, 0.0]


@pytest.mark.parametrize("first", [0, 3])
def test_a_gap_of_one_day_breaks_what_is_known(first):
    rows = pd.DataFrame({"person_id": ["a", "a", "b", "b"], "start": [0, 11, 0, 12], "end": [10, 20, 10, 20]})
    assert known_days.free_through(rows, first).to_dict() == {"a": 20, "b": 10}
    assert known_days.free_through(rows.assign(start=rows["start"] + 4), first).empty


def test_reports_are_held_against_tests_of_the_same_days():
    held = followups(
        [
            {"person_id": p, "day": 91, "lookback_days": 30, "days_used": used}
            for p, used in (("a", 0), ("b", 0), ("c", 3), ("d", 3), ("e", 0), ("f", None), ("h", 0))
        ]
    )
    tests = screens(
        [
            {"person_id": p, "day": day, "result": result}
            for p, day, result in (
                ("a", 90, "negative"), ("b", 61, "positive"), ("b", 70, "negative"), ("c", 75, "negative"),
                ("d", 75, "positive"), ("e", 60, "positive"), ("e", 91, "positive"), ("f", 75, "positive"),
                ("a", 80, "negative"), ("g", 75, "positive"), ("c", 80, "missing"), ("d", 80, "missing"),
                ("h", 80, "missing"),
            )
        ]
    )  # fmt: skip
    own = found("interview", people(*"abcdefgh"), held, tests, day=90, tolerance_days=14)["abstinence"]
    pairs = own.set_index("person_id")[["reported", "tested"]].astype(object)
    said = {p: tuple(None if pd.isna(v) else bool(v) for v in row) for p, row in pairs.iterrows()}
    assert said == {
        "a": (True, True), "b": (True, False), "c": (False, True), "d": (False, False),
        "e": (True, None),  # tests of the day before the look-back and of the interview's own day tell nothing of it
        "f": (None, None), "g": (None, None),
        "h": (True, None),  # a test that was missed tells nothing, and takes nothing from those that were taken (c)
    }  # fmt: skip
