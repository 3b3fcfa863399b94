"""From the questions of the sheet to estimands: lists, what is shared with another cohort, and what is refused."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Question
from iop_outcomes.study import loading, questions, sheets

ROW = {
    "cohort": "demo", "analysis": "leaving_early", "step": "retention", "contrast": "iop_vs_residential",
    "outcome": "unplanned_discharge", "horizon_days": "30, 90", "measure": "risk", "method": "crude,overlap",
    "family": "secondary",
}  # fmt: skip


def config(project: Path, **changes: object) -> loading.Loaded:
    return loading.load({**loading.read_yaml(project / "config/config.yaml"), **changes})


@pytest.fixture(autouse=True)
def at_the_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


def shared(project: Path, of: str | None, **changes: object) -> loading.Study:
    """The study of demo as another cohort, which shares the questions of `of`."""
    return config(project).study.model_copy(update={"cohort": "ours", "questions": of, **changes})


def test_a_row_asks_for_every_combination_of_its_lists(project: Path) -> None:
    found = questions.asked(config(project).study, [Question.model_validate(ROW)]).analyses
    asked = [(a.horizon_days, a.method, a.estimand) for a in found]
    assert asked == [
        (30, "crude", "as_observed"),
        (30, "overlap", "ATO"),
        (90, "crude", "as_observed"),
        (90, "overlap", "ATO"),
    ]


def test_estimands_of_one_question_stand_together_whatever_rows_they_come_from(project: Path) -> None:
    rows = [
        ROW,
        {**ROW, "outcome": "completed", "analysis": "completing"},
        {**ROW, "method": "iptw", "family": "primary"},
    ]
    whole = questions.asked(config(project).study, [Question.model_validate(r) for r in rows]).analyses
    assert [(a.outcome, a.horizon_days, a.method) for a in whole] == [
        (outcome, day, method)
        for outcome, methods in (
            ("unplanned_discharge", ("crude", "iptw", "overlap")),
            ("completed", ("crude", "overlap")),
        )
        for day, method in product((30, 90), methods)
    ]
    assert {a.method for a in whole if a.family == "primary"} == {"iptw"}


def test_a_cohort_that_shares_questions_asks_the_same_but_for_its_name(project: Path) -> None:
    rows = sheets.read(Question, project / "config/analyses.tsv")
    demo = questions.asked(config(project).study, rows)
    ours = questions.asked(shared(project, "demo"), rows)
    assert [a.model_copy(update={"cohort": "demo"}) for a in ours.analyses] == list(demo.analyses)
    assert {a.cohort for a in ours.analyses} == {"ours"}
    assert not ours.not_made


def test_questions_about_a_comparison_that_is_not_made_are_left_out_by_name(project: Path) -> None:
    rows = sheets.read(Question, project / "config/analyses.tsv")
    less = questions.asked(
        shared(project, "demo", durations={}, intensities={}, strategies={}, thresholds={}, starting={}, doses={}), rows
    )
    assert less.not_made == (
        "stay_14",
        "stay_30",
        "stay_60",
        "stay_90",
        "stay_13_or_leave_4",
        "stay_13_or_leave_by_4",
        "step_down_14",
        "sixty_days",
        "hours_by_weeks",
        "hours_per_week",
        "hours_in_categories",
    )
    assert {a.contrast for a in less.analyses} == {"iop_vs_residential"}


def test_own_rows_are_asked_beside_the_shared_ones(project: Path) -> None:
    own = Question.model_validate({**ROW, "cohort": "ours", "horizon_days": "365"})
    rows = [*sheets.read(Question, project / "config/analyses.tsv"), own]
    both = questions.asked(shared(project, "demo"), rows).analyses
    assert len(both) == len(questions.asked(shared(project, "demo"), rows[:-1]).analyses) + 2
    assert {a.horizon_days for a in both if a.outcome == "unplanned_discharge"} == {30, 60, 90, 180, 365}


@pytest.mark.parametrize(
    ("of", "said"), [("dmeo", r"no row in .*Did you mean 'demo'\?"), ("ours", "is this cohort itself")]
)
def test_questions_of_nobody_are_refused(project: Path, of: str, said: str) -> None:
    rows = [*sheets.read(Question, project / "config/analyses.tsv"), Question.model_validate({**ROW, "cohort": "ours"})]
    with pytest.raises(StudyError, match=said):
        questions.asked(shared(project, of), rows)


def test_a_cohort_whose_comparisons_nobody_asks_about_is_told_so(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (project / "config/cohorts/template.yaml").read_text()
    (tmp_path / "ours.yaml").write_text(
        text.replace("iop_vs_residential", "here_vs_there")
        .replace("stay_90", "stay_31")
        .replace("hours_per_", "days_per_")
    )
    with pytest.raises(StudyError, match=r"asks nothing of the cohort 'ours'.*It makes here_vs_there"):
        config(project, cohort="ours", cohorts=str(tmp_path), data="records")


def test_the_sheet_is_short(project: Path) -> None:
    """A question is a row; what multiplies it are lists: more questions may take more rows, and a row asks for several
    numbers.
    """
    rows = sheets.read(Question, project / "config/analyses.tsv")
    asked = sum(len(r.contrast) * len(r.horizon_days) * len(r.method) * len(r.missing_rule) for r in rows)
    assert 5 * len(rows) < asked
