"""What a study counts before it can be known: told by name, of the definition alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from iop_outcomes.checks import immortal_time
from iop_outcomes.study import loading


def loaded(project: Path, monkeypatch: pytest.MonkeyPatch, **changes: object) -> loading.Loaded:
    monkeypatch.chdir(project)
    return loading.load({**loading.read_yaml(project / "config/config.yaml"), **changes})


def test_exposures_known_after_the_start_are_named_with_what_stands_beside_them(project, monkeypatch):
    found = immortal_time.lines(loaded(project, monkeypatch))
    stays = [f"durations.stay_{day}" for day in (14, 30, 60, 90)]
    hours = ["intensities.hours_per_week", "intensities.hours_in_categories"]
    others = [*hours, "percent_days_abstinent_in_community"]
    assert [line.split(":")[0] for line in found] == [*stays, *others]
    assert "known on day 90, and the naive rows count from day 0" in found[3]
    assert "beside it stands landmark_adjusted" in found[3]


def test_arms_and_periods_that_are_told_at_the_end_are_named(project, monkeypatch):
    *arms, period = immortal_time.lines(loaded(project, monkeypatch, cohort="help"))
    assert arms
    assert all("the arm is what people told at the end of the period" in line for line in arms)
    assert period.startswith("population.unit: a period counts where the interview at its end was held")


def changed(whole: loading.Loaded, observed: int = 0, **row: object) -> str:
    """What is told of the crude rows alone, the last of them changed."""
    population = whole.study.population.model_copy(update={"minimum_observed_days": observed})
    study = whole.study.model_copy(update={"population": population})
    rows = [a for a in whole.analyses if a.method == "crude"]
    month = whole.endpoints["abstinent"].model_copy(
        update={"outcome": "no_use_30_days", "window_days": 30, "tolerance_days": 0}
    )
    rows[-1] = rows[-1].model_copy(update=row)
    return "\n".join(
        immortal_time.lines(type(whole)(study, tuple(rows), {**whole.endpoints, "no_use_30_days": month}, whole.rules))
    )


def test_a_naive_row_alone_is_named(project, monkeypatch):
    found = changed(loaded(project, monkeypatch))
    assert "nothing fairer is asked for: add a landmark method" in found
    assert "strategies.stay_13_or_leave_4: only those who happened to do so" in found


def test_eligibility_by_later_days_is_named_and_none_is_not(project, monkeypatch):
    whole = loaded(project, monkeypatch)
    assert "who is eligible hangs on how long people are observed (`observed_days`)" in changed(whole, observed=90)
    assert "who is eligible" not in changed(whole)


@pytest.mark.parametrize(
    ("outcome", "day", "begins"), [("no_use_30_days", 119, 89), ("no_use_30_days", 120, 0), ("abstinent", 103, 89)]
)
def test_outcomes_that_look_back_into_the_stay_are_named(project, monkeypatch, outcome, day, begins):
    found = changed(loaded(project, monkeypatch), contrast="stay_90", outcome=outcome, horizon_days=day)
    said = f"{outcome} on day {day}, of 'stay_90': the days that it may look at begin with day {begins}, before day 90"
    assert (said in found) == bool(begins)
    assert bool(begins) == ("Ask for a later day" in found)


def test_outcomes_of_those_who_left_are_named(project, monkeypatch):
    found = "\n".join(immortal_time.lines(loaded(project, monkeypatch, cohort="tedsd", data="nowhere")))
    assert "employed_at_discharge: it is of people who left, which is known when they have" in found
    assert found.count("\n") == 2


def test_a_randomised_study_without_naive_rows_has_nothing_to_tell(project, monkeypatch):
    whole = loaded(project, monkeypatch, cohort="uis")
    rows = tuple(a for a in whole.analyses if a.contrast == "long_vs_short")
    assert immortal_time.lines(type(whole)(whole.study, rows, whole.endpoints, whole.rules)) == []
