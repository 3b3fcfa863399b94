"""Who is in the cohort and in which arm, on tables small enough to check by hand."""

from __future__ import annotations

import pandas as pd
import parts
import pytest
from cohort_rows import (
    CONTRAST,
    NO_INTAKE,
    NO_PERIODS,
    NO_QUARANTINE,
    POPULATION,
    RULES,
    admitted,
    blind,
    episodes,
    people,
    persons,
    screens,
    table,
)

from iop_outcomes.cohort import population, units
from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Adjustment, Arm, Eligibility


def test_each_person_is_excluded_once_under_the_first_rule_that_fits():
    who = persons(
        [
            {"person_id": "ok1"}, {"person_id": "ok2"}, {"person_id": "minor", "age": 17},
            {"person_id": "noage", "age": None}, {"person_id": "nocare"}, {"person_id": "eating"},
            {"person_id": "before"}, {"person_id": "recent"}, {"person_id": "broken", "age": 12},
        ]
    )  # fmt: skip
    care = episodes(
        [
            {"person_id": "ok1"}, {"person_id": "ok2", "index_level": "3.5"}, {"person_id": "minor"},
            {"person_id": "noage"}, {"person_id": "eating", "program_type": "eating_disorder"},
            {"person_id": "before", "index_start_day": -5}, {"person_id": "recent", "days_since_previous": 59},
            {"person_id": "broken"},
        ]
    )  # fmt: skip
    broken = table("quarantine", [{"table": "stays", "rule": "r", "row": 0, "person_id": "broken"}])
    found = admitted(who, care, broken)
    assert found["people"]["person_id"].tolist() == ["ok1", "ok2"]
    attrition = found["attrition"]
    # in the records; trusted, treated, begun; mental health, eating disorder; age; washout; observed
    assert attrition["excluded"].tolist() == [0, 1, 1, 1, 0, 1, 2, 1, 0]
    assert attrition["remaining"].iloc[-1] == 2
    assert attrition["excluded"].sum() + 2 == len(who)


def test_a_broken_session_does_not_exclude_its_person():
    broken = table("quarantine", [{"table": "sessions", "rule": "r", "row": 0, "person_id": "a"}])
    who, care = (
        persons([{"person_id": "a"}, {"person_id": "b"}]),
        episodes([{"person_id": "a"}, {"person_id": "b", "index_level": "3.5"}]),
    )
    assert len(admitted(who, care, broken)["people"]) == 2


def test_the_washout_counts_days_without_care():
    who = persons([{"person_id": "a"}, {"person_id": "b"}])
    care = episodes([{"person_id": "a", "days_since_previous": 60}, {"person_id": "b", "index_level": "3.5"}])
    assert len(admitted(who, care)["people"]) == 2


def test_the_index_episode_is_the_first_from_day_zero_on():
    who = persons([{"person_id": "a"}, {"person_id": "b"}])
    care = episodes(
        [
            {"person_id": "a", "episode": 1, "index_start_day": -200, "index_level": "3.5"},
            {"person_id": "a", "episode": 2, "index_start_day": 0, "days_since_previous": 100},
            {"person_id": "a", "episode": 3, "index_start_day": 90, "days_since_previous": 40},
            {"person_id": "b", "index_level": "3.5"},
        ]
    )
    found = admitted(who, care)["people"].set_index("person_id")
    assert found.loc["a", ["index_level", "index_start_day"]].tolist() == ["2.1", 0]


def test_an_empty_arm_stops_the_run_unless_it_may_be_empty():
    who, care = persons([{"person_id": "a"}]), episodes([{"person_id": "a"}])
    with pytest.raises(StudyError, match=r"no eligible person is in the arm 'residential'.*Values found: 2.1"):
        admitted(who, care)
    found = admitted(who, care, contrast=parts.contrast("iop", "residential", required=False))
    assert found["arms"]["arm"].tolist() == [1]


def test_what_else_than_a_wrong_value_leaves_an_arm_empty_is_said():
    asked = parts.contrast("iop", "residential")
    detox = asked.model_copy(update={"second": asked.second.model_copy(update={"values": ["detox"]})})
    with pytest.raises(StudyError, match=r"unless `care\.detoxification` is as_index"):
        admitted(persons([{"person_id": "a"}]), episodes([{"person_id": "a"}]), contrast=detox)
    people = pd.DataFrame({"person_id": ["a", "b"], asked.column: ["2.1", "not_known"], asked.stratum: ["s", "s"]})
    with pytest.raises(StudyError, match="no scheduled hours are recorded; `index_level` needs none"):
        population.arms(people, {"c": asked})


