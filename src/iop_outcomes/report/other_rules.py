"""The same questions under other rules: levels of care by label or by hours, plans
with other tolerances, other gaps between stays, other clocks.

One table per contrast, with a block for each primary question under every classifier, and one for staying in care under
every rule. A line is a rule; what stands beside it is the preferred adjusted estimate. People are not shown: beside the
question itself their number would give a few away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.presentation.labels import Labels, method
from iop_outcomes.protocol import AsRun, Contrast
from iop_outcomes.report import protection
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.report.results import forms, value_of, with_interval
from iop_outcomes.report.sentences import effects
from iop_outcomes.report.summary import Pair, pairs
from iop_outcomes.tables.results import ALL
from iop_outcomes.vocabulary.endpoints import STAYING
from iop_outcomes.vocabulary.measures import RISK
from iop_outcomes.vocabulary.methods import PREFERRED
from iop_outcomes.vocabulary.statuses import STATUSES

if TYPE_CHECKING:
    import pandas as pd

RULE = {
    "index_level": "By the program's label",
    "level_asam": "By hours, ASAM thresholds",
    "level_broad": "By hours, 6 to 30 taken as intensive outpatient",
}


def tables(estimates: pd.DataFrame, study: AsRun) -> list[Table]:
    """The tables of a study, for each contrast with questions under other rules."""
    found = [_of_contrast(estimates, study, name) for name in study.contrasts]
    return [t for t in found if t.blocks]


def _of_contrast(estimates: pd.DataFrame, study: AsRun, name: str) -> Table:
    labels = Labels(study)
    asked = estimates[estimates["method"].isin(PREFERRED[:3]) & (estimates["group_by"] == ALL)]
    blocks = (*_classifiers(asked, labels, name), *_leaving(asked, labels, name), *_staying(asked, labels, name))
    columns = ("Rule", "Method", *labels.arms(name), f"Difference ({effects.level(labels)})")
    again = labels.study.companions
    own = asked[asked["contrast"].isin([name, *_variants(labels, name)]) & (asked["group_by"] == ALL)]
    own = own[own["contrast"].isin(again.contrasts) | own["outcome"].isin(again.outcomes)]
    return Table(labels.contrast(name), columns, tuple(blocks), protection.of_estimates(own))


def _variants(labels: Labels, name: str) -> dict[str, Contrast]:
    """The copies of a contrast under other classifiers."""
    return {n: v for n, v in labels.study.variants.items() if v.variant_of == name}


def _classifiers(asked: pd.DataFrame, labels: Labels, name: str) -> list[Block]:
    """Each primary question with levels by the study's own rule and by the others."""
    variants = _variants(labels, name)
    rules = {
        n: RULE[c.column] for n, c in ({name: labels.study.contrasts[name]} | variants).items() if c.column in RULE
    }
    repeated = asked[asked["contrast"].isin(list(variants))]
    blocks = []
    keys = ["outcome", "horizon_days", "missing_rule", "measure", "estimand", "method"]
    for question in repeated[keys].drop_duplicates().itertuples(index=False):
        own = asked
        for column, value in zip(keys, question, strict=True):
            own = own[own[column] == value]
        lines = [_line(pairs(own[own["contrast"] == n]), words, labels, name) for n, words in rules.items()]
        heading = labels.question(str(question.outcome), float(str(question.horizon_days)), str(question.missing_rule))
        blocks.append(Block(heading, tuple(lines)))
    return blocks


def _leaving(asked: pd.DataFrame, labels: Labels, name: str) -> list[Block]:
    """Leaving the index level by one cause on a day, as recorded and under every tolerance of plans."""
    known = labels.study.endpoints
    plans = [o for o in labels.study.companions.outcomes if known[o].plan_tolerance_days is not None]
    own = asked[(asked["contrast"] == name) & (asked["measure"] == RISK)]
    blocks = []
    for (day, cause), rows in own.groupby(["horizon_days", own["outcome"].map(lambda o: known[o].cause)], sort=False):
        again = rows[rows["outcome"].isin(plans)]
        kind = {labels.kind(str(outcome)) for outcome in again["outcome"]}
        usual = [o for o in rows["outcome"].unique() if o not in plans and labels.kind(str(o)) in kind and cause]
        same = rows[rows["method"].isin(list(again["method"]))]
        plans_asked = sorted(again["outcome"].unique(), key=lambda outcome: known[outcome].plan_tolerance_days or 0)
        each = dict.fromkeys((*usual, *plans_asked))
        lines = [_line(pairs(same[same["outcome"] == o]), labels.endpoint(str(o)), labels, name) for o in each]
        if len(again):
            blocks.append(Block(f"{labels.endpoint(str(next(iter(each))))}, day {day:.0f}", tuple(lines)))
    return blocks


def _staying(asked: pd.DataFrame, labels: Labels, name: str) -> list[Block]:
    """Staying in care on a day, at any level and under every other rule."""
    outcomes = [o for o in labels.study.companions.outcomes if labels.kind(o) in STAYING]
    own = asked[(asked["contrast"] == name) & asked["outcome"].isin(outcomes)]
    blocks = []
    for day, rows in own.groupby("horizon_days"):
        same = asked[(asked["contrast"] == name) & (asked["horizon_days"] == day) & (asked["measure"] == RISK)]
        usual = [o for o in same["outcome"].unique() if STAYING.get(labels.kind(str(o))) == "" and o not in outcomes]
        same = same[same["method"].isin(list(rows["method"]))]
        each = ((o, pairs(same[same["outcome"] == o])) for o in (*usual, *dict.fromkeys(rows["outcome"])))
        lines = [_line(found, labels.endpoint(str(o)), labels, name) for o, found in each]
        blocks.append(Block(f"Staying, day {day:.0f}", tuple(lines)))
    return blocks


def _line(found: list[Pair], words: str, labels: Labels, name: str) -> Line:
    """The preferred estimate under one rule, or why there is none."""
    if not found:
        return Line(words, absent="Not asked")
    ranks = {m: i for i, m in enumerate(PREFERRED)}
    pair = min(found, key=lambda p: ranks.get(p.main["method"], len(ranks)))
    row = pair.main
    if not pair.there:
        status = STATUSES[row["status"]].label or row["status"]
        return Line(words, absent=f"{status}: {labels.reason(name, row['reason'])}")
    value, gap = forms(pair)
    arms = (value_of(pair.rows.get(side), value) for side in labels.sides(name))
    return Line(words, (method(row["method"]), *arms, with_interval(row, gap)))
