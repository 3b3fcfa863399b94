"""The trials that estimates stand in for: every part of every comparison, read from the study and from nothing else."""

from __future__ import annotations

from parsed_page import Page
from released_study import released, study

from iop_outcomes import report
from iop_outcomes.protocol import comparisons
from iop_outcomes.report import target_trials


def test_every_comparison_that_is_asked_about_has_every_part() -> None:
    whole = study()
    found = dict(target_trials.trials(whole))
    assert list(found) == [one.title for _, one in comparisons(whole)]
    for parts in found.values():
        assert tuple(parts) == target_trials.PARTS
        assert all(text.endswith(".") and len(text) > 10 for text in parts.values())
    without = whole.model_copy(update={"analyses": [a for a in whole.analyses if a.contrast != "stays"]})
    assert set(found) - set(dict(target_trials.trials(without))) == {"Staying 13 weeks or leaving in week 4"}


def test_what_no_trial_could_do_and_what_chance_did_is_said() -> None:
    found = dict(target_trials.trials(study()))
    assert found["A long against a short plan"]["Assignment"].startswith("By chance")
    assert (
        "as if by chance among people alike in age, sex and site"
        in (found["Starting in day care against a ward"]["Assignment"])
    )
    assert "no trial could" in found["Staying 90 days against leaving"]["Time zero"]
    stays = found["Staying 13 weeks or leaving in week 4"]
    assert stays["Strategies"] == (
        "Of those starting in intensive outpatient care: staying at least 13 weeks: nobody leaves before week 13; or "
        "leaving in week 4: nobody leaves before, and everyone else in week 4."
    )
    assert "per protocol" in stays["Contrast"]
    bends = found["What weeks add up to week 13 and beyond"]
    assert bends["Strategies"] == (
        "Of those starting in intensive outpatient care: to leave in week 5, 9, 13, 17 and 21, neither before nor "
        "after."
    )
    assert bends["Assignment"].endswith("up to then; so is how long a stay was planned to be.")
    assert bends["Contrast"].startswith("What a further week adds up to week 13 and beyond it")
    assert stays["Follow-up"].startswith("From time zero to day 180")
    changed = study(adjustment={"continuous": ["severity"], "categorical": [], "site_effects": False})
    told = dict(target_trials.trials(changed))["Starting in day care against a ward"]["Assignment"]
    assert "people alike in severity of substance use." in told


def test_they_stand_in_the_report() -> None:
    page = report.run(**released(), figures=[], study=study(), protocol="")["report"]
    section = Page(page.split('id="trials"')[1].split("</section>")[0]).text
    for title, parts in target_trials.trials(study()):
        assert title in section
        assert parts["Assignment"] in section