def test_no_one_eligible_stops_the_run_with_the_counts():
    with pytest.raises(StudyError, match="Under 18 years, or age unknown: 1 excluded"):
        admitted(persons([{"person_id": "a", "age": 3}]), episodes([{"person_id": "a"}]))


def test_a_covariate_that_is_not_there_is_named():
    who, care = persons([{"person_id": "a"}]), episodes([{"person_id": "a"}])
    with pytest.raises(StudyError, match="'housing'"):
        admitted(who, care, contrast=None, adjustment=Adjustment(continuous=["severity"], categorical=["housing"]))


def test_missing_numbers_are_flagged_and_rare_categories_joined_to_the_reference():
    rows = [{"person_id": f"p{i:02d}", "severity": None if i < 12 else float(i)} for i in range(40)]
    rows = [{**r, "sex": "male" if i % 2 else "female"} for i, r in enumerate(rows)]
    rows[0]["sex"] = "unknown"
    care = episodes(
        [{"person_id": r["person_id"], "index_level": "3.5" if i % 3 else "2.1"} for i, r in enumerate(rows)]
    )
    found = admitted(persons(rows), care)["covariates"]
    assert list(found.columns) == ["person_id", "severity", "severity=missing", "sex"]
    assert list(found["sex"].cat.categories) == ["male", "female"]
    # the one person of unknown sex counts with the reference
    assert found["sex"].tolist() == ["male", *(r["sex"] for r in rows[1:])]
    assert found["severity=missing"].sum() == 12
    assert found.loc[0, "severity"] == pytest.approx(25.5)


def test_every_episode_can_count_and_records_are_read_from_its_own_time_zero():
    who = persons([{"person_id": "a"}, {"person_id": "b"}])
    care = episodes(
        [
            {"person_id": "a", "episode": 1},
            {"person_id": "a", "episode": 2, "index_start_day": 120, "days_since_previous": 70, "index_level": "3.5",
             "episode_start_day": 120},
            {"person_id": "b", "index_level": "3.5"},
        ]
    )  # fmt: skip
    found = admitted(who, care, unit="episode")["people"]
    assert found["person_id"].tolist() == ["a/1", "a/2", "b/1"]
    assert found["record_id"].tolist() == ["a", "a", "b"]
    tests = screens([{"person_id": "a", "day": 123, "result": "negative"}])
    moved = units.from_zero(tests, found)
    assert dict(zip(moved["person_id"], moved["day"], strict=True)) == {"a/1": 123, "a/2": 3}


def test_people_left_out_by_the_source_and_set_aside_come_first_and_add_up():
    who = persons([{"person_id": "a"}, {"person_id": "b"}])
    care = episodes([{"person_id": "a"}, {"person_id": "b", "index_level": "3.5"}])
    intake = table(
        "intake",
        [
            {"outcome": "kept", "rows": 2}, {"outcome": "excluded: detoxification", "rows": 40},
            {"outcome": "quarantined: out of range age", "rows": 3}, {"outcome": "merged: exact duplicate", "rows": 5},
        ],
        table="persons",
    )  # fmt: skip
    attrition = admitted(who, care, intake=intake)["attrition"]
    assert attrition[["rule", "excluded", "remaining"]].to_numpy().tolist()[:3] == [
        ["In the records", 0, 45],
        ["Detoxification", 40, 5],
        ["A record of theirs could not be trusted", 3, 2],
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [({"column": "shoe_size"}, "'shoe_size', which the records do not have"), ({"column": "sex"}, "which is text")],
)
def test_a_rule_that_the_records_cannot_answer_is_named(change, said):
    who, care = persons([{"person_id": "a"}]), episodes([{"person_id": "a"}])
    given = {"cohort": "*", "rule": "r", "column": "age", "keep": "at_least", "value": "18", "label": "l", **change}
    rule = Eligibility.model_validate(given)
    with pytest.raises(StudyError, match=said):
        admitted(who, care, rules=[rule], contrast=None)


