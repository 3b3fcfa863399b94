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
    assert [line.split(":")[0] for line in found] == [*stays, "intensities.hours_per_week"]
    assert "known on day 90, and the naive rows count from day 0" in found[3]
    assert "beside it stands landmark_adjusted" in found[3]


def test_arms_that_are_told_at_the_end_are_named(project, monkeypatch):
    found = immortal_time.lines(loaded(project, monkeypatch, cohort="help"))
    assert found
    assert all("the arm is what people told at the end of the period" in line for line in found)


def test_a_naive_row_alone_eligibility_by_later_days_and_early_windows_are_named(project, monkeypatch):
    whole = loaded(project, monkeypatch)
    study = whole.study.model_copy(
        update={"population": whole.study.population.model_copy(update={"minimum_observed_days": 90})}
    )
    rows = [a for a in whole.analyses if a.method == "crude"]
    early = rows[-1].model_copy(update={"contrast": "stay_90", "outcome": "no_use_30_days", "horizon_days": 100})
    endpoint = whole.endpoints["abstinent"].model_copy(update={"outcome": "no_use_30_days", "window_days": 30})
    changed = type(whole)(study, (*rows, early), {**whole.endpoints, "no_use_30_days": endpoint}, whole.rules)
    found = "\n".join(immortal_time.lines(changed))
    assert "nothing fairer is asked for: add a landmark method" in found
    assert "strategies.stay_13_or_leave_4: only those who happened to do so" in found
    assert "observed for fewer than 90 days after time zero" in found
    assert "no_use_30_days on day 100, of 'stay_90': the 30 days that it looks at begin before day 90" in found
    assert "no_use_30_days on day 180" not in found


def test_a_randomised_study_without_naive_rows_has_nothing_to_tell(project, monkeypatch):
    whole = loaded(project, monkeypatch, cohort="tedsd", data="nowhere")
    assert immortal_time.lines(whole) == []
