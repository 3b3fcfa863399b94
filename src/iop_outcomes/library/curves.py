"""Curves and means of times by group, with robust standard errors.

Weights are weights: standard errors are those of weighted people, never of as many people as the weights add up to.
Frequencies are people. With `cluster`, people of a cluster are summed first and limits come from t with clusters - 1
degrees of freedom. Sources are named beside the estimators (`estimators.cuminc`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators import cuminc
from iop_outcomes.estimators.estimate import Array, Estimate
from iop_outcomes.library import tidy
from iop_outcomes.library.frames import Frame

if TYPE_CHECKING:
    import pandas as pd

Times = float | Sequence[float]
EVERYONE = "everyone"


def kaplan_meier(
    data: pd.DataFrame,
    time: str,
    event: str,
    times: Times | None = None,
    by: str | None = None,
    difference: tuple[Any, Any] | None = None,
    weight: str | None = None,
    frequency: str | None = None,
    entry: str | None = None,
    cluster: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Shares without the event by each of `times`, of everyone or of each group.

    time, entry: days; at risk where entry < u <= time. event: 0 and 1. times: one or several; without, every time at
    which something happens. by: the column of groups. difference: two of its labels, to compare first with second.
    Returns a row for each group and time: `group`, `time`, `of` (share, difference, ratio), `estimate`, `std_error`,
    `conf_low`, `conf_high` (log-log for shares), `at_risk` (people), `p_value` of differences and ratios. With
    competing events one minus this is no probability: use `cumulative_incidence`. Raises EstimationError.
    """
    frame = Frame(data, weight, frequency, entry, cluster)
    given = {"time": frame.numbers(time, "time"), "event": frame.happened(event, "event"), **frame.per_row()}
    asked = _times(times, given["time"], given["event"])
    return _grouped(frame, cuminc.survival, given, {"times": asked}, asked, by, difference, level, "share", "log-log")


def cumulative_incidence(
    data: pd.DataFrame,
    time: str,
    cause: str,
    times: Times | None = None,
    censored: Any = 0,
    by: str | None = None,
    difference: tuple[Any, Any] | None = None,
    weight: str | None = None,
    frequency: str | None = None,
    entry: str | None = None,
    cluster: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Probabilities of each cause by each of `times` in the presence of the others (Aalen-Johansen).

    cause: labels or codes, of which `censored` means that none has happened yet. The rest as in `kaplan_meier`, with a
    further column `cause`; causes that nobody has in a group have no rows there.
    """
    import pandas as pd

    frame = Frame(data, weight, frequency, entry, cluster)
    labels = frame.labels(cause, "cause")
    causes = sorted({c for c in labels if c != censored}, key=str)
    if not causes:
        raise EstimationError(f"`cause`: every row of '{cause}' is {censored!r}, the label of the censored.")
    code = pd.Series(labels).map({censored: 0, **{c: at for at, c in enumerate(causes, 1)}}).to_numpy(dtype=float)
    given = {"time": frame.numbers(time, "time"), "cause": code, **frame.per_row()}
    asked = _times(times, given["time"], code > 0)
    parts = []
    for at, name in enumerate(causes, 1):
        settings = {"times": asked, "which": at}
        own = _grouped(
            frame, cuminc.cumulative_incidence, given, settings, asked, by, difference, level, "probability", "log-log",
            code == at,
        )  # fmt: skip
        parts.append(own.assign(cause=name))
    return tidy.ordered(pd.concat(parts, ignore_index=True), ("group", "cause", "time", "of"))


def restricted_mean(
    data: pd.DataFrame,
    time: str,
    event: str,
    horizon: Times,
    by: str | None = None,
    difference: tuple[Any, Any] | None = None,
    weight: str | None = None,
    frequency: str | None = None,
    entry: str | None = None,
    cluster: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Mean time without the event up to each horizon: the area under `kaplan_meier`; rows as there, `of` mean."""
    frame = Frame(data, weight, frequency, entry, cluster)
    given = {"time": frame.numbers(time, "time"), "event": frame.happened(event, "event"), **frame.per_row()}
    asked = _times(horizon, given["time"], given["event"])
    return _grouped(frame, cuminc.restricted_mean, given, {"tau": asked}, asked, by, difference, level, "mean", "plain")


def _times(asked: Times | None, time: Array, event: ArrayLike) -> Array:
    """(k,) horizons in order: those asked for, else the distinct times of events."""
    if asked is None:
        found = np.unique(time[np.asarray(event, dtype=bool)])
        if not found.size:
            raise EstimationError("Nothing happens to anyone, so there is no time to speak of. Name some `times`.")
        return np.asarray(found, dtype=float)
    return np.unique(np.atleast_1d(np.asarray(asked, dtype=float)))


def _grouped(
    frame: Frame,
    function: Callable[..., Estimate],
    given: dict[str, Array],
    settings: dict[str, Any],
    times: Array,
    by: str | None,
    compared: tuple[Any, Any] | None,
    level: float,
    of: str,
    scale: str,
    happens: Array | None = None,
) -> pd.DataFrame:
    """Rows of each group, and of the comparison of two. happens: (n,) the event, where a group may be without it."""
    import pandas as pd

    if compared is not None and by is None:
        raise EstimationError("`difference` names two groups: say with `by` which column tells them.")
    groups = frame.groups(by)
    member = np.full(len(frame.data), EVERYONE, dtype=object) if by is None else frame.labels(by, "by")
    labels = [EVERYONE] if by is None else groups
    there = [g for g in labels if happens is None or (happens & (member == g)).any()]
    parts, found = [], {}
    for group in there:
        asked = {**given, **settings}
        estimate = function(**asked) if by is None else cuminc.by_arm(function, member, [group], **asked)
        estimate = _clustered(estimate, frame)
        found[group] = estimate
        here = member == group
        people = {k: v[here] for k, v in given.items() if k in ("time", "frequency", "entry", "weight")}
        at_risk = cuminc.at_risk(people.pop("time"), times, **people)[0]
        own = tidy.rows(estimate, level, scale)
        parts.append(own.assign(group=group, time=times, of=of, at_risk=at_risk))
    if compared is not None:
        first, second = (frame.one_of(label, str(by), "difference") for label in compared)
        if first in found and second in found:
            parts += _compared(found[first], found[second], times, (first, second), level)
    if not parts:
        raise EstimationError("There is no group in which it happens to anyone.")
    made = pd.concat(parts, ignore_index=True)
    if "p_value" not in made:
        made = made.assign(p_value=np.nan)
    return tidy.ordered(made, ("group", "time", "of", *tidy.NUMBERS, "at_risk", "p_value"))


def _clustered(estimate: Estimate, frame: Frame) -> Estimate:
    return estimate if frame.cluster is None else estimate.clustered(frame.labels(frame.cluster, "cluster"))


def _compared(
    first: Estimate, second: Estimate, times: Array, labels: tuple[Any, Any], level: float
) -> list[pd.DataFrame]:
    both = tidy.together([first, second])
    rows = []
    for at, when in enumerate(times):
        pair = both.names[at], both.names[len(times) + at]
        told = tidy.contrast(both, *pair, level)
        rows.append(told.assign(group=f"{labels[0]} against {labels[1]}", time=when))
    return rows
