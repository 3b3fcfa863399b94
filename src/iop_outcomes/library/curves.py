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
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.same_times import placed, same_times
from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.library import tidy
from iop_outcomes.library.frames import Frame, in_order

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

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
    which something happens, of each group those it is followed to. by: the column of groups. difference: two of its
    labels, to compare first with second.
    Returns a row for each group and time: `group`, `time`, `of` (share, difference, ratio), `estimate`, `std_error`,
    `conf_low`, `conf_high` (log-log for shares), `at_risk` (people), `p_value` of differences and ratios. With
    competing events one minus this is no probability: use `cumulative_incidence`. Raises EstimationError.
    """
    frame = Frame(data, weight, frequency, entry, cluster)
    given = {"event": frame.happened(event, "event"), **_followed(frame, time)}
    asked = _times(times, given["time"], given["event"])
    return _grouped(frame, cuminc.survival, given, {}, asked, by, difference, level, "share", "log-log", times is None)


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
    labels = frame.causes(cause, "cause", censored)
    causes = in_order({c for c in labels if c != censored})
    if not causes:
        raise EstimationError(f"`cause`: every row of '{cause}' is {censored!r}, the label of the censored.")
    code = pd.Series(labels).map({censored: 0, **{c: at for at, c in enumerate(causes, 1)}}).to_numpy(dtype=float)
    given = {"cause": code, **_followed(frame, time)}
    asked = _times(times, given["time"], code > 0)
    parts = []
    for at, name in enumerate(causes, 1):
        own = _grouped(
            frame, cuminc.cumulative_incidence, given, {"which": at}, asked, by, difference, level, "probability",
            "log-log", times is None, code == at,
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
    given = {"event": frame.happened(event, "event"), **_followed(frame, time)}
    asked = _times(horizon, given["time"], given["event"])
    return _grouped(frame, cuminc.restricted_mean, given, {}, asked, by, difference, level, "mean", "plain")


def _followed(frame: Frame, time: str) -> dict[str, Array]:
    """Times, entry, weights and frequencies, times that differ by rounding being one."""
    rows = {"time": frame.numbers(time, "time"), **frame.per_row()}
    clocks = [name for name in ("time", "entry") if name in rows]
    if all(np.isfinite(rows[name]).all() for name in clocks):
        rows |= dict(zip(clocks, same_times(*(rows[name] for name in clocks)), strict=True))
    return rows


def _times(asked: Times | None, time: Array, event: ArrayLike) -> Array:
    """(k,) horizons in order: those asked for, one where they are the same time, else the distinct times of events."""
    if asked is None:
        found = np.unique(time[np.asarray(event, dtype=bool)])
        if not found.size:
            raise EstimationError("Nothing happens to anyone, so there is no time to speak of. Name some `times`.")
        return np.asarray(found, dtype=float)
    try:
        wanted = np.atleast_1d(np.asarray(asked, dtype=float))
    except (TypeError, ValueError):
        wanted = np.empty(0)
    if wanted.ndim != 1 or not wanted.size or not np.isfinite(wanted).all():
        raise EstimationError("`times`, or the `horizon`, is a number or a list of one or more, such as [30, 90].")
    return np.unique(placed(wanted, np.unique(time)))


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
    every: bool = False,
    happens: Array | None = None,
) -> pd.DataFrame:
    """Rows of each group, and of the comparison of two.

    every: times are all that there are; of each group those that it is followed to, none where nothing happens in it.
    happens: (n,) the event, where a group may be without it.
    """
    import pandas as pd

    if compared is not None and by is None:
        raise EstimationError("`difference` names two groups: say with `by` which column tells them.")
    if compared is not None and (isinstance(compared, str) or len(compared) != 2 or compared[0] == compared[1]):
        raise EstimationError("`difference` names two different groups, such as ('long', 'short').")
    groups = frame.groups(by)
    member = np.full(len(frame.data), EVERYONE, dtype=object) if by is None else frame.labels(by, "by")
    labels = [EVERYONE] if by is None else groups
    clock = "tau" if function is cuminc.restricted_mean else "times"
    there = [g for g in labels if happens is None or (happens & (member == g)).any()]
    parts, found = [], {}
    for group in there:
        here = member == group
        own_times = _reached(times, given, here) if every else times
        if not own_times.size:
            continue
        asked = {**given, **settings, clock: own_times}
        estimate = function(**asked) if by is None else cuminc.by_arm(function, member, [group], **asked)
        estimate = _clustered(estimate, frame)
        found[group] = estimate, own_times
        people = {k: v[here] for k, v in given.items() if k in ("time", "frequency", "entry", "weight")}
        at_risk = cuminc.at_risk(people.pop("time"), own_times, **people)[0]
        own = tidy.rows(estimate, level, scale)
        parts.append(own.assign(group=group, time=own_times, of=of, at_risk=at_risk))
    if compared is not None:
        first, second = (frame.one_of(label, str(by), "difference") for label in compared)
        if first in found and second in found:
            parts += _compared(found[first], found[second], (first, second), level)
    if not parts:
        raise EstimationError("There is no group in which it happens to anyone.")
    made = pd.concat(parts, ignore_index=True)
    if "p_value" not in made:
        made = made.assign(p_value=np.nan)
    return tidy.ordered(made, ("group", "time", "of", *tidy.NUMBERS, "at_risk", "p_value"))


def _reached(times: Array, given: dict[str, Array], here: NDArray[np.bool_]) -> Array:
    """Those of the times that people `here` (n,) are followed to, none where nothing happens to them by then."""
    counted = [given[name] > 0 for name in ("weight", "frequency") if name in given]
    used = np.logical_and.reduce([here, *counted])
    own = times[times <= given["time"][used].max(initial=-np.inf)]
    happened = given["event"] if "event" in given else given["cause"]
    return own if own.size and (happened[used & (given["time"] <= own[-1])] > 0).any() else own[:0]


def _clustered(estimate: Estimate, frame: Frame) -> Estimate:
    return estimate if frame.cluster is None else estimate.clustered(frame.labels(frame.cluster, "cluster"))


def _compared(
    first: tuple[Estimate, Array], second: tuple[Estimate, Array], labels: tuple[Any, Any], level: float
) -> list[pd.DataFrame]:
    """Two groups' estimates with their times, compared at those that both have."""
    both = tidy.together([first[0], second[0]])
    rows = []
    for when in np.intersect1d(first[1], second[1]):
        at, other = np.searchsorted(first[1], when), np.searchsorted(second[1], when)
        pair = both.names[at], both.names[len(first[1]) + other]
        told = tidy.contrast(both, *pair, level)
        rows.append(told.assign(group=f"{labels[0]} against {labels[1]}", time=when))
    return rows
