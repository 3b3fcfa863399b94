"""The trials that estimates stand in for: every part of every comparison, from the definition and its authors."""

from __future__ import annotations

from pathlib import Path

import pytest
from released_study import study

from iop_outcomes.presentation import target_trials
from iop_outcomes.presentation.target_trials import Written
from iop_outcomes.protocol import comparisons
from iop_outcomes.study import loading
from iop_outcomes.vocabulary import trials as parts_of
from iop_outcomes.vocabulary.trials import ASSIGNED, COMPARED, CONTRASTED, ELIGIBLE, FOLLOWED, PARTS, ZERO

COHORTS = ("demo", "uis", "help", "ctn0094", "tedsd", "template", "template_mapping")


def written(**changes: object) -> dict[str, Written]:
    return {one.name: one for one in target_trials.trials(study(**changes))}


def shipped(project: Path, monkeypatch: pytest.MonkeyPatch, cohort: str) -> dict[str, Written]:
    monkeypatch.chdir(project)
    loaded = loading.load({**loading.read_yaml(Path("config/config.yaml")), "cohort": cohort})
    return {one.name: one for one in target_trials.trials(loaded.as_run())}


def test_every_comparison_that_is_asked_about_has_every_part() -> None:
    whole = study()
    found = written()
    assert list(found) == [name for name, _ in comparisons(whole)]
    for one in found.values():
        assert tuple(one.derived) == tuple(PARTS)
        assert all(text.endswith(".") and len(text) > 5 for text in one.derived.values())
    without = whole.model_copy(update={"analyses": [a for a in whole.analyses if a.contrast != "stays"]})
    assert set(found) - {one.name for one in target_trials.trials(without)} == {"stays"}


@pytest.mark.parametrize("cohort", COHORTS)
def test_the_trials_of_the_cohorts_that_ship_are_whole(
    project: Path, monkeypatch: pytest.MonkeyPatch, cohort: str
) -> None:
    found = shipped(project, monkeypatch, cohort)
    assert found
    for one in found.values():
        assert one.derived[ASSIGNED] == target_trials.BY_CHANCE or one.added[ASSIGNED]
        assert all(one.text(part).endswith(".") for part in PARTS)


def test_words_are_true_of_what_a_cohort_analyses(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = shipped(project, monkeypatch, "help")["residential_vs_outpatient"]
    assert told.derived[ELIGIBLE].startswith("Every period of 180 days that somebody told of but:")
    assert told.derived[ZERO] == "180 days before the interview that told of it."
    assert "what people tell at its end, and nobody can assign" in told.derived[COMPARED]
    assert "outcomes fall within it too" in told.derived[ASSIGNED]
    drugs = shipped(project, monkeypatch, "ctn0094")["naltrexone_vs_buprenorphine"]
    assert drugs.derived[ELIGIBLE].startswith("Of CTN-0051: everyone in the records but:")
    assert drugs.text(ASSIGNED) == target_trials.BY_CHANCE
    assert drugs.text(ZERO).endswith("of the first episode. It is the day of randomisation.")
    assert drugs.derived[COMPARED].startswith("Be assigned to naltrexone (Inpatient NR-NTX) or to ")


def test_what_no_trial_could_do_and_what_chance_did_is_said() -> None:
    found = written()
    assert found["long_vs_short"].text(ASSIGNED).startswith("By chance")
    assert "as if by chance among people alike in age, sex and site" in found["iop_vs_res"].text(ASSIGNED)
    assert "no trial could" in found["stay_90"].text(ZERO)
    stays = found["stays"].derived
    assert stays[ELIGIBLE].endswith(" Of these, those starting in intensive outpatient care.")
    assert stays[COMPARED] == (
        "Staying at least 13 weeks: nobody leaves before week 13; or leaving in week 4: nobody leaves before, and "
        "everyone else in week 4."
    )
    assert "per protocol" in stays[CONTRASTED]
    assert stays[FOLLOWED].startswith("From time zero to day 180")
    bends = found["bend"].derived
    assert bends[COMPARED] == "To leave in week 5, 9, 13, 17 and 21, neither before nor after."
    assert bends[ASSIGNED].endswith("up to then; so is how long a stay was planned to be.")
    assert bends[CONTRASTED].startswith("What a further week adds up to week 13 and beyond it")
    changed = written(adjustment={"continuous": ["severity"], "categorical": [], "site_effects": False})
    assert "people alike in severity of substance use." in changed["iop_vs_res"].text(ASSIGNED)


def test_what_the_authors_say_stands_beside_what_the_definition_says() -> None:
    words = {"all": {"assignment": "Nobody chose."}, "stays": {"assignment": "They chose.", "outcomes": "By post."}}
    found = written(trials=words)
    assert found["iop_vs_res"].text(ASSIGNED).endswith("Nobody is blinded. Nobody chose.")
    assert found["stays"].added == {**dict.fromkeys(PARTS, ""), ASSIGNED: "They chose.", parts_of.OUTCOMES: "By post."}
    # what is said of all is no word on what chance has made
    assert found["long_vs_short"].text(ASSIGNED) == target_trials.BY_CHANCE
