"""Hazard ratios of one contrast: over the whole follow-up, by period, and whether one ratio says it all.

What happens: the arm is the only covariate of a weighted Cox model; then it has a ratio of its own in each period
between the days of `hazard_cuts_days`, and the ratios are tested for being one (a Wald test with the same weights,
score and clusters as the ratios, where the score test of proportional hazards knows neither). Where lengths of stay are
known as intervals only, the ratio is that of grouped-time hazards, which needs no day. A period in which an arm has too
few events has no ratio of its own, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.curves import Followed
from iop_outcomes.analyses.sample import Alike, Sample
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators import cox, grouped, inference
from iop_outcomes.estimators.estimate import Array, Estimate, join
from iop_outcomes.tables.results import ONE_RATIO, detected, period
from iop_outcomes.vocabulary.methods import SCORED

Ask = Mapping[str, Any]
Row = dict[str, Any]


def answer(ask: Ask, sample: Sample, followed: Followed, gate: Ask, tests: list[Row]) -> list[Row]:
    """The ratio over all days up to the horizon, then those of the periods; the test of their equality goes to tests.

    Raises EstimationError where there is no ratio at all.
    """
    level = sample.inference["confidence_level"]
    more = {"n_effective": sample.effective(ask["method"], followed.at_risk)}
    if not followed.exact_to(ask["horizon_days"]):
        return [_grouped(ask, sample, followed, level, more)]
    days = np.minimum(followed.days, ask["horizon_days"])
    event = followed.event & (followed.days <= ask["horizon_days"])
    how = _how(ask, sample)
    fit = cox.cox(_arm(sample), days, event, ["arm"], **how | {"weight": how["weight"] * followed.at_risk})
    estimate = sample.finish(fit.estimate, ask["method"])
    whole = results.from_cox(ask, fit, estimate, level, more, ask["method"] in SCORED)
    cuts = [c for c in sample.inference.get("hazard_cuts_days", ()) if c < ask["horizon_days"]]
    return [whole, *(_by_period(ask, sample, days, event, cuts, gate, tests, more) if cuts else ())]


def _by_period(
    ask: Ask, sample: Sample, days: Array, event: Any, cuts: Sequence[int], gate: Ask, tests: list[Row], more: Row
) -> list[Row]:
    """A row for each period, with its reason where an arm has too few events in it.

    With the arm as the only covariate the partial likelihood falls into one for each period, fitted apart.
    """
    level = sample.inference["confidence_level"]
    found: list[Row] = []
    fitted: list[Estimate] = []
    for low, high in pairwise((0, *cuts, ask["horizon_days"])):
        name = period(low + 1, high)
        reason = _few(sample, days, event, low, high, gate)
        try:
            own = None if reason else _within(ask, sample, days, event, (low, high))
        except EstimationError as wrong:
            own, reason = None, str(wrong)
        if own is None:
            found += results.without(ask, ["hazard_ratio"], "gated", reason, subgroup=name)
            continue
        fitted.append(replace(own, names=(name,)))
        found.append(results.from_estimate(ask, "hazard_ratio", own, level, more, logarithmic=True, subgroup=name))
    if len(fitted) > 1:
        # with no more sites than periods there are ratios, and no test
        with suppress(EstimationError):
            tests.append(_test(ask, join(fitted)))
    return found


def _within(ask: Ask, sample: Sample, days: Array, event: Any, bounds: tuple[int, int]) -> Estimate:
    """The log ratio of one period, from those still there when it begins."""
    low, high = bounds
    how = _how(ask, sample)
    fit = cox.cox(
        _arm(sample), np.minimum(days, high), np.asarray(event) & (days > low) & (days <= high), ["arm"],
        entry=np.where(days > low, low, 0.0), **how | {"weight": how["weight"] * (days > low)},
    )  # fmt: skip
    return sample.finish(fit.estimate, ask["method"])


def _few(sample: Sample, days: Array, event: Any, low: float, high: float, gate: Ask) -> str:
    inside = np.asarray(event) & (days > low) & (days <= high)
    for value, name in ((1, sample.names[0]), (0, sample.names[1])):
        if int(inside[sample.arm == value].sum()) < gate["min_events"]:
            return f"fewer than {gate['min_events']} events in the arm '{name}'"
    return ""


def _test(ask: Ask, estimate: Estimate) -> Row:
    """Whether the ratios of all periods that have one are the same."""
    k = len(estimate.names)
    steps = np.eye(k)[1:] - np.eye(k)[:-1]
    names = [f"step {at}" for at in range(1, k)]
    test = inference.joint(estimate.transform(names, lambda v: steps @ v, steps))
    return {
        **{key: ask[key] for key in ("analysis", "cohort", "contrast", "method")},
        "quantity": ONE_RATIO,
        "variable": detected(ask["outcome"], ask["horizon_days"], ask["missing_rule"]),
        "value": test.p_value,
        "threshold": np.nan,
        "status": "info",
    }


def _grouped(ask: Ask, sample: Sample, followed: Followed, level: float, more: Ask) -> Row:
    """The ratio of grouped-time hazards, for lengths of stay known as intervals of which none holds the horizon."""

    def ratio(rows: Alike) -> Estimate:
        alike = followed.alike(rows)
        low, high, left = alike.earliest - 1, alike.days, alike.left & (alike.days <= ask["horizon_days"])
        borders = np.unique(np.concatenate([[0.0, ask["horizon_days"]], low[left], high[left]]))
        seen = borders[np.searchsorted(borders, np.minimum(alike.days, ask["horizon_days"]), side="right") - 1]
        cause = np.where(left, np.where(alike.event, 1, 2), 0)
        fit = grouped.grouped_hazards(
            (rows.label == sample.names[0])[:, None], np.where(left, low, seen), np.where(left, high, seen), cause, 1,
            ["arm"], borders, weight=rows.weight, frequency=rows.frequency,
        )  # fmt: skip
        return replace(fit.estimate, names=("arm",))

    finished = sample.marginal(ask["method"], ratio, followed.columns, followed.at_risk)
    return results.from_estimate(ask, "hazard_ratio", finished, level, more, logarithmic=True)


def _arm(sample: Sample) -> Array:
    return np.asarray(sample.arm[:, None], dtype=float)


def _how(ask: Ask, sample: Sample) -> dict[str, Any]:
    return {"weight": sample.weight(ask["method"]), "strata": sample.strata(ask["method"])}
