"""How many people had which state of an outcome, by arm: what the readings of missing ones rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.presentation import told
from iop_outcomes.presentation.labels import Labels, level
from iop_outcomes.protocol import AsRun
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.tables.results import ALL
from iop_outcomes.tables.rows import counted
from iop_outcomes.vocabulary import answers
from iop_outcomes.vocabulary.endpoints import WEEKLY

if TYPE_CHECKING:
    import pandas as pd

# what people are called of whom every week is counted
IN_WEEKS = {answers.EVENT: "In some week", answers.NO_EVENT: "In no week"}


def tables(counts: pd.DataFrame, study: AsRun, contrast: str, step: str) -> list[Table]:
    """How many people had which state of the outcomes of a step, by arm: what the readings of missing ones rest on."""
    labels = Labels(study)
    asked = {(a.analysis, a.outcome, a.horizon_days) for a in study.analyses if a.step == step}
    whole = (counts["group_by"] == ALL) & (counts["variable"] == ALL)
    own = counts[whole & (counts["contrast"] == contrast)]
    own = own[own["arm"].isin(labels.sides(contrast))]
    keys = zip(own["analysis"], own["outcome"], own["horizon_days"], strict=True)
    own = own.loc[own.index[[i for i, key in enumerate(keys) if key in asked]]]
    blocks, base = [], told.usual(own)
    sides = labels.sides(contrast)
    for (outcome, day), rows in own.groupby(["outcome", "horizon_days"], sort=False):
        cells = {(r["level"], r["arm"]): r for r in counted(rows)}
        ranks = {v: i for i, v in enumerate(answers.LABELS)}
        levels = sorted(set(rows["level"]), key=lambda v: (ranks.get(v, len(ranks)), v))
        named = IN_WEEKS if labels.kind(str(outcome)) in WEEKLY else {}
        lines = [
            Line(named.get(str(v), level(str(v))), tuple(told.count(cells.get((v, side)), base) for side in sides))
            for v in levels
        ]
        blocks.append(Block(labels.question(str(outcome), float(str(day)), answers.NONE), tuple(lines)))
    if not blocks:
        return []
    columns = ("State", *labels.arms(contrast))
    return [Table(f"{labels.contrast(contrast)}: people by state", columns, tuple(blocks), told.note(own))]
