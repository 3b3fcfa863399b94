"""Patterns of tests, in groups of people who are alike: week by week, the share of a group that gave a negative test.

A row is a group of an arm's people who gave their last test in the same part of the weeks, a column is a week: what a
picture with one row for each person would show of staying and of use, without one. Where a count of a tile is not told
the tile says so; a group whose weeks are withheld is grey.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from iop_outcomes.figures import style, tiles
from iop_outcomes.presentation import numbers, told
from iop_outcomes.presentation.labels import Labels
from iop_outcomes.protocol import Compared
from iop_outcomes.tables.results import BY_LAST_TEST, LAST_TESTS, WEEK
from iop_outcomes.tables.rows import counted
from iop_outcomes.vocabulary.answers import ABSTINENT

if TYPE_CHECKING:
    import pandas as pd

GROUPS = dict(
    zip(
        LAST_TESTS,
        ("No test given", "Last test in the first third", "In the second third", "In the last third"),
        strict=True,
    )
)
NOTE = "Percent of the people of a row with a negative test in the week; darker for more."
WHAT = "Patterns of tests"


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """A block for each arm of each contrast with weekly outcomes."""
    labels = Labels(study)
    shown = found(tables.counts, labels)
    if shown.empty:
        return style.note("no week is told of", shown.drop(columns=["text", "shade"]), WHAT)
    blocks, told_ways = [], set(shown["told"])
    for block, own in shown.groupby("panel", sort=False):
        days = sorted(own["day"].unique())
        cells = {(r["group"], r["day"]): _tile(str(r["text"]), float(r["shade"])) for r in own.to_dict("records")}
        rows = [
            tiles.Row(GROUPS[group], tuple(cells.get((group, day)) for day in days))
            for group in LAST_TESTS
            if (own["group"] == group).any()
        ]
        blocks.append(tiles.Block(str(block), tuple(rows), tuple(f"{day:.0f}" for day in days)))
    notes = [f"Columns: last days of weeks. {NOTE}", *tiles.legend(told_ways)]
    return style.Figure(tiles.plot(blocks, notes), shown.drop(columns=["text", "shade"]), _alt(shown))


def _tile(text: str, shade: float) -> tiles.Tile:
    """Darker for more; grey where nothing is told."""
    return tiles.Tile(text, shade if math.isfinite(shade) else None)


def found(counts: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """One row for each tile: contrast, outcome, arm, panel, group, day, share, rounding_error, told (exact, rounded or
    withheld), text and shade (missing where nothing is told).
    """
    import pandas as pd

    own = counts[(counts["variable"] == WEEK) & (counts["group_by"] == BY_LAST_TEST)]
    rows = []
    for contrast in labels.study.contrasts:
        of = own[own["contrast"] == contrast]
        for (outcome, arm, group, day), week in of.groupby(["outcome", "arm", "group", "horizon_days"], sort=False):
            if arm not in labels.sides(contrast):
                continue
            words = f"{labels.arm(contrast, str(arm))}: {labels.endpoint(str(outcome))}"
            key = {"contrast": contrast, "outcome": outcome, "arm": arm, "panel": words, "group": group}
            tile = _known(week)
            if tile is not None:
                rows.append({**key, "day": float(str(day)), **tile})
    columns = ["contrast", "outcome", "arm", "panel", "group", "day", "share", "rounding_error", "told"]
    return pd.DataFrame(rows, columns=[*columns, "text", "shade"])


def _known(week: pd.DataFrame) -> dict[str, object] | None:
    """The share with a negative test of a group's people in a week; None of a group without people."""
    cells = {row["level"]: told.told(row) for row in counted(week.drop_duplicates("level"))}
    nothing = {"share": float("nan"), "rounding_error": float("nan"), "text": "", "shade": float("nan")}
    others = [cell for level, cell in cells.items() if level != ABSTINENT]
    if ABSTINENT not in cells or any(cell.count is None for cell in cells.values()):
        return {**nothing, "told": told.WITHHELD}
    rest = told.Told(sum(c.count or 0.0 for c in others), sum(c.low for c in others), sum(c.high for c in others))
    share = cells[ABSTINENT].of(rest)
    if share is None:
        return None
    way = "about" if share[1] else "exact"
    text = f"{'~' if share[1] else ''}{round(100 * share[0])}"
    return {
        "share": share[0], "rounding_error": share[1], "told": way, "text": text,
        "shade": share[0],
    }  # fmt: skip


def _alt(shown: pd.DataFrame) -> str:
    said = []
    for block, own in shown.groupby("panel", sort=False):
        last = own[(own["group"] == LAST_TESTS[-1]) & own["share"].notna()]
        if len(last):
            end = last.loc[last["day"].idxmax()]
            share = numbers.percent(end["share"], end["rounding_error"])
            said.append(
                f"{block}, of those tested to the last third: {share} negative in the week to day {end['day']:.0f}"
            )
    return f"Grid of the share with a negative test by week, in groups by the last test. {'; '.join(said)}."
