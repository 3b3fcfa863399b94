"""A release made once more from the records: the same to the byte, or what may be why it is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from iop_outcomes import cli
from iop_outcomes.errors import StudyError
from iop_outcomes.verify import again

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def finished(finished_run) -> Path:
    return finished_run("uis") / "results/uis/release"


def test_the_same_comes_out(finished, odd_place, monkeypatch, capsys):
    """By the command, in the folder of the project; what the run wrote is gone afterwards."""
    made: list[Path] = []
    snakemake = again._snakemake
    monkeypatch.setattr(
        again, "_snakemake", lambda file, place, *more: (made.append(place), snakemake(file, place, *more))
    )
    monkeypatch.chdir(odd_place)
    assert cli.main(["verify", str(finished), "--rerun"]) == 0
    assert "every one of" in capsys.readouterr().out
    assert len(made) == 1
    assert not made[0].exists()


@pytest.mark.parametrize(
    ("part", "said"), [("inputs", "Data: the records differ"), ("package", "Code: version"), ("lock", "Environment:")]
)
def test_a_difference_is_put_down_to_what_differs(finished, tmp_path, monkeypatch, odd_place, part, said):
    """The second run is one that was made of something else, and gave another number."""

    def run(file: Path, place: Path, settings: object, cores: int) -> None:
        other = Path(shutil.copytree(finished, place / "results/uis/release"))
        text = (other / "estimates.csv").read_text()
        (other / "estimates.csv").write_text(text.replace(",ok,,0\n", ",suppressed,because,\n", 1))
        told = json.loads((other / "manifest.json").read_text())
        told["files"]["estimates.csv"]["sha256"] = "0"
        told[part] = {**told[part], "uis.csv": "0"} if isinstance(told[part], dict) else "0"
        (other / "manifest.json").write_text(json.dumps(told))

    monkeypatch.setattr(again, "_snakemake", run)
    found = again.run(finished, odd_place)
    assert not found.same
    assert found.files == ["estimates.csv"]
    assert said in found.text


def test_an_edited_release_is_not_put_down_to_anything_else(finished, tmp_path, monkeypatch, odd_place):
    edited = Path(shutil.copytree(finished, tmp_path / "edited"))
    (edited / "notes.txt").write_text("more\n")
    monkeypatch.setattr(
        again, "_snakemake", lambda file, place, *more: shutil.copytree(finished, place / "results/uis/release")
    )
    found = again.run(edited, odd_place)
    assert found.files == ["notes.txt"]
    assert "Data, config, code and environment are the same" in found.text


def test_a_run_that_stops_says_why_and_a_folder_that_is_no_project_is_refused(finished, odd_place, tmp_path):
    with pytest.raises(StudyError, match=r"holds no workflow/Snakefile"):
        again.run(finished, tmp_path)
    with pytest.raises(StudyError, match="The second run stopped") as stopped:
        again.run(finished, odd_place, ["data=nowhere.csv"])
    assert "nowhere.csv" in str(stopped.value)
