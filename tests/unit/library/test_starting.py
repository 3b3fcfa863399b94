"""Starting further care within days of leaving: by hand, in a world whose truth is known, the wrong ways, refusals."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import iop_outcomes as iop
from iop_outcomes.errors import EstimationError

NAN = float("nan")


def drawn(rng: np.random.Generator, n: int) -> tuple[pd.DataFrame, np.ndarray]:
    """People who left residential care, the sicker starting less often and dying more, and what they would have done
    with and without starting, (n, 2).
    """
    severity, used = rng.normal(size=n), rng.integers(0, 2, n)
    soon = rng.random(n) < 1 / (1 + np.exp(0.2 + 0.9 * severity + 0.8 * used))
    start = np.where(soon, rng.integers(1, 15, n), 14 + np.ceil(rng.exponential(60, n)))
    death = np.ceil(rng.exponential(1 / (0.001 * np.exp(0.6 * severity))))
    log_odds = 0.2 - 0.8 * severity - 0.7 * used
    either = rng.random(n)
    would = np.column_stack([either < 1 / (1 + np.exp(-(log_odds + more))) for more in (0.6, 0.0)]).astype(float)
    began = start <= np.minimum(death, 180)
    free = np.where(start <= 14, would[:, 0], would[:, 1])
    frame = pd.DataFrame(
        {
            "severity": severity, "used": used, "started": np.where(began, start, NAN),
            "died": np.where(death <= 180, death, NAN), "free": free, "site": rng.integers(0, 25, n),
        }
    )  # fmt: skip
    return frame, would


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return drawn(np.random.default_rng(3), 3000)[0]


def asked(frame: pd.DataFrame, **more: object) -> pd.DataFrame:
    return iop.starting(frame, "started", "free", ["severity", "used"], lost="died", **more)


def test_strata_by_hand() -> None:
    """Of the mild 6 of 8 start, and 3 of these are abstinent, 1 of the others; of the severe 2 of 8 (1) and 6 (2): with
    a saturated model the means are those of everyone, 8 of each: (3/6 + 1/2) / 2 and (1/2 + 2/6) / 2.
    """
    rows = [(0, 1, y) for y in (1, 1, 1, 0, 0, 0)] + [(0, NAN, y) for y in (1, 0)]
    rows += [(1, 14, y) for y in (1, 0)] + [(1, 15, y) for y in (1, 1, 0, 0, 0, 0)]
    many = pd.concat([pd.DataFrame(rows, columns=["severe", "started", "free"])] * 200, ignore_index=True)
    found = iop.starting(many, "started", "free", ["severe"]).set_index("of")["estimate"]
    # the weak prior of the models is worth less than a person
    assert found["start"] == pytest.approx((3 / 6 + 1 / 2) / 2, abs=1e-3)
    assert found["none"] == pytest.approx((1 / 2 + 2 / 6) / 2, abs=1e-3)
    assert found["difference"] == pytest.approx(found["start"] - found["none"])
    assert found["ratio"] == pytest.approx(found["start"] / found["none"])
    assert found["naive_difference"] == pytest.approx(4 / 8 - 3 / 8)


def test_a_grace_period_decides_by_its_last_day() -> None:
    rows = [(day, 1.0) for day in (1, 7, 7, 8, 14, 15, 30, 31, NAN, NAN)]
    frame = pd.DataFrame(rows * 30, columns=["started", "free"])
    frame["x"] = np.arange(len(frame)) % 3
    found = iop.starting(frame, "started", "free", ["x"], within=(7, 14, 30))
    own = found[found["of"] == "start"].set_index("within")["people"]
    assert own.to_dict() == {7: 90, 14: 150, 30: 210}
    assert found[found["of"] == "none"]["people"].tolist() == [210, 150, 90]


def test_the_truth_is_found_and_covered_where_the_naive_comparison_is_not() -> None:
    """Of 200 samples of 800 people; truth of 400,000 who all start, or none."""
    big = np.random.default_rng(1)
    truth = np.mean([drawn(big, 100_000)[1].mean(axis=0) for _ in range(4)], axis=0)
    rng, rows = np.random.default_rng(2), []
    for _ in range(200):
        found = asked(drawn(rng, 800)[0]).set_index("of")
        rows.append(
            found.loc[["start", "none", "difference", "naive_difference"], ["estimate", "std_error"]].to_numpy()
        )
    values, errors = np.array(rows).transpose(2, 0, 1)
    known = np.array([*truth, truth[0] - truth[1], truth[0] - truth[1]])
    bias = values.mean(axis=0) - known
    assert (np.abs(bias[:3]) < np.maximum(0.005, 2.6 * values.std(axis=0)[:3] / np.sqrt(200))).all()
    covered = (np.abs(values - known) < 1.96 * errors).mean(axis=0)
    assert ((covered[:3] > 0.90) & (covered[:3] < 0.99)).all()
    np.testing.assert_allclose(errors.mean(axis=0)[:3], values.std(axis=0)[:3], rtol=0.15)
    assert bias[3] > 0.05
    assert covered[3] < 0.8


def test_who_starts_at_all_against_who_never_does_is_wrong_without_any_confounding() -> None:
    """Who died before they could start counts among those who never did: of dying, where starting does nothing."""
    frame, _ = drawn(np.random.default_rng(4), 60_000)
    dead = frame["died"].notna()
    started = frame["started"].notna()
    sick = frame["severity"].between(-0.1, 0.1) & (frame["used"] == 0)  # alike in what starting hangs on
    gap = dead[sick & started].mean() - dead[sick & ~started].mean()
    assert gap < -0.1


def test_rows_order_doubles_and_sites(people: pd.DataFrame) -> None:
    once = asked(people, within=(7, 14))
    pd.testing.assert_frame_equal(asked(people.sample(frac=1, random_state=1), within=(7, 14)), once)
    twice = asked(pd.concat([people, people]), within=(7, 14))
    np.testing.assert_allclose(twice["estimate"], once["estimate"], atol=2e-4)  # but for the weak prior
    np.testing.assert_allclose(twice["std_error"], once["std_error"] / np.sqrt(2), rtol=5e-3)
    sites = asked(people, cluster="site", within=(7, 14))
    np.testing.assert_allclose(sites["estimate"], once["estimate"])
    assert not np.allclose(sites["std_error"], once["std_error"])
    few = once[once["of"].isin(["start", "none"])]
    assert (few["effective"] <= few["people"]).all()
    assert (asked(people, most=0.9)["truncated"].dropna() > 0).any()
    assert all(a != b for a, b in pairwise(once["estimate"]))


def test_as_weighted_by_a_logistic_regression_of_statsmodels(people: pd.DataFrame) -> None:
    import statsmodels.api as sm

    own = people[~((people["died"] <= 14) & ~(people["started"] <= 14))]
    has = (own["started"] <= 14).to_numpy()
    x = sm.add_constant(own[["severity", "used"]])
    chance = sm.Logit(has.astype(float), x).fit(disp=0).predict(x)
    found = iop.starting(own, "started", "free", ["severity", "used"]).set_index("of")["estimate"]
    y = own["free"]
    np.testing.assert_allclose(found["start"], np.average(y[has], weights=1 / chance[has]), atol=1e-4)
    np.testing.assert_allclose(found["none"], np.average(y[~has], weights=1 / (1 - chance[~has])), atol=1e-4)


def test_the_outcome_of_who_was_lost_is_not_read(people: pd.DataFrame) -> None:
    gone = (people["died"] <= 14) & ~(people["started"] <= people["died"])
    assert gone.sum() > 20
    pd.testing.assert_frame_equal(asked(people.assign(free=people["free"].mask(gone))), asked(people))
    with pytest.raises(EstimationError, match="'free' is missing in 1 of"):
        asked(people.assign(free=people["free"].mask(people.index == people.index[~gone][0])))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"within": ()}, "at least one grace period"),
        ({"within": (0,)}, "from 1 on; it holds 0"),
        ({"within": (1.5,)}, "whole numbers of days"),
        ({"cluster": "clinic"}, "no column 'clinic'"),
    ],
)
def test_what_is_wrong_is_said(people: pd.DataFrame, more: dict[str, object], said: str) -> None:
    with pytest.raises(EstimationError, match=said):
        asked(people, **more)


def test_frames_that_make_no_sense_are_refused(people: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match="holds days before 0"):
        asked(people.assign(started=-3))
    with pytest.raises(EstimationError, match="nobody starts"):
        asked(people.assign(started=NAN))
    with pytest.raises(EstimationError, match="everybody starts"):
        asked(people.assign(started=1))
    with pytest.raises(EstimationError, match="has no column 'began'"):
        iop.starting(people, "began", "free", ["severity"])
    with pytest.raises(EstimationError, match="as another argument"):
        iop.starting(people, "started", "free", ["free"])
