"""Fine-Gray regression: five people by hand, no competing events, simulated truth, and what must be refused."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.estimators.cox.fine_gray import CENSORING, fine_gray
from iop_outcomes.estimators.design_matrix.model_matrix import categories
from iop_outcomes.estimators.survival.cuminc import cumulative_incidence

X = np.array([[1.0], [0.0], [1.0], [0.0], [1.0]])
TIME, CAUSE = np.array([1.0, 2, 3, 4, 5]), np.array([1, 2, 0, 1, 0])


def simulated(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Incidence of cause 1 by t: 1 - (1 - 0.6 (1 - exp(-t))) ** exp(0.5 x), so the log ratio of hazards is 0.5."""
    x = rng.integers(0, 2, n).astype(float)
    ever = 1 - 0.4 ** np.exp(0.5 * x)
    first = rng.random(n) < ever
    u = rng.random(n) * ever
    own = -np.log(1 - (1 - (1 - u) ** np.exp(-0.5 * x)) / 0.6)
    event = np.where(first, own, rng.exponential(np.exp(0.3 * x)))
    censored = rng.exponential(3.0, n)
    return x[:, None], np.minimum(event, censored), np.where(censored < event, 0, np.where(first, 1, 2))


def test_five_people_by_hand() -> None:
    # Day 1: three with r and two with 1 at risk. One of three is censored on day 3, so on day 4 the person who had the
    # competing event on day 2 counts 2/3: r / (3r + 2) . 1 / (r + 1 + 2/3), whose derivative vanishes at r^2 = 10/9.
    fit = fine_gray(X, TIME, CAUSE, 1, ("x",))
    r = np.sqrt(10) / 3
    assert fit.estimate.value[0] == pytest.approx(np.log(r), abs=1e-10)
    assert fit.log_likelihood == pytest.approx(np.log(r / ((3 * r + 2) * (r + 5 / 3))))
    assert fit.null_log_likelihood == pytest.approx(-np.log(5 * 8 / 3))
    assert fit.information[0, 0] == pytest.approx(6 * r / (3 * r + 2) ** 2 + 5 / 3 * r / (r + 5 / 3) ** 2)
    # L(4) = 1 / (3r + 2) + 1 / (r + 5/3), for x = 0
    predicted = fit.cumulative_incidence([[0.0], [1.0]], ("none", "one"), [1, 4.5])
    steps = np.array([1 / (3 * r + 2), 1 / (3 * r + 2) + 1 / (r + 5 / 3)])
    np.testing.assert_allclose(predicted.value, 1 - np.exp(-np.concatenate([steps, r * steps])))
    assert predicted.names == ("none:1", "none:4.5", "one:1", "one:4.5")


def test_censoring_groups_by_hand() -> None:
    # In a group of its own, without censoring, the person with the competing event counts 1 on day 4: r = sqrt(4/3).
    fit = fine_gray(X, TIME, CAUSE, 1, ("x",), censoring_groups=["a", "b", "a", "a", "a"])
    assert fit.estimate.value[0] == pytest.approx(np.log(4 / 3) / 2, abs=1e-10)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_without_competing_events_it_is_cox(ties: str) -> None:
    rng = np.random.default_rng(3)
    x, time, cause = simulated(200, rng)
    time, event, weight = np.ceil(4 * time), cause == 1, rng.uniform(0.5, 2, 200)
    mine = fine_gray(x, time, event, 1, ("x",), weight=weight, ties=ties)
    other = cox(x, time, event, ("x",), weight=weight, ties=ties)
    np.testing.assert_allclose(mine.estimate.value, other.estimate.value, rtol=1e-10)
    np.testing.assert_allclose(mine.estimate.influence, other.estimate.influence, rtol=1e-8, atol=1e-12)


def test_without_censoring_those_with_a_competing_event_never_leave() -> None:
    rng = np.random.default_rng(3)
    x, time, cause = simulated(200, rng)
    cause = np.where(cause == 0, 2, cause)
    mine = fine_gray(x, time, cause, 1, ("x",)).estimate
    other = cox(x, np.where(cause == 1, time, 99), cause == 1, ("x",), ties="breslow").estimate
    np.testing.assert_allclose(mine.influence, other.influence, rtol=1e-8, atol=1e-12)


