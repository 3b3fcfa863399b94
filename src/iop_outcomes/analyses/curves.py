"""Weighted curves of leaving and staying: the curves that the estimates allow, and how far they go.

A curve has a point every week, on the horizons, and on days on which many leave an arm at once, with the day before. It
goes up to the longest horizon at which the same method has an estimate: a question whose risks are all gated,
by the design or after outcomes were read, has no weighted curve, and its estimates say why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.outcomes.followed import Followed
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.protocol import Analysis
from iop_outcomes.tables.results import TOGETHER
from iop_outcomes.vocabulary.endpoints import STAYING
from iop_outcomes.vocabulary.measures import RATIOS, RISK
from iop_outcomes.vocabulary.methods import DRAWN

STEP_DAYS = 7


def points(
    rows: Sequence[Analysis], sample: Sample, followed: Mapping[str, Followed], shown: Collection[Analysis]
) -> list[results.Row]:
    """Points of the weighted curves of each question: every cause of leaving, or staying in care.

    shown: the rows that have an estimate.
    """
    asked = [r for r in rows if r.outcome in followed and r.measure not in RATIOS and followed[r.outcome].drawn]
    drawn: dict[tuple[str, str, tuple[str, ...]], list[Analysis]] = {}
    for ask in asked:
        if ask.method in DRAWN:
            drawn.setdefault((ask.analysis, ask.method, followed[ask.outcome].curves), []).append(ask)
    # the same days in every analysis of the contrast, so that two drawings of one curve do not tell more than one
    horizons = {r.horizon_days for r in rows if r.outcome in followed}
    together = {outcome: _together(sample, followed[outcome]) for outcome in {q[0].outcome for q in drawn.values()}}
    found: list[results.Row] = []
    for (_, _, names), question in drawn.items():
        own = followed[question[0].outcome]
        for name in names:
            # a competing cause that no one asks about goes as far as those that are asked about
            last = _last([a for a in question if followed[a.outcome].counted == name] or question, shown)
            weeks = range(STEP_DAYS, last + 1, STEP_DAYS)
            grid = sorted({*weeks, *(d for d in {*horizons, *together[question[0].outcome]} if 0 < d <= last)})
            times = [t for t in grid if not own.open_on(t)]
            found += _curve(question[0], sample, own, name, times) if times else []
    return found


def _together(sample: Sample, followed: Followed) -> set[int]:
    """Days on which many leave an arm by one cause, and the days before."""
    import pandas as pd

    left = pd.DataFrame({"arm": sample.label, "cause": followed.cause, "day": followed.days})[followed.left]
    many = left.groupby(["arm", "cause", "day"]).size() >= TOGETHER
    days = {int(day) for day in many[many].index.get_level_values("day")}
    return days | {day - 1 for day in days}


def _last(question: Sequence[Analysis], shown: Collection[Analysis]) -> int:
    """The longest horizon with a risk, or with mean days where no risk is asked for; 0 where there is none."""
    risks = [a for a in question if a.measure == RISK]
    return max((a.horizon_days for a in risks or question if a in shown), default=0)


def _curve(ask: Analysis, sample: Sample, followed: Followed, name: str, times: list[int]) -> list[results.Row]:
    """One curve in both arms; an arm in which the cause does not occur has none."""
    found: list[results.Row] = []
    rows = sample.alike(ask.method, followed.traits, followed.at_risk)
    alike = followed.alike(rows)
    for arm in sample.names:
        own = rows.label == arm
        if name not in STAYING and not (alike.cause[own] == name).any():
            continue
        try:
            finished = followed.curve(ask, sample, name, arm, times)
        except EstimationError:
            continue  # the estimates say why; a curve adds nothing to it
        errors, reach = finished.standard_error(), finished.critical(sample.inference.confidence_level)
        given = (rows.weight[own], rows.frequency[own], None, rows.square[own])
        # who is still there at the end of a day, before the next
        people, effective = cuminc.at_risk(alike.days[own], [day + 0.5 for day in times], *given)
        for i, x in enumerate(times):
            point = results.curve_point(ask, arm, name, "days", float(x), finished.value[i], errors[i], reach)
            found.append(point | {"n_risk": int(people[i]), "n_effective": float(effective[i])})
    return found
