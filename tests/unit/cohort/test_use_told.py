"""Intervals of which tests can tell too little: unknown whatever was found, as what is known hangs on no result."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from use_rows import matrix, run, screens, text, told

from iop_outcomes.cohort import use as step
from iop_outcomes.cohort.use import asked
from iop_outcomes.patterns.pattern import to_strings
from iop_outcomes.protocol import AskedTests, Schedule, Use

USE = Use()
ALCOHOL = {"substance": "alcohol"}
# three weeks of two tests, and three of one
WEEKS = ("++", "+-", "--", "+", "-", "*")
RESULTS = {"-": "negative", "+": "positive", "*": "inconclusive", "o": "missing"}


def weeks(*symbols: str, **columns) -> pd.DataFrame:
    """Tests of days 2 and 5 of each week."""
    days = ((7 * k + 2 + 3 * i, RESULTS[s]) for k, week in enumerate(symbols) for i, s in enumerate(week))
    return screens(*days, **columns)


def test_one_test_of_ethanol_tells_of_no_week_whatever_it_finds() -> None:
    """Half a day of 7 is less than a tenth, one of two tests more. Of a substance that is found for days, one tells."""
    assert text(weeks(*WEEKS, **ALCOHOL), USE, of="alcohol", days=42) == "+*-eee"
    assert text(weeks(*WEEKS), USE, days=42) == "+*-+-*"
    assert text(weeks(*WEEKS, **ALCOHOL), Use(least_covered=0), of="alcohol", days=42) == "+*-+-*"
    # two results that disagree tell of a week by every rule
    for conflicts, symbol in (("mixed", "*"), ("any_positive", "+"), ("last", "-")):
        assert text(weeks("+-", **ALCOHOL), Use(conflicts=conflicts), of="alcohol", days=7) == symbol


def test_a_week_is_missed_where_the_tests_that_were_due_would_have_told_of_it() -> None:
    """Of two tests of ethanol a week one was missed, or both; of one a week nothing was missed that would have told."""
    assert text(weeks("-o", "+o", "*o", "oo", "o", "-", "+", **ALCOHOL), USE, of="alcohol", days=49) == "ooooeee"
    assert text(weeks("-o", "+o", "*o", "oo", "o", "-", "+"), USE, days=49) == "-+*oo-+"


@pytest.mark.parametrize(
    ("substance", "every", "pattern", "other"),
    [
        ("alcohol", 7, "eeee", "eeee"), ("alcohol", 3, "oooo", "oooo"), ("opioid", 7, "-ooo", "oooo"),
        ("etg", 7, "-ooo", "oooo"),
    ],
)  # fmt: skip
def test_tests_missed_by_a_schedule_are_as_those_on_record(
    substance: str, every: int, pattern: str, other: str
) -> None:
    """Person b has none on record; theirs would have been as those of others. Alone, nothing is known of them."""
    schedule = Schedule(kind="regular", every_days=every, until="observed")
    use, tests = Use(schedule=schedule), weeks("-", substance=substance)
    of = "opioid" if substance == "opioid" else "alcohol"
    found = run(tests, use, days=28, who=("a", "b"), classes=(of,))
    assert to_strings(matrix(found, use, ("a", "b"), of).window(1, 4)) == [pattern, other]
    nobody = run(tests.iloc[:0], use, days=28, who=("a",), classes=(of,))
    assert to_strings(matrix(nobody, use, of=of).window(1, 4)) == ["oooo"]


def test_who_stays_away_from_a_test_that_tells_nothing_is_not_taken_for_a_user() -> None:
    """The same tests, attended or not: the weeks that are excused are the same, and so is who is asked."""
    rng = np.random.default_rng(3)
    tests = alike_people(40)
    who = tuple(tests["person_id"].unique())
    patterns = []
    for share in (0.0, 0.3, 0.9):
        seen = tests.assign(result=tests["result"].mask(rng.random(len(tests)) < share, "missing"))
        patterns.append(to_strings(matrix(run(seen, USE, days=84, who=who, classes=("alcohol",)), USE, who, "alcohol")))
    excused = [[[symbol == "e" for symbol in one] for one in found] for found in patterns]
    assert excused[0] == excused[1] == excused[2]
    assert patterns[0][0] == "e" * 12
    assert "o" in patterns[1][1]


@pytest.mark.parametrize("other", ["cannabis", "opioid"])
def test_of_several_substances_the_one_that_is_found_longest_makes_the_week_known(other: str) -> None:
    """Ethanol alone tells of no week; beside a substance that is found for days it is a part of what was looked for."""
    rows = [(3, "positive", "alcohol"), (3, "negative", other), (10, "negative", "alcohol"), (10, "positive", other)]
    rows += [(17, "negative", "alcohol"), (18, "negative", other), (24, "positive", "alcohol")]
    tests = screens(*rows, (30, "missing", other), (31, "positive", "alcohol"), also=("substance",))
    assert text(tests, USE, of="any", days=35) == "++-eo"
    assert text(tests, USE, of="alcohol", days=35) == "eeeee"


def test_a_schedule_that_is_thinned_leaves_what_is_known_to_no_result() -> None:
    views = [AskedTests(substance=of, one_in_days=14) for of in ("alcohol", "opioid")]
    for of, pattern in (("alcohol", "_e_e"), ("opioid", "_-_+")):
        found = run(weeks("++", "+-", "--", "-+", substance=of), USE, days=28, views=views)
        (view,) = (v for v in views if v.substance == of)
        assert to_strings(step.matrix(found, ["a"], view, USE).window(1, 4)) == [pattern]


def test_interviews_tell_of_such_a_week_and_use_that_a_test_found_stands() -> None:
    tests = weeks("-", "+", "-", "+", **ALCOHOL)
    # days 15 to 28 are told of: free of use, or use from day 16 on
    fills = Use(self_report="fills")
    assert text(tests, fills, of="alcohol", days=28, followups=told()) == "ee-+"
    assert text(tests, fills, of="alcohol", days=28, followups=told(days_used=14.0)) == "ee++"


def alike_people(n: int) -> pd.DataFrame:
    """Everyone drinks on a day of 15 % of 12 weeks; one half is tested once a week, the other twice."""
    rng = np.random.default_rng(5)
    rows = []
    for i in range(n):
        for week in range(12):
            found = "positive" if rng.random() < 0.15 else "negative"
            rows.append((f"p{i:03d}", 7 * week + 2, found))
            if i % 2:
                rows.append((f"p{i:03d}", 7 * week + 5, "negative"))
    return pd.DataFrame(rows, columns=["person_id", "day", "result"]).assign(substance="alcohol")


def test_people_who_drink_alike_are_not_told_apart_by_how_often_they_are_tested() -> None:
    tests = alike_people(200)
    who = tuple(tests["person_id"].unique())
    found = run(tests, USE, days=84, who=who, classes=("alcohol",)).set_index("person_id")
    once = np.array([int(name[1:]) % 2 == 0 for name in found.index])
    told = found["state"].isin(["negative", "mixed", "positive"])
    share = (found.loc[told & ~once, "state"] == "negative").mean()
    # 1,200 weeks: within three standard errors of .85
    assert abs(share - 0.85) < 3 * np.sqrt(0.85 * 0.15 / 1200)
    assert (found.loc[once, "state"] == "excused").all()
    # the naive reading excuses such negatives and keeps the positives: people who drink alike look nothing alike
    every = run(tests, Use(least_covered=0), days=84, who=who, classes=("alcohol",)).set_index("person_id")["state"]
    naive = every.mask(~told & (every == "negative"))
    by_half = (naive.dropna() == "negative").groupby(once[naive.notna()]).mean()
    assert by_half[False] - by_half[True] > 0.8
    assert abs(by_half[False] - (every[once] == "negative").mean()) < 0.05


@pytest.mark.parametrize("thinned", [0, 14])
@pytest.mark.parametrize("wanted", ["any", "alcohol", "opioid"])
@pytest.mark.parametrize("conflicts", ["mixed", "any_positive", "last"])
def test_what_is_known_stays_known_whatever_the_results(wanted: str, conflicts: str, thinned: int) -> None:
    """Other results in the same tests: the same intervals are known, and the same days of single tests tell as much."""
    rng = np.random.default_rng(11)
    n, who = 600, tuple(f"p{i:02d}" for i in range(40))
    results = ["negative", "positive", "inconclusive"]
    rows = pd.DataFrame(
        {
            "person_id": rng.choice(who, n), "day": rng.integers(1, 84, n),
            "substance": rng.choice(["alcohol", "etg", "cannabis", "opioid"], n, p=[0.7, 0.1, 0.1, 0.1]),
            "specimen": rng.choice(["urine", "breath", "oral_fluid"], n), "result": rng.choice(results, n),
        }
    )  # fmt: skip
    rows.loc[rng.random(n) < 0.2, "result"] = "missing"
    taken = rows["result"] != "missing"
    use, view = Use(conflicts=conflicts), AskedTests(substance=wanted, one_in_days=thinned)
    seen = []
    for _ in range(3):
        found = matrix_of(rows, use, view, who)
        people = pd.DataFrame({"person_id": who, "index_start_day": 0, "record_id": who})
        tells = asked.of(asked.read(people, rows, None, use), view, use).screens.sort_values(["person_id", "day"])
        seen.append((np.isin(list("".join(found)), list("-+*")), tells["tells_days"].to_numpy(), found))
        rows = rows.assign(result=rows["result"].mask(taken, pd.Series(rng.choice(results, n), index=rows.index)))
    for known, tells, found in seen[1:]:
        assert np.array_equal(known, seen[0][0])
        assert np.array_equal(tells, seen[0][1])
        assert found != seen[0][2]
    assert 0.01 < seen[0][0].mean() < 0.99


def matrix_of(rows: pd.DataFrame, use: Use, view: AskedTests, who: tuple[str, ...]) -> list[str]:
    found = run(rows, use, days=84, who=who, views=[view])
    return to_strings(step.matrix(found, who, view, use).window(1, 12))


def test_as_many_tests_are_counted_as_were_given() -> None:
    found = run(weeks(*WEEKS, **ALCOHOL), USE, days=42, classes=("alcohol",))
    assert found["tests_taken"].tolist() == found["tests_due"].tolist() == [2, 2, 2, 1, 1, 1]
    assert to_strings(matrix(found, USE, of="alcohol")) == ["+*-eee"]
