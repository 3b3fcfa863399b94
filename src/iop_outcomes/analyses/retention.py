"""Retention of one contrast: how and when the index level was left, and time in care.

Crude estimates are asked for by rows without a number, which release fills from the counts that it lets out. Weighted
cumulative incidence is Aalen-Johansen, never one minus Kaplan-Meier: completion, transfer, death and other exits
compete with an unplanned discharge. The doubly robust method stands on pseudo-observations of these quantities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.analyses import curves, doubly_robust, hazards, imputed, power
from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.curves import Followed, follow
from iop_outcomes.analyses.sample import Alike, Sample
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators import cuminc, pseudo
from iop_outcomes.estimators.estimate import Estimate
from iop_outcomes.estimators.imputation import cumulative_hazard
from iop_outcomes.vocabulary.methods import AIPW, CRUDE, IMPUTED

if TYPE_CHECKING:
    import pandas as pd

Ask = Mapping[str, Any]
# why nothing can be said of an event that is recorded of no one
NONE_ON_RECORD = {
    "engaged": "no one in this cohort has so many attended sessions on record",
    "readmitted": "no one in this cohort has a later episode of care on record",
    "death": "no death is on record in this cohort",
    "overdose": "no overdose is on record in this cohort",
}


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
    scores = sample.scores
    asked = ((o, follow(retention, scores, endpoints[o])) for o in dict.fromkeys(r["outcome"] for r in rows))
    followed = {outcome: found for outcome, found in asked if found is not None}
    decided = gates.set_index("method")
    estimates: list[results.Row] = []
    told: list[results.Row] = []
    records = imputed.records(people, covariates, imputation)
    for ask in rows:
        status, reason = map(str, decided.loc[ask["method"], ["status", "reason"]])
        if status != "ok" or ask["outcome"] in followed:
            own = followed.get(ask["outcome"])
            estimates += _answer(ask, sample, own, status, reason, gate, told, records)
            continue
        silent = NONE_ON_RECORD[endpoints[ask["outcome"]]["kind"]]
        estimates += results.without(ask, results.measures(ask["measure"], sample.names), "not_possible", silent)
    drawn = curves.points(rows, sample, followed, estimates)
    return {
        "counts": results.counts_table([]),
        "life_tables": _life_tables(rows, sample, followed),
        "estimates": results.estimates_table(estimates),
        "curves": results.curves_table(drawn),
        "diagnostics": power.table(told),
    }


def reads(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of the table retention, the rows of what is followed here."""
    return {"retention": {"where": {"follows": sorted({e["follows"] for e in settings["endpoints"].values()})}}}


def _answer(
    ask: Ask,
    sample: Sample,
    followed: Followed | None,
    status: str,
    reason: str,
    gate: Ask,
    told: list[results.Row],
    records: imputed.Records | None,
) -> list[results.Row]:
    """All rows of one estimand; the difference that it can show, or the test of one hazard ratio, go to `told`."""
    shown = results.measures(ask["measure"], sample.names)
    if status != "ok" or followed is None:
        return results.without(ask, shown, status, reason)
    if unclear := _unclear(ask, followed) or followed.beyond(ask["horizon_days"], sample.arm, sample.names):
        return results.without(ask, shown, "not_possible", unclear)
    if ask["method"] == CRUDE:
        return results.without(ask, shown, status, reason)
    event = followed.event & (followed.days <= ask["horizon_days"])
    used = followed.at_risk
    few = results.too_few(sample.arm[used], event[used], sample.names, gate["min_events"])
    if few and ask["measure"] != "mean_days":
        return results.without(ask, shown, "gated", few)
    if ask["method"] in IMPUTED:
        known = np.column_stack([event, followed.left, cumulative_hazard(followed.days, followed.left)])
        means = partial(_finished, ask, followed=followed)
        return imputed.answer(ask, sample, records, known, means, gate, told, used)
    level = sample.inference["confidence_level"]
    more = {"n_effective": sample.effective(ask["method"], used)}
    try:
        if ask["measure"] == "hazard_ratio":
            return hazards.answer(ask, sample, followed, gate, told)
        estimate = _finished(ask, sample, followed)
        ground = [power.ground(ask, sample, estimate, used)]
        if ask["measure"] == "risk" and (few := power.judge(ask, level, ground, gate, told)):
            return results.without(ask, shown, "gated", few)
        return results.two_arms(ask, estimate, sample.names, level, more)
    except EstimationError as wrong:
        return results.without(ask, shown, "gated", str(wrong))


def _unclear(ask: Ask, followed: Followed) -> str:
    """Why lengths of stay that are known as intervals cannot answer, or ''."""
    day = ask["horizon_days"]
    if ask["measure"] != "mean_days" and followed.open_on(day):
        return f"lengths of stay are known as intervals, and day {day} lies within one"
    if ask["measure"] == "mean_days" and not followed.exact_to(day):
        return "lengths of stay are known as intervals, not to the day"
    return ""


def _finished(ask: Ask, sample: Sample, followed: Followed) -> Estimate:
    """The measure in each arm, first arm first, with the score and the clusters counted."""
    if ask["method"] == AIPW:
        estimator, arguments = _measured(ask, followed)
        shared = {"arm": sample.label, "arms": sample.names, "time": followed.days}
        outcome = pseudo.pseudo_observations(estimator, **shared, **arguments)[:, 0]
        return sample.finish(doubly_robust.means(sample, outcome, np.ones(len(outcome)), "linear"), AIPW)

    def by_arm(rows: Alike) -> Estimate:
        alike = followed.alike(rows)
        estimator, arguments = _measured(ask, alike)
        shared = {"arm": rows.label, "arms": sample.names, "time": alike.days, "weight": rows.weight}
        return cuminc.by_arm(estimator, **shared, frequency=rows.frequency, **arguments)

    return sample.marginal(ask["method"], by_arm, followed.columns, followed.at_risk)


def _measured(ask: Ask, followed: Followed) -> tuple[Callable[..., Estimate], dict[str, Any]]:
    """The estimator of the measure, and its arguments beside arms, times and weights."""
    if ask["measure"] == "mean_days":
        return cuminc.restricted_mean, {"event": followed.left, "tau": [ask["horizon_days"]]}
    estimator, arguments = followed.risk(followed.counted)
    return estimator, {**arguments, "times": [ask["horizon_days"]]}


def _life_tables(rows: Sequence[Ask], sample: Sample, followed: Mapping[str, Followed]) -> pd.DataFrame:
    """People leaving by day and cause in each arm, for every question and outcome that is followed."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    parts = []
    for ask in {(r["analysis"], r["outcome"]): r for r in rows if r["outcome"] in followed}.values():
        own = followed[ask["outcome"]]
        people = pd.DataFrame({"arm": sample.label, "day": own.days.astype("int64"), "cause": own.cause})
        cells = people.groupby(["arm", "day", "cause"]).size().rename("count").reset_index()
        parts.append(cells.assign(**{k: ask[k] for k in ("analysis", "cohort", "contrast", "outcome")}))
    table = TABLES["life_tables"]
    if not parts:
        return table.empty()
    return pd.concat(parts, ignore_index=True)[list(table.columns)].astype({"count": "int64"})
