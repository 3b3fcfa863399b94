"""Retention of one contrast: how and when the index level was left, and time in care.

Crude estimates are asked for by rows without a number, which release fills from the counts that it lets out. Weighted
cumulative incidence is Aalen-Johansen, never one minus Kaplan-Meier: completion, transfer, death and other exits
compete with an unplanned discharge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.sample import WEIGHTS_OF, Sample
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators import cox, cuminc
from iop_outcomes.estimators.estimate import Estimate

if TYPE_CHECKING:
    import pandas as pd

Ask = Mapping[str, Any]
CAUSES = ("unplanned", "completed", "transferred", "died", "other")
CURVE_STEP_DAYS = 7


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
) -> dict[str, pd.DataFrame]:
    """The tables counts, life_tables, estimates and curves of a contrast's rows of the step retention."""
    sample = Sample(scores, contrast, inference)
    followed = {o: _followed(retention, scores, endpoints[o]) for o in {r["outcome"] for r in rows}}
    decided = gates.set_index("method")
    estimates: list[results.Row] = []
    for ask in rows:
        days, cause = followed[ask["outcome"]]
        status, reason = map(str, decided.loc[ask["method"], ["status", "reason"]])
        estimates += _answer(ask, sample, days, cause, status, reason, gate)
    return {
        "counts": results.counts_table([]),
        "life_tables": _life_tables(rows, sample, followed),
        "estimates": results.estimates_table(estimates),
        "curves": _curves(rows, sample, followed, decided),
    }


Followed = tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]


def _followed(retention: pd.DataFrame, scores: pd.DataFrame, endpoint: Ask) -> Followed:
    """Days and causes of leaving, in the order of scores; the endpoint's kind says which risk set is followed.

    The index level is left on its last day. Out of care is who has had the last day in care: that is the day after, so
    that a person discharged on day 90 was still in care on day 90, and the mean counts days in care, first and last.
    """
    own = retention.set_index("person_id").loc[scores["person_id"]]
    level, later = ("index", 0) if endpoint["kind"] == "left_index" else ("care", 1)
    return own[f"{level}_days"].to_numpy(dtype=float) + later, own[f"{level}_cause"].to_numpy()


def _answer(
    ask: Ask,
    sample: Sample,
    days: Any,
    cause: Any,
    status: str,
    reason: str,
    gate: Ask,
) -> list[results.Row]:
    """All rows of one estimand."""
    shown = results.measures(ask["measure"], sample.names)
    if status != "ok" or ask["method"] == "crude":
        return results.without(ask, shown, status, reason)
    event = _is_event(ask, days, cause)
    few = results.too_few(sample.arm, event, sample.names, gate["min_events"])
    if few and ask["measure"] != "mean_days":
        return results.without(ask, shown, "gated", few)
    level = sample.inference["confidence_level"]
    more = {"n_effective": sample.effective(ask["method"])}
    try:
        if ask["measure"] == "hazard_ratio":
            return [_hazard_ratio(ask, sample, days, event, level, more)]
        estimate = sample.finish(_by_arm(ask, sample, days, cause), ask["method"])
        return results.two_arms(ask, estimate, sample.names, level, more)
    except EstimationError as wrong:
        return results.without(ask, shown, "gated", str(wrong))


def _is_event(ask: Ask, days: Any, cause: Any) -> Any:
    if ask["outcome"] == "unplanned_discharge":
        return (cause == "unplanned") & (days <= ask["horizon_days"])
    return (cause != "censored") & (days <= ask["horizon_days"])


def _by_arm(ask: Ask, sample: Sample, days: Any, cause: Any) -> Estimate:
    """The measure in each arm, first arm first."""
    shared = {"arm": sample.label, "arms": sample.names, "weight": sample.weight(ask["method"]), "time": days}
    horizon = ask["horizon_days"]
    if ask["measure"] == "mean_days":
        return cuminc.by_arm(cuminc.restricted_mean, event=cause != "censored", tau=[horizon], **shared)
    if ask["outcome"] == "unplanned_discharge":
        return cuminc.by_arm(cuminc.cumulative_incidence, cause=_codes(cause), which=1, times=[horizon], **shared)
    return cuminc.by_arm(cuminc.survival, event=cause != "censored", times=[horizon], **shared)


