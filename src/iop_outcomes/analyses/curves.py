"""Weighted curves of leaving and staying: who is followed, until when, and the curves up to the longest horizon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.cohort.retention import of
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators import cuminc

if TYPE_CHECKING:
    import pandas as pd

Ask = Mapping[str, Any]
CAUSES = ("unplanned", "completed", "transferred", "died", "other")
WEIGHTED = ("iptw", "overlap")
STEP_DAYS = 7


@dataclass(frozen=True)
class Followed:
    """Days (n,) and causes (n,) of leaving what an endpoint follows; counted: the cause that is its event, if any.

    days: by when it was left. earliest: when it may have been left first, where the end is known as an interval only.
    drawn: it has weighted curves; the same question under another rule has none.
    """

    days: Any
    earliest: Any
    cause: Any
    in_care: bool
    counted: str
    drawn: bool = True

    @property
    def left(self) -> Any:
        """(n,) whether the person was seen to leave."""
        return self.cause != "censored"

    @property
    def event(self) -> Any:
        """(n,) whether the person had the endpoint's event: its cause, or leaving care for any cause."""
        return self.left if self.in_care else self.cause == self.counted

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


def follow(retention: pd.DataFrame, scores: pd.DataFrame, endpoint: Ask) -> Followed:
    """What an endpoint follows, in the order of scores.

    The index level is left on its last day. Out of care is who has had the last day in care: that is the day after, so
    that a person discharged on day 90 was still in care on day 90, and the mean counts days in care, first and last.
    """
    own = of(retention, endpoint["follows"], scores["person_id"])
    in_care = endpoint["kind"] == "in_care"
    days, earliest = (own[c].to_numpy(dtype=float) + in_care for c in ("days_latest", "days"))
    drawn = endpoint["follows"] == ("care" if in_care else "index")
    return Followed(days, earliest, own["cause"].to_numpy(), in_care, endpoint["cause"], drawn)


def points(
    rows: Sequence[Ask], sample: Sample, followed: Mapping[str, Followed], decided: pd.DataFrame
) -> list[results.Row]:
    """Points of the weighted curves of each question: every cause of leaving, or staying in care."""
    drawn: dict[tuple[str, str, bool], Ask] = {}
    for ask in rows:
        allowed = ask["method"] in WEIGHTED and decided.loc[ask["method"], "status"] == "ok"
        if allowed and ask["measure"] != "hazard_ratio" and followed[ask["outcome"]].drawn:
            drawn.setdefault((ask["analysis"], ask["method"], followed[ask["outcome"]].in_care), ask)
    found: list[results.Row] = []
    for (analysis, _, in_care), ask in drawn.items():
        horizons = {
            r["horizon_days"] for r in rows if r["analysis"] == analysis and followed[r["outcome"]].in_care == in_care
        }
        grid = {*range(STEP_DAYS, max(horizons) + 1, STEP_DAYS), *horizons}
        times = sorted(t for t in grid if not followed[ask["outcome"]].open_on(t))
        for name in ("in_care",) if in_care else CAUSES:
            found += _curve(ask, sample, followed[ask["outcome"]], name, times)
    return found


def _curve(ask: Ask, sample: Sample, followed: Followed, name: str, times: list[int]) -> list[results.Row]:
    """One curve in both arms; an arm in which the cause does not occur has none."""
    found: list[results.Row] = []
    weight = sample.weight(ask["method"])
    for arm in sample.names:
        own = sample.label == arm
        if name != "in_care" and not (followed.cause[own] == name).any():
            continue
        shared = {"arm": sample.label, "arms": (arm,), "weight": weight, "time": followed.days, "times": times}
        try:
            if name == "in_care":
                estimate = cuminc.by_arm(cuminc.survival, event=followed.left, **shared)
            else:
                which = CAUSES.index(name) + 1
                estimate = cuminc.by_arm(cuminc.cumulative_incidence, cause=followed.codes, which=which, **shared)
        except EstimationError:
            continue  # the estimates say why; a curve adds nothing to it
        finished = sample.finish(estimate, ask["method"])
        errors, reach = finished.standard_error(), finished.critical(sample.inference["confidence_level"])
        people, effective = cuminc.at_risk(followed.days[own], times, weight[own])
        for i, x in enumerate(times):
            point = results.curve_point(ask, arm, name, "days", float(x), finished.value[i], errors[i], reach)
            found.append(point | {"n_risk": int(people[i]), "n_effective": float(effective[i])})
    return found
