"""Doses from frames: the same as from arrays, and what is wrong with a frame in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import iop_outcomes as iop
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.causal.doses import Course, Dose
from iop_outcomes.estimators.causal.g_formula import dose_means

NAMES = ("id", "week", "used", "level", "hours")
DOSES = {"eight": ("2.1", 3, 8.0), "twelve": ("2.1", 3, 12.0)}


@pytest.fixture(scope="module")
def weeks() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = []
    for person in range(200):
        used, old = 1, float(rng.integers(20, 60))
        for week in (1, 2, 3, 4):
            used = int(rng.random() < 0.2 + 0.5 * used)
            hours = 12.0 - 4 * used + float(rng.normal()) if week < 4 else 0.0
            seen = used if rng.random() < 0.95 else None
            rows.append((f"p{person:03}", week, seen, "2.1" if week < 4 else None, hours, old, f"S{person % 9}"))
    return pd.DataFrame(rows, columns=[*NAMES, "age", "site"])


def at_a_dose(weeks: pd.DataFrame, **more: object) -> pd.DataFrame:
    given = {"covariates": ["age"], "doses": DOSES, "free": (3, 4), "fewest": 10, "draws": 10, **more}
    return iop.at_a_dose(weeks, *NAMES, **given)


def test_frames_and_arrays_say_the_same(weeks: pd.DataFrame) -> None:
    found = at_a_dose(weeks, difference=("twelve", "eight"))
    own = {c: weeks[c].to_numpy().reshape(200, 4) for c in ("used", "hours", "age")}
    level = weeks["level"].notna().to_numpy().reshape(200, 4).astype(int)
    course = Course.of(own["used"].astype(float), level, own["hours"], own["age"][:, :1])
    arrays = dose_means(course, {n: Dose.of(1, w, h) for n, (_, w, h) in DOSES.items()}, range(2, 4), draws=10)
    assert found["of"].tolist() == ["eight", "twelve", "difference", "ratio"]
    np.testing.assert_allclose(found["estimate"][:2], arrays.estimate.value)
    np.testing.assert_allclose(found["std_error"][:2], arrays.estimate.standard_error())
    np.testing.assert_allclose(found["estimate"][2], arrays.estimate.value[1] - arrays.estimate.value[0])
    pd.testing.assert_frame_equal(at_a_dose(weeks.sample(frac=1, random_state=3)), at_a_dose(weeks))


def test_a_dose_that_hardly_anyone_had_has_no_numbers(weeks: pd.DataFrame) -> None:
    asked = {**DOSES, "thirty": ("2.1", 3, 30.0)}
    found = at_a_dose(weeks, doses=asked, difference=("thirty", "eight")).set_index("of")
    assert found.loc["thirty", "near"] == 0
    assert found.loc[["thirty", "difference", "ratio"], ["estimate", "std_error", "conf_low"]].isna().all(axis=None)
    assert found.loc["eight", "estimate"] > 0
    shown = at_a_dose(weeks, doses=asked, fewest=0).set_index("of")
    assert np.isfinite(shown.loc["thirty", "estimate"])


def test_people_of_a_site_are_taken_together(weeks: pd.DataFrame) -> None:
    alone, sites = at_a_dose(weeks), at_a_dose(weeks, cluster="site")
    np.testing.assert_allclose(alone["estimate"], sites["estimate"])
    assert (alone["std_error"] != sites["std_error"]).all()


@pytest.mark.parametrize(
    ("change", "more", "said"),
    [
        (lambda w: w.iloc[1:], {}, "one row for each week from 1 to 4: 800 rows, and there are 799"),
        (lambda w: w.assign(age=range(len(w))), {}, "not the same in all weeks"),
        (lambda w: w, {"doses": {"x": ("3.5", 2, 9)}}, "is at '3.5', and levels are 2.1"),
        (lambda w: w, {"doses": {"x": ("2.1", 0, 9)}}, "0 weeks at 9 hours"),
        (lambda w: w, {"free": (3, 5)}, "weeks from 0 to 3"),
        (lambda w: w, {"difference": ("eight", "ten")}, "no dose 'ten'"),
        (lambda w: w.assign(used="yes"), {}, "'used' holds text"),
    ],
)
def test_what_is_wrong_is_said(weeks: pd.DataFrame, change, more: dict[str, object], said: str) -> None:
    with pytest.raises(EstimationError, match=said):
        at_a_dose(change(weeks), **more)


def test_an_answer_afterwards_is_one_of_each_person(weeks: pd.DataFrame) -> None:
    answers = np.random.default_rng(5).random(200) < 0.4
    told = weeks.assign(answer=np.where(np.arange(200) % 7, answers, np.nan)[np.arange(800) // 4])
    found = at_a_dose(told, free=None, after="answer")
    own = {c: weeks[c].to_numpy().reshape(200, 4) for c in ("used", "hours", "age")}
    level = weeks["level"].notna().to_numpy().reshape(200, 4).astype(int)
    course = Course.of(own["used"].astype(float), level, own["hours"], own["age"][:, :1])
    asked = {n: Dose.of(1, w, h) for n, (_, w, h) in DOSES.items()}
    arrays = dose_means(course, asked, after=told["answer"].to_numpy()[::4], draws=10)
    np.testing.assert_allclose(found["estimate"], arrays.estimate.value)
    with pytest.raises(EstimationError, match="`after` is one answer of each person"):
        at_a_dose(told.assign(answer=np.arange(800) % 2), free=None, after="answer")
    with pytest.raises(EstimationError, match="or what came afterwards"):
        at_a_dose(told, after="answer")
