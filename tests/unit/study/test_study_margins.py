"""Margins in a study: what is judged by them, and what is refused by name."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from iop_outcomes.errors import StudyError
from iop_outcomes.study import loading
from iop_outcomes.vocabulary.directions import OF_CAUSES, OF_KINDS, better
from iop_outcomes.vocabulary.endpoints import KINDS
from iop_outcomes.vocabulary.verdicts import needed

REASON = "As much worse as people told us they would accept"
RIGHT = {"outcome": "abstinent", "measure": "risk", "margin": -0.1, "reason": REASON}


@pytest.fixture
def folder(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(project / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(margins: dict[str, Any], cohort: str = "demo") -> Any:
    file, own = Path("config/config.yaml"), Path(f"config/cohorts/{cohort}.yaml")
    plain = yaml.safe_load(own.read_text(encoding="utf-8"))
    own.write_text(yaml.safe_dump({**plain, "margins": margins}), encoding="utf-8")
    return loading.load({**loading.read_yaml(file), "cohort": cohort}, [file])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"margin": 0.1}, "margins.own: `margin` is 0.1, which lies on the wrong side of no difference"),
        ({"margin": 0.0}, "`margin` is 0, which lies on the wrong side"),
        ({"strict": -0.2}, "`strict` is -0.2, and no stricter than the margin -0.1"),
        ({"strict": 0.05}, "`strict` is 0.05, which lies on the wrong side"),
        ({"margin": -10}, "ten points are 0.1"),
        ({"reason": ""}, "reason"),
        ({"reason": "usual"}, "reason"),
        ({"outcome": "abstinnt"}, "the outcome 'abstinnt' is not known. Did you mean 'abstinent'?"),
        (
            {"outcome": "overdose", "margin": 0.1},
            "asks for the risk of 'overdose' in a contrast, so that nothing would",
        ),
        ({"horizon_days": 77}, "in a contrast at day 77, so that"),
        ({"outcome": "transferred", "margin": 0.1}, "neither better nor worse by itself. Say which by `better: more`"),
        ({"outcome": "unplanned_discharge"}, "fewer is better, so that a first arm that does worse lies above 0"),
        ({"measure": "hazard_ratio", "of": "difference"}, "the measure hazard_ratio has no difference"),
        (
            {"outcome": "unplanned_discharge", "measure": "hazard_ratio", "margin": 0.8},
            "It is the first arm by the second, and fewer is better, so that a first arm that does worse lies above 1",
        ),
        ({"margn": -0.1}, "Did you mean `margin`?"),
    ],
)
def test_what_is_wrong_is_refused_by_its_name(folder, changes, said) -> None:
    with pytest.raises(StudyError) as caught:
        load({"own": {**RIGHT, **changes}})
    assert said in str(caught.value)


def test_a_margin_without_a_reason_is_refused(folder) -> None:
    with pytest.raises(StudyError, match=r"`margins\.own\.reason` is missing"):
        load({"own": {k: v for k, v in RIGHT.items() if k != "reason"}})


def test_two_margins_of_one_question_are_refused(folder) -> None:
    with pytest.raises(StudyError, match=r"margins\.first is of the same outcome, measure and day"):
        load({"first": RIGHT, "other": {**RIGHT, "margin": -0.2}})


def test_primary_questions_are_judged_with_or_without_a_margin_and_others_with_one(folder) -> None:
    found = load({"own": {**RIGHT, "strict": -0.05}}).judged()
    by = {(one.outcome, one.measure): one for one in found}
    assert set(by) == {("unplanned_discharge", "risk"), ("time_in_care", "mean_days"), ("abstinent", "risk")}
    assert {one.margin for one in found} == {None, -0.1}
    own = by["abstinent", "risk"]
    assert (own.better, own.primary, own.readings) == ("more", ["overlap"], ["missing_is_using", "imputed"])
    assert (own.strict, own.randomised, own.family) == (-0.05, False, "primary")
    assert by["unplanned_discharge", "risk"].better == "fewer"
    assert by["unplanned_discharge", "risk"].horizon_days == 90


def test_a_margin_of_a_secondary_question_is_judged_on_every_day_that_is_asked_or_on_its_own(folder) -> None:
    pace = {**RIGHT, "outcome": "unplanned_discharge", "measure": "hazard_ratio", "margin": 1.25}
    completed = {**RIGHT, "outcome": "completed"}
    on_a_day = {**RIGHT, "outcome": "retained", "horizon_days": 30}
    found = load({"pace": pace, "completed": completed, "early": on_a_day}).judged()
    days = {(o.outcome, o.measure, o.horizon_days) for o in found if o.margin is not None}
    assert days == {
        ("unplanned_discharge", "hazard_ratio", 180), ("completed", "risk", 60), ("completed", "risk", 90),
        ("completed", "risk", 180), ("retained", "risk", 30),
    }  # fmt: skip
    assert {o.family for o in found if o.outcome == "completed"} == {"secondary"}


def test_copies_of_a_contrast_and_exhibits_are_not_judged(folder) -> None:
    loaded = load({"own": {**RIGHT, "outcome": "return_to_use", "measure": "hazard_ratio", "margin": 1.25}}, "uis")
    assert {one.contrast for one in load({"own": RIGHT}).judged()} == {"iop_vs_residential"}
    assert [one.analysis for one in loaded.judged() if one.measure == "hazard_ratio"] == ["abstinence"]


def test_the_better_way_is_said_of_kinds_that_have_one() -> None:
    assert set(OF_KINDS) <= set(KINDS)
    assert not set(OF_CAUSES) - {"unplanned", "completed", "died"}
    assert better("in_care", "", "mean_days") == "more"
    assert better("left_index", "unplanned", "risk") == "fewer"
    assert better("left_index", "transferred", "risk") == ""
    assert better("interview", "", "risk") == "more"
    # of times to use longer is better, of the hazard of it less
    assert better("first_use", "", "hazard_ratio") == "fewer"
    assert better("first_use_between", "", "time_ratio") == "more"


def test_readings_that_a_verdict_needs_follow_from_the_kind() -> None:
    assert needed("in_care") == ()
    assert needed("interview") == ("missing_is_using", "imputed")
    assert needed("days_abstinent") == ("missing_is_using", "observed_only")
    assert needed("state_at_interview") == ("imputed",)
    assert needed("pattern_answer", itself=True) == ()


def test_exploratory_questions_have_no_verdict(folder: Path) -> None:
    sheet = Path("config/analyses.tsv")
    whole = sheet.read_text(encoding="utf-8")
    own = {"own": {**RIGHT, "outcome": "abstinent_28_days"}}
    judged = {one.outcome for one in load(own).judged()}
    lines = [
        line.replace("secondary", "exploratory") if line.startswith("demo\tpoint_prevalence") else line
        for line in whole.splitlines(keepends=True)
    ]
    sheet.write_text("".join(lines), encoding="utf-8")
    assert "abstinent_28_days" in judged
    with pytest.raises(StudyError, match=r"no row of config/analyses\.tsv that is more than exploratory asks"):
        load(own)
