"""Strategies of staying from frames: the same as from arrays, and what is wrong with a frame in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import iop_outcomes as iop
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.causal.strategies import Strategy, Way, strategy_means

ASKED = {"two weeks or more": "at least 2", "leave by week 2": "at most 2"}


@pytest.fixture(scope="module")
def weeks() -> pd.DataFrame:
    """Invented people of three weeks at most, who drop out after use, and complete in week 2 or 3."""
    rng = np.random.default_rng(5)
    rows = []
    for person in range(400):
        site, cured = f"S{person % 8}", int(rng.random() < 0.5)
        for week in (1, 2, 3):
            used = int(rng.random() < 0.5)
            dropped, done = rng.random() < 0.1 + 0.3 * used, week > 1 and rng.random() < 0.3
            left = "dropped out" if dropped else "completed" if done else None
            rows.append((f"p{person}", week, left, cured, used, site, int(week > 1)))
            if left:
                break
    return pd.DataFrame(rows, columns=["id", "week", "left", "free", "used", "site", "may_complete"])


def staying(weeks: pd.DataFrame, **more: object) -> pd.DataFrame:
    given = {"strategies": ASKED, "possible": {"completed": "may_complete"}, **more}
    return iop.staying(weeks, "id", "week", "left", "free", ["used"], **given)


def test_frames_and_arrays_say_the_same(weeks):
    found = staying(weeks, difference=tuple(ASKED))
    ids, at = np.unique(weeks["id"], return_inverse=True)
    y = weeks.groupby("id")["free"].first().to_numpy(dtype=float)
    x = weeks[["used"]].to_numpy(dtype=float)
    ways = [
        Way(weeks["left"] == "dropped out", x),
        Way(weeks["left"] == "completed", x, weeks["may_complete"]),
    ]
    strategies = {"two weeks or more": Strategy.at_least(2), "leave by week 2": Strategy.at_most(2)}
    arrays = strategy_means(y, at, weeks["week"], ways, strategies)
    assert len(ids) == len(y)
    assert found["of"].tolist() == [*ASKED, "difference", "ratio"]
    np.testing.assert_allclose(found["estimate"][:2], arrays.estimate.value)
    np.testing.assert_allclose(found["std_error"][:2], arrays.estimate.standard_error())
    np.testing.assert_allclose(found["estimate"][2], arrays.estimate.value[0] - arrays.estimate.value[1])
    assert found["people"][:2].tolist() == arrays.people.tolist()
    assert (found["effective"][:2] <= found["people"][:2]).all()
    shuffled = staying(weeks.sample(frac=1, random_state=1))
    np.testing.assert_allclose(shuffled["estimate"], found["estimate"][:2])


def test_people_of_a_site_are_taken_together(weeks):
    one, sites = staying(weeks), staying(weeks, cluster="site")
    np.testing.assert_allclose(one["estimate"], sites["estimate"])
    assert not np.allclose(one["std_error"], sites["std_error"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"strategies": {"x": "stay 13"}}, "'at least 13', 'at most 4' or 'exactly 8'"),
        ({"possible": {"finished": "may_complete"}}, "nobody left by 'finished'"),
        ({"difference": ("two weeks or more", "two weeks")}, "no strategy 'two weeks'"),
        ({"cluster": "clinic"}, "no column 'clinic'"),
    ],
)
def test_what_is_wrong_is_said(weeks, more, said):
    with pytest.raises(EstimationError, match=said):
        staying(weeks, **more)


def test_frames_that_make_no_sense_are_refused(weeks):
    with pytest.raises(EstimationError, match="not the same in all weeks of a person"):
        staying(weeks.assign(free=weeks["week"] == 1))
    with pytest.raises(EstimationError, match="nobody left"):
        staying(weeks.assign(left=None), possible={})
    with pytest.raises(EstimationError, match="as another argument"):
        iop.staying(weeks, "id", "week", "left", "free", ["free"], ASKED)


def test_the_curve_of_leaving_has_the_means_of_its_strategies_and_slopes_between_them():
    rng = np.random.default_rng(8)
    rows = []
    for person in range(3000):
        for week in range(1, 7):
            used = int(rng.random() < 0.4)
            left = "dropped out" if rng.random() < 0.12 + 0.15 * used else None
            rows.append((person, week, left, used))
            if left:
                break
    weeks = pd.DataFrame(rows, columns=["id", "week", "left", "used"])
    stayed = weeks.groupby("id")["week"].transform("max")
    # each week up to the third is worth 0.15, and none after it anything
    free = np.random.default_rng(9).random(3000)[weeks["id"]] < 0.2 + 0.15 * np.minimum(stayed, 3)
    weeks = weeks.assign(free=free.astype(int))
    given = (weeks, "id", "week", "left", "free", ["used"])
    found = iop.staying_curve(*given, leave_in=[1, 2, 3, 4, 5], threshold=3)
    means = found[found["of"] == "leave_in"]
    alone = iop.staying(*given, {"three": "exactly 3"})
    assert means["estimate"].iloc[2] == pytest.approx(alone["estimate"].iloc[0])
    assert means["std_error"].iloc[2] == pytest.approx(alone["std_error"].iloc[0])
    slopes = found.set_index("of")
    assert abs(slopes.loc["slope_before", "estimate"] - 0.15) < 3 * slopes.loc["slope_before", "std_error"]
    assert abs(slopes.loc["slope_after", "estimate"]) < 3 * slopes.loc["slope_after", "std_error"]
    assert slopes.loc["change_of_slope", "p_value"] < 0.05
    assert slopes.loc["misfit_broken", "p_value"] > 0.01
    with pytest.raises(EstimationError, match="two points on either side"):
        iop.staying_curve(*given, leave_in=[1, 2, 3], threshold=3)
