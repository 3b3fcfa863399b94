"""Staying in care: the share of people still in the episode of care, by arm, unadjusted and weighted.

The curves of analyses that ask who is still in care, or for days in it, are taken, up to their longest horizon, one
panel for each contrast and for completion taken as an exit and as success. Without curves of both arms the figure
says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import atrisk, lines, style
from iop_outcomes.presentation import select
from iop_outcomes.presentation.labels import Labels, within
from iop_outcomes.protocol import Compared
from iop_outcomes.tables.results import ALL
from iop_outcomes.vocabulary.endpoints import PANELS

if TYPE_CHECKING:
    import pandas as pd


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One panel for each contrast."""
    labels = Labels(study)
    outcomes = [o for o in labels.endpoints() if labels.kind(o) in PANELS]
    asked = tables.estimates
    asked = asked[asked["outcome"].isin(outcomes) & (asked["group_by"] == ALL)]
    own = tables.curves[tables.curves["analysis"].isin(asked["analysis"]) & tables.curves["outcome"].isin(list(PANELS))]
    last = {str(c): float(d) for c, d in asked.groupby("contrast")["horizon_days"].max().items()}
    shown = lines.points(own[own["contrast"].isin(list(last))], labels, 1.0, last)
    if shown.empty:
        return style.note(select.why(asked, labels), shown, "The curve of staying in care")
    rank = {c: i for i, c in enumerate(study.contrasts)}
    order = shown["contrast"].map(rank) * len(PANELS) + shown["outcome"].map(list(PANELS).index)
    shown = shown.iloc[order.argsort(kind="stable")].reset_index(drop=True)
    alone = shown["contrast"].nunique() == 1

    def panel(contrast: str, outcome: str) -> str:
        return "\n".join(w for w in (PANELS[outcome], lines.panel_words(labels, contrast, alone)) if w)

    plot = lines.plot(shown, labels, panel, "People", 2, atrisk.begin(tables.diagnostics))
    return style.Figure(plot, shown, _alt(shown, labels))


def _alt(shown: pd.DataFrame, labels: Labels) -> str:
    said = []
    for (contrast, outcome), end in lines.at_end(shown).items():
        said.append(f"{within(PANELS[outcome])}, {end.begin('on day')}: {end.said(labels.arms(contrast), 'on day')}")
    return " ".join(
        ["Curves of the share of people still in care, by arm.", *lines.told(said), lines.ended(shown)]
    ).strip()
