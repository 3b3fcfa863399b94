"""The private results tables of a cohort, as the steps of the workflow write them: all that `release.run` is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import of_weeks
import pandas as pd
from cohorts import STAY, WINDOW, Cohort, Draw

from iop_outcomes import design
from iop_outcomes.analyses import abstinence, dose, for_whom, retention
from iop_outcomes.analyses.rows import cell
from iop_outcomes.analyses.rows import table as rows_table
from iop_outcomes.protocol import (
    Adjustment,
    Analysis,
    Categories,
    Companions,
    Contrast,
    Disclosure,
    Duration,
    Endpoint,
    Gate,
    InCare,
    Inference,
    Intensity,
    Modifier,
)
from iop_outcomes.tables import TABLES
from iop_outcomes.vocabulary.methods import METHODS

GATE = Gate(max_standardised_difference=10, min_effective_share=0, max_weight=1e6, min_events=10)
INFERENCE = Inference(confidence_level=0.95, cluster="person", min_clusters=20, hazard_cuts_days=[])
LEVELS = {"iop": "2.1", "residential": "3.5", "partial": "2.5"}
KINDS: Mapping[str, dict[str, Any]] = {
    "unplanned_discharge": {"kind": "left_index", "cause": "unplanned"},
    "completed": {"kind": "left_index", "cause": "completed"},
    "transferred": {"kind": "left_index", "cause": "transferred"},
    "retained": {"kind": "in_care"},
    "time_in_care": {"kind": "in_care"},
    "retained_or_completed": {"kind": "in_care_or_completed"},
    "retained_gap_7": {"kind": "in_care", "gap_days": 7},
    "readmitted": {"kind": "readmitted"},
    "abstinent": {"kind": "interview", "tolerance_days": 14},
}
ENDPOINTS = {
    name: Endpoint.model_validate({"outcome": name, "label": "", "definition": "", **more})
    for name, more in KINDS.items()
}
# groups of people, by name; those of drug where the score knows more than sex
MODIFIERS = {"by_sex": Modifier(column="sex", title=""), "by_drug": Modifier(column="primary_drug", title="")}
# hours are about 10 a week: few have less than 6, and few of an arm are in some of these
BANDS = "bands"
CATEGORIES = Categories(cuts=[6, 9, 12, 16], reference={"iop": 9}, fewest=20)
RESULTS = ("counts", "life_tables", "estimates", "curves", "diagnostics")


@dataclass(frozen=True)
class Private:
    """The tables of RESULTS, and what else `release.run` is told."""

    tables: Mapping[str, pd.DataFrame]
    told: Mapping[str, Any]

    def asked(self, policy: str) -> dict[str, Any]:
        """Arguments of `release.run` under a policy."""
        return {**self.tables, **self.told, "disclosure": Disclosure(policy=policy)}


def contrast(name: str, first: str, second: str, column: str = "index_level") -> Contrast:
    """A contrast of two arms by level of care."""
    sides = {
        side: {"name": arm, "label": arm.title(), "values": [LEVELS[arm]]}
        for side, arm in (("first", first), ("second", second))
    }
    return Contrast.model_validate({"title": "", "column": column, **sides})


def contrasts(asked: Draw) -> dict[str, Contrast]:
    """The contrasts of a cohort by name."""
    found = {"c": contrast("c", "iop", "residential")}
    if asked.classifier:
        found["c_by_asam"] = contrast("c_by_asam", "iop", "residential", "level_asam")
    return found | ({"second": contrast("second", "partial", "residential")} if asked.third else {})


def sheet(asked: Draw) -> Iterator[Analysis]:
    """What is asked of a cohort."""
    days = asked.horizons
    for of in ("c", "second") if asked.third else ("c",):
        for analysis, outcome in (
            ("leaving", "unplanned_discharge"), ("completing", "completed"), ("transferring", "transferred"),
            ("staying", "retained"), ("staying_or_completed", "retained_or_completed"),
        ):  # fmt: skip
            adjusted = ("overlap", "iptw") if outcome in ("unplanned_discharge", "retained") else ()
            yield from _rows("retention", analysis, of, outcome, days, ("crude", *adjusted))
        yield from _rows("retention", "staying", of, "time_in_care", days[-1:], ("crude",), measure="mean_days")
        for rule in ("missing_is_using", "observed_only", *(("worst_case", "best_case") if asked.bounds else ())):
            yield from _rows("abstinence", "abstinence", of, "abstinent", (180,), ("crude", "overlap"), rule)
    if asked.returns:
        yield from _rows("retention", "returning", "c", "readmitted", days, ("crude",))
    if asked.gap:
        yield from _rows("retention", "staying_gap_7", "c", "retained_gap_7", days, ("overlap",))
    if asked.classifier:
        yield from _rows("retention", "leaving", "c_by_asam", "unplanned_discharge", days[:1], ("overlap",))
        yield from _rows("abstinence", "abstinence", "c_by_asam", "abstinent", (180,), ("overlap",), "observed_only")
    yield from _of_dose(asked)


def _of_dose(asked: Draw) -> Iterator[Analysis]:
    """What is asked of stays, hours and weeks."""
    for rule in ("missing_is_using", "observed_only"):
        if asked.stays:
            yield from _rows("dose", "duration", "stay_90", "abstinent", (180,), ("crude",), rule)
        if asked.hours:
            more = {"measure": "dose_response"}
            yield from _rows("dose", "intensity", "hours", "abstinent", (180,), ("spline",), rule, **more)
        if asked.bands:
            yield from _rows("dose", BANDS, BANDS, "abstinent", (180,), ("naive",), rule, measure="by_hours")
        for name, methods, measure in of_weeks.questions(asked.weeks, asked.onward, asked.grid):
            yield from _rows("dose", name, name, "abstinent", (180,), methods, rule, measure)


def _rows(
    step: str, analysis: str, of: str, outcome: str, days: Iterable[int], methods: Iterable[str], rule: str = "none",
    measure: str = "risk",
) -> Iterator[Analysis]:  # fmt: skip
    for day in days:
        for method in methods:
            yield Analysis.model_validate(
                {
                    "cohort": "k", "analysis": analysis, "step": step, "contrast": of, "outcome": outcome,
                    "horizon_days": day, "measure": measure, "estimand": METHODS[method].estimand, "method": method,
                    "missing_rule": rule, "family": "primary" if method == "crude" else "secondary",
                }
            )  # fmt: skip


def private(cohort: Cohort, events: int = GATE.min_events) -> Private:
    """The results of all steps on a cohort. events: fewest that adjusted numbers may stand on; of a study at least its
    policy's smallest cell.
    """
    asked, parts = cohort.asked, []
    gate = GATE.model_copy(update={"min_events": events})
    rows = list(sheet(asked))
    categorical = ["sex"] if asked.simple else ["sex", "primary_drug", "stable_housing"]
    adjustment = Adjustment(
        continuous=[] if asked.simple else ["age"], categorical=categorical,
        site_effects=not asked.simple and asked.sites > 1, spline_knots=3,
    )  # fmt: skip
    covariates = cohort.covariates[["person_id", *adjustment.continuous, *categorical]]
    compared = contrasts(asked)
    for name, one in compared.items():
        own = [r for r in rows if r.contrast == name]
        made = design.run(
            cohort.people, covariates, cohort.arms, "k", name, one, adjustment, gate, sorted({r.method for r in own})
        )
        parts.append(made)
        given = (made["scores"], made["gates"])
        leaving, using = ([r for r in own if r.step == step] for step in ("retention", "abstinence"))
        parts.append(retention.run(cohort.retention, *given, leaving, one, ENDPOINTS, gate, INFERENCE))
        first_use = TABLES["first_use"].empty()
        if using:
            parts.append(abstinence.run(cohort.abstinence, first_use, *given, using, one, ENDPOINTS, gate, INFERENCE))
        if asked.groups and name == "c":
            by = modifiers(asked)
            within = [r.model_copy(update={"group_by": tuple(by)}) for r in using]
            known = (cohort.people, covariates, cohort.arms, made["scores"], cohort.abstinence, name)
            parts.append(for_whom.run(*known, within, one, by, adjustment, ENDPOINTS, gate, INFERENCE))
    parts.append(_dose(cohort, covariates, [r for r in rows if r.step == "dose"], compared, gate))
    parts.append({"counts": rows_table("counts", list(_records(cohort)))})
    tables = {name: _joined(name, [p[name] for p in parts if name in p]) for name in RESULTS}
    return Private(tables, _told(asked, compared, gate))


def modifiers(asked: Draw) -> dict[str, Modifier]:
    """The modifiers that are asked by."""
    named = (["by_sex"] if asked.simple else list(MODIFIERS)) if asked.groups else []
    return {name: MODIFIERS[name] for name in named}


def _joined(name: str, parts: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [p for p in parts if len(p)]
    return pd.concat(filled, ignore_index=True) if filled else TABLES[name].empty()


def _dose(
    cohort: Cohort,
    covariates: pd.DataFrame,
    rows: list[Analysis],
    compared: Mapping[str, Contrast],
    gate: Gate,
) -> dict[str, pd.DataFrame]:
    if not rows:
        return {}
    no_use = TABLES["first_use"].empty()
    by_weeks = of_weeks.compared(cohort.asked.weeks, cohort.asked.onward, cohort.asked.grid)
    durations = {"stay_90": Duration(title="", days=STAY, stay="care", within_sites=False)}
    compare = {"iop": (6, 12)}
    hours = {"hours": Intensity(title="", window_days=WINDOW, contrast="c", knots=3, compare=compare)}
    if cohort.asked.bands:
        hours[BANDS] = Intensity(title="", window_days=WINDOW, contrast="c", categories=CATEGORIES)
    everything = by_weeks.model_copy(update={"durations": durations, "intensities": hours})
    return dose.run(
        cohort.people, cohort.arms, covariates, cohort.retention, cohort.dose, cohort.abstinence, no_use,
        cohort.doses, cohort.onward, rows,
        everything, compared, ENDPOINTS, gate, INFERENCE,
    )  # fmt: skip


def _records(cohort: Cohort) -> Iterator[dict[str, object]]:
    """The way into the cohort, and how complete a field is: of everyone, by site and by period."""
    size = len(cohort.known)
    key: dict[str, object] = {"analysis": "cohort", "cohort": "k", "contrast": "all", "outcome": "attrition"}
    for at, (rule, people) in enumerate((("Under 18 years", size // 40), ("Not observable", 3), ("Eligible", size)), 1):
        yield cell(key, rule, people, position=at)
    known = cohort.known.assign(field=cohort.known["housing"].ne("unknown").map({True: "known", False: "not_known"}))
    told = {"analysis": "records", "cohort": "k", "contrast": "all", "outcome": "completeness"}
    for by, column in (("all", ""), ("site", "site"), ("period", "period")):
        groups = known.groupby(column) if column else [("all", known)]
        for group, own in groups:
            for level in ("known", "not_known"):
                more = {"variable": "stable_housing", "group_by": by, "group": group}
                yield cell({**told, **more}, level, int((own["field"] == level).sum()))


def _told(asked: Draw, compared: Mapping[str, Contrast], gate: Gate) -> dict[str, Any]:
    """What is known of the study, as the workflow passes it."""
    arms = {name: [one.first.name, one.second.name] for name, one in compared.items()}
    in_care = {"stay_90": InCare(day=STAY)} if asked.stays else {}
    groups = {
        name: {arm.name: f"{one.column} of all: {arm.values[0]}" for arm in (one.first, one.second)}
        for name, one in compared.items()
        if name != "c_by_asam"
    }
    companions = Companions(
        contrasts=["c_by_asam"] if asked.classifier else [], outcomes=["retained_gap_7"] if asked.gap else []
    )
    of_hours = [name for name, there in (("hours", asked.hours), (BANDS, asked.bands)) if there]
    sides, divided = of_weeks.told(asked.weeks, asked.onward, asked.grid)
    arms |= {"stay_90": ["stayed", "left_earlier"], **sides}
    return {
        "inference": INFERENCE, "arms": arms, "endpoints": ENDPOINTS,
        "companions": companions, "groups": groups,
        "fewest_events": gate.min_events, "modifiers": list(modifiers(asked)),
        "in_care": in_care | divided | {name: InCare(day=WINDOW, of="c") for name in of_hours},
    }  # fmt: skip
