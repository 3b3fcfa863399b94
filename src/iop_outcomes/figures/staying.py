"""Staying in care: the share of people still in the episode of care, by arm, unadjusted and weighted.

The curves of analyses that ask for days in care are taken, up to their longest horizon, one panel for each contrast.
Without curves of both arms the figure says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import lines, numbers, select, style
from iop_outcomes.figures.labels import Labels, Study

if TYPE_CHECKING:
    import pandas as pd


def draw(tables: style.Tables, study: Study) -> style.Figure:
    """One panel for each contrast."""
    labels = Labels(study)
    asked = select.stem(tables.estimates, "mean_days", [o for o in labels.endpoints() if labels.kind(o) == "in_care"])
    own = tables.curves[tables.curves["analysis"].isin(asked["analysis"]) & (tables.curves["outcome"] == "in_care")]
    last = {str(c): float(d) for c, d in asked.groupby("contrast")["horizon_days"].max().items()}
    shown = lines.points(own[own["contrast"].isin(list(last))], labels, 1.0, last)
    if shown.empty:
        return style.note(select.why(asked, labels), shown, "The curve of staying in care")
    rank = {c: i for i, c in enumerate(study["contrasts"])}
    shown = shown.iloc[shown["contrast"].map(rank).argsort(kind="stable")].reset_index(drop=True)
    alone = shown["contrast"].nunique() == 1

    def panel(contrast: str, _: str) -> str:
        return lines.panel_words(labels, contrast, alone)

    plot = lines.plot(shown, labels, panel, "People still in care", 2)
    return style.Figure(plot, shown, _alt(shown, asked, labels))


def _alt(shown: pd.DataFrame, asked: pd.DataFrame, labels: Labels) -> str:
    said = []
    for (contrast, _), (day, weighted, first, second) in lines.at_end(shown).items():
        arms = labels.arms(contrast)
        said.append(
            f"On day {day:.0f}, {'weighted' if weighted else 'unadjusted'}, {numbers.percent(first)} of {arms[0]} and "
            f"{numbers.percent(second)} of {arms[1]} are still in care"
        )
    return "Curves of the share of people still in care, by arm. " + ". ".join(said) + "."
