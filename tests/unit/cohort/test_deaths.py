"""Who died: due where the living are due, and at risk until the death; one rule for every kind of endpoint."""

from __future__ import annotations

import numpy as np
import pandas as pd
import parts
import pytest
from cohort_rows import episodes, people, table
from pattern_rows import use_patterns

from iop_outcomes.cohort import abstinence, pattern_endpoints, use
from iop_outcomes.protocol import Endpoint, Use
from iop_outcomes.tables import TABLES, check

EMPTY = {name: TABLES[name].empty() for name in ("followups", "medications", "stays", "screens")}
# who, the day of death, and the last day of observation
WHO = {"alive": (None, 200), "early": (None, 99), "dead": (50, 200), "dead_early": (50, 99), "ended": (50, 50)}
NOT_DUE = ["early", "dead_early"]
ONE, TWO = (
    "statistic = first | counts = positive | at_least = 1",
    "statistic = first | counts = positive | at_least = 2",
)


def cohort(who: dict[str, tuple[int | None, int]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    given = people(*who).assign(observed_days=[observed for _, observed in who.values()])
    rows = [{"person_id": name, "death_day": day, "observed_to_day": to} for name, (day, to) in who.items()]
    return given, table("persons", rows, sex="unknown")


def answered(who: dict[str, tuple[int | None, int]], endpoint: Endpoint, screens: pd.DataFrame, day: int = 100):
    given, persons = cohort(who)
    care = episodes([{"person_id": name} for name in who])
    rows = [{"person_id": name, "days": to, "days_latest": to} for name, (_, to) in who.items()]
    kept = table("retention", rows, follows="index", cause="censored")
    return abstinence.run(
        given, EMPTY["followups"], screens, persons, care, kept, [endpoint], {"o": [day]},
        EMPTY["medications"], EMPTY["stays"],
    )  # fmt: skip


def of_patterns(who, endpoint: Endpoint, screens: pd.DataFrame, rules: Use, day: int = 100) -> dict[str, pd.DataFrame]:
    given, persons = cohort(who)
    tables = EMPTY["stays"], screens, EMPTY["followups"], EMPTY["medications"]
    made = use.run(given, persons, *tables, rules, [endpoint.tests])["use_patterns"]
    dated = given.assign(death_day=abstinence.death_days(given, persons))
    tables = pattern_endpoints.run(dated, made, rules, [endpoint], {"o": [day]})
    for name, frame in tables.items():
        check(TABLES[name], frame)
    return tables


def weekly_tests(results: dict[str, str]) -> pd.DataFrame:
    """One on the last day of each week that begins on day 0."""
    named = {"-": "negative", "+": "positive", "o": "missing"}
    rows = [
        {"person_id": who, "day": 7 * at + 6, "result": named[one]}
        for who, text in results.items()
        for at, one in enumerate(text)
    ]
    return table("screens", rows, substance="opioid")


@pytest.mark.parametrize("kind", ["interview", "screen", "no_return", "continuous_abstinence", "point_prevalence"])
def test_an_answer_on_a_day_is_due_of_the_dead_where_it_is_due_of_the_living(kind: str) -> None:
    """Day 100 lies a day beyond the observation of two, one of whom died on day 50. Records that end on the day of the
    death do not tell how long they would have gone on: it was due.
    """
    endpoint = parts.endpoint("o", kind, substance="any", tolerance_days=14)
    found = answered(WHO, endpoint, EMPTY["screens"])["abstinence"].set_index("person_id")
    assert found.index[~found["mature"]].tolist() == NOT_DUE
    assert found.index[found["dead"]].tolist() == ["dead", "ended"]


def test_an_amount_is_due_of_the_dead_where_it_is_due_of_the_living() -> None:
    endpoint = parts.endpoint("o", "days_abstinent", substance="any", window_days=30)
    found = answered(WHO, endpoint, EMPTY["screens"])["amounts"].set_index("person_id")
    assert found.index[~found["mature"]].tolist() == NOT_DUE
    assert found.index[found["dead"]].tolist() == ["dead", "ended"]


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("pattern_answer", "statistic = count | counts = positive | at_most = 0"),
        ("pattern_number", "statistic = longest_run | counts = negative"),
        ("pattern_share", "statistic = share | counts = negative"),
    ],
)
def test_an_answer_of_patterns_is_due_of_the_dead_where_it_is_due_of_the_living(kind: str, pattern: str) -> None:
    endpoint = parts.endpoint("o", kind, substance="opioid", pattern=pattern)
    table_of = "abstinence" if kind == "pattern_answer" else "amounts"
    screens = weekly_tests(dict.fromkeys(WHO, "-" * 7))
    found = of_patterns(WHO, endpoint, screens, Use(begins=0))[table_of].set_index("person_id")
    assert found.index[~found["mature"]].tolist() == NOT_DUE
    assert found.index[found["dead"]].tolist() == ["dead", "ended"]


def test_shares_of_the_dead_are_those_of_the_people_and_not_of_when_they_entered() -> None:
    """Half of all die on day 50, whenever they entered; half are observed to day 200, the others to day 99."""
    who = {f"p{n}": (50 if n % 2 else None, 200 if n % 4 < 2 else 99) for n in range(40)}
    endpoint = parts.endpoint("o", "screen", substance="any", tolerance_days=14)
    found = answered(who, endpoint, EMPTY["screens"])["abstinence"]
    assert found.loc[found["mature"], "dead"].mean() == 0.5


