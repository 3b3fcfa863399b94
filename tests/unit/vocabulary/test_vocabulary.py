"""The vocabulary: methods, with truncation and its derivative; kinds of endpoints, causes, levels, statuses."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.cohort import abstinence, amounts, events, on_a_day, weekly
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import TILTS, truncate, weight_slope, weights
from iop_outcomes.patterns.words import VALUES
from iop_outcomes.protocol import Endpoint
from iop_outcomes.tables import TABLES
from iop_outcomes.vocabulary import answers, causes, endpoints, levels, methods, statuses
from iop_outcomes.vocabulary.estimands import ESTIMANDS
from iop_outcomes.vocabulary.kind import BETWEEN_TWO_DAYS, PLACE_BY_PLACE, STEPS, TO_AN_EVENT, Kind


def test_every_method_speaks_for_someone_and_stands_on_weights_that_exist() -> None:
    for name, method in methods.METHODS.items():
        assert method.name == name
        assert method.estimand in ESTIMANDS
        assert method.label
        assert method.explained.endswith(".")
        assert method.weights in {*methods.WEIGHTS, ""}
    last = max(methods.METHODS[name].preferred for name in methods.SCORED)
    assert all(methods.METHODS[name].preferred > last for name in methods.UNADJUSTED)
    assert {w.kind for w in methods.WEIGHTS.values()} == set(TILTS)


def test_only_what_is_asked_for_is_needed() -> None:
    assert methods.needed(["crude", "aipw", "overlap_imputed", "att"]) == ["iptw", "overlap", "att"]
    assert methods.needed(["crude", "randomised"]) == []


def test_a_truncated_weight_does_not_move() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 1))
    arm = (rng.random(300) < 1 / (1 + np.exp(-1.5 * x[:, 0]))).astype(int)
    fitted = fit_propensity(x, arm, names=["x"])
    raw = weights("iptw", arm, fitted.score)
    found = weights("iptw", arm, fitted.score, truncated=(0.01, 0.99))
    np.testing.assert_array_equal(found, truncate(raw)[0])
    moved = weight_slope("iptw", arm, fitted.score, truncated=(0.01, 0.99))
    whole = weight_slope("iptw", arm, fitted.score)
    touched = found != raw
    assert touched.sum() == pytest.approx(6, abs=2)
    assert (moved[touched] == 0).all()
    np.testing.assert_array_equal(moved[~touched], whole[~touched])
    np.testing.assert_array_equal(weights("att", arm, fitted.score)[arm == 1], 1)


def test_every_kind_of_endpoint_has_its_function_and_nothing_else_has() -> None:
    assert set(events.KINDS) == set(endpoints.EVENTS)
    assert set(on_a_day.ANSWERS) == set(on_a_day.DUE) == set(on_a_day.DEAD)
    assert set(on_a_day.ANSWERS) == set(endpoints.ON_A_DAY) - set(endpoints.PATTERN_ANSWERS)
    assert set(abstinence.TIMES) == set(endpoints.TIMED) - set(endpoints.PATTERN_TIMES)
    assert set(abstinence.BETWEEN_DAYS) == set(endpoints.BETWEEN)
    assert set(weekly.WEEKS) == set(endpoints.WEEKLY)
    assert set(amounts.HELD) == set(endpoints.AMOUNTS) - set(endpoints.PATTERN_AMOUNTS)
    assert {endpoints.KINDS[kind].value for kind in endpoints.OF_PATTERNS} == set(VALUES)
    with pytest.raises(KeyError, match=r"vocabulary\.kinds_of_care"):
        events.KINDS.answers(test_only_what_is_asked_for_is_needed)


@pytest.mark.parametrize("kind", endpoints.KINDS.values(), ids=lambda kind: kind.name)
def test_a_kind_of_endpoint_says_what_it_takes(kind: Kind) -> None:
    assert kind.meaning
    assert kind.asked
    for asked in kind.asked:
        assert asked.step in STEPS
        assert all(set(able) <= set(methods.METHODS) for able in asked.measures.values())
    assert all(name in TABLES for name in kind.needs)
    if kind.recorded:
        table, column = kind.recorded
        assert set(kind.columns or (column,)) <= set(TABLES[table].columns)
    # leaving is told by its cause, times to an event by their label, and where people are by the place
    by_label = (TO_AN_EVENT, BETWEEN_TWO_DAYS, PLACE_BY_PLACE)
    told_elsewhere = kind.answered in by_label or kind.name in endpoints.LEFT_INDEX
    assert bool(kind.verb) != told_elsewhere
    assert "{day}" in (kind.verb or "{day}")
    assert bool(kind.silent) == (kind.name in endpoints.EVENTS)
    assert (kind.cause in causes.LABELS or bool(kind.curve)) == (
        kind.name in endpoints.EVENTS or kind.name in endpoints.STAYING
    )


def test_readings_of_kinds_by_hand() -> None:
    of = {name: kind.reading("completed") for name, kind in endpoints.KINDS.items()}
    assert of["left_index"].events == ("completed",)
    assert of["left_index"].others == ("unplanned", "transferred", "died", "other", "censored", "still_at_risk")
    assert (of["in_care"].kind, of["in_care"].staying, of["in_care"].lost) == ("staying", "in_care", ())
    assert of["in_care_or_completed"].staying == "in_care_or_completed"
    assert of["in_care_or_completed"].lost == ("unplanned", "transferred", "died", "other")
    event = endpoints.KINDS["overdose"].reading("overdose")
    assert (event.events, event.others) == (("overdose",), ("died", "censored", "still_at_risk"))
    assert endpoints.KINDS["death"].reading("died").others == ("censored", "still_at_risk")
    assert of["interview"] == of["first_use"] == of["state_at_discharge"]
    assert of["interview"].events == ("abstinent", "event", "some_of_it", "better_than_before")
    unasked = ("not_yet_observed", "out_of_care", "not_known", "nothing_known_before")
    assert of["interview"].left_out["missing_is_using"] == unasked
    missing = ("missing", answers.LAST_ABSTINENT, answers.LAST_USING)
    assert of["interview"].left_out["observed_only"] == (*missing, *unasked)


def test_words_of_causes_answers_and_statuses_are_there() -> None:
    assert sorted(causes.ENDS) == sorted(causes.LEAVING)
    assert set(endpoints.COUNTED) < set(endpoints.CAUSES)
    missing = {answers.LAST_ABSTINENT, answers.LAST_USING}
    of_people = (answers.LEVELS, answers.STATE_LEVELS, answers.WEEK_LEVELS, answers.AMOUNT_LEVELS)
    told = {level for own in (*of_people, answers.CHANGE_LEVELS, answers.NOT_ASKED, missing) for level in own}
    assert told == set(answers.LABELS)
    assert set(levels.LABELS) == set(levels.CLASSES)
    assert TABLES["estimates"].columns["status"].allowed == tuple(statuses.STATUSES)
    assert all(s.label and s.drawn and "{reason}" in s.said for s in statuses.STATUSES.values() if s.name != "ok")


def test_only_answers_on_a_day_say_how_deaths_are_read() -> None:
    asked = {"outcome": "o", "label": "x", "definition": "x"}
    assert Endpoint(kind="interview", deaths="left_out", **asked).reading.left_out["none"][-1] == "died"
    with pytest.raises(ValueError, match="deaths compete or end the follow-up: leave both empty"):
        Endpoint(kind="death", deaths="left_out", **asked)
    with pytest.raises(ValueError, match="counted_against"):
        Endpoint(kind="interview", deaths="leave_out", **asked)


def test_what_tests_tell_is_no_state_of_life() -> None:
    """Answers of use patterns are spoken of with abstinence, not with work and arrests."""
    assert set(endpoints.STATES_OF_LIFE) == {"state_at_discharge", "state_at_interview"}
    assert not set(endpoints.STATES_OF_LIFE) & set(endpoints.OF_PATTERNS)
