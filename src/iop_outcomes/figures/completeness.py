"""Completeness: of how many people each field is known, by period of entry and by site, as a grid of percentages.

Fields with gaps are columns, darker where more is missing; fields known of everyone, or of no one, are named below. A
withheld share is given as far as the release tells it: '≥ 75' is at least three quarters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from iop_outcomes.figures import style, tiles
from iop_outcomes.presentation import numbers, recorded
from iop_outcomes.presentation.labels import sentence, within
from iop_outcomes.protocol import Compared

if TYPE_CHECKING:
    import pandas as pd

# more columns than this have no room for their numbers: the least known are shown
MOST_FIELDS = 24
HEADINGS = {"all": "", "period": "By time of entry", "site": "By site"}


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """The grid of a cohort."""
    found, unit = recorded.completeness(tables.counts, tables.diagnostics), recorded.unit(study)
    if found.empty:
        return style.note("nothing was counted", found, "How complete the records are")
    full, partly, empty = recorded.unanswered(found)
    least = sorted(partly, key=_least(found))[:MOST_FIELDS]
    shown = [f for f in partly if f in least] or full or empty
    cells = recorded.by(found, "kind", "group", "field")
    names = tuple(recorded.field(f) for f in shown)
    blocks = []
    for kind, heading in HEADINGS.items():
        groups = recorded.ordered(found.loc[found["kind"] == kind, "group"].unique())
        rows = [
            tiles.Row(f"All {unit}" if kind == "all" else g, tuple(tiles.known(*cells[kind, g, f]) for f in shown))
            for g in groups
        ]
        if rows:
            blocks.append(tiles.Block(heading, tuple(rows), names if kind == "all" else ()))
    return style.Figure(
        tiles.plot(blocks, _notes(found, _apart(shown, full, partly, empty), unit)), found, _alt(found, unit)
    )


def _least(found: pd.DataFrame) -> Callable[[str], float]:
    """Share known over all, for sorting; what is withheld comes last."""
    overall = found[found["kind"] == "all"].set_index("field")["share"].fillna(2.0)
    return lambda field: float(overall[field])


def _apart(shown: list[str], full: list[str], partly: list[str], empty: list[str]) -> dict[str, list[str]]:
    """Fields without a column, by what is said of them."""
    said = {"Known throughout": full, "Known of nearly all": partly, "Not in these records": empty}
    return {words: [f for f in fields if f not in shown] for words, fields in said.items()}


def _notes(found: pd.DataFrame, apart: dict[str, list[str]], unit: str) -> list[str]:
    notes = [f"Percent of {unit}; darker where more is missing.", *tiles.legend(set(found["told"]))]
    for words, fields in apart.items():
        if fields:
            notes.append(f"{words}: {', '.join(within(recorded.field(f)) for f in fields)}.")
    return notes


def _alt(found: pd.DataFrame, unit: str) -> str:
    full, partly, empty = recorded.unanswered(found)
    cells = recorded.by(found[found["kind"] == "all"], "field")
    shares = {name: recorded.share_words(*cells[name,]) for name in sorted(partly, key=_least(found))}
    parts = [f"{within(recorded.field(name))} {share}" for name, share in shares.items()]
    text = f"Grid of the share of {unit} of which each field is known, by site and time of entry. "
    text += f"Over all {unit}: {'; '.join(parts)}. " if parts else ""
    text += f"Known throughout: {numbers.count(len(full))} fields." if full else ""
    text += f" Not in these records: {sentence([within(recorded.field(f)) for f in empty])}." if empty else ""
    return text.strip()
