"""Captions of figures of doses say what is known and what is not, as the released intervals have it."""

from __future__ import annotations

import pandas as pd
import pytest
from released_study import estimates, released, study

from iop_outcomes import report
from iop_outcomes.report import captions
from iop_outcomes.report.document import Picture

STRATEGIES = "measure == 'risk' and method == 'clone_censor_weight' and contrast == 'stays' and of == 'difference'"


def reading(name: str, frame: pd.DataFrame | None = None) -> str:
    given = estimates() if frame is None else frame
    return captions.told(Picture(name, "A title", "words", "data:", ""), given, study()).reading


def moved(where: str, low: float, high: float, status: str = "ok") -> pd.DataFrame:
    """Estimates of which some have other limits."""
    frame = estimates()
    own = frame.query(where).index
    assert len(own)
    frame.loc[own, ["conf_low", "conf_high", "status"]] = [low, high, status]
    return frame


@pytest.mark.parametrize(
    ("low", "high", "status", "said"),
    [
        (0.1, 0.3, "ok", "who goes on: more people with \u2018Abstinent\u2019 on day 180"),
        (-0.3, -0.1, "ok", "who goes on: fewer people with \u2018Abstinent\u2019 on day 180"),
        (
            0.0,
            0.3,
            "ok",
            "an interval holds 0 or the readings of missing answers differ: \u2018Abstinent",
        ),
        (0.1, 0.3, "gated", "Without a number, for the reason that the report gives: \u2018Abstinent\u2019 on day 180"),
    ],
)
def test_strategies_are_known_open_or_without_a_number(low: float, high: float, status: str, said: str) -> None:
    text = reading("strategies", moved(STRATEGIES, low, high, status))
    assert said in text
    assert text.count("\u2018Staying 13 weeks or leaving in week 4\u2019") == 1
    assert text.endswith("Naive rows are of people who happened to do so: no effect.")


def test_readings_of_missing_answers_that_differ_leave_it_open() -> None:
    frame = moved(STRATEGIES, 0.1, 0.3)
    other = frame.query(STRATEGIES).assign(missing_rule="missing_is_using", conf_low=-0.3, conf_high=-0.1)
    assert "Not known" in reading("strategies", pd.concat([frame, other], ignore_index=True))


def test_a_threshold_says_of_each_side_whether_weeks_add() -> None:
    bend = "contrast == 'bend' and measure == 'rise_per_week' and method == 'clone_censor_weight' and of == '{}'"
    text = reading("thresholds", moved(bend.format("up_to"), 0.01, 0.02))
    assert "who goes on: further weeks up to week 13 add" in text
    text = reading("thresholds", moved(bend.format("difference"), -0.01, 0.02))
    assert "whether further weeks beyond week 13 add less than those before" in text
    assert "further weeks beyond week 13 take away" in reading("thresholds", moved(bend.format("beyond"), -0.2, -0.1))


def test_staying_is_no_effect_and_chance_is_named() -> None:
    text = reading("duration")
    assert "Not known is what staying itself does" in text
    assert "what planning a longer stay does is known from the row as randomised" in text
    assert "as randomised" not in reading("duration", estimates().query("method != 'randomised'"))


def test_the_setting_at_a_dose_is_known_only_where_both_levels_have_a_number() -> None:
    grid = "contrast == 'grid' and of == 'difference' and group == 'all'"
    assert "can be told where both levels have a number" in reading("doses", moved(grid, 0.1, 0.2))
    assert "Not known is the setting at the same dose" in reading("doses", moved(grid, 0.1, 0.2, "gated"))


def test_more_hours_are_said_to_do_more_only_where_their_own_interval_says_so() -> None:
    own = "contrast == 'grid' and group == 'iop' and weeks_of_care == 13 and method == 'g_formula'"
    what = "15 hours a week do more than 9 over 13 weeks at the level \u2018intensive outpatient\u2019"
    assert f"who leaves: {what}" in reading("doses", moved(own, 0.1, 0.2))
    assert f"whether {what}" in reading("doses", moved(own, -0.1, 0.2))
    assert "hours a week do less than 9 over 13 weeks" in reading("doses", moved(own, -0.2, -0.1))
    assert "Without a number" in reading("doses", moved(own, 0.1, 0.2, "gated"))


def test_the_caption_stands_under_the_figure_and_others_have_none(tmp_path) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><title>Hours of care</title><desc>Bars.</desc></svg>'
    for name in ("hours", "flow"):
        (tmp_path / f"{name}.svg").write_text(svg)
    drawn = [str(tmp_path / f"{name}.svg") for name in ("hours", "flow")]
    page = str(report.run(**released(), figures=drawn, study=study(), protocol="")["report"])
    assert "Hours of care. Known is how much care people had, beside what was scheduled. Not known is" in page
    assert page.count("Not known is what it did") == 1


def test_hours_that_people_came_for_are_what_they_did_and_weights_are_named_where_there_are_some() -> None:
    text = reading("intensity")
    assert "attended while still in care. Not known is what hours do where the records do not tell who comes" in text
    weighted = estimates().query("contrast == 'hours'").assign(method="generalised_propensity")
    what = "10 hours a week do more than 6 at the level \u2018intensive outpatient\u2019"
    assert f"holds 0 or the readings of missing answers differ: whether {what}. " in reading("intensity", weighted)
    surely = weighted.assign(conf_low=0.02, conf_high=0.12)
    assert f"as far as what is on record tells who comes: {what}. " in reading("intensity", surely)
