"""Cox regression: six people by hand, other implementations, ties, and what must be refused."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.cox.cox import cox


def data(n: int = 300, seed: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    time = np.ceil(20 * rng.exponential(np.exp(-0.5 * x[:, 0]))).clip(1, 40)
    return x, time, (rng.random(n) < 0.7) & (time < 40), rng


def test_six_people_by_hand() -> None:
    # Events at 1 (x = 1), 2 (x = 0), 3 (x = 1); three of either kind at the start. With r = exp(b) the
    # likelihood is r / (3r + 3) . 1 / (2r + 3) . r / (2r + 2); its derivative vanishes where r^2 - r - 3 = 0.
    fit = cox([[1], [0], [1], [0], [1], [0]], [1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0], ("x",))
    r = (1 + np.sqrt(13)) / 2
    assert fit.estimate.value[0] == pytest.approx(np.log(r), abs=1e-12)
    assert fit.information[0, 0] == pytest.approx(2 * r / (1 + r) ** 2 + 6 * r / (2 * r + 3) ** 2)
    assert fit.log_likelihood == pytest.approx(np.log(r**2 / ((3 * r + 3) * (2 * r + 3) * (2 * r + 2))))
    assert fit.null_log_likelihood == pytest.approx(-np.log(6 * 5 * 4))


@pytest.mark.parametrize(
    ("ties", "cubic"),
    [
        # Two with x = 1 at day 1 out of three and three, then one with x = 0 out of one and three:
        # Efron   r^2 / ((3r + 3)(2r + 3)(r + 3)): r^3 - 9r - 9 = 0
        # Breslow r^2 / ((3r + 3)^2 (r + 3)):      2 - 2r/(r+1) - r/(r+3) = 0, or r^2 - r - 6 = 0, r = 3
        ("efron", [1, 0, -9, -9]),
        ("breslow", [1, -1, -6]),
    ],
)
def test_ties_by_hand(ties: str, cubic: list[float]) -> None:
    fit = cox([[1], [1], [0], [1], [0], [0]], [1, 1, 2, 3, 3, 3], [1, 1, 1, 0, 0, 0], ("x",), ties=ties)
    assert np.exp(fit.estimate.value[0]) == pytest.approx(np.roots(cubic).real.max(), abs=1e-10)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("how", ["plain", "strata", "entry"])
def test_as_in_statsmodels(ties: str, how: str) -> None:
    from statsmodels.duration.hazard_regression import PHReg

    x, time, event, rng = data()
    ours: dict[str, object] = {}
    theirs: dict[str, object] = {}
    if how == "strata":
        ours = theirs = {"strata": rng.integers(0, 4, len(time))}
    if how == "entry":
        entry = np.minimum(rng.integers(1, 10, len(time)), time - 1)
        # statsmodels counts a person as at risk at the day of entry
        ours, theirs = {"entry": entry}, {"entry": entry + 1e-6}
    fit = cox(x, time, event, ("a", "b"), ties=ties, **ours)
    other = PHReg(time, x, status=event, ties=ties, **theirs).fit()
    np.testing.assert_allclose(fit.estimate.value, other.params, rtol=1e-6)
    np.testing.assert_allclose(np.sqrt(np.diag(np.linalg.inv(fit.information))), other.bse, rtol=1e-6)
    assert fit.log_likelihood == pytest.approx(other.llf, rel=1e-9)


def test_weights_as_in_lifelines() -> None:
    import pandas as pd
    from lifelines import CoxPHFitter

    x, time, event, rng = data()
    time = time - rng.random(len(time))  # no ties: with them lifelines' robust variance is up to 0.4 % off
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "t": time, "e": event, "w": rng.uniform(0.5, 2, len(time))})
    other = CoxPHFitter().fit(frame, "t", "e", weights_col="w", robust=True)
    fit = cox(x, time, event, ("a", "b"), weight=frame["w"])
    np.testing.assert_allclose(fit.estimate.value, other.params_, rtol=1e-5)
    np.testing.assert_allclose(fit.estimate.standard_error(), other.standard_errors_, rtol=1e-5)


def test_splitting_follow_up_changes_nothing() -> None:
    x, time, event, _ = data()
    whole = cox(x, time, event, ("a", "b"))
    cut = np.floor(time / 2)
    split = cut > 0
    person = np.concatenate([np.flatnonzero(split), np.arange(len(time))])
    halves = cox(
        x[person],
        np.concatenate([cut[split], time]),
        np.concatenate([np.zeros(split.sum()), event]),
        ("a", "b"),
        entry=np.concatenate([np.zeros(split.sum()), cut]),
    )
    np.testing.assert_allclose(halves.estimate.value, whole.estimate.value, rtol=1e-10)
    np.testing.assert_allclose(halves.information, whole.information, rtol=1e-9)
    # Rows of a person are one person: their influences add up to that of the whole.
    clusters = len(time)
    clustered = halves.estimate.clustered([str(p) for p in person]).covariance() * (clusters - 1) / clusters
    np.testing.assert_allclose(clustered, whole.estimate.covariance(), rtol=1e-8)


def test_strata_with_covariates_far_apart_lose_no_digits() -> None:
    x, time, event, rng = data()
    strata = rng.integers(0, 3, len(time))
    near = cox(x, time, event, ("a", "b"), strata=strata)
    far = cox(x + 1e6 * strata[:, None], time, event, ("a", "b"), strata=strata)
    np.testing.assert_allclose(far.estimate.value, near.estimate.value, rtol=1e-7)


def test_a_stratum_without_events_and_people_censored_early_are_harmless() -> None:
    x, time, event, _ = data()
    fit = cox(x, time, event, ("a", "b"), strata=np.zeros(len(time)))
    extra = np.full((5, 2), 9.0)
    more = cox(
        np.vstack([x, extra]),
        np.append(time, np.arange(1, 6)),
        np.append(event, np.zeros(5)),
        ("a", "b"),
        strata=np.append(np.zeros(len(time)), np.ones(5)),
    )
    np.testing.assert_allclose(more.estimate.value, fit.estimate.value, rtol=1e-12)
    assert not more.estimate.influence[-5:].any()


def test_fifty_thousand_rows_are_no_matter() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(50_000, 10))
    time = np.ceil(1000 * rng.exponential(np.exp(-0.3 * x[:, 0])))
    # what grew with the square of their number would not end
    fit = cox(x, time, rng.random(50_000) < 0.5, [f"x{i}" for i in range(10)])
    assert fit.estimate.value[0] == pytest.approx(0.3, abs=0.03)


def test_robust_and_model_based_variance_agree_when_the_model_holds() -> None:
    x, time, event, _ = data(n=5000, seed=9)
    fit = cox(x, time, event, ("a", "b"))
    model = np.sqrt(np.diag(np.linalg.inv(fit.information)))
    np.testing.assert_allclose(fit.estimate.standard_error(), model, rtol=0.04)


def test_refusals_name_the_column() -> None:
    x, time, event, _ = data()
    a, b = x.T
    with pytest.raises(EstimationError, match="cannot tell what site does"):
        cox(np.column_stack([a, np.full(300, 5.3)]), time, event, ("a", "site"))
    with pytest.raises(EstimationError, match="cannot tell what site does"):
        cox(np.column_stack([a, b > 0]), time, event, ("a", "site"), strata=b > 0)
    with pytest.raises(EstimationError, match="among a, b, sum,"):
        cox(np.column_stack([a, b, a + b]), time, event, ("a", "b", "sum"))
    never = (np.arange(300) % 7 == 0) & ~event
    with pytest.raises(EstimationError, match="of never has no finite estimate"):
        cox(np.column_stack([a, never]), time, event, ("a", "never"))
    with pytest.raises(EstimationError, match="of always has no finite estimate"):
        # the larger, the sooner
        cox(np.column_stack([a, -time]), time, np.ones(300), ("a", "always"))
    with pytest.raises(EstimationError, match="No events"):
        cox(x, time, np.zeros(300), ("a", "b"))
    with pytest.raises(EstimationError, match="values other than 0 and 1"):
        cox(x, time, event * 2, ("a", "b"))
    with pytest.raises(EstimationError, match="same name"):
        cox(x, time, event, ("a", "a"))
    with pytest.raises(EstimationError, match="not 'exact'"):
        cox(x, time, event, ("a", "b"), ties="exact")
    x[3, 1] = np.nan
    with pytest.raises(EstimationError, match="'b' is missing"):
        cox(x, time, event, ("a", "b"))
