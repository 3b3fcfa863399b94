"""For whom: what a question finds within the groups of its modifiers, and whether groups differ.

In order, for each modifier: its groups among the people compared; of a group with enough people in both arms, a score
of its own, by which the arms are alike within it (Dong et al. 2020, Statistics in Medicine 39:1855), and its gate; the
answers of `answer`, as of everyone, and the people of the group by arm and level; then the test that all groups have
one difference, and one ratio (Wald, with the covariance that sites shared by groups give).

A group with too few people has rows that say so, and nothing is counted of it. A modifier of which the people compared
have one group has a row without a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes import design
from iop_outcomes.analyses import groups
from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import Answered, answer, decided, together
from iop_outcomes.analyses.outcomes.at_a_day import AtADay
from iop_outcomes.analyses.outcomes.at_a_day import read as read_at_a_day
from iop_outcomes.analyses.rows import Row, Some
from iop_outcomes.analyses.sample import Sample, clustered
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Mask
from iop_outcomes.estimators.base.estimate import Estimate, difference, log_ratio
from iop_outcomes.estimators.causal import modifiers as estimators
from iop_outcomes.protocol import Adjustment, Analysis, Contrast, Endpoint, Gate, Inference, Modifier
from iop_outcomes.steps.store import Wanted
from iop_outcomes.tables.lookup import positions
from iop_outcomes.tables.results import GROUPS_DIFFER, GROUPS_DIFFER_BY_RATIO, SCORE_PATTERNS
from iop_outcomes.vocabulary.methods import CRUDE

if TYPE_CHECKING:
    import pandas as pd

ONE_GROUP = "the people compared are all of one group, so that nothing can differ between groups"
SCALES = {GROUPS_DIFFER: difference, GROUPS_DIFFER_BY_RATIO: log_ratio}


@dataclass(frozen=True)
class Group:
    """One group with enough people: who of everyone compared is in it (N,), and its own design."""

    some: Some
    belongs: Mask
    sample: Sample
    gates: pd.DataFrame


def run(
    people: pd.DataFrame,
    covariates: pd.DataFrame,
    arms: pd.DataFrame,
    scores: pd.DataFrame,
    abstinence: pd.DataFrame,
    name: str,
    rows: Sequence[Analysis],
    contrast: Contrast,
    modifiers: Mapping[str, Modifier],
    adjustment: Adjustment,
    endpoints: Mapping[str, Endpoint],
    gate: Gate,
    inference: Inference,
) -> dict[str, pd.DataFrame]:
    """The tables counts, estimates and diagnostics of a contrast's rows that name modifiers.

    scores: of everyone compared (N rows). modifiers: by name, those that rows name under `group_by`.
    """
    everyone = scores[["person_id", "record_id", "site_id", "arm"]].reset_index(drop=True)
    own = arms[arms["contrast"] == name]
    stratum = own["stratum"].take(positions(everyone["person_id"], own["person_id"])).to_numpy()
    everyone = everyone.assign(stratum=stratum)
    answers: list[Answered] = []
    for by, modifier in modifiers.items():
        asked = [row for row in rows if by in row.group_by]
        belongs = groups.of_people(modifier, everyone["person_id"], people, covariates)
        if len(belongs) < 2:
            answers += _without(asked, contrast, "not_possible", ONE_GROUP, Some(group_by=by))
            continue
        found: list[Group] = []
        methods = sorted({row.method for row in asked})
        for group, there in belongs.items():
            some, members = Some(group_by=by, group=group), everyone[there].reset_index(drop=True)
            if few := _few(members, contrast, modifier.fewest):
                answers += _without(asked, contrast, "gated", few, some)
                continue
            own, gates = design.of_group(members, covariates, name, contrast, adjustment, gate, methods)
            inside = np.asarray(everyone["person_id"].isin(own["person_id"]))
            found.append(Group(some, inside, Sample.of(own, contrast, inference), gates))
        answers += [_answered(a, found, abstinence, endpoints[a.outcome], gate, everyone, inference) for a in asked]
    return together(answers).tables("counts", "estimates", "diagnostics")


def reads(rows: Sequence[Analysis], name: str, modifiers: Mapping[str, Modifier]) -> dict[str, Wanted]:
    """The rows of the outcomes that are asked about, the arms of the contrast, and of people what groups them."""
    words = [m.column for m in modifiers.values() if not (m.thirds or m.cuts)]
    return {
        "abstinence": Wanted(where={"outcome": sorted({r.outcome for r in rows})}),
        "arms": Wanted(where={"contrast": (name,)}),
        "people": Wanted(("person_id", *dict.fromkeys(words))),
    }


def _without(asked: Sequence[Analysis], contrast: Contrast, status: str, reason: str, some: Some) -> Iterator[Answered]:
    """Every row of a group without a number, with its reason."""
    names = contrast.first.name, contrast.second.name
    for row in asked:
        yield Answered(tuple(results.without(row, names, status, reason, some)))


def _few(members: pd.DataFrame, contrast: Contrast, fewest: int) -> str:
    """Which arm of a group has too few people, or ''."""
    for at, arm in ((1, contrast.first), (0, contrast.second)):
        if (members["arm"] == at).sum() < fewest:
            return f"the group has fewer than {fewest} people in the arm '{arm.name}'"
    return ""


def _answered(
    ask: Analysis,
    found: Sequence[Group],
    abstinence: pd.DataFrame,
    endpoint: Endpoint,
    gate: Gate,
    everyone: pd.DataFrame,
    inference: Inference,
) -> Answered:
    """One row of the sheet within every group of a modifier, with the tests that groups differ."""
    said = []
    means: dict[str, tuple[Estimate, Mask]] = {}
    for group in found:
        outcome = read_at_a_day(abstinence, group.sample.scores, ask, endpoint)
        own = answer(ask, group.sample, outcome, gate, decided(group.gates)[ask.method], some=group.some)
        told = _patterns(ask, group) if ask.method != CRUDE else []
        counted = results.count_rows(ask, group.sample.label, outcome.levels, group.some)
        said.append(replace(own, diagnostics=tuple(told), counts=tuple(counted)))
        if own.status == "ok" and ask.method != CRUDE:
            means[group.some.group] = _apart(ask, group.sample, outcome), group.belongs
    if len(means) > 1:
        said.append(Answered(diagnostics=tuple(_tests(ask, found[0].some.group_by, means, everyone, inference))))
    return together(said)


def _apart(ask: Analysis, sample: Sample, outcome: AtADay) -> Estimate:
    """The means of both arms with the influence of each person, so that groups can be held against each other."""
    people = Sample(sample.everyone, sample.names, sample.inference.model_copy(update={"cluster": "person"}))
    return replace(outcome.means(ask, people), clusters=())


def _tests(
    ask: Analysis,
    by: str,
    means: Mapping[str, tuple[Estimate, Mask]],
    everyone: pd.DataFrame,
    inference: Inference,
) -> Iterator[Row]:
    """p values of one difference, and of one ratio, for all groups; none of ratios where an arm has nobody with the
    outcome.
    """
    for quantity, scale in SCALES.items():
        try:
            effects = {name: (scale(mean, *mean.names), own) for name, (mean, own) in means.items()}
            whole = clustered(estimators.together(effects), everyone, inference)
            p = estimators.differing(whole).p_value
        except EstimationError:
            continue
        yield results.diagnostic(ask, quantity, float(p), np.nan, "info") | {"group_by": by}


def _patterns(ask: Analysis, group: Group) -> list[Row]:
    """How many distinct scores a group has, which decides how finely its numbers are told."""
    distinct = np.unique(group.sample.scores["propensity"].to_numpy().round(9)).size
    row = results.diagnostic(ask, SCORE_PATTERNS, float(distinct), np.nan, "info")
    return [row | {"group_by": group.some.group_by, "group": group.some.group}]
