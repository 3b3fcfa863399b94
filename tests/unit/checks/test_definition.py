"""The definition tested with invented people: what is told when it does not do what is expected, and what stops it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from iop_outcomes.checks import definition
from iop_outcomes.errors import StudyError
from iop_outcomes.study import loading


@pytest.fixture(scope="module")
def settings(project: Path) -> dict[str, Any]:
    """The definition of the cohort demo."""
    import os

    before = Path.cwd()
    os.chdir(project)
    try:
        return loading.load(loading.read_yaml(Path("config/config.yaml"))).definition()
    finally:
        os.chdir(before)


STAY = {
    "level_of_care": "2.1", "start_day": 0, "end_day": 40, "discharge_reason": "unplanned",
    "scheduled_hours_per_week": 9,
}  # fmt: skip


def judged(folder: Path, settings: dict[str, Any], expect: dict[str, Any], **records: Any) -> str:
    one = {"name": "Somebody invented", "person": {"age": 40}, "stays": [STAY], "expect": expect, **records}
    path = folder / "people.yaml"
    path.write_text(yaml.safe_dump({"people": [one]}))
    try:
        return definition.run(str(path), **settings)["definition"]
    except StudyError as wrong:
        return str(wrong)


def test_the_people_of_the_demo_are_judged_as_expected(project, settings):
    said = definition.run(str(project / "config/people/demo.yaml"), **settings)["definition"]
    assert said == "15 invented people: all as expected\n"


@pytest.mark.parametrize(
    ("expect", "records", "said"),
    [
        (
            {"eligible": True}, {"person": {"age": 17}},
            "'Somebody invented': expected to be eligible, but excluded by age",
        ),
        ({"eligible": False}, {}, "expected to be excluded, but eligible"),
        (
            {"eligible": False, "excluded_by": "washout"}, {"person": {"age": 17}},
            "expected to be excluded by washout, but was by age",
        ),
        ({"eligible": True, "time_zero": 3}, {}, "expected time zero on day 3, found day 0"),
        (
            {"eligible": True, "arms": {"iop_vs_residential": "residential"}}, {},
            "expected the arm residential of iop_vs_residential, found iop",
        ),
        (
            {"eligible": True, "left": {"index": {"days": 41, "cause": "unplanned"}}}, {},
            "expected index to be left on day 41 (unplanned), found day 40 (unplanned)",
        ),
        (
            {"eligible": True, "outcomes": {"abstinent": {180: True}}}, {},
            "expected abstinent on day 180 to be True, found None",
        ),
    ],
)  # fmt: skip
def test_what_differs_is_told_by_the_name_of_the_person(tmp_path, settings, expect, records, said):
    assert said in judged(tmp_path, settings, expect, **records)


def test_everything_that_differs_is_told_at_once(tmp_path, settings):
    found = judged(tmp_path, settings, {"eligible": True, "time_zero": 3, "arms": {"iop_vs_residential": "neither"}})
    assert "day 3" in found
    assert "neither" in found
    assert "no real record has been read" in found


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"people": []}, "`people`"),
        ({"people": [{"name": "No answer"}]}, "`people.0.expect`"),
        ({"people": [{"name": "Two stories", "expect": {"eligible": True, "excluded_by": "age"}}]}, "leave one out"),
        (
            {"people": [{"name": "Shoes", "person": {"shoe_size": 9}, "expect": {"eligible": True}}]},
            "'shoe_size', which does not exist",
        ),
    ],
)  # fmt: skip
def test_a_file_that_is_not_one_is_refused(tmp_path, settings, content, said):
    path = tmp_path / "people.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(StudyError, match=said):
        definition.run(str(path), **settings)
