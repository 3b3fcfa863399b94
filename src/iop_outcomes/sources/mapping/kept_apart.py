"""Missing values that a file keeps apart, for the columns whose mapping names one of them.

They travel beside the text of their column, under a name that no file can give a column. A canonical column whose codes
name one reads all of them, so that one that it does not name is a code that it does not know; for every other they are
missing, as they are where the file keeps none apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.files.text_cells import Cells
from iop_outcomes.protocol.mapping import ColumnMapping

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

# names of columns lose line ends where they are read
BESIDE = "\n"


def beside(cells: Cells, columns: Sequence[str], kept: pd.Series) -> dict[str, pd.Series]:
    """The missing values kept apart of some columns, rows that are read only, by the name under which they travel."""
    return {
        BESIDE + name: values.reindex(cells.frame.index)[kept]
        for name, values in cells.apart.items()
        if name in columns
    }


def cells_of(text: pd.DataFrame, mapped: ColumnMapping) -> pd.Series:
    """The cells of a file's column as a canonical column reads them.

    text: columns of the files, and what travels beside them.
    """
    cells = text[str(mapped.column)]
    apart = text.get(BESIDE + str(mapped.column))
    if apart is None:
        return cells
    held = {str(one).casefold() for one in apart.dropna().unique()}
    if not held & {code.casefold() for code in mapped.codes}:
        return cells
    return cells.where(apart.isna(), apart)