def _codes(cause: Any) -> Any:
    return np.select([cause == c for c in CAUSES], range(1, len(CAUSES) + 1), 0)


def _hazard_ratio(ask: Ask, sample: Sample, days: Any, event: Any, level: float, more: Ask) -> results.Row:
    time = np.minimum(days, ask["horizon_days"])
    fit = cox.cox(
        sample.arm[:, None].astype(float),
        time,
        event,
        ["arm"],
        weight=sample.weight(ask["method"]),
        strata=sample.strata(ask["method"]),
    )
    estimate = sample.finish(fit.estimate, ask["method"])
    return results.from_cox(ask, fit, estimate, level, more, ask["method"] in WEIGHTS_OF)


def _life_tables(rows: Sequence[Ask], sample: Sample, followed: Mapping[str, Followed]) -> pd.DataFrame:
    """People leaving by day and cause in each arm, for every outcome that is followed."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    parts = []
    for ask in {r["outcome"]: r for r in rows}.values():
        days, cause = followed[ask["outcome"]]
        people = pd.DataFrame({"arm": sample.label, "day": days.astype("int64"), "cause": cause})
        cells = people.groupby(["arm", "day", "cause"]).size().rename("count").reset_index()
        parts.append(cells.assign(**{k: ask[k] for k in ("analysis", "cohort", "contrast", "outcome")}))
    table = TABLES["life_tables"]
    if not parts:
        return table.empty()
    return pd.concat(parts, ignore_index=True)[list(table.columns)].astype({"count": "int64"})


def _curves(
    rows: Sequence[Ask], sample: Sample, followed: Mapping[str, Followed], decided: pd.DataFrame
) -> pd.DataFrame:
    """Weighted curves up to the longest horizon: every cause of leaving, and staying in care."""
    points: list[results.Row] = []
    asked = {(r["outcome"], r["method"]): r for r in sorted(rows, key=lambda r: r["horizon_days"])}
    for (outcome, method), ask in asked.items():
        weighted = method in ("iptw", "overlap") and decided.loc[method, "status"] == "ok"
        if not weighted or ask["measure"] == "hazard_ratio" or outcome == "retained":
            continue
        days, cause = followed[outcome]
        last = max(r["horizon_days"] for r in rows if r["outcome"] == outcome)
        times = sorted({*range(0, last + 1, CURVE_STEP_DAYS), *(r["horizon_days"] for r in rows)} - {0})
        times = [t for t in times if t <= last]
        points += _curve_points(ask, sample, days, cause, times)
    return results.curves_table(points)


def _curve_points(ask: Ask, sample: Sample, days: Any, cause: Any, times: list[int]) -> list[results.Row]:
    shared = {
        "arm": sample.label, "arms": sample.names, "weight": sample.weight(ask["method"]), "time": days, "times": times
    }  # fmt: skip
    try:
        if ask["outcome"] == "time_in_care":
            parts = {"in_care": cuminc.by_arm(cuminc.survival, event=cause != "censored", **shared)}
        else:
            parts = {
                name: cuminc.by_arm(cuminc.cumulative_incidence, cause=_codes(cause), which=code, **shared)
                for code, name in enumerate(CAUSES, 1)
                if (cause == name).any()
            }
    except EstimationError:
        return []  # the estimates say why; a curve adds nothing to it
    points = []
    for curve, estimate in parts.items():
        finished = sample.finish(estimate, ask["method"])
        errors, reach = finished.standard_error(), finished.critical(sample.inference["confidence_level"])
        for i, name in enumerate(finished.names):
            arm, x = name.split(":")
            points.append(results.curve_point(ask, arm, curve, "days", float(x), finished.value[i], errors[i], reach))
    effective = {
        arm: cuminc.at_risk(days[sample.label == arm], times, sample.weight(ask["method"])[sample.label == arm])
        for arm in sample.names
    }
    at = {t: i for i, t in enumerate(times)}
    for point in points:
        people, size = effective[point["arm"]]
        i = at[int(point["x"])]
        point |= {"n_risk": int(people[i]), "n_effective": float(size[i])}
    return points
