"""Abstinence of one contrast at a horizon, under each reading of a missing outcome, and times to return or relapse.

`missing_is_using` counts a missing outcome as use; `observed_only` leaves it out, which is right only if who is seen
does not depend on use. They are shown side by side because they can disagree in sign. People whose horizon lies beyond
their observation are not yet observed: they are counted, and leave both denominators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.analyses import doubly_robust, imputed, power
from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.sample import Alike, Sample
from iop_outcomes.cohort.retention import in_order
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators import cox, effects
from iop_outcomes.estimators.estimate import Estimate
from iop_outcomes.protocol import STATES
from iop_outcomes.vocabulary.methods import AIPW, CRUDE, IMPUTED, SCORED

if TYPE_CHECKING:
    import pandas as pd

Ask = Mapping[str, Any]
LEVELS = ("abstinent", "using", "missing", "not_yet_observed")
# the same of outcomes that are not about use
STATE_LEVELS = ("event", "no_event", *LEVELS[2:])


def run(
    abstinence: pd.DataFrame,
    first_use: pd.DataFrame,
    scores: pd.DataFrame,
    gates: pd.DataFrame,
    cohort: str,
    rows: Sequence[Ask],
    contrast: Ask,
    endpoints: Mapping[str, Ask],
    gate: Ask,
    inference: Ask,
    people: pd.DataFrame | None = None,
    covariates: pd.DataFrame | None = None,
    imputation: Ask | None = None,
) -> dict[str, pd.DataFrame]:
    """The tables counts, estimates and diagnostics of a contrast's rows of the step abstinence.

    people, covariates, imputation: where a row asks for covariates to be imputed.
    """
    sample = Sample(scores, contrast, inference)
    scores = sample.scores
    decided = gates.set_index("method")
    estimates: list[results.Row] = []
    detectable: list[results.Row] = []
    records = imputed.records(people, covariates, imputation)
    counts: dict[tuple[str, str, int], list[results.Row]] = {}
    known: dict[tuple[str, int, bool], Any] = {}
    for ask in rows:
        status, reason = map(str, decided.loc[ask["method"], ["status", "reason"]])
        timed = ask["measure"] == "hazard_ratio"
        names = STATE_LEVELS if endpoints.get(ask["outcome"], {}).get("kind") in STATES else LEVELS
        # methods ask about the same levels, and of a national year they take longer to read than an estimate to make
        key = (ask["outcome"], ask["horizon_days"], timed)
        if key not in known:
            known[key] = (
                timed_levels(first_use, scores, ask) if timed else binary_levels(abstinence, scores, ask, names)
            )
        levels = known[key]
        if (counted := (ask["analysis"], *key[:2])) not in counts:
            counts[counted] = results.count_rows(ask, sample.label, levels)
        silent = unknown(levels) or _beyond(ask, sample, levels, first_use if timed else None)
        if status == "ok" and silent:
            status, reason = "not_possible", silent
        if status != "ok" or ask["method"] == CRUDE:
            estimates += results.without(ask, results.measures(ask["measure"], sample.names), status, reason)
            continue
        if timed:
            estimates += _hazard_ratio(ask, sample, levels, first_use, gate)
        else:
            estimates += _risks(ask, sample, levels, gate, detectable, records)
    return {
        "counts": results.counts_table([r for group in counts.values() for r in group]),
        "estimates": results.estimates_table(estimates),
        "diagnostics": power.table(detectable),
    }


def reads(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The rows of the outcomes that are asked about."""
    asked = sorted({r["outcome"] for r in settings["rows"]})
    return {"abstinence": {"where": {"outcome": asked}}, "first_use": {"where": {"outcome": asked}}}


def _beyond(ask: Ask, sample: Sample, levels: Any, first_use: pd.DataFrame | None) -> str:
    """Why a horizon lies beyond what can be known of an arm, or ''."""
    if first_use is None:
        return not_due(sample.arm, levels, sample.names)
    days, event = timed(first_use, sample.scores, ask)
    known = levels != "not_known"
    waiting = ~event & (days < ask["horizon_days"])
    return results.beyond(sample.arm[known], days[known], waiting[known], sample.names, ask["horizon_days"])


def not_due(arm: Any, levels: Any, names: tuple[str, str]) -> str:
    """Why nothing can be said of a horizon that lies beyond the observation of everyone in an arm, or ''."""
    for value, name in ((1, names[0]), (0, names[1])):
        own = np.asarray(levels)[np.asarray(arm) == value]
        if len(own) and (own == "not_yet_observed").all():
            return f"no one in the arm '{name}' is observed to the horizon"
    return ""


