"""What others have found: the files, and what follows from them."""

from __future__ import annotations

import dataclasses
import math

import pytest

from iop_outcomes.errors import StudyError
from iop_outcomes.presentation import evidence, judged
from iop_outcomes.presentation.numbers import MINUS, NARROW
from iop_outcomes.tables import reference


def results(study: str) -> list[evidence.Result]:
    return [r for r in evidence.results() if r.study.study == study]


def test_every_study_has_a_source_and_a_mark_of_what_was_seen() -> None:
    studies = evidence.studies()
    assert len(studies) >= 19
    assert all(s.source and s.seen and s.finding for s in studies.values())
    assert {r.study.study for r in evidence.results()} <= set(studies)


def test_differences_by_hand() -> None:
    completed = results("schneider_1996")[0]
    gap = completed.difference
    assert gap is not None
    # 15 of 32 and 40 of 42; Newcombe's limits from Wilson's: .3087 to .6355 and .8421 to .9868
    assert gap.estimate == pytest.approx(15 / 32 - 40 / 42)
    assert gap.low == pytest.approx(gap.estimate - math.hypot(15 / 32 - 0.30867, 0.98682 - 40 / 42), abs=2e-4)
    assert gap.high == pytest.approx(gap.estimate + math.hypot(0.63551 - 15 / 32, 40 / 42 - 0.84210), abs=2e-4)
    assert [round(d.estimate, 3) for r in results("alterman_1994") if (d := r.difference)] == [-0.355]


def test_none_of_the_trials_of_setting_tells_later_use_within_ten_points() -> None:
    """The largest half of an interval: they were too small to show that the settings are alike."""
    later = [r for r in evidence.results() if r.study.question == "setting" and r.outcome == "Abstinent"]
    told = [d for r in later if (d := r.difference)]
    assert len(told) == 2
    assert all((d.high - d.low) / 2 > 0.1 for d in told)


def test_what_was_not_printed_is_not_computed() -> None:
    (weisner,) = results("weisner_2000_chose")
    assert weisner.difference is None
    assert weisner.told() == "odds ratio 2.10 (1.30 to 3.50)"
    assert {r.told() for r in results("witbrodt_2007")} == {"no rates seen"}
    # shares without the people of each level
    assert results("stahler_2016")[0].told() == f"52.0{NARROW}% and 65.0{NARROW}%"
    assert results("schneider_1996")[0].told().endswith(f"; {MINUS}48.4 ({MINUS}64.7 to {MINUS}28.4) points")


def test_hours_decide_what_a_program_is() -> None:
    studies = evidence.studies()
    partial = {name for name, s in studies.items() if "partial hospitalization" in s.arm}
    assert partial == {"schneider_1996", "alterman_1994", "guydish_1998"}
    assert studies["witbrodt_2007"].arm == "Day hospital"  # hours were not told


@pytest.mark.parametrize(
    ("file", "column", "value", "said"),
    [
        ("studies", "source", "", "`source` is empty"),
        ("studies", "question", "settings", "`question` is 'settings'. Known: setting, intensity, duration"),
        ("studies", "people", "many", "`people` is 'many' and must be a number"),
        ("results", "study", "schneider", "`study` is 'schneider'"),
        ("results", "measure", "odds", "`measure` is 'odds'"),
        ("results", "first", "", "a share has first, second and no more"),
        ("results", "lower", "0.1", "a share has first, second and no more"),
    ],
)
def test_a_wrong_row_is_named(monkeypatch: pytest.MonkeyPatch, file: str, column: str, value: str, said: str) -> None:
    whole = {name: reference.rows(name) for name in (evidence.STUDIES, evidence.RESULTS)}
    whole[f"evidence_{file}.csv"][0][column] = value
    monkeypatch.setattr(reference, "rows", whole.__getitem__)
    with pytest.raises(StudyError, match=f"evidence_{file}.csv, line 2"):
        evidence.results()
    with pytest.raises(StudyError) as error:
        evidence.results()
    assert said in str(error.value)


def test_every_number_that_is_written_stands_in_the_words() -> None:
    """By which whoever traces a printed number knows it again."""
    said = "\n".join(evidence.words())
    assert f"completed: {MINUS}48.4 ({MINUS}64.7 to {MINUS}28.4) points" in said
    assert all(r.told() in said and r.asked in said for r in evidence.results())
    assert all(s.arms in said for s in evidence.studies().values())


def test_the_trials_of_setting_through_the_rule_of_verdicts() -> None:
    """Completing is worse in day care where it was told; later use is settled by none that told it."""
    found = {(r.study.study, r.asked): judged.judged(r) for r in evidence.results() if r.study.question == "setting"}
    wanted = {
        ("schneider_1996", "Completed"): "inferior",
        ("alterman_1994", "Completed"): "inferior",
        ("schneider_1996", "Abstinent, month 3"): "inferior",
        ("schneider_1996", "Abstinent, month 6"): "inconclusive",
        ("witbrodt_2007", "Abstinent, month 6"): "inconclusive",
        ("witbrodt_2007", "Abstinent, month 12"): "inconclusive",
        ("alterman_1994", "Abstinent, month 7"): "not_answerable",
        ("guydish_1998", "Use, month 18"): "not_answerable",
        ("rychtarik_2000", "Abstinent"): "not_answerable",
        ("stahler_2016", "Completed"): "not_answerable",
    }
    assert {key: found[key].verdict for key in wanted} == wanted
    # 11 of 32 and 19 of 41 or so: 10.5074 x 2 x 0.4146 x 0.5854 / 0.01 people in each arm; of a half 526
    assert found["schneider_1996", "Abstinent, month 6"].needed == 511
    assert found["witbrodt_2007", "Abstinent, month 6"].needed == 526
    assert found["witbrodt_2007", "Abstinent, month 6"].reason.startswith(f"were both 50{NARROW}%; no rates by arm")
    assert found["alterman_1994", "Abstinent, month 7"].reason == "no rates by arm were seen"
    assert found["stahler_2016", "Completed"].reason == "the arms were not assigned by chance"
    assert all(one.reason for one in found.values() if one.verdict == "not_answerable")


def test_printed_ratios_are_judged_by_their_limits() -> None:
    (returned,) = results("mccusker_1997")
    assert judged.judged(returned).verdict == "superior"  # 0.58 to 0.93, and a return to use is not wanted
    (chose,) = results("weisner_2000_chose")
    assert judged.judged(chose).verdict == "not_answerable"
    open_odds = dataclasses.replace(results("weisner_2000")[0], lower=0.8, upper=2.0)
    assert judged.judged(open_odds).reason == judged.NO_MARGIN
    within_it = dataclasses.replace(returned, lower=0.85, upper=1.2)
    assert judged.judged(within_it).verdict == "equivalent"


def test_verdicts_on_others_stand_in_the_words() -> None:
    said = "\n".join(judged.words())
    assert "Not settled: 511 people in each arm would have been needed" in said
    assert "no difference was found" not in said