def times(texts: dict[str, str], deaths: dict[str, int], pattern: str, rules: Use) -> list[list[object]]:
    endpoint = parts.endpoint("o", "pattern_time", substance="opioid", pattern=pattern)
    day = pd.array([deaths.get(name) for name in texts], dtype="Int64")
    given = people(*texts, observed_days=100).assign(death_day=day)
    found = pattern_endpoints.run(given, use_patterns(texts), rules, [endpoint], {"o": [70]})["first_use"]
    return found[["days", "event"]].to_numpy().tolist()


def test_nobody_is_at_risk_beyond_their_death() -> None:
    """Weeks end on days 6, 13, 20, ...; a and b die in week 3, b after that week's test; c lives, d dies before any."""
    texts = {"a": "--xxxx", "b": "--+xxx", "c": "------", "d": "xxxxxx"}
    deaths = {"a": 16, "b": 17, "d": 3}
    apart = Use(begins=0)
    assert times(texts, deaths, ONE, apart) == [[13, False], [20, True], [41, False], [0, False]]
    # a run of two could begin, and be known, a week earlier
    assert times(texts, deaths, TWO, apart) == [[6, False], [13, False], [34, False], [0, False]]
    # where the study reads weeks from a death on as missed, they are no event that asks for positives
    missed = {name: text.replace("x", "o") for name, text in texts.items()}
    assert times(missed, deaths, ONE, Use(begins=0, deaths="missed")) == times(texts, deaths, ONE, apart)


def test_an_endpoint_that_says_how_deaths_are_read_reads_them() -> None:
    """As missed tests, which are the event; as negatives; or by the study's own word, that they were missed."""
    texts, deaths = {"a": "--xxxx"}, {"a": 16}
    assert times(texts, deaths, f"{ONE} | missed = positive | died = missed", Use(begins=0)) == [[20, True]]
    assert times(texts, deaths, f"{ONE} | died = negative", Use(begins=0)) == [[41, False]]
    assert times(texts, deaths, "statistic = first | counts = died | at_least = 1", Use(begins=0)) == [[20, True]]
    missed = Use(begins=0, deaths="missed")
    assert times({"a": "--oooo"}, deaths, f"{ONE} | missed = positive", missed) == [[20, True]]
    # the relapse of CTN-0094 counts the dead as missing, and the missing as using
    assert times(texts, deaths, "Rs_ctnNinetyFour_2023", Use(begins=0)) == [[20, True]]


@pytest.mark.parametrize("run", [1, 2, 4])
@pytest.mark.parametrize(("counts", "named"), [("positive", "positive"), ("positive; missed", "positive, missing")])
def test_a_pattern_and_a_run_of_the_same_tests_are_one_endpoint(run: int, counts: str, named: str) -> None:
    """Tests on the last day of each week, to the end of observation or the day before a death: the same days."""
    rng = np.random.default_rng(20)
    who: dict[str, tuple[int | None, int]] = {}
    texts = {}
    for n in range(300):
        weeks = int(rng.integers(1, 26))
        died = int(rng.integers(0, 7 * weeks)) if n % 3 == 0 else None
        who[f"p{n:03}"] = (died, 7 * weeks - 1)
        tested = weeks if died is None else died // 7
        texts[f"p{n:03}"] = "".join(rng.choice(["-", "+", "o"], tested, p=[0.6, 0.25, 0.15]))
    screens = weekly_tests(texts)
    pattern = f"statistic = first | counts = {counts} | at_least = {run}"
    ours = parts.endpoint("o", "pattern_time", substance="opioid", pattern=pattern)
    theirs = parts.endpoint("o", "run_of_screens", substance="opioid", run=run, counts=named)
    by_pattern = of_patterns(who, ours, screens, Use(begins=0))["first_use"]
    by_test = answered(who, theirs, screens)["first_use"]
    assert by_test["event"].sum() > 5
    columns = ["person_id", "days", "event"]
    pd.testing.assert_frame_equal(by_pattern[columns], by_test[columns])


def test_tests_that_a_schedule_goes_on_to_list_after_a_death_make_no_relapse() -> None:
    """Two negatives, then none is given; who lives missed four, and who died on day 20 none but the one of that day."""
    screens = weekly_tests({name: "--oooo" for name in ("alive", "dead")})
    who = {"alive": (None, 200), "dead": (20, 200)}
    endpoint = parts.endpoint("o", "run_of_screens", substance="opioid", run=2, counts="positive,missing")
    given, persons = cohort(who)
    care = episodes([{"person_id": name} for name in who])
    rows = [{"person_id": name, "days": 200, "days_latest": 200} for name in who]
    kept = table("retention", rows, follows="index", cause="censored")
    found = {
        deaths: abstinence.run(
            given, EMPTY["followups"], screens, persons, care, kept, [endpoint], {"o": [100]}, use=Use(deaths=deaths)
        )["first_use"].set_index("person_id")["event"].to_dict()
        for deaths in ("apart", "missed")
    }  # fmt: skip
    assert found == {"apart": {"alive": True, "dead": False}, "missed": {"alive": True, "dead": True}}