def binary_levels(abstinence: pd.DataFrame, people: pd.DataFrame, ask: Ask, names: tuple[str, ...] = LEVELS) -> Any:
    """(n,) one of LEVELS, or of STATE_LEVELS if these are the names, for each person, in the order of people."""
    asked = (abstinence["horizon_days"] == ask["horizon_days"]) & (abstinence["outcome"] == ask["outcome"])
    own = in_order(abstinence[asked], people["person_id"])
    known = own["abstinent"].notna().to_numpy()
    abstinent = own["abstinent"].fillna(False).to_numpy(dtype=bool)
    mature = own["mature"].to_numpy(dtype=bool)
    return np.select([known & abstinent, known, mature], names[:3], names[3])


def timed_levels(first_use: pd.DataFrame, people: pd.DataFrame, ask: Ask) -> Any:
    """(n,) 'event' or 'no_event' up to the horizon, or 'not_known' for whom nothing is known after day 0."""
    days, event = timed(first_use, people, ask)
    return np.select([event & (days <= ask["horizon_days"]), days > 0], ["event", "no_event"], "not_known")


def timed(first_use: pd.DataFrame, people: pd.DataFrame, ask: Ask) -> tuple[Any, Any]:
    """(n,) days to the event or to the last day known, and whether it was seen, in the order of people."""
    own = in_order(first_use[first_use["outcome"] == ask["outcome"]], people["person_id"])
    return own["days"].to_numpy(dtype=float), own["event"].to_numpy(dtype=bool)


def unknown(levels: Any) -> str:
    """Why nothing can be said where the outcome is known of no one, or ''."""
    known = ~np.isin(levels, ("missing", "not_yet_observed", "not_known"))
    return "" if known.any() else "no interview, screen or discharge in this cohort tells this outcome"


def read_missing(levels: Any, rule: str) -> tuple[Any, Any]:
    """(n,) abstinent as 0 or 1, and whether the person is in the denominator, under a rule for missing outcomes."""
    used = np.isin(levels, LEVELS[:3] if rule == "missing_is_using" else (*LEVELS[:2], *STATE_LEVELS[:2]))
    return np.isin(levels, (LEVELS[0], STATE_LEVELS[0])).astype(float), used


def _risks(
    ask: Ask,
    sample: Sample,
    levels: Any,
    gate: Ask,
    detectable: list[results.Row],
    records: imputed.Records | None,
) -> list[results.Row]:
    abstinent, used = read_missing(levels, ask["missing_rule"])
    shown = results.measures("risk", sample.names)
    few = results.too_few(sample.arm[used], abstinent[used] == 1, sample.names, gate["min_events"])
    if few:
        return results.without(ask, shown, "gated", few)
    if ask["method"] in IMPUTED:
        pairs = zip(LEVELS[:2], STATE_LEVELS[:2], strict=True)
        known = np.column_stack([np.isin(levels, pair).astype(float) for pair in pairs])
        means = partial(_finished, ask["method"], abstinent=abstinent, used=used)
        return imputed.answer(ask, sample, records, known, means, gate, detectable, used)
    more, level = {"n_effective": sample.effective(ask["method"], used)}, sample.inference["confidence_level"]
    try:
        estimate = _finished(ask["method"], sample, abstinent, used)
        if few := power.judge(ask, level, [power.ground(ask, sample, estimate, used)], gate, detectable):
            return results.without(ask, shown, "gated", few)
        return results.two_arms(ask, estimate, sample.names, level, more)
    except EstimationError as wrong:
        return results.without(ask, shown, "gated", str(wrong))


def _finished(method: str, sample: Sample, abstinent: Any, used: Any) -> Estimate:
    """Mean outcome in the first and the second arm under a method, with the score and the clusters counted."""
    if method == AIPW:
        return sample.finish(doubly_robust.means(sample, abstinent, used, "logistic"), AIPW)

    def means(rows: Alike) -> Estimate:
        first = rows.label == sample.names[0]
        return effects.mean_by_arm(rows.columns[0], first, weight=rows.weight, frequency=rows.frequency)

    return sample.marginal(method, means, (abstinent,), used)


def _hazard_ratio(ask: Ask, sample: Sample, levels: Any, first_use: pd.DataFrame, gate: Ask) -> list[results.Row]:
    event, known = levels == "event", levels != "not_known"
    few = results.too_few(sample.arm[known], event[known], sample.names, gate["min_events"])
    if few:
        return results.without(ask, ["hazard_ratio"], "gated", few)
    days = np.minimum(timed(first_use, sample.scores, ask)[0], ask["horizon_days"])
    weight = sample.weight(ask["method"]) * known
    try:
        fit = cox.cox(
            sample.arm[:, None].astype(float),
            days,
            event,
            ["arm"],
            weight=weight,
            strata=sample.strata(ask["method"]),
        )
        estimate = sample.finish(fit.estimate, ask["method"])
    except EstimationError as wrong:
        return results.without(ask, ["hazard_ratio"], "gated", str(wrong))
    more = {"n_effective": sample.effective(ask["method"], known)}
    level = sample.inference["confidence_level"]
    return [results.from_cox(ask, fit, estimate, level, more, ask["method"] in SCORED)]
