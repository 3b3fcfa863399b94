"""Endpoints counted from admission and from the return to the community; tests that are excused or explained."""

from __future__ import annotations

import pandas as pd
import parts
import pytest
from cohort_rows import people, table
from use_rows import screens, spell, stay

from iop_outcomes.cohort import abstinence, pattern_endpoints, use
from iop_outcomes.protocol import Use
from iop_outcomes.tables import TABLES, check

WHO = ("home", "residence", "never", "dead")
CARE = pd.concat(
    [
        stay("2.1", 0, 60, "home"), stay("3.5", 0, 29, "residence"), stay("2.1", 30, 60, "residence"),
        stay("3.7", 0, None, "never"), stay("3.5", 0, 20, "dead"),
    ],
    ignore_index=True,
)  # fmt: skip
FOLLOWUPS = table(
    "followups",
    [
        {"person_id": "home", "target_day": 90, "day": 90, "days_used": 0.0, "no_use_through_day": 89},
        {"person_id": "residence", "target_day": 90, "day": 90, "days_used": 3.0, "first_use_day": 40,
         "no_use_through_day": 39},
        {"person_id": "never", "target_day": 90, "day": 90, "days_used": 0.0, "no_use_through_day": 89},
    ],
    lookback_days=28,
)  # fmt: skip


def found(endpoint, day: int, tests=None, **more) -> dict[str, pd.DataFrame]:
    who = people(*WHO, observed_days=120)
    dead = table(
        "persons", [{"person_id": n, "death_day": 10 if n == "dead" else None} for n in WHO], observed_to_day=120,
        sex="unknown",
    )  # fmt: skip
    kept = table(
        "retention", [{"person_id": n} for n in WHO], follows="index", days=60, days_latest=60, cause="completed"
    )
    care = table("episodes", [], episode=1)
    given = TABLES["screens"].empty() if tests is None else tests
    tables = abstinence.run(
        who, more.pop("interviews", FOLLOWUPS), given, dead, care, kept, [endpoint], {"o": [day]},
        more.pop("medications", None), CARE, Use(**more),
    )  # fmt: skip
    for name, frame in tables.items():
        check(TABLES[name], frame)
    return tables


@pytest.mark.parametrize(
    ("clock", "times"),
    [
        ("admission", {"home": (89, False), "residence": (40, True), "never": (89, False), "dead": (0, False)}),
        # ten days after the return; who never returned was never at risk
        ("community", {"home": (89, False), "residence": (10, True), "never": (0, False), "dead": (0, False)}),
    ],
)
def test_days_to_first_use_from_both_clocks(clock: str, times: dict) -> None:
    endpoint = parts.endpoint("o", "first_use", substance="any", clock=clock)
    rows = found(endpoint, 90)["first_use"]
    assert {r.person_id: (r.days, r.event) for r in rows.itertuples()} == times


@pytest.mark.parametrize(
    ("clock", "day", "answers"),
    [
        ("admission", 35, {"home": True, "residence": True, "never": True, "dead": "dead"}),
        # a month in a bed is not a month at liberty: day 35 after the return is day 65; who died there never returned
        ("community", 35, {"home": True, "residence": False, "never": "not asked", "dead": "not asked"}),
        # 91 days after the return are not over when observation ends; use before is known all the same
        ("community", 91, {"home": None, "residence": False, "never": "not asked", "dead": "not asked"}),
    ],
)
def test_no_return_to_use_from_both_clocks(clock: str, day: int, answers: dict) -> None:
    rows = found(parts.endpoint("o", "no_return", clock=clock), day)["abstinence"].set_index("person_id")
    told = {}
    for person, row in rows.iterrows():
        answer = None if pd.isna(row["abstinent"]) else bool(row["abstinent"])
        told[person] = (
            answer if answer is not None else "dead" if row["dead"] else None if row["mature"] else "not asked"
        )
    assert told == answers


def test_use_in_residence_tells_nothing_of_the_time_after_the_return() -> None:
    used = FOLLOWUPS.assign(first_use_day=pd.array([None, 20, None], dtype="Int64"))
    used = used.assign(no_use_through_day=pd.array([89, 19, 89], dtype="Int64"))
    for kind, table_ in (("first_use", "first_use"), ("no_return", "abstinence")):
        endpoint = parts.endpoint("o", kind, substance="any" if kind == "first_use" else "", clock="community")
        own = found(endpoint, 35, interviews=used)[table_].set_index("person_id").loc["residence"]
        answer = (own["days"], own["event"]) if kind == "first_use" else (own["mature"], pd.isna(own["abstinent"]))
        assert answer == ((0, False) if kind == "first_use" else (True, True))


def test_a_clock_is_for_outcomes_about_use() -> None:
    with pytest.raises(ValueError, match="it is for outcomes about use from tests and interviews"):
        parts.endpoint("o", "in_care", clock="community")
    with pytest.raises(ValueError, match="`clock` does not fit the kind change_in_use: the days before a return"):
        parts.endpoint("o", "change_in_use", clock="community")
    with pytest.raises(ValueError, match="expected one of 'admission', 'community'"):
        parts.endpoint("o", "first_use", clock="discharge")


