"""How many people leave with the rows that are not passed on.

Where persons are read from a file with several rows of one person (one per admission, say), rows are no people: someone
of whom another row is read has not left, and someone who left with three rows has left once. Rows stay the unit of the
accounting; people are what the flow of the cohort counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.protocol.mapping import TableMapping
from iop_outcomes.sources.mapping.anchor import NO_READABLE_STAY, NO_STAY, Anchors

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.sources.mapping.columns import Canonical


def named(mapped: TableMapping, frame: pd.DataFrame) -> pd.Series:
    """The person of each row, as the file writes it; missing where the cell is empty."""
    import pandas as pd

    asked = mapped.columns.get("person_id")
    if asked is None or asked.column is None:
        return pd.Series(pd.NA, index=frame.index, dtype="string")
    text = frame[asked.column].astype("string").str.strip()
    return text.mask(text == "")


def filtered(gone: Sequence[tuple[pd.Series, pd.Series]], kept: pd.Series) -> dict[str, int]:
    """People of whom filters left out every row, by the words for the first filter, in the order in which they stand.

    gone: person and words (missing for rows that are read), a pair for each file. kept: persons of the rows read.
    """
    import pandas as pd

    rows = pd.concat([pd.DataFrame({"person": person, "why": why}) for person, why in gone], ignore_index=True)
    rows = rows[rows["why"].notna() & ~rows["person"].isin(kept.dropna())]
    order = {why: at for at, why in enumerate(dict.fromkeys(rows["why"]))}
    first = rows.assign(at=rows["why"].map(order)).sort_values("at", kind="stable")
    people = pd.concat([first.dropna(subset="person").drop_duplicates("person"), first[first["person"].isna()]])
    return {why: int((people["why"] == why).sum()) for why in order}


def without_stay(persons: Canonical, zero: Anchors | None) -> Mapping[str, int]:
    """People without a day 0, by the words of `anchor.relative`."""
    if zero is None:
        return {}
    person = persons.frame.loc[persons.rule.isna(), "person_id"].dropna().drop_duplicates()
    out = person[~person.isin(zero.zero.index)]
    unread = int(out.isin(zero.unread).sum())
    return {NO_STAY: len(out) - unread, NO_READABLE_STAY: unread}
