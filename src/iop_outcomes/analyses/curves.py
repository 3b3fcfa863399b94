"""Weighted curves of leaving and staying: who is followed, until when, and the curves up to the longest horizon."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.cohort.retention import of
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators import cuminc
from iop_outcomes.estimators.estimate import Estimate
from iop_outcomes.protocol import EVENTS

if TYPE_CHECKING:
    import pandas as pd

Ask = Mapping[str, Any]
LEAVING = ("unplanned", "completed", "transferred", "died", "other")
CAUSES = (*LEAVING, *(cause for cause in EVENTS.values() if cause not in LEAVING))
# names of the curves of people who are still there, and the cause of leaving that counts as still being there
STAYING = {"in_care": "", "in_care_or_completed": "completed"}
WEIGHTED = ("iptw", "overlap")
STEP_DAYS = 7


@dataclass(frozen=True)
class Followed:
    """Days (n,) and causes (n,) of leaving what an endpoint follows.

    days: by when it was left. earliest: when it may have been left first, where the end is known as an interval only.
    counted: what the endpoint counts, the name of its curve: one of STAYING, or a cause of leaving. drawn: it has
    weighted curves; the same question under another rule has none. alone: its event is no way of leaving care.
    """

    days: Any
    earliest: Any
    cause: Any
    counted: str
    drawn: bool = True
    alone: bool = False

    @property
    def staying(self) -> bool:
        """It counts people who are still there, not those who left."""
        return self.counted in STAYING

    @property
    def left(self) -> Any:
        """(n,) whether the person was seen to leave."""
        return self.cause != "censored"

    @property
    def event(self) -> Any:
        """(n,) whether the person left by the cause that is counted; of staying, whether it was lost."""
        return self.left & (self.cause != STAYING[self.counted]) if self.staying else self.cause == self.counted

    def open_on(self, day: float) -> bool:
        """It is not known of everyone whether they had left by a day: lengths of stay are intervals that hold it."""
        return bool(((self.earliest <= day) & (day < self.days)).any())

    def exact_to(self, day: float) -> bool:
        """Every leaving up to a day is known to the day."""
        return not bool(((self.earliest < self.days) & (self.earliest <= day)).any())

    @property
    def codes(self) -> Any:
        """(n,) causes as whole numbers from 1 in the order of CAUSES, 0 when censored."""
        return np.select([self.cause == c for c in CAUSES], range(1, len(CAUSES) + 1), 0)

    def risk(self, name: str) -> tuple[Callable[..., Estimate], dict[str, Any]]:
        """The estimator of one curve, and its arguments beside arms, times, weights: one of STAYING, or a cause."""
        if name == "in_care":
            return cuminc.survival, {"event": self.left}
        if name in STAYING:
            return _kept, {"cause": np.select([self.cause == STAYING[name], self.left], [2, 1], 0)}
        return cuminc.cumulative_incidence, {"cause": self.codes, "which": CAUSES.index(name) + 1}

    @property
    def curves(self) -> tuple[str, ...]:
        """Names of the curves that belong together with what is counted."""
        return (self.counted,) if self.staying or self.alone else LEAVING


def _kept(**arguments: Any) -> Estimate:
    """Probability of not having left by cause 1; who left by cause 2 stays counted."""
    lost = cuminc.cumulative_incidence(which=1, **arguments)
    return lost.transform(lost.names, lambda v: 1 - v, -np.eye(len(lost.names)))


def follow(retention: pd.DataFrame, scores: pd.DataFrame, endpoint: Ask) -> Followed | None:
    """What an endpoint follows, in the order of scores; None where its event is recorded of no one.

    The index level is left on its last day. Out of care is who has had the last day in care: that is the day after, so
    that a person discharged on day 90 was still in care on day 90, and the mean counts days in care, first and last.
    """
    if endpoint["kind"] in EVENTS and not (retention["follows"] == endpoint["follows"]).any():
        return None
    own = of(retention, endpoint["follows"], scores["person_id"])
    staying = endpoint["kind"] in STAYING
    days, earliest = (own[c].to_numpy(dtype=float) + staying for c in ("days_latest", "days"))
    alone = endpoint["kind"] in EVENTS
    drawn = alone or endpoint["follows"] in ("care", "index")
    counted = endpoint["kind"] if staying else endpoint["cause"]
    return Followed(days, earliest, own["cause"].to_numpy(), counted, drawn, alone)


def points(
    rows: Sequence[Ask], sample: Sample, followed: Mapping[str, Followed], decided: pd.DataFrame
) -> list[results.Row]:
    """Points of the weighted curves of each question: every cause of leaving, or staying in care."""
    drawn: dict[tuple[str, str, tuple[str, ...]], Ask] = {}
    rows = [r for r in rows if r["outcome"] in followed]
    for ask in rows:
        allowed = ask["method"] in WEIGHTED and decided.loc[ask["method"], "status"] == "ok"
        if allowed and ask["measure"] != "hazard_ratio" and followed[ask["outcome"]].drawn:
            drawn.setdefault((ask["analysis"], ask["method"], followed[ask["outcome"]].curves), ask)
    found: list[results.Row] = []
    for (analysis, _, names), ask in drawn.items():
        horizons = {
            r["horizon_days"] for r in rows if r["analysis"] == analysis and followed[r["outcome"]].curves == names
        }
        # the same days in every analysis of the contrast, so that two drawings of one curve do not tell more than one
        asked = {r["horizon_days"] for r in rows if r["horizon_days"] <= max(horizons)}
        grid = {*range(STEP_DAYS, max(horizons) + 1, STEP_DAYS), *asked}
        times = sorted(t for t in grid if not followed[ask["outcome"]].open_on(t))
        for name in names:
            found += _curve(ask, sample, followed[ask["outcome"]], name, times)
    return found


def _curve(ask: Ask, sample: Sample, followed: Followed, name: str, times: list[int]) -> list[results.Row]:
    """One curve in both arms; an arm in which the cause does not occur has none."""
    found: list[results.Row] = []
    weight = sample.weight(ask["method"])
    estimator, arguments = followed.risk(name)
    for arm in sample.names:
        own = sample.label == arm
        if name not in STAYING and not (followed.cause[own] == name).any():
            continue
        shared = {"arm": sample.label, "arms": (arm,), "weight": weight, "time": followed.days, "times": times}
        try:
            estimate = cuminc.by_arm(estimator, **arguments, **shared)
        except EstimationError:
            continue  # the estimates say why; a curve adds nothing to it
        finished = sample.finish(estimate, ask["method"])
        errors, reach = finished.standard_error(), finished.critical(sample.inference["confidence_level"])
        people, effective = cuminc.at_risk(followed.days[own], times, weight[own])
        for i, x in enumerate(times):
            point = results.curve_point(ask, arm, name, "days", float(x), finished.value[i], errors[i], reach)
            found.append(point | {"n_risk": int(people[i]), "n_effective": float(effective[i])})
    return found