def test_patterns_and_days_are_counted_from_the_return_to_the_community() -> None:
    """Days 30 to 58 at home: 28 days after the return. Who never returned is not asked."""
    tests = screens(*((day, "negative") for day in (5, 12, 19, 26)), (33, "positive"), (40, "negative"),
                    (47, "positive"), (54, "positive"), person_id="residence")  # fmt: skip
    who = people(*WHO, observed_days=120)
    dead = table("persons", [{"person_id": n} for n in WHO], observed_to_day=120, sex="unknown")
    rules = Use(begins=0)
    share = "statistic = share | counts = negative"
    said = {}
    for clock in ("admission", "community"):
        endpoints = [
            parts.endpoint("yes", "pattern_answer", substance="opioid", clock=clock,
                           pattern="statistic = longest_run | counts = negative | at_least = 2"),
            parts.endpoint("share", "pattern_share", substance="opioid", clock=clock, pattern=share),
            parts.endpoint("days", "days_abstinent", substance="opioid", clock=clock, tolerance_days=7),
        ]  # fmt: skip
        none = TABLES["medications"].empty(), TABLES["followups"].empty()
        made = use.run(who, dead, CARE, tests, none[1], none[0], rules, [e.tests for e in endpoints])["use_patterns"]
        own = pattern_endpoints.run(
            who.assign(death_day=pd.array([None] * 4, dtype="Int64")), made, rules, endpoints,
            {"yes": [28], "share": [28], "days": [28]}, CARE,
        )  # fmt: skip
        own_days = endpoints[2].model_copy(update={"outcome": "o"})
        days = found(own_days, 28, tests, interviews=none[1])["amounts"].set_index("person_id")
        answer, amount = (own[name].set_index("person_id").loc["residence"] for name in ("abstinence", "amounts"))
        said[clock] = bool(answer["abstinent"]), amount["as_use"], round(28 * days.loc["residence", "as_use"])
        assert not own["amounts"].set_index("person_id").loc["never", "mature"]
        assert days.loc["never", "mature"] == (clock == "admission")
    # of the four weeks from day 30 on one is negative, that of day 40, whose test speaks for days 34 to 40
    assert said == {"admission": (True, 1.0, 28 - 1), "community": (False, 1 / 4, 7)}


@pytest.mark.parametrize(
    ("rows", "more", "abstinent", "mature"),
    [
        ([(83, "missing", None)], {}, None, True),
        # a laboratory error is no missed test: nothing was asked
        ([(83, "missing", "laboratory_error")], {}, None, False),
        ([(80, "missing", "no_show"), (83, "missing", "in_jail")], {}, None, True),
        ([(80, "negative", None), (83, "missing", "in_jail")], {}, True, True),
        ([(83, "missing", "laboratory_error")], {"excused": []}, None, True),
        ([], {}, None, True),
    ],
)
def test_an_excused_test_is_not_due(rows: list, more: dict, abstinent: bool | None, mature: bool) -> None:
    tests = screens(*rows, also=("reason",), person_id="home") if rows else None
    endpoint = parts.endpoint("o", "screen", substance="opioid", tolerance_days=7)
    own = found(endpoint, 84, tests, **more)["abstinence"].set_index("person_id").loc["home"]
    assert (None if pd.isna(own["abstinent"]) else bool(own["abstinent"]), bool(own["mature"])) == (abstinent, mature)


def test_what_is_prescribed_is_no_use_in_endpoints_either() -> None:
    tests = screens((70, "positive"), person_id="home", substance="methadone")
    endpoint = parts.endpoint("o", "interview", substance="any", tolerance_days=14)
    taken = spell("methadone", 0, None).assign(person_id="home")

    def answer(**more: object) -> bool:
        return bool(found(endpoint, 90, tests, **more)["abstinence"].set_index("person_id").loc["home", "abstinent"])

    assert not answer()
    assert answer(medications=taken)
    assert not answer(medications=taken, prescribed="use")


def test_an_endpoint_of_a_class_reads_its_substances() -> None:
    rows = screens((80, "negative"), (83, "positive"), (83, "negative"), person_id="home", substance="Fentanyl")
    endpoint = parts.endpoint("o", "screen", substance="opioid", tolerance_days=7)
    own = found(endpoint, 84, rows)["abstinence"].set_index("person_id")
    assert not own.loc["home", "abstinent"]
    others = rows.assign(substance="cocaine")
    assert pd.isna(found(endpoint, 84, others)["abstinence"].set_index("person_id").loc["home", "abstinent"])


def test_arms_on_different_schedules_are_read_on_a_common_one() -> None:
    """Of weekly tests the last of two weeks stands; an endpoint that is no test is refused."""
    rows = screens((72, "positive"), (80, "negative"), person_id="home")
    every = parts.endpoint("o", "run_of_screens", substance="opioid", run=1, counts="positive")
    thinned = parts.endpoint("o", "run_of_screens", substance="opioid", run=1, counts="positive", one_in_days=14)
    events = [found(e, 90, rows)["first_use"].set_index("person_id").loc["home", "event"] for e in (every, thinned)]
    assert [bool(event) for event in events] == [True, False]
    with pytest.raises(ValueError, match="`one_in_days` thins tests: it is for outcomes of tests"):
        parts.endpoint("o", "first_use", one_in_days=14)
