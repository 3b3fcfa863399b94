"""Dose: duration of care (naive beside a landmark) and intensity (hours a week beside abstinence).

Whoever stayed 90 days has survived 90 days without the event: comparing stayers with leavers from day 0 hands the
stayers that time for free. The naive row shows the size of the mistake; the landmark rows count from the day on which
the comparison can first be made, among people without the event by then. Where the planned duration was randomised,
the randomised row answers its own question: what happens when a longer stay is planned.

What is adjusted for comes before what it is adjusted for. Use up to the landmark comes after leaving for whoever left
early, and may follow from it: a risk adjusted for it is not possible, nor is a hazard ratio where such use is on
record. Baseline covariates are adjusted for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.analyses import intensity
from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.abstinence import binary_levels, not_due, timed, timed_levels, unknown
from iop_outcomes.analyses.sample import clustered
from iop_outcomes.cohort import covariates as coded
from iop_outcomes.cohort.retention import of
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators import cox
from iop_outcomes.estimators.estimate import Array
from iop_outcomes.vocabulary.methods import CRUDE, LANDMARK_ADJUSTED, NAIVE

if TYPE_CHECKING:
    import pandas as pd

Ask = Mapping[str, Any]
STAYED, LEFT = "stayed", "left_earlier"
AFTER_LEAVING = "it would adjust for use up to day {day}, which for those who left earlier comes after leaving"


@dataclass(frozen=True)
class Tables:
    """Everything about people that a question on dose may need, all in the order of people."""

    people: pd.DataFrame
    arms: pd.DataFrame
    covariates: pd.DataFrame
    retention: pd.DataFrame
    dose: pd.DataFrame
    abstinence: pd.DataFrame
    first_use: pd.DataFrame

    def window(self, days: int) -> pd.DataFrame:
        """The rows of the table dose for a window, in the order of people."""
        own = self.dose[self.dose["window_days"] == days].set_index("person_id")
        return own.loc[self.people["person_id"]].reset_index()

    def baseline(self) -> tuple[list[str], Array]:
        """Names and (n, p) columns of what was known at time zero; those that do not vary are the caller's to drop."""
        known = coded.matrix(self.covariates, self.people["person_id"])
        return list(known.names), known.dense()

    def use_within(self, days: int, among: Any) -> bool:
        """Screens or reports of use within a window tell `among` (n,) apart: what came after time zero is on record."""
        known = self.window(days)[among]
        reported = known["reported_use"]
        use = [known["positive_screens"], known["missed_screens"], reported.fillna(0.0), reported.isna()]
        return any(one.nunique() > 1 for one in use)


def run(
    people: pd.DataFrame,
    arms: pd.DataFrame,
    covariates: pd.DataFrame,
    retention: pd.DataFrame,
    dose: pd.DataFrame,
    abstinence: pd.DataFrame,
    first_use: pd.DataFrame,
    cohort: str,
    rows: Sequence[Ask],
    durations: Mapping[str, Ask],
    intensities: Mapping[str, Ask],
    contrasts: Mapping[str, Ask],
    gate: Ask,
    inference: Ask,
) -> dict[str, pd.DataFrame]:
    """The tables counts, estimates and curves of the rows of the step dose."""
    tables = Tables(people, arms, covariates, retention, dose, abstinence, first_use)
    found = results_of(rows, tables, durations, intensities, contrasts, gate, inference)
    return {
        "counts": results.counts_table(found.counts),
        "estimates": results.estimates_table(found.estimates),
        "curves": results.curves_table(found.curves),
    }


