"""Ways of leaving the index level: cumulative incidence of each by arm, unadjusted and weighted.

The curves of analyses that ask for a risk of leaving are taken, up to their longest horizon, in one panel for each
contrast and way of leaving; ways by which next to no one left are not drawn. Without curves of both arms the figure
says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import atrisk, lines, style
from iop_outcomes.presentation import select
from iop_outcomes.presentation.labels import POOLS, Labels, cause
from iop_outcomes.protocol import Compared
from iop_outcomes.vocabulary.causes import LEAVING
from iop_outcomes.vocabulary.endpoints import LEFT_INDEX
from iop_outcomes.vocabulary.measures import RISK

if TYPE_CHECKING:
    import pandas as pd

# a way by which fewer than this share have left in both arms has no panel
LEAST_SHARE = 0.01


# ways of leaving, and those that the release counts together
WAYS = (*LEAVING, *POOLS)


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One panel for each contrast and way of leaving."""
    labels = Labels(study)
    asked = select.of_arms(tables.estimates, RISK, [o for o in labels.endpoints() if labels.kind(o) in LEFT_INDEX])
    shown = _shown(tables.curves, asked, labels)
    if shown.empty:
        return style.note(select.why(asked, labels), shown, "The ways of leaving care")
    contrasts = list(dict.fromkeys(shown["contrast"]))
    alone = len(contrasts) == 1

    def panel(contrast: str, outcome: str) -> str:
        return "\n".join(w for w in (cause(outcome), lines.panel_words(labels, contrast, alone)) if w)

    begin = atrisk.begin(tables.diagnostics)
    columns = lines.COLUMNS if alone else 2
    plot = lines.plot(shown, labels, panel, "People who have left in this way", columns, begin)
    return style.Figure(plot, shown, _alt(shown, labels, alone))


def _shown(curves: pd.DataFrame, asked: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    own = curves[curves["analysis"].isin(asked["analysis"]) & curves["outcome"].isin(WAYS)]
    last = {str(c): float(d) for c, d in asked.groupby("contrast")["horizon_days"].max().items()}
    shown = lines.points(own[own["contrast"].isin(list(last))], labels, 0.0, last)
    seen = shown.groupby(["contrast", "outcome"])["estimate"].transform("max") >= LEAST_SHARE
    shown = shown[seen]
    rank = {c: i for i, c in enumerate(labels.study.contrasts)}
    order = shown["contrast"].map(rank) * len(WAYS) + shown["outcome"].map(WAYS.index)
    return shown.iloc[order.argsort(kind="stable")].reset_index(drop=True)


def _alt(shown: pd.DataFrame, labels: Labels, alone: bool) -> str:
    said = []
    for (contrast, outcome), end in lines.at_end(shown).items():
        said.append(f"{cause(outcome).lower()} {end.begin('by day')}: {end.said(labels.arms(contrast), 'by day')}")
    begin = "Curves of the share of people who have left the index level in each way, by arm."
    return " ".join([begin, *lines.told(["; ".join(said)]), lines.ended(shown)]).strip()
