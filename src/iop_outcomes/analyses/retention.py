"""Retention of one contrast: how and when the index level was left, and time in care.

Crude estimates are asked for by rows without a number, which release fills from the counts that it lets out. Weighted
cumulative incidence is Aalen-Johansen, never one minus Kaplan-Meier: completion, transfer, death and other exits
compete with an unplanned discharge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.analyses import curves, imputed, power
from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.curves import Followed, follow
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators import cox, cuminc
from iop_outcomes.estimators.estimate import Estimate
from iop_outcomes.estimators.imputation import cumulative_hazard
from iop_outcomes.weighting import IMPUTED, METHODS

if TYPE_CHECKING:
    import pandas as pd

Ask = Mapping[str, Any]


def run(
    retention: pd.DataFrame,
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
    """The tables counts, life_tables, estimates, curves and diagnostics of a contrast's rows of the step retention.

    people, covariates, imputation: where a row asks for covariates to be imputed.
    """
    sample = Sample(scores, contrast, inference)
    followed = {o: follow(retention, scores, endpoints[o]) for o in dict.fromkeys(r["outcome"] for r in rows)}
    decided = gates.set_index("method")
    estimates: list[results.Row] = []
    detectable: list[results.Row] = []
    records = imputed.records(people, covariates, imputation)
    for ask in rows:
        status, reason = map(str, decided.loc[ask["method"], ["status", "reason"]])
        estimates += _answer(ask, sample, followed[ask["outcome"]], status, reason, gate, detectable, records)
    return {
        "counts": results.counts_table([]),
        "life_tables": _life_tables(rows, sample, followed),
        "estimates": results.estimates_table(estimates),
        "curves": results.curves_table(curves.points(rows, sample, followed, decided)),
        "diagnostics": power.table(detectable),
    }


def _answer(
    ask: Ask,
    sample: Sample,
    followed: Followed,
    status: str,
    reason: str,
    gate: Ask,
    detectable: list[results.Row],
    records: imputed.Records | None,
) -> list[results.Row]:
    """All rows of one estimand; the difference that it can show is added to `detectable`."""
    shown = results.measures(ask["measure"], sample.names)
    if status == "ok" and (unclear := _unclear(ask, followed)):
        return results.without(ask, shown, "not_possible", unclear)
    if status != "ok" or ask["method"] == "crude":
        return results.without(ask, shown, status, reason)
    event = followed.event & (followed.days <= ask["horizon_days"])
    few = results.too_few(sample.arm, event, sample.names, gate["min_events"])
    if few and ask["measure"] != "mean_days":
        return results.without(ask, shown, "gated", few)
    if ask["method"] in IMPUTED:
        known = np.column_stack([event, followed.left, cumulative_hazard(followed.days, followed.left)])
        return imputed.answer(ask, sample, records, known, lambda s: s.finish(_by_arm(ask, s, followed), ask["method"]))
    level = sample.inference["confidence_level"]
    more = {"n_effective": sample.effective(ask["method"])}
    try:
        if ask["measure"] == "hazard_ratio":
            return [_hazard_ratio(ask, sample, followed.days, event, level, more)]
        estimate = sample.finish(_by_arm(ask, sample, followed), ask["method"])
        if ask["measure"] == "risk" and (few := power.judge(ask, sample, estimate, gate, detectable)):
            return results.without(ask, shown, "gated", few)
        return results.two_arms(ask, estimate, sample.names, level, more)
    except EstimationError as wrong:
        return results.without(ask, shown, "gated", str(wrong))


def _unclear(ask: Ask, followed: Followed) -> str:
    """Why lengths of stay that are known as intervals cannot answer, or ''."""
    day = ask["horizon_days"]
    if ask["measure"] == "risk" and followed.open_on(day):
        return f"lengths of stay are known as intervals, and day {day} lies within one"
    if ask["measure"] != "risk" and not followed.exact_to(day):
        return "lengths of stay are known as intervals, not to the day"
    return ""


def _by_arm(ask: Ask, sample: Sample, followed: Followed) -> Estimate:
    """The measure in each arm, first arm first."""
    shared = {
        "arm": sample.label,
        "arms": sample.names,
        "weight": sample.weight(ask["method"]),
        "time": followed.days,
    }
    horizon = ask["horizon_days"]
    if ask["measure"] == "mean_days":
        return cuminc.by_arm(cuminc.restricted_mean, event=followed.left, tau=[horizon], **shared)
    if followed.in_care:
        return cuminc.by_arm(cuminc.survival, event=followed.left, times=[horizon], **shared)
    which = curves.CAUSES.index(followed.counted) + 1
    return cuminc.by_arm(cuminc.cumulative_incidence, cause=followed.codes, which=which, times=[horizon], **shared)


def _hazard_ratio(ask: Ask, sample: Sample, days: Any, event: Any, level: float, more: Ask) -> results.Row:
    fit = cox.cox(
        sample.arm[:, None].astype(float),
        np.minimum(days, ask["horizon_days"]),
        event,
        ["arm"],
        weight=sample.weight(ask["method"]),
        strata=sample.strata(ask["method"]),
    )
    estimate = sample.finish(fit.estimate, ask["method"])
    return results.from_cox(ask, fit, estimate, level, more, ask["method"] in METHODS)


def _life_tables(rows: Sequence[Ask], sample: Sample, followed: Mapping[str, Followed]) -> pd.DataFrame:
    """People leaving by day and cause in each arm, for every question and outcome that is followed."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    parts = []
    for ask in {(r["analysis"], r["outcome"]): r for r in rows}.values():
        own = followed[ask["outcome"]]
        people = pd.DataFrame({"arm": sample.label, "day": own.days.astype("int64"), "cause": own.cause})
        cells = people.groupby(["arm", "day", "cause"]).size().rename("count").reset_index()
        parts.append(cells.assign(**{k: ask[k] for k in ("analysis", "cohort", "contrast", "outcome")}))
    table = TABLES["life_tables"]
    if not parts:
        return table.empty()
    return pd.concat(parts, ignore_index=True)[list(table.columns)].astype({"count": "int64"})
