"""Two releases side by side, in words and as a table."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from iop_outcomes import cli
from iop_outcomes.errors import StudyError
from iop_outcomes.verify import compare, released

pytestmark = pytest.mark.workflow


@pytest.fixture
def later(release, tmp_path) -> Path:
    """A copy of the release of uis, as a later one of the same cohort."""
    return Path(shutil.copytree(release("uis").folder, tmp_path / "later"))


def both(release, later: Path) -> compare.Comparison:
    return compare.Comparison(released.opened(release("uis").folder), released.opened(later))


def rewrite(folder: Path, change) -> list[dict[str, str]]:
    """The estimates of a release, changed row by row; None leaves a row out. Returns those that were changed."""
    path = folder / "estimates.csv"
    with path.open(newline="") as text:
        rows = list(csv.DictReader(text))
    made = [(row, change(dict(row))) for row in rows]
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(new for _, new in made if new is not None)
    return [old for old, new in made if new != old]


def crude(row: dict[str, str]) -> bool:
    return (row["method"], row["of"], row["measure"], row["analysis"]) == ("crude", "long", "risk", "leaving_early")


def test_a_release_and_itself_are_the_same(release, later):
    told = both(release, later)
    assert told.changes == []
    assert "Every number of the tables is the same in both." in told.text()
    assert told.table().splitlines() == [",".join(compare.COLUMNS)]


def test_what_moved_is_told_with_how_far(release, later):
    changed = rewrite(later, lambda r: {**r, "estimate": f"{float(r['estimate']) + 0.021:.10g}"} if crude(r) else r)
    told = both(release, later)
    assert {c.what for c in told.changes} == {compare.MOVED}
    assert len(told.changes) == len(changed) > 0
    assert "(+2.1)" in told.text()
    assert f"{len(changed)} estimates moved" in told.text()
    rows = list(csv.DictReader(io.StringIO(told.table())))
    assert {round(float(r["moved"]), 6) for r in rows} == {0.021}


def test_what_is_withheld_now_is_told_with_the_reason(release, later):
    gone = {"estimate": "", "std_error": "", "conf_low": "", "conf_high": "", "status": "suppressed"}
    rewrite(later, lambda r: {**r, **gone, "reason": "fewer than 11 people in a cell"} if crude(r) else r)
    told = both(release, later)
    assert {c.what for c in told.changes} == {compare.WITHHELD}
    assert "withheld (fewer than 11 people in a cell)" in told.text()
    back = compare.Comparison(told.second, told.first)
    assert {c.what for c in back.changes} == {compare.SHOWN}


def test_what_is_in_one_only_is_told_from_either_side(release, later):
    rewrite(later, lambda r: None if crude(r) else r)
    told = both(release, later)
    assert {c.what for c in told.changes} == {compare.GONE}
    assert "in the first release only" in told.text()
    assert {c.what for c in compare.Comparison(told.second, told.first).changes} == {compare.APPEARED}


def test_policy_settings_records_code_and_environment_are_named(release, later):
    text = (later / "manifest.json").read_text()
    told = json.loads(text)
    told["policy"], told["inputs"], told["package"]["code"] = "cms", {"uis.csv": "0"}, "0"
    told["libraries"]["pandas"] = "0.1"
    (later / "manifest.json").write_text(json.dumps(told))
    study = (later / "study.yaml").read_text()
    (later / "study.yaml").write_text(study.replace("confidence_level: 0.95", "confidence_level: 0.9"))
    said = both(release, later).text()
    for words in ("Data: the records differ (uis.csv)", "Policy: none in the first, cms in the second",
                  "inference.confidence_level: 0.95 and 0.9", "Code: version", "Environment: pandas"):  # fmt: skip
        assert words in said


def test_the_command_writes_the_table(release, later, tmp_path, capsys):
    rewrite(later, lambda r: None if crude(r) else r)
    out = tmp_path / "changes.csv"
    assert cli.main(["compare", str(release("uis").folder), str(later), "--out", str(out)]) == 0
    assert out.read_text() == both(release, later).table()
    assert "in the first release only" in capsys.readouterr().out


def test_folders_that_are_no_release_are_refused(release, tmp_path, capsys):
    with pytest.raises(StudyError, match=r"is not a whole release: it has no manifest\.json"):
        released.opened(tmp_path)
    with pytest.raises(StudyError, match=r"Did you mean .*release"):
        released.opened(release("uis").folder.parent)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(StudyError, match="is not a manifest of this program"):
        released.opened(tmp_path)
    assert cli.main(["compare", str(tmp_path / "nowhere"), str(tmp_path)]) == 1
    assert "There is no folder" in capsys.readouterr().err
