"""A study whose trial lacks a part is refused, with the part and the comparison by name."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Endpoint
from iop_outcomes.study import horizons, loading, sheets

UIS = Path("config/cohorts/uis.yaml")


@pytest.fixture
def folder(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(project / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(trials: Mapping[str, object]) -> loading.Loaded:
    UIS.write_text(yaml.safe_dump({**yaml.safe_load(UIS.read_text()), "trials": trials}))
    return loading.load({**loading.read_yaml(Path("config/config.yaml")), "cohort": "uis"})


def test_what_only_the_authors_can_say_is_asked_for_by_name(folder: Path) -> None:
    with pytest.raises(StudyError, match=r"the trial that 'stay_90' stands in for lacks its `assignment`") as refusal:
        loaded({"iop_vs_residential": {"assignment": "Nobody starts there."}})
    assert "uis.yaml" in str(refusal.value)
    assert "under `trials.stay_90.assignment`, or under `trials.all.assignment`" in str(refusal.value)
    assert "what speaks against it" in str(refusal.value)


def test_chance_needs_no_reason_and_nothing_is_asked_of_what_nobody_asks_about(folder: Path) -> None:
    found = loaded({"all": {"assignment": "As it came."}})
    assert found.study.contrasts["long_vs_short"].randomised
    assert found.as_run().trials["all"].assignment == "As it came."
    assert found.merged()["trials"]["all"]["assignment"] == "As it came."


def test_words_on_no_comparison_and_unknown_parts_are_refused_by_name(folder: Path) -> None:
    with pytest.raises(StudyError, match=r"the comparison 'stay_91' is not known. Did you mean 'stay_90'\?"):
        loaded({"all": {"assignment": "As it came."}, "stay_91": {"outcomes": "By post."}})
    with pytest.raises(StudyError, match=r"`trials.all.asignment` is not a known key. Did you mean `assignment`\?"):
        loaded({"all": {"asignment": "As it came."}})


@pytest.mark.parametrize(
    ("outcome", "kind", "day", "fits"),
    [("abstinent", "interview", 14, False), ("abstinent", "interview", 15, True)]
    + [("negative_screen", "screen", 6, False), ("negative_screen", "screen", 7, True)],
)
def test_an_answer_from_before_time_zero_is_refused(
    folder: Path, outcome: str, kind: str, day: int, fits: bool
) -> None:
    endpoint = next(e for e in sheets.read(Endpoint, Path("config/endpoints.tsv")) if e.outcome == outcome)
    found = loaded({"all": {"assignment": "As it came."}})
    row = found.analyses[0].model_copy(update={"outcome": outcome, "horizon_days": day})
    assert (endpoint.kind, endpoint.tolerance_days) == (kind, 14 if kind == "interview" else 7)
    if fits:
        horizons.check(found.study, row, endpoint, "row 1")
        return
    with pytest.raises(StudyError, match=f"row 1: the outcome '{outcome}' takes .* before the horizon, day {day}"):
        horizons.check(found.study, row, endpoint, "row 1")