def test_codes_and_a_table_give_the_same() -> None:
    rng = np.random.default_rng(8)
    _, time, cause = simulated(300, rng)
    matrix = categories({"a": rng.integers(0, 3, 300), "b": rng.integers(0, 2, 300)})
    groups = rng.integers(0, 2, 300)
    coded = fine_gray(matrix, time, cause, 1, matrix.names, censoring_groups=groups)
    plain = fine_gray(matrix.dense(), time, cause, 1, matrix.names, censoring_groups=groups)
    np.testing.assert_allclose(coded.estimate.value, plain.estimate.value, rtol=1e-9)
    np.testing.assert_allclose(coded.estimate.influence, plain.estimate.influence, rtol=1e-7, atol=1e-11)
    profile = matrix.dense()[:2]
    here, there = (f.cumulative_incidence(profile, ("u", "v"), [1, 2]) for f in (coded, plain))
    np.testing.assert_allclose(here.influence, there.influence, rtol=1e-7, atol=1e-11)


def test_truth_and_its_standard_error() -> None:
    rng = np.random.default_rng(1)
    estimates, errors, incidences, incidence_errors = [], [], [], []
    for _ in range(200):
        x, time, cause = simulated(250, rng)
        fit = fine_gray(x, time, cause, 1, ("x",))
        predicted = fit.cumulative_incidence([[1.0]], ("x",), 1.0 * np.array([1]))
        estimates.append(fit.estimate.value[0])
        errors.append(fit.estimate.standard_error()[0])
        incidences.append(predicted.value[0])
        incidence_errors.append(predicted.standard_error()[0])
    assert np.mean(estimates) == pytest.approx(0.5, abs=0.04)
    assert np.mean(errors) == pytest.approx(np.std(estimates), rel=0.12)
    assert np.mean(incidences) == pytest.approx(1 - (1 - 0.6 * (1 - np.exp(-1))) ** np.exp(0.5), abs=0.008)
    assert np.mean(incidence_errors) == pytest.approx(np.std(incidences), rel=0.12)


def test_a_saturated_model_predicts_the_incidence_of_each_arm() -> None:
    x, time, cause = simulated(20_000, np.random.default_rng(2))
    predicted = fine_gray(x, time, cause, 1, ("x",)).cumulative_incidence([[0.0], [1.0]], ("0", "1"), [1.0])
    for arm in (0, 1):
        here = x[:, 0] == arm
        curve = cumulative_incidence(time[here], cause[here], 1, [1.0])
        assert predicted.value[arm] == pytest.approx(curve.value[0], abs=4 * curve.standard_error()[0])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"which": 3}, "No events of cause 3"),
        ({"which": 0}, "must be 1 or above"),
        ({"cause": [1, 2, 0, 1, -1]}, "whole numbers"),
        ({"time": [1, 2, 3, 4, -5]}, "negative"),
        ({"x": np.ones((5, 1))}, "does not vary"),
        ({"x": [[1], [0], [0], [0], [0]], "cause": [1, 2, 0, 0, 0]}, "no finite estimate"),
        ({"censoring": "robust"}, "'censoring' must be one of derivative, crr, known"),
        ({"ties": "exact"}, "'efron' or 'breslow'"),
        ({"censoring_groups": ["a", "b"]}, "5 labels were expected"),
        ({"weight": [1, 1, 1, 1, -1]}, "negative"),
        ({"frequency": [1, 1, 1, 1, 0.5]}, "not a whole number"),
    ],
)
def test_refused(changed: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"x": X, "time": TIME, "cause": CAUSE, "which": 1, "names": ("x",)}
    with pytest.raises(EstimationError, match=message):
        fine_gray(**{**given, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize("times", [[0.5], [6]])
def test_times_without_a_prediction_are_refused(times: list[float]) -> None:
    with pytest.raises(EstimationError, match="says nothing before the first event, at 1"):
        fine_gray(X, TIME, CAUSE, 1, ("x",)).cumulative_incidence([[0.0]], ("x",), times)


@pytest.mark.parametrize("censoring", CENSORING)
def test_everyone_censored_in_a_group_is_no_trouble(censoring: str) -> None:
    # In group b the last person is censored, so G is zero from then on, while events go on in group a.
    groups = ["a", "b", "b", "a", "a"]
    fit = fine_gray(X, TIME, CAUSE, 1, ("x",), censoring_groups=groups, censoring=censoring)
    # On day 4 the person with the competing event counts nothing: r / (3r + 2) . 1 / (r + 1)
    assert fit.estimate.value[0] == pytest.approx(np.log(2 / 3) / 2, abs=1e-9)