@pytest.mark.parametrize(
    ("adjustment", "said"),
    [
        ({"continuous": [], "categorical": ["person_id"]}, "'person_id'"),
        ({"continuous": [], "categorical": ["observed_to_day"]}, "'observed_to_day'"),
        ({"continuous": ["sex"], "categorical": []}, "'sex' is text"),
        ({"continuous": [], "categorical": ["age"]}, "'age' is a number"),
    ],
)
def test_only_baseline_columns_of_the_right_kind_are_adjusted_for(adjustment, said):
    who, care = persons([{"person_id": "a"}]), episodes([{"person_id": "a"}])
    with pytest.raises(StudyError, match=said):
        admitted(who, care, contrast=None, adjustment=Adjustment.model_validate(adjustment))


def test_a_covariate_that_nobody_has_is_named():
    who, care = persons([{"person_id": "a"}]), episodes([{"person_id": "a"}])
    who["severity"] = float("nan")
    with pytest.raises(StudyError, match="'severity' is missing for everyone"):
        admitted(who, care, contrast=None)


def test_words_that_few_people_have_are_one_category_and_stand_nowhere():
    words = ["working"] * 40 + ["looking"] * 10 + ["beekeeper", "diver", "unknown"]
    who = persons([{"person_id": f"p{i:03d}", "employment": word} for i, word in enumerate(words)])
    care = episodes([{"person_id": n, "index_level": ("2.1", "3.5")[i % 2]} for i, n in enumerate(who["person_id"])])
    given = (
        who, blind(care), NO_PERIODS, NO_QUARANTINE, NO_INTAKE, POPULATION, RULES,
        Adjustment(categorical=["employment", "sex"]), {"c": CONTRAST}, "partial_hospitalization",
    )  # fmt: skip
    found = population.run(*given, fewest=11)
    assert set(found["people"]["employment"]) == {"working", "unknown", population.FEW}
    assert (found["people"]["employment"] == population.FEW).sum() == 12
    assert not {"looking", "beekeeper", "diver"} & set(found["covariates"]["employment"].cat.categories)
    # words that the declaration allows are no one's own; nor are those of an arm
    assert set(found["people"]["sex"]) == {"female"}
    arm = {"first": Arm(name="d", label="Divers", values=["diver"]), "column": "employment"}
    asked = {"c": CONTRAST.model_copy(update=arm)}
    kept = population.together(found["people"].assign(employment=words), ["employment"], asked, 11)
    assert set(kept["employment"]) == {"working", "unknown", "diver", population.FEW}
    # a policy that lets everything out joins nothing
    assert set(population.run(*given)["people"]["employment"]) == set(words)


def test_an_empty_arm_is_told_without_the_words_of_a_few_people():
    words = ["working"] * 12 + ["diver"]
    frame = people(*(f"p{i}" for i in range(13))).assign(employment=words)
    side = Arm(name="none", label="None", values=["nobody"])
    asked = CONTRAST.model_copy(update={"column": "employment", "first": side, "second": side})
    with pytest.raises(StudyError, match=r"Values found: working\.") as refused:
        population.arms(frame, {"c": asked}, 11)
    assert "diver" not in str(refused.value)


def test_what_opens_at_time_zero_is_missing_where_nothing_does_and_order_and_later_episodes_change_nothing():
    own = people("a", "b", "c", index_start_day=5)
    care = episodes(
        [{"person_id": n, "index_start_day": day, "index_reason": why} for n, day, why in
         (("a", 5, "completed"), ("b", 0, "unplanned"), ("d", 5, "died"))]
    )  # fmt: skip
    found = units.opening(own, care, ["index_reason", "index_start_day"])
    assert found["index_reason"].fillna("none").tolist() == ["completed", "none", "none"]
    again = care.assign(episode=2, index_start_day=9)
    for other in (care.iloc[::-1].reset_index(drop=True), pd.concat([care, again], ignore_index=True)):
        pd.testing.assert_frame_equal(units.opening(own, other, ["index_reason", "index_start_day"]), found)


def test_the_first_episode_is_found_alike_in_any_order_of_names():
    who = persons([{"person_id": n} for n in ("b", "a", "c")])
    care = episodes([{"person_id": n, "index_start_day": 3} for n in ("c", "a")])
    columns = ["person_id", "treated", "index_start_day"]
    found = units.candidates(POPULATION, who, blind(care), NO_PERIODS, set())[columns]
    assert found.fillna(-1).to_numpy().tolist() == [["a", "yes", 3], ["b", "no", -1], ["c", "yes", 3]]
