"""Retention of one contrast: how and when the index level was left, time in care, and events beside leaving.

Crude estimates are asked for by rows without a number, which release fills from the counts that it lets out; for them
the step counts who left on which day and why. The rest is `answer` over outcomes that compete, or over being in care.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from iop_outcomes.analyses import anchors as left_out
from iop_outcomes.analyses import by_site as of_sites
from iop_outcomes.analyses import curves, imputed
from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import answer, decided, together
from iop_outcomes.analyses.missing.course import read as read_course
from iop_outcomes.analyses.outcomes import follow, in_places
from iop_outcomes.analyses.outcomes.followed import Followed
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.cohort.retention import of_people
from iop_outcomes.protocol import Adjustment, Analysis, Contrast, Endpoint, Gate, Imputation, Inference
from iop_outcomes.steps.store import Wanted
from iop_outcomes.vocabulary.endpoints import KINDS, OF_PLACES

if TYPE_CHECKING:
    import pandas as pd


def run(
    retention: pd.DataFrame,
    scores: pd.DataFrame,
    gates: pd.DataFrame,
    rows: Sequence[Analysis],
    contrast: Contrast,
    endpoints: Mapping[str, Endpoint],
    gate: Gate,
    inference: Inference,
    people: pd.DataFrame | None = None,
    covariates: pd.DataFrame | None = None,
    imputation: Imputation | None = None,
    adjustment: Adjustment | None = None,
    course: pd.DataFrame | None = None,
    places: pd.DataFrame | None = None,
    by_site: Sequence[Analysis] = (),
    fewest_of_site: int = 0,
    anchored: Sequence[Analysis] = (),
    anchors: Sequence[str] = (),
) -> dict[str, pd.DataFrame]:
    """The tables counts, life_tables, estimates, curves and diagnostics of a contrast's rows of the step retention.

    people, covariates, imputation, adjustment: where a row asks for covariates to be imputed. course: where one weighs
    loss to follow-up. places: where one asks where people are. by_site: rows that are asked site by site as well, with
    so many people in each arm of a site. anchored: rows that are asked with each of the anchors left out.
    """
    of_places, rows = ([r for r in rows if (endpoints[r.outcome].kind in OF_PLACES) is of] for of in (True, False))
    sample = Sample.of(scores, contrast, inference)
    retention = of_people(retention, sample.scores["person_id"])
    asked = ((o, follow(retention, sample.scores, endpoints[o])) for o in dict.fromkeys(r.outcome for r in rows))
    months = None if course is None else read_course(course, sample.scores)
    followed = {outcome: replace(found, course=months) for outcome, found in asked if found is not None}
    design = decided(gates)
    records = imputed.records(people, covariates, contrast, adjustment, imputation)
    answers = {}
    for ask in rows:
        outcome = followed.get(ask.outcome) or KINDS[endpoints[ask.outcome].kind].silent
        answers[ask] = answer(ask, sample, outcome, gate, design[ask.method], records)
    shown = {ask for ask, found in answers.items() if found.status == "ok"}
    drawn = curves.points(rows, sample, followed, shown)
    sites = [of_sites.answered(r, sample, followed.get(r.outcome, ""), fewest_of_site) for r in by_site if r in shown]
    sites += [left_out.answered(r, sample, followed.get(r.outcome, ""), anchors) for r in anchored if r in shown]
    where = [] if places is None else in_places.answered(of_places, sample, places, design)
    return {
        **together([*answers.values(), *sites, *where]).tables("counts", "estimates", "diagnostics"),
        "life_tables": _life_tables(rows, sample, followed),
        "curves": results.table("curves", drawn),
    }


def reads(endpoints: Mapping[str, Endpoint]) -> dict[str, Wanted]:
    """Of the table retention, the rows of what is followed here."""
    return {"retention": Wanted(where={"follows": sorted({e.followed for e in endpoints.values()})})}


def _life_tables(rows: Sequence[Analysis], sample: Sample, followed: Mapping[str, Followed]) -> pd.DataFrame:
    """People leaving by day and cause in each arm, for every question and outcome that is followed."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    parts = []
    for ask in {(r.analysis, r.outcome): r for r in rows if r.outcome in followed}.values():
        own = followed[ask.outcome]
        days = {"day": own.days.astype("int64"), "earliest": own.earliest.astype("int64")}
        by = pd.DataFrame({"arm": sample.label, "cause": own.cause, **days}).groupby(["arm", "day", "cause"])
        cells = by["earliest"].agg(count="size", earliest="min").reset_index()
        cells["earliest"] = cells["earliest"].where(cells["earliest"] < cells["day"])
        parts.append(cells.assign(**{k: getattr(ask, k) for k in ("analysis", "cohort", "contrast", "outcome")}))
    table = TABLES["life_tables"]
    if not parts:
        return table.empty()
    return pd.concat(parts, ignore_index=True)[list(table.columns)].astype({"count": "int64", "earliest": "Int64"})
