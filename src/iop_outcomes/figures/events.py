"""Events beside leaving care: cumulative incidence of engagement, return to care, overdose and death, by arm.

The curves of analyses that ask for a risk of such an event are taken, up to their longest horizon, one panel for each
contrast and event, each with its own people at risk. Without curves of both arms the figure says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import atrisk, lines, style
from iop_outcomes.presentation import select
from iop_outcomes.presentation.labels import Labels, cause
from iop_outcomes.protocol import Compared
from iop_outcomes.vocabulary.endpoints import EVENTS
from iop_outcomes.vocabulary.measures import RISK

if TYPE_CHECKING:
    import pandas as pd


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One panel for each contrast and event."""
    labels = Labels(study)
    asked = select.of_arms(tables.estimates, RISK, [o for o in labels.endpoints() if labels.kind(o) in EVENTS])
    shown = _shown(tables.curves, asked, labels)
    if shown.empty:
        return style.note(select.why(asked, labels), shown, "Engagement, return to care, overdose and death")
    alone = shown["contrast"].nunique() == 1

    def panel(contrast: str, outcome: str) -> str:
        return "\n".join(w for w in (cause(outcome), lines.panel_words(labels, contrast, alone)) if w)

    begin = atrisk.begin(tables.diagnostics)
    plot = lines.plot(shown, labels, panel, "People with the event", 2, begin, shared=False)
    return style.Figure(plot, shown, _alt(shown, labels))


def _shown(curves: pd.DataFrame, asked: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Points of the curves, each up to the last day that its own question asks about."""
    import pandas as pd

    parts = []
    for outcome, rows in asked.groupby("outcome", sort=False):
        event = EVENTS[labels.kind(str(outcome))]
        own = curves[curves["analysis"].isin(rows["analysis"]) & (curves["outcome"] == event)]
        last = {str(c): float(d) for c, d in rows.groupby("contrast")["horizon_days"].max().items()}
        parts.append(lines.points(own[own["contrast"].isin(list(last))], labels, 0.0, last))
    found = [p for p in parts if len(p)]
    if not found:
        return lines.points(curves.iloc[:0], labels, 0.0, {})
    shown = pd.concat(found, ignore_index=True)
    names = list(EVENTS.values())
    order = shown["contrast"].map(list(labels.study.contrasts).index) * len(names) + shown["outcome"].map(names.index)
    return shown.iloc[order.argsort(kind="stable")].reset_index(drop=True)


def _alt(shown: pd.DataFrame, labels: Labels) -> str:
    said = []
    for (contrast, outcome), end in lines.at_end(shown).items():
        said.append(f"{cause(outcome)} {end.begin('by day')}: {end.said(labels.arms(contrast), 'by day')}")
    begin = "Curves of the share of people with each event, by arm."
    return " ".join([begin, *lines.told(["; ".join(said)]), lines.ended(shown)]).strip()
