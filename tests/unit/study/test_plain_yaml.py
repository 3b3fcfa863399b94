"""YAML as a study means it: digits as they stand, numbers as ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import ColumnMapping
from iop_outcomes.study.plain_yaml import read_yaml


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("010", "010"), ("0906", "0906"), ("-010", "-010"), ("12:30", "12:30"), ("190:20:30.15", "190:20:30.15"),
        ("09", "09"), ("0", 0), ("10", 10), ("-7", -7), ("1_000", 1000), ("0x1f", 31), ("1.5", 1.5), ("0.5", 0.5),
        ("1.5e+3", 1500.0), (".5", 0.5), ("true", True), ("null", None),
    ],
)  # fmt: skip
def test_digits_stay_as_they_stand(tmp_path: Path, written: str, meant: object) -> None:
    (tmp_path / "a.yaml").write_text(f"key: {written}\nlist: [{written}]\n")
    assert read_yaml(tmp_path / "a.yaml") == {"key": meant, "list": [meant]}


def test_a_code_with_a_leading_zero_is_that_code(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("column: dis\ncodes: {010: completed, 8: unplanned}\n")
    assert ColumnMapping.model_validate(read_yaml(tmp_path / "a.yaml")).codes == {"010": "completed", "8": "unplanned"}


def test_what_is_no_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\nb: [\n")
    with pytest.raises(StudyError, match="line 3: this is not YAML"):
        read_yaml(tmp_path / "a.yaml")
