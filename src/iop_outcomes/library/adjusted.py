"""Propensity scores, and differences between two arms under their weights, the estimation of the score counted."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal.effects import mean_by_arm
from iop_outcomes.estimators.causal.propensity import Propensity, fit_propensity
from iop_outcomes.estimators.causal.weights import TILTS, weight_slope, weights
from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.library import tidy
from iop_outcomes.library.frames import Frame
from iop_outcomes.vocabulary.methods import IPTW_UNSTABILISED, OVERLAP

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Scored:
    """The n people of two arms. treated: (n,) in the first. people: (n,) per row, or None."""

    frame: Frame
    treated: NDArray[np.bool_]
    people: Array | None
    score: Propensity

    def weight(self, kind: str) -> Array:
        """(n,) weights of a kind."""
        return weights(kind, self.treated, self.score.score, self.people)

    def given(self, kind: str) -> dict[str, Array | None]:
        """Weights of a kind and people per row, by the arguments of an estimator."""
        return {"weight": self.weight(kind), "frequency": self.people}

    def finished(self, estimate: Estimate, kind: str) -> Estimate:
        """The estimate with the estimation of the score counted, people grouped."""
        slope = weight_slope(kind, self.treated, self.score.score, self.people)
        done = stack(estimate, slope, self.score.nuisance)
        cluster = self.frame.cluster
        return done if cluster is None else done.clustered(self.frame.labels(cluster, "cluster"))


def propensity_score(
    data: pd.DataFrame, arm: str, first: Any, second: Any, covariates: Sequence[str], frequency: str | None = None
) -> pd.DataFrame:
    """Scores and weights of the people of two arms, by the index of `data`; rows of other arms are left out.

    covariates: numbers as they are, labels as categories; put the site among them where arms differ by site. Returns
    `score` (probability of the first arm), and a column for each kind of weight: `iptw` (stabilised), `overlap`,
    `matching`, `entropy`, `att`, `atc`. Raises EstimationError, by name, where some kind of person is in one arm only.
    """
    import pandas as pd

    found = scored(data, arm, first, second, covariates, frequency, None)
    kinds = {kind: found.weight(kind) for kind in TILTS if kind != IPTW_UNSTABILISED}
    return pd.DataFrame({"score": found.score.score, **kinds}, index=found.frame.data.index)


def adjusted_difference(
    data: pd.DataFrame,
    arm: str,
    first: Any,
    second: Any,
    covariates: Sequence[str],
    outcome: str | None = None,
    time: str | None = None,
    event: str | None = None,
    cause: str | None = None,
    which: Any = None,
    censored: Any = 0,
    horizon: float | None = None,
    weights: str = OVERLAP,
    frequency: str | None = None,
    cluster: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """The first arm against the second under weights of a propensity score, whose estimation counts in the errors.

    What is compared: the mean of `outcome` (0 and 1, or numbers; people for whom it is missing are left out of the
    means and stay in the score); or, up to `horizon`, the mean days without `event`; or the probability of `cause`
    `which` among those that compete. weights: 'overlap' speaks for people with a chance of either arm, 'iptw' for
    everyone, 'att' and 'atc' for the people of one arm. Returns four rows: each arm, the difference and the ratio.
    Raises EstimationError.
    """
    import pandas as pd

    if weights not in TILTS:
        raise EstimationError(f"`weights` is one of {', '.join(TILTS)}; it is {weights!r}.")
    _one_question(outcome, time, event, cause, which, horizon)
    taken = [name for name in (outcome, time, event, cause) if name is not None]
    found = scored(data, arm, first, second, covariates, frequency, cluster, taken)
    if outcome is not None:
        made = mean_of(found, outcome, found.given(weights))
    else:
        made = _by_time(found, str(time), event, cause, which, censored, float(horizon or 0), found.given(weights))
    estimate = found.finished(made, weights)
    names = estimate.names[0], estimate.names[1]
    arms = tidy.rows(estimate, level).assign(of=[first, second])
    table = pd.concat([arms, tidy.contrast(estimate, *names, level)], ignore_index=True)
    return tidy.ordered(table.assign(weights=weights), ("of", *tidy.NUMBERS, "p_value", "weights"))


def _one_question(
    outcome: str | None, time: str | None, event: str | None, cause: str | None, which: Any, horizon: float | None
) -> None:
    if not isinstance(horizon, (int, float, np.number, type(None))):
        raise EstimationError(f"`horizon` is one number, in the unit of `time`; it is {type(horizon).__name__}.")
    about_time = time is not None and horizon is not None and (event is None) != (cause is None)
    whole = about_time and (cause is None) == (which is None)
    if (outcome is None) != whole or (outcome is not None and any(v is not None for v in (time, event, cause))):
        raise EstimationError(
            "Ask one question: `outcome`; or `time`, `event` and `horizon`; or `time`, `cause`, `which` and `horizon`."
        )


def scored(
    data: pd.DataFrame,
    arm: str,
    first: Any,
    second: Any,
    covariates: Sequence[str],
    frequency: str | None,
    cluster: str | None,
    taken: Sequence[str] = (),
) -> Scored:
    """The people of two arms with their scores. taken: columns of the outcome, which are no covariates."""
    whole = Frame(data)
    for label, argument in ((first, "first"), (second, "second")):
        whole.one_of(label, arm, argument)
    if first == second:
        raise EstimationError("`first` and `second` are the same arm.")
    frame = Frame(data[data[arm].isin([first, second])], frequency=frequency, cluster=cluster)
    treated = (frame.data[arm] == first).to_numpy(dtype=bool)
    people = frame.per_row().get("frequency")
    for label, here in ((first, treated), (second, ~treated)):
        if people is not None and not people[here].any():
            raise EstimationError(f"`frequency`: no row of '{arm}' {label!r} stands for anyone.")
    matrix = frame.covariates(covariates, without=[*(n for n in (arm, frequency) if n), *taken])
    return Scored(frame, treated, people, fit_propensity(matrix, treated, people))


def mean_of(scored: Scored, outcome: str, given: dict[str, Any]) -> Estimate:
    """Means of the first and the second arm; people for whom the outcome is missing are left out."""
    frame = scored.frame
    if not isinstance(outcome, Hashable) or outcome not in frame.data:
        frame.column(outcome, "outcome")
    seen = frame.data[outcome].notna().to_numpy()
    if not seen.any():
        raise EstimationError(f"`outcome`: '{outcome}' is missing in every row of the two arms.")
    values = np.zeros(len(seen))
    values[seen] = Frame(frame.data[seen]).numbers(outcome, "outcome")
    return mean_by_arm(values, scored.treated, **given, observed=seen)


def _by_time(
    scored: Scored,
    time: str,
    event: str | None,
    cause: str | None,
    which: Any,
    censored: Any,
    horizon: float,
    given: dict[str, Any],
) -> Estimate:
    frame, arm = scored.frame, np.where(scored.treated, "first", "second").astype(object)
    followed = {"time": frame.numbers(time, "time"), **given}
    if event is not None:
        return cuminc.by_arm(
            cuminc.restricted_mean, arm, ("first", "second"), **followed, event=frame.happened(event, "event"),
            tau=horizon,
        )  # fmt: skip
    frame.one_of(which, str(cause), "which")
    labels = frame.causes(str(cause), "cause", censored)
    if which == censored:
        raise EstimationError("`which` is a cause, and not the label of the censored.")
    code = np.where(labels == which, 1, np.where(labels == censored, 0, 2))
    return cuminc.by_arm(
        cuminc.cumulative_incidence, arm, ("first", "second"), **followed, cause=code, which=1, times=horizon
    )
