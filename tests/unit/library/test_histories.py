"""Histories of weekly hours from frames: the same as from arrays, and what is wrong with a frame in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import iop_outcomes as iop
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.causal.marginal_structural import (
    MarginalStructuralModel,
    chain,
    stabilised_weights,
    weeks_in_categories,
)

PEOPLE, WEEKS = 400, 4
HISTORIES = {"some": (4, 3), "more": (8, 3)}


@pytest.fixture(scope="module")
def weeks() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = []
    for person in range(PEOPLE):
        used, hours, ever, old = 1, 0.0, 0, float(rng.integers(20, 60))
        own = []
        for week in range(1, WEEKS + 1):
            used = int(rng.random() < 1 / (1 + np.exp(0.1 - 0.9 * used + 0.1 * hours)))
            hours = float(max(0.0, rng.normal(7.0 - 3.0 * used, 2.5))) if week < WEEKS else 0.0
            ever += used
            own.append([f"p{person:03}", week, used, hours, int(week < WEEKS), old, f"S{person % 9}"])
        answer = int(rng.random() < 1 / (1 + np.exp(-1.0 + 0.8 * ever)))
        rows += [[*one, answer] for one in own]
    return pd.DataFrame(rows, columns=["id", "week", "used", "hours", "open", "age", "site", "answer"])


def asked(weeks: pd.DataFrame, **more: object) -> pd.DataFrame:
    given = {"covariates": ["age"], "changing": ["used"], "histories": HISTORIES, "open": "open", "fewest": 5, **more}
    return iop.histories_of_hours(weeks, "id", "week", "hours", "answer", **given)


def test_frames_and_arrays_say_the_same(weeks: pd.DataFrame) -> None:
    found = asked(weeks, cuts=(6,), difference=("more", "some"))
    hours = weeks["hours"].to_numpy().reshape(PEOPLE, WEEKS)
    category = np.where(hours > 0, 1 + (hours >= 6), 0)
    person, week = np.repeat(np.arange(PEOPLE), WEEKS), np.tile(np.arange(WEEKS), PEOPLE)
    before = np.hstack([np.full((PEOPLE, 1), -1), category[:, :-1]]).ravel()
    age = weeks["age"].to_numpy()[::WEEKS]
    stable = np.column_stack([*(before == one for one in range(3)), week, age[person]]).astype(float)
    weights = stabilised_weights(
        chain(category.ravel(), weeks["open"]), person, stable, weeks["used"].to_numpy()[:, None], PEOPLE
    )
    model = MarginalStructuralModel(
        "logistic", weeks["answer"].to_numpy()[::WEEKS], weeks_in_categories(category, 3), age[:, None]
    )
    arrays = model.means({"some": [3, 0], "more": [0, 3]}, weights)
    assert found["of"].tolist() == ["some", "more", "difference", "ratio"]
    np.testing.assert_allclose(found["estimate"][:2], arrays.estimate.value, rtol=1e-5)
    np.testing.assert_allclose(found["std_error"][:2], arrays.estimate.standard_error(), rtol=1e-4)
    np.testing.assert_allclose(found["estimate"][2], found["estimate"][1] - found["estimate"][0])
    assert found["effective"][0] == pytest.approx(weights.effective, rel=1e-5)
    pd.testing.assert_frame_equal(
        asked(weeks.sample(frac=1, random_state=3), cuts=(6,), difference=("more", "some")), found
    )


def test_a_history_that_hardly_anyone_had_has_no_numbers(weeks: pd.DataFrame) -> None:
    histories = {**HISTORIES, "most": (25, 3)}
    found = asked(weeks, histories=histories, fewest=0, difference=("most", "some")).set_index("of")
    assert found["near"][["some", "most"]].tolist()[1] == 0
    assert found.loc[["most", "difference"], ["estimate", "std_error", "conf_low"]].isna().all(axis=None)
    assert found.loc["some", "estimate"] > 0
    found = asked(weeks, histories=HISTORIES, cuts=(6,), fewest=PEOPLE, difference=("more", "some")).set_index("of")
    assert found[["estimate", "std_error", "conf_low"]].isna().all(axis=None)


def test_what_hangs_on_the_largest_weights(weeks: pd.DataFrame) -> None:
    table = asked(weeks, cuts=(6,), told="truncations")
    assert table["lower"].tolist() == sorted(table["lower"])
    assert table.loc[table["lower"] == 0, "estimate"].tolist() == asked(weeks, cuts=(6,))["estimate"].tolist()
    assert table["largest_weight"].is_monotonic_decreasing
    cut = asked(weeks, cuts=(6,), truncated=(0.05, 0.95))
    assert cut["estimate"].tolist() == table.loc[table["lower"] == 0.05, "estimate"].tolist()


def test_people_of_a_site_are_taken_together(weeks: pd.DataFrame) -> None:
    alone, sites = asked(weeks, cuts=(6,)), asked(weeks, cuts=(6,), cluster="site")
    np.testing.assert_allclose(alone["estimate"], sites["estimate"])
    assert (alone["std_error"] != sites["std_error"]).all()


@pytest.mark.parametrize(
    ("change", "more", "said"),
    [
        (lambda w: w.iloc[1:], {}, "one row for each week from 1 to 4: 1600 rows, and there are 1599"),
        (lambda w: w.assign(age=range(len(w))), {}, "not the same in all weeks"),
        (lambda w: w.assign(answer=np.arange(len(w)) % 2), {}, "`outcome` is one answer of each person"),
        (lambda w: w, {"histories": {"x": (9, 0)}}, "'x' is 9 hours a week for 0 weeks; both are above 0"),
        (lambda w: w, {"cuts": (9, 6)}, "hours a week above 0 that rise"),
        (lambda w: w, {"difference": ("some", "none")}, "no history 'none'"),
        (lambda w: w, {"told": "all"}, "`told` is 'means' or 'truncations'"),
        (lambda w: w.assign(hours=-1.0), {}, "'hours' is below 0"),
        (lambda w: w, {"changing": ["usd"]}, "Did you mean 'used'"),
    ],
)
def test_what_is_wrong_is_said(weeks: pd.DataFrame, change, more: dict[str, object], said: str) -> None:
    with pytest.raises(EstimationError, match=said):
        asked(change(weeks), **{"cuts": (6,), **more})
