"""Agreement: levels of care by the program's word and by hours a week, as matrices with Cohen's kappa.

A matrix for each pair of definitions: the first one down, the second one across, people in each tile, darker for a
larger share of the row. Kappa is of the people in cells that are shown; those of whom a class is not known are left
out of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import style, tiles
from iop_outcomes.presentation import matrices, numbers
from iop_outcomes.presentation.labels import within
from iop_outcomes.protocol import Compared
from iop_outcomes.tables.results import BY_ASAM, BY_BROAD, BY_LABEL, DELIVERED
from iop_outcomes.vocabulary.levels import LABELS

if TYPE_CHECKING:
    import pandas as pd

Pair = tuple[str, str]
TITLES: dict[Pair, str] = {
    (BY_LABEL, BY_ASAM): "The program's own label (down) and ASAM's thresholds for scheduled hours (across)",
    (BY_LABEL, BY_BROAD): "The program's own label (down) and 6 to 30 scheduled hours as intensive (across)",
    (BY_ASAM, DELIVERED): "ASAM's thresholds: scheduled hours (down) and delivered hours (across)",
}
NOTE = (
    "Ambulatory levels only: hours do not define a setting with a bed. Indeterminate: 6 to under 9 "
    "hours a week, for adults."
)


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """The matrices of a cohort."""
    found = {which: matrices.matrix(tables.counts, *which) for which in matrices.PAIRS}
    found = {which: table for which, table in found.items() if len(table)}
    data = _data(found)
    if not found:
        return style.note("hours a week are not known", data, "The agreement between definitions of a level of care")
    # where everyone is in one class by both, there is nothing to see beside the others
    shown = {w: t for w, t in found.items() if matrices.several(t)} or found
    blocks = [
        tiles.Block(
            f"{TITLES[which]}: {_agreed(tables.counts, which, table)}",
            tuple(_row(str(name), people) for name, people in table.iterrows()),
            tuple(LABELS[c] for c in table.columns),
        )
        for which, table in shown.items()
    ]
    notes = ["People, and percent of the row.", NOTE]
    if data["people"].isna().any():
        notes.append("A grey tile holds people, too few to show; kappa is without them.")
    return style.Figure(tiles.plot(blocks, notes), data, _alt(tables.counts, found))


def _row(name: str, people: pd.Series[float]) -> tiles.Row:
    whole = people.sum()
    return tiles.Row(LABELS[name], tuple(_tile(n, n / whole if whole else 0.0) for n in people))


def _tile(people: float, share: float) -> tiles.Tile:
    if not numbers.known(people):
        return tiles.Tile("", None)
    return tiles.Tile(f"{numbers.count(people)} ({round(100 * share)})" if people else "0", share)


def _agreed(counts: pd.DataFrame, which: Pair, table: pd.DataFrame) -> str:
    """Kappa and the share of people in the same class, in a few words."""
    told = matrices.kappa(table)
    if not told.n:
        return "no one is in a class under both"
    share, error = matrices.in_one_class(counts, *which)
    same = f"{share} in the same class"
    if not numbers.known(told.kappa):
        return f"{same}; by one of the two all are in one class, so that kappa says nothing"
    return f"{same}, kappa {numbers.ratio(told.kappa, error)}"


def _data(found: dict[Pair, pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {"down": down, "across": across, "first": first, "second": second, "people": people}
        for (down, across), table in found.items()
        for first, row in table.iterrows()
        for second, people in row.items()
    ]
    return pd.DataFrame(rows, columns=["down", "across", "first", "second", "people"])


def _alt(counts: pd.DataFrame, found: dict[Pair, pd.DataFrame]) -> str:
    said = [f"{TITLES[which]}: {within(_agreed(counts, which, table))}" for which, table in found.items()]
    return f"Matrices of people by level of care under two definitions each. {'; '.join(said)}."
