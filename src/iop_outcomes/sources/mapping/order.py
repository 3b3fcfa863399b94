"""An order of rows that does not show the order in which they came: by keys, and by their content where these tie."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def steady(keys: pd.DataFrame, content: pd.DataFrame) -> pd.Index:
    """The labels of the rows, sorted by the keys, missing ones last, then by all of their content as text."""
    import pandas as pd

    ties = keys.duplicated(keep=False)
    told = pd.Series("", index=keys.index, dtype=object)
    if ties.any():
        cells = content[ties].astype("string").fillna("")
        told[ties] = cells.iloc[:, 0].str.cat(cells.iloc[:, 1:], sep="\x1f")
    return keys.assign(**{TIE: told}).sort_values([*keys.columns, TIE], kind="stable").index


TIE = "content of the row"
