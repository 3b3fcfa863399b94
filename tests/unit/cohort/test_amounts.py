"""Percent days abstinent, longest runs and change in use, by hand, and against days counted one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import parts
import pytest
from cohort_rows import EMPTY, LIVING, episodes, followups, people, persons, screens

from iop_outcomes.cohort import abstinence, retention
from iop_outcomes.tables import TABLES, check

RESULTS = ["negative", "positive", "missing"]
READ = ["as_use", "known", "as_free"]


def found(kind: str, who, held=EMPTY["followups"], tests=EMPTY["screens"], dead=LIVING, day: int = 30, **asked):
    endpoint = parts.endpoint("o", kind, **{"substance": "any", **asked})
    care = episodes([{"person_id": p} for p in who["person_id"]])
    stays = retention.run(who, care, TABLES["episodes_by_gap"].empty())["retention"]
    own = abstinence.run(who, held, tests, dead, care, stays, [endpoint], {"o": [day]})["amounts"]
    return check(TABLES["amounts"], own).set_index("person_id")


def told(*given, times: float = 1.0, **asked) -> dict[str, list[float | None]]:
    """Amounts by person, as use, of known days, as free; times: a factor that makes whole numbers of shares."""
    rows = found(*given, **asked)
    return {str(p): [None if np.isnan(v) else round(v * times, 9) for v in r] for p, r in rows[READ].iterrows()}


INTERVIEWS = followups(
    [
        {"person_id": "a", "day": 30, "lookback_days": 30, "days_used": 6},
        {"person_id": "b", "day": 20, "lookback_days": 10, "days_used": 5},  # days 10 to 19
        {"person_id": "c", "day": 30, "lookback_days": 40, "days_used": 20},  # 10 of its days lie before the window
        {"person_id": "d", "day": 30, "lookback_days": 20, "days_used": 0},  # days 10 to 29
        {"person_id": "e", "day": None, "lookback_days": 30, "days_used": None},
    ]
)


def test_share_of_days_by_hand():
    """30 days, 0 to 29; unknown days count as use, not at all, or as free."""
    assert told("days_abstinent", people(*"abcde"), INTERVIEWS, times=30) == {
        "a": [24, 24, 24],
        "b": [5, 15, 25],  # half of the known days
        "c": [15, 15, 15],
        "d": [20, 30, 30],
        "e": [0, None, 30],
    }


def test_use_that_is_known_by_its_day_is_among_the_days_that_were_counted():
    """Positive screens of a look-back are no further days of use, unless there are more of them; outside, each is one;
    negative ones speak for a week, and not against days that an interview counted.
    """
    used = {"a": 2, "b": 0, "c": 1}
    held = followups([{"person_id": p, "day": 30, "lookback_days": 10, "days_used": n} for p, n in used.items()])
    tests = screens(
        [
            {"person_id": "a", "day": 25, "result": "positive"},
            {"person_id": "b", "day": 25, "result": "positive"},
            *({"person_id": "c", "day": day, "result": "positive"} for day in (3, 21, 22, 23)),
            {"person_id": "a", "day": 25, "result": "negative"},
            {"person_id": "c", "day": 9, "result": "negative"},  # days 3 to 9, of which 3 held use
        ]
    )  # fmt: skip
    assert told("days_abstinent", people(*"abc"), held, tests, times=30, tolerance_days=7) == {
        "a": [8, 8 * 3, 28], "b": [9, 9 * 3, 29], "c": [13, round(13 / 17 * 30, 9), 26],
    }  # fmt: skip


def test_a_window_and_a_first_day_leave_days_out():
    assert told("days_abstinent", people("b"), INTERVIEWS, times=15, window_days=15)["b"] == [2.5, 7.5, 12.5]
    assert told("days_abstinent", people("b"), INTERVIEWS, times=15, from_day=15)["b"] == [2.5, 7.5, 12.5]
    later = told("days_abstinent", people("b"), INTERVIEWS, times=10, from_day=20, window_days=15)["b"]
    assert later == [0, None, 10]


def test_days_from_a_death_on_are_read_as_the_endpoint_says():
    dead = persons([{"person_id": p, "death_day": d} for p, d in (("d", 20), ("e", 25), ("a", 30))])
    against = found("days_abstinent", people(*"ade"), INTERVIEWS, dead=dead)
    assert against["dead"].tolist() == [False, True, True]  # day 30 is none of the days
    assert against.loc["d", READ].tolist() == pytest.approx([10 / 30, 15 / 30, 20 / 30])
    assert against.loc["e", READ].tolist() == pytest.approx([0, 0, 25 / 30])
    unknown = told("days_abstinent", people(*"ade"), INTERVIEWS, dead=dead, deaths="as_missing", times=30)
    assert unknown["e"] == [0, None, 30]


def test_the_longest_run_by_hand():
    """Days 10 to 29 are known to be free, and 3 to 9 by a screen on day 9; day 8 held use."""
    results = {9: "negative", 8: "positive"}
    tests = screens([{"person_id": "d", "day": day, "result": result} for day, result in results.items()])
    own = told("longest_abstinence", people(*"abde"), INTERVIEWS, tests, tolerance_days=7)
    assert own["d"] == [21, 21, 21]  # 9 to 29
    assert own["a"] == [0, 0, 0]  # it is not known which six days of all held use
    assert own["b"] == [0, 0, 10]  # 0 to 9, or 20 to 29
    assert own["e"] == [0, None, 30]
    gap = followups(
        [
            {"person_id": "a", "day": 10, "lookback_days": 10, "days_used": 0},
            {"person_id": "a", "day": 30, "lookback_days": 15, "days_used": 0},
        ]
    )
    assert told("longest_abstinence", people("a"), gap)["a"] == [15, 25, 30]  # days 10 to 14 are not known


def test_a_change_is_held_against_the_days_before_time_zero():
    held = followups(
        [
            {"person_id": "a", "day": 0, "lookback_days": 30, "days_used": 24},
            {"person_id": "a", "day": 180, "lookback_days": 30, "days_used": 3},
            {"person_id": "b", "day": 180, "lookback_days": 30, "days_used": 3},
            {"person_id": "c", "day": 0, "lookback_days": 15, "days_used": 3},
            {"person_id": "c", "day": 180, "lookback_days": 15, "days_used": 15},
        ]
    )  # fmt: skip
    rows = found("change_in_use", people(*"abc"), held, day=180, window_days=30)
    assert rows.loc["a", [*READ, "before"]].tolist() == pytest.approx([0.7, 0.7, 0.7, 0.2])
    assert rows.loc["b", [*READ, "before"]].isna().all()
    # of the days before those that are known; of the last thirty half are not
    assert rows.loc["c", [*READ, "before"]].tolist() == pytest.approx([-0.8, -0.8, 0.5 - 0.8, 0.8])


def test_days_are_those_that_one_counts_one_by_one():
    rng = np.random.default_rng(7)
    who = people(*(f"p{i}" for i in range(60)))
    held = followups(
        [
            {"person_id": p, "day": int(d), "lookback_days": int(n), "days_used": int(min(u, n))}
            for p in who["person_id"]
            for d, n, u in zip(rng.integers(-5, 80, 2), rng.integers(1, 40, 2), rng.integers(0, 12, 2), strict=True)
        ]
    )
    tests = screens(
        [
            {"person_id": p, "day": int(d), "result": str(r)}
            for p in who["person_id"]
            for d, r in zip(rng.choice(70, 6, replace=False), rng.choice(RESULTS, 6), strict=True)
        ]
    )  # fmt: skip
    share = found("days_abstinent", who, held, tests, day=60, tolerance_days=7, from_day=2)
    run = found("longest_abstinence", who, held, tests, day=60, tolerance_days=7, from_day=2)
    for person in who["person_id"]:
        days = _counted(held[held["person_id"] == person], tests[tests["person_id"] == person])[2:60]
        known = [d for d in days if d is not None]
        free, unknown = sum(1 - d for d in known), len(days) - len(known)
        expected = [free / 58, free / len(known) if known else np.nan, (free + unknown) / 58]
        assert share.loc[person, READ].tolist() == pytest.approx(expected, abs=1e-6, nan_ok=True)
        runs = [_longest([d == 0 for d in days]), _longest([d == 0 for d in known]), _longest([not d for d in days])]
        assert run.loc[person, READ].tolist() == [
            runs[0],
            runs[1] if known else pytest.approx(np.nan, nan_ok=True),
            runs[2],
        ]


def _counted(held: pd.DataFrame, tests: pd.DataFrame) -> list[float | None]:
    """Days 0 to 59, each with its share of use, or None."""
    days: list[float | None] = [None] * 60

    def hold(day: int, share: float) -> None:
        if 0 <= day < 60:
            days[day] = max(share, days[day] or 0.0)

    inside = set()
    for row in held.itertuples():
        lookback = range(row.day - row.lookback_days, row.day)
        positive = set(tests.loc[tests["result"] == "positive", "day"]) & set(lookback)
        if row.days_used:
            inside |= positive
            for day in lookback:
                hold(day, min(max(row.days_used, len(positive)), len(lookback)) / len(lookback))
        else:
            for day in lookback:
                hold(day, 0.0)
    for row in tests.itertuples():
        if row.result == "positive" and row.day not in inside:
            hold(row.day, 1.0)
        for day in range(row.day - 6, row.day + 1) if row.result == "negative" else ():
            hold(day, 0.0)
    return days


def _longest(free: list[bool]) -> int:
    best = now = 0
    for one in free:
        now = now + 1 if one else 0
        best = max(best, now)
    return best
