"""Maturity: for how many people each day that the study asks about lies within their observation, by time of entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import style, tiles
from iop_outcomes.presentation import recorded
from iop_outcomes.protocol import Compared

if TYPE_CHECKING:
    import pandas as pd


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """The grid of a cohort: a row for each period of entry, a column for each day."""
    found, unit = recorded.maturity(tables.counts), recorded.unit(study)
    if found.empty:
        return style.note("nothing was counted", found, "Which days could be observed")
    days = sorted(found["day"].unique())
    cells = recorded.by(found, "kind", "group", "day")
    blocks = []
    for kind, heading in (("all", ""), ("period", "By time of entry")):
        groups = recorded.ordered(found.loc[found["kind"] == kind, "group"].unique())
        rows = [
            tiles.Row(f"All {unit}" if kind == "all" else g, tuple(tiles.known(*cells[kind, g, d]) for d in days))
            for g in groups
        ]
        if rows:
            blocks.append(tiles.Block(heading, tuple(rows), tuple(f"Day {d}" for d in days) if kind == "all" else ()))
    notes = [f"Percent of {unit} whose day lies within their observation; darker where it does for fewer."]
    notes += tiles.legend(set(found["told"]))
    return style.Figure(tiles.plot(blocks, notes), found, _alt(found, unit))


def _alt(found: pd.DataFrame, unit: str) -> str:
    overall = found[found["kind"] == "all"]
    parts = [f"day {r['day']} {recorded.share_words(r['share'], r['told'])}" for r in overall.to_dict("records")]
    return (
        f"Grid of the share of {unit} whose day lies within their observation, by time of entry. Over all {unit}: "
        f"{'; '.join(parts)}."
    )