def reads(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Nothing of people where no row of the sheet asks about dose."""
    tables = ("people", "arms", "covariates", "retention", "dose", "abstinence", "first_use")
    return {} if settings["rows"] else {name: {"where": {"person_id": ()}} for name in tables}


@dataclass
class Found:
    """Rows of the three results tables, gathered question by question."""

    counts: list[results.Row]
    estimates: list[results.Row]
    curves: list[results.Row]


def results_of(
    rows: Sequence[Ask],
    tables: Tables,
    durations: Mapping[str, Ask],
    intensities: Mapping[str, Ask],
    contrasts: Mapping[str, Ask],
    gate: Ask,
    inference: Ask,
) -> Found:
    """Answer every row; groups of counts that several rows share are kept once."""
    found = Found([], [], [])
    counted: set[tuple[Any, ...]] = set()
    for ask in rows:
        name = ask["contrast"]
        if name in intensities:
            arms = contrasts[intensities[name]["contrast"]]
            counts, estimates, curves = intensity.answer(ask, tables, intensities[name], arms, gate, inference)
            found.curves += curves
        elif name in durations:
            counts, estimates = _duration(ask, tables, durations[name], gate, inference)
        else:
            counts, estimates = _randomised(ask, tables, contrasts[name], gate, inference)
        found.estimates += estimates
        new = [r for r in counts if _group(r) not in counted]
        counted |= {_group(r) for r in new}
        found.counts += new
    return found


def _group(row: results.Row) -> tuple[Any, ...]:
    return tuple(row[k] for k in ("analysis", "contrast", "arm", "outcome", "horizon_days", "subgroup"))


Answer = tuple[list[results.Row], list[results.Row]]


def _duration(ask: Ask, tables: Tables, duration: Ask, gate: Ask, inference: Ask) -> Answer:
    """Staying at least so many days: everyone (naive), or from the landmark among people without the event by then."""
    stay = of(tables.retention, duration["stay"], tables.people["person_id"])
    stayed = (stay["days"] >= duration["days"]).to_numpy()
    # whoever was last seen in care before that day may have stayed or not
    told = stayed | (stay["cause"] != "censored").to_numpy()
    labels = np.where(stayed, STAYED, LEFT)
    if ask["measure"] == "risk":
        return _duration_risk(ask, tables, duration, labels, told)
    days, _ = timed(tables.first_use, tables.people, ask)
    naive = ask["method"] == NAIVE
    used = told if naive else told & (days > duration["days"])
    subgroup = "all" if naive else f"event_free_day_{duration['days']}"
    x, names = stayed[:, None].astype(float), ["stayed"]
    if ask["method"] == LANDMARK_ADJUSTED:
        if tables.use_within(duration["days"], used):
            reason = AFTER_LEAVING.format(day=duration["days"])
            return [], results.without(ask, ["hazard_ratio"], "not_possible", reason, subgroup)
        more, columns = tables.baseline()
        x, names = np.hstack([x, columns]), ["stayed", *more]
    comparison = Comparison(x, names, labels, (STAYED, LEFT), used, subgroup, duration["within_sites"])
    return _hazard_ratio(ask, tables, comparison, days, gate, inference)


def _duration_risk(ask: Ask, tables: Tables, duration: Ask, labels: Any, told: Any) -> Answer:
    """Abstinence at a later horizon by staying, crude; with adjustment it is not possible, as the module says.

    told: (n,) people of whom it is known whether they stayed.
    """
    shown = results.measures("risk", (STAYED, LEFT))
    if ask["method"] != CRUDE:
        reason = AFTER_LEAVING.format(day=duration["days"])
        return [], results.without(ask, shown, "not_possible", reason)
    levels = binary_levels(tables.abstinence, tables.people, ask)
    counts = results.count_rows(ask, labels[told], levels[told])
    silent = unknown(levels) or not_due(labels[told] == STAYED, levels[told], (STAYED, LEFT))
    return counts, results.without(ask, shown, "not_possible" if silent else "ok", silent)


def _randomised(ask: Ask, tables: Tables, contrast: Ask, gate: Ask, inference: Ask) -> Answer:
    """The contrast as randomised, over everyone in it."""
    days, _ = timed(tables.first_use, tables.people, ask)
    own = tables.arms[tables.arms["contrast"] == ask["contrast"]].set_index("person_id")["arm"]
    arm = tables.people["person_id"].map(own)
    used = arm.notna().to_numpy()
    names = contrast["first"]["name"], contrast["second"]["name"]
    labels = np.where(arm == 1, *names)
    x = arm.fillna(0).to_numpy(dtype=float)[:, None]
    comparison = Comparison(x, ["arm"], labels, names, used, "all", contrast["stratum"] == "site_id")
    return _hazard_ratio(ask, tables, comparison, days, gate, inference)


@dataclass(frozen=True)
class Comparison:
    """Who is compared with whom: x (n, p) with the comparison first, labels of the two sides, who is used."""

    x: Any
    names: list[str]
    labels: Any
    sides: tuple[str, str]
    used: Any
    subgroup: str
    within_sites: bool


def _hazard_ratio(ask: Ask, tables: Tables, comparison: Comparison, days: Any, gate: Ask, inference: Ask) -> Answer:
    """Counts of events by side, and the hazard ratio of the first side against the second."""
    levels = timed_levels(tables.first_use, tables.people, ask)
    used, sides, subgroup = comparison.used, comparison.sides, comparison.subgroup
    counts = results.count_rows(ask, comparison.labels[used], levels[used], subgroup)
    if silent := unknown(levels[used]):
        return counts, results.without(ask, ["hazard_ratio"], "not_possible", silent, subgroup)
    used = used & (levels != "not_known")
    event = levels[used] == "event"
    first, day = comparison.labels[used] == sides[0], ask["horizon_days"]
    seen = timed(tables.first_use, tables.people, ask)[1][used]
    if beyond := results.beyond(first, days[used], ~seen & (days[used] < day), sides, day):
        return counts, results.without(ask, ["hazard_ratio"], "not_possible", beyond, subgroup)
    few = results.too_few(first, event, sides, gate["min_events"])
    if few:
        return counts, results.without(ask, ["hazard_ratio"], "gated", few, subgroup)
    x, sites = comparison.x[used], tables.people["site_id"].to_numpy()[used]
    varied = np.ptp(x, axis=0) > 0
    names = [n for n, v in zip(comparison.names, varied, strict=True) if v]
    time = np.minimum(days, ask["horizon_days"])[used]
    strata = sites if comparison.within_sites else None
    try:
        fit = cox.cox(x[:, varied], time, event, names, strata=strata)
        estimate = clustered(fit.estimate.take(names[0]), tables.people[used], inference)
    except EstimationError as wrong:
        return counts, results.without(ask, ["hazard_ratio"], "gated", str(wrong), subgroup)
    level, more = inference["confidence_level"], {"n_effective": float(used.sum())}
    row = results.from_cox(ask, fit, estimate, level, more, subgroup=subgroup)
    return counts, [row]
