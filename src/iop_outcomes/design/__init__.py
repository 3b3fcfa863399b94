"""The blind stage: propensity scores, weights, balance and the gate of one contrast, before any outcome is read.

In order: strata (sites, trials) that lack an arm are found, their people are counted and leave the comparison, crude
rows included, so that all methods speak of the same people; the propensity score is fitted on the rest, further arms
alongside included; the weights that the analyses ask for, balance and positivity follow; the gate says, method by
method, whether the design allows an estimate; margins are written down with their hash. Where no stratum holds every
arm everybody stays, and only the crude comparison is shown.
Nothing here raises for bad data: what fails is gated, with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iop_outcomes.cohort import covariates as coded
from iop_outcomes.design import balance, describe, gate, locked, positivity, propensity
from iop_outcomes.protocol import Adjustment, Contrast, Gate, Judged
from iop_outcomes.steps.store import Wanted
from iop_outcomes.tables.lookup import positions
from iop_outcomes.vocabulary.methods import AIPW, IPTW, OVERLAP, needed

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("person_id", "record_id", "site_id")


def run(
    people: pd.DataFrame,
    covariates: pd.DataFrame,
    arms: pd.DataFrame,
    cohort: str,
    name: str,
    contrast: Contrast,
    adjustment: Adjustment,
    thresholds: Gate,
    methods: Sequence[str] = (IPTW, OVERLAP, AIPW),
    judged: Sequence[Judged] = (),
) -> dict[str, pd.DataFrame | str]:
    """The tables scores, gates, counts and diagnostics of a contrast, and its margins as they stand, under `locked`.

    methods: those that its analyses ask for; weights that none of them uses are not computed. judged: the questions
    of the contrast on which a verdict will be given.
    """
    import pandas as pd

    members = _members(arms[arms["contrast"] == name], people, adjustment.categorical)
    everyone, alone = members, propensity.without_counterpart(members, contrast)
    if not alone.all():
        members = members[~alone].reset_index(drop=True)
    known, named = coded.matrix(covariates, members["person_id"]), coded.of_columns(covariates)
    weights = needed(methods)
    fitted = propensity.fit(members, known, contrast, adjustment, weights)
    weights = [n for n in weights if n not in fitted.refused]
    scores, of_all = fitted.scores, balance.of_all_arms(members, known, fitted, weights)
    # the score and its balance are those of all arms; what follows is told of the two that are compared
    pair = (members["arm"] < 2).to_numpy()
    if not pair.all():
        members, known, fitted = members[pair].reset_index(drop=True), known.take(pair), fitted.of(pair)
    found = balance.table(members, known, fitted, weights)
    found = pd.concat([found, of_all], ignore_index=True) if len(of_all) else found
    alone_strata = everyone.loc[alone, "stratum"].nunique()
    key = {"analysis": "design", "cohort": cohort, "contrast": name}
    shown = describe.diagnostics(key, alone_strata, members, known, contrast, fitted, found, thresholds, named)
    there = positivity.table(key, everyone[everyone["arm"] < 2], members, adjustment, thresholds)
    return {
        "scores": scores,
        "gates": gate.decide(name, fitted, found, thresholds, methods),
        "counts": describe.counts(key, everyone, alone, members, contrast, adjustment, fitted),
        "diagnostics": pd.concat([shown, there], ignore_index=True),
        "locked": locked.written(judged),
    }


def of_group(
    members: pd.DataFrame,
    covariates: pd.DataFrame,
    name: str,
    contrast: Contrast,
    adjustment: Adjustment,
    thresholds: Gate,
    methods: Sequence[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables scores and gates of some of a contrast's people, by a score of their own.

    members: as the table scores has people, with their stratum. A covariate that is the same for all of them says
    nothing, and is left out; people of strata that lack an arm among them leave, as they do from the whole.
    """
    alone = propensity.without_counterpart(members, contrast)
    if alone.any() and not alone.all():
        members = members[~alone].reset_index(drop=True)
    known, weights = coded.matrix(covariates, members["person_id"]), needed(methods)
    fitted = propensity.fit(members, known, contrast, adjustment, weights)
    found = balance.table(members, known, fitted, weights)
    return fitted.scores, gate.decide(name, fitted, found, thresholds, methods)


def _members(arms: pd.DataFrame, people: pd.DataFrame, categorical: Sequence[str]) -> pd.DataFrame:
    """The people of the arms in their order, what is counted by category as codes."""
    import pandas as pd

    if not arms["person_id"].is_monotonic_increasing:
        arms = arms.sort_values("person_id")
    at = positions(arms["person_id"], people["person_id"])
    arms = arms[at >= 0].reset_index(drop=True)
    own = people.drop(columns="person_id").take(at[at >= 0]).reset_index(drop=True)
    counted = {n: own[n].astype("category") for n in categorical if n not in KEYS}
    return pd.concat([arms, own.assign(**counted)], axis=1)


def reads(name: str, adjustment: Adjustment) -> dict[str, Wanted]:
    """The arms of the contrast, and of people what they are grouped and counted by."""
    counted = [n for n in adjustment.categorical if n not in KEYS]
    return {"people": Wanted((*KEYS, *counted), counted=counted), "arms": Wanted(where={"contrast": (name,)})}
