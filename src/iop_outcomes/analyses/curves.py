"""Weighted curves of leaving and staying: who is followed, until when, and the curves that the estimates allow.

A curve goes up to the longest horizon at which the same method has an estimate: a question whose risks are all gated,
by the design or after outcomes were read, has no weighted curve, and its estimates say why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.sample import Alike, Sample
from iop_outcomes.cohort.retention import of
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators import cuminc
from iop_outcomes.estimators.estimate import Estimate
from iop_outcomes.protocol import EVENTS
from iop_outcomes.tables.canonical import LEAVING
from iop_outcomes.tables.private import NOT_AT_RISK
from iop_outcomes.vocabulary.methods import DRAWN

if TYPE_CHECKING:
    import pandas as pd

Ask = Mapping[str, Any]
# causes that can be counted, as whole numbers from 1
COUNTED = (*LEAVING, *(cause for cause in EVENTS.values() if cause not in LEAVING))
# names of the curves of people who are still there, and the cause of leaving that counts as still being there
STAYING = {"in_care": "", "in_care_or_completed": "completed"}
STEP_DAYS = 7


@dataclass(frozen=True)
class Followed:
    """Days (n,) and causes (n,) of leaving what an endpoint follows, of everyone; NOT_AT_RISK is one of the causes.

    days: by when it was left. earliest: when it may have been left first, where the end is known as an interval only.
    counted: what the endpoint counts, the name of its curve: one of STAYING, or a cause of leaving. drawn: it has
    weighted curves; the same question under another rule has none. alone: its event is no way of leaving care. reach:
    (n,) the last day to which each could be followed, whatever happened; None where that is not told.
    """

    days: Any
    earliest: Any
    cause: Any
    counted: str
    drawn: bool = True
    alone: bool = False
    reach: Any = None

    @property
    def staying(self) -> bool:
        """It counts people who are still there, not those who left."""
        return self.counted in STAYING

    @cached_property
    def columns(self) -> tuple[Any, Any, Any]:
        """(n,) each: days, earliest and the number of the cause, all that a marginal estimate knows of people."""
        return self.days, self.earliest, self._numbered[0]

    @cached_property
    def _numbered(self) -> tuple[Any, Any]:
        import pandas as pd

        return pd.factorize(self.cause)

    def alike(self, rows: Alike) -> Followed:
        """The same of rows of people who are alike in `columns`."""
        days, earliest, cause = rows.columns
        return replace(self, days=days, earliest=earliest, cause=self._numbered[1][cause], reach=None)

    @cached_property
    def left(self) -> Any:
        """(n,) whether the person was seen to leave."""
        return (self.cause != "censored") & self.at_risk

    @cached_property
    def at_risk(self) -> Any:
        """(n,) whether what is followed could happen to the person; all others have no part in any estimate."""
        return self.cause != NOT_AT_RISK

    @cached_property
    def event(self) -> Any:
        """(n,) whether the person left by the cause that is counted; of staying, whether it was lost."""
        return self.left & (self.cause != STAYING[self.counted]) if self.staying else self.cause == self.counted

    def beyond(self, day: float, arm: Any, names: tuple[str, str]) -> str:
        """Why an estimate to a day would go beyond what an arm can tell, or ''. arm: (n,) 1 in the first."""
        some = self.at_risk
        # of staying, days are one more than were seen
        reach = self.days - self.staying if self.reach is None else self.reach
        waiting = (self.cause == "censored") & (reach < day)
        return results.beyond(arm[some], reach[some], waiting[some], names, day)

    def open_on(self, day: float) -> bool:
        """It is not known of everyone whether they had left by a day: lengths of stay are intervals that hold it."""
        earliest, days = self._spans
        return bool(((earliest <= day) & (day < days)).any())

    def exact_to(self, day: float) -> bool:
        """Every leaving up to a day is known to the day."""
        earliest, days = self._spans
        return not bool(((earliest < days) & (earliest <= day)).any())

    @cached_property
    def _spans(self) -> tuple[Any, Any]:
        """Earliest and latest days of leaving, each pair once."""
        import pandas as pd

        pairs = pd.DataFrame({"earliest": self.earliest, "days": self.days}).drop_duplicates()
        return pairs["earliest"].to_numpy(), pairs["days"].to_numpy()

    @cached_property
    def codes(self) -> Any:
        """(n,) causes as whole numbers from 1 in the order of COUNTED, 0 when censored."""
        return np.select([self.cause == c for c in COUNTED], range(1, len(COUNTED) + 1), 0)

    def risk(self, name: str) -> tuple[Callable[..., Estimate], dict[str, Any]]:
        """The estimator of one curve, and its arguments beside arms, times, weights: one of STAYING, or a cause."""
        if name == "in_care":
            return cuminc.survival, {"event": self.left}
        if name in STAYING:
            return _kept, {"cause": np.select([self.cause == STAYING[name], self.left], [2, 1], 0)}
        return cuminc.cumulative_incidence, {"cause": self.codes, "which": COUNTED.index(name) + 1}

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
    reach = own["observable_days"].to_numpy(dtype=float) if "observable_days" in own else None
    return Followed(days, earliest, own["cause"].to_numpy(), counted, drawn, alone, reach)


def points(
    rows: Sequence[Ask], sample: Sample, followed: Mapping[str, Followed], estimates: Sequence[results.Row]
) -> list[results.Row]:
    """Points of the weighted curves of each question: every cause of leaving, or staying in care.

    estimates: of the rows, with the status of each.
    """
    drawn: dict[tuple[str, str, tuple[str, ...]], Ask] = {}
    for ask in (r for r in rows if r["outcome"] in followed and r["method"] in DRAWN):
        own = followed[ask["outcome"]]
        if own.drawn and ask["measure"] != "hazard_ratio":
            drawn.setdefault((ask["analysis"], ask["method"], own.curves), ask)
    # the same days in every analysis of the contrast, so that two drawings of one curve do not tell more than one
    horizons = {r["horizon_days"] for r in rows if r["outcome"] in followed}
    shown = {outcome for outcome, one in followed.items() if one.drawn}
    judged = [e for e in estimates if e["outcome"] in shown and e["measure"] != "hazard_ratio"]
    found: list[results.Row] = []
    for (analysis, method, names), ask in drawn.items():
        question = [e for e in judged if (e["analysis"], e["method"]) == (analysis, method)]
        question = [e for e in question if followed[e["outcome"]].curves == names]
        for name in names:
            # a competing cause that no one asks about goes as far as those that are asked about
            last = _last([e for e in question if followed[e["outcome"]].counted == name] or question)
            grid = sorted({*range(STEP_DAYS, last + 1, STEP_DAYS), *(h for h in horizons if h <= last)})
            times = [t for t in grid if not followed[ask["outcome"]].open_on(t)]
            found += _curve(ask, sample, followed[ask["outcome"]], name, times) if times else []
    return found


def _last(estimates: Sequence[results.Row]) -> int:
    """The longest horizon with a risk, or with mean days where no risk is asked for; 0 where there is none."""
    risks = [e for e in estimates if e["measure"].startswith("risk_")]
    return max((int(e["horizon_days"]) for e in risks or estimates if e["status"] == "ok"), default=0)


def _curve(ask: Ask, sample: Sample, followed: Followed, name: str, times: list[int]) -> list[results.Row]:
    """One curve in both arms; an arm in which the cause does not occur has none."""
    found: list[results.Row] = []
    method, columns, used = ask["method"], followed.columns, followed.at_risk
    rows = sample.alike(method, columns, used)
    alike = followed.alike(rows)
    for arm in sample.names:
        own = rows.label == arm
        if name not in STAYING and not (alike.cause[own] == name).any():
            continue
        try:
            finished = sample.marginal(method, partial(_at, followed, name, (arm,), times), columns, used)
        except EstimationError:
            continue  # the estimates say why; a curve adds nothing to it
        errors, reach = finished.standard_error(), finished.critical(sample.inference["confidence_level"])
        given = (rows.weight[own], rows.frequency[own], None, rows.square[own])
        people, effective = cuminc.at_risk(alike.days[own], times, *given)
        for i, x in enumerate(times):
            point = results.curve_point(ask, arm, name, "days", float(x), finished.value[i], errors[i], reach)
            found.append(point | {"n_risk": int(people[i]), "n_effective": float(effective[i])})
    return found


def _at(followed: Followed, name: str, arms: tuple[str, ...], times: Sequence[int], rows: Alike) -> Estimate:
    """One curve at some times in each of some arms."""
    alike = followed.alike(rows)
    estimator, arguments = alike.risk(name)
    shared = {"arm": rows.label, "arms": arms, "time": alike.days, "times": times, "frequency": rows.frequency}
    return cuminc.by_arm(estimator, weight=rows.weight, **arguments, **shared)
