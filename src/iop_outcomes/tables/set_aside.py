"""What the quarantine says of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def distrusted(quarantine: pd.DataFrame) -> set[str]:
    """People of whom a stay or an admission record was set aside; a cell alone leaves its record in."""
    rows = quarantine[quarantine["table"].isin(["stays", "persons"])]
    if "cell" in rows:
        rows = rows[rows["cell"].isna()]
    return set(rows["person_id"].dropna())
