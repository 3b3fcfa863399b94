"""Whether a frame keeps to its declaration, in one look at each column: the quick part of `enforce.check`.

In order: the names of the columns and their types; then, of each column, that nothing is missing that may not be, that
text is text, and that values are allowed and in range; last, that no key comes twice. It says yes or no, and no more:
what is wrong in a frame that does not pass is pandera's to say. A national year has millions of rows in dozens of
tables' columns, and every step checks what it reads and writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.tables.declare import OPEN_DTYPES, Column, Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

MOST_RUNS = 1_000


def holds(table: Table, frame: pd.DataFrame) -> bool:
    """True for a frame that keeps to the declaration of the table."""
    try:
        return _holds(table, frame)
    except TypeError:  # values that cannot be hashed or compared
        return False


def _holds(table: Table, frame: pd.DataFrame) -> bool:
    names = list(frame.columns)
    if len(set(names)) < len(names) or not all(isinstance(name, str) for name in names):
        return False
    if any(not c.optional and n not in frame for n, c in table.columns.items()):
        return False
    for name in names:
        declared = table.columns.get(name)
        if not (_column_holds(declared, frame[name]) if declared else _further_holds(table, frame[name])):
            return False
    return not table.key or _unique([frame[name] for name in table.key])


def _column_holds(column: Column, values: pd.Series) -> bool:
    if str(values.dtype) != column.dtype:
        return False
    return _text_holds(column, values) if column.kind == "text" else _number_holds(column, values)


def _text_holds(column: Column, values: pd.Series) -> bool:
    import pandas as pd

    if column.allowed:
        found = pd.unique(values)
        missing = pd.isna(found)
        return (column.nullable or not missing.any()) and set(found[~missing]) <= set(column.allowed)
    return pd.api.types.infer_dtype(values, skipna=column.nullable) in ("string", "empty")


def _number_holds(column: Column, values: pd.Series) -> bool:
    if not column.nullable and values.isna().any():
        return False
    if column.low is None and column.high is None:
        return True
    if values.isna().all():
        return True
    return (column.low is None or values.min() >= column.low) and (column.high is None or values.max() <= column.high)


def _further_holds(table: Table, values: pd.Series) -> bool:
    """A column that the declaration does not name: of one of the kinds that the table is open to, nothing missing."""
    import pandas as pd

    kind = str(values.dtype)
    if kind not in {OPEN_DTYPES[k] for k in table.open_columns}:
        return False
    # to see that all are texts takes a third of the time of looking for missing ones
    whole = kind == OPEN_DTYPES["text"] and pd.api.types.infer_dtype(values, skipna=False) == "string"
    if not whole and values.isna().any():
        return False
    if kind == "category":
        return pd.api.types.infer_dtype(values.cat.categories, skipna=True) in ("string", "empty")
    return True


def _unique(key: list[pd.Series]) -> bool:
    """No two rows have the same key. Steps write their rows in the order of the key, or people in their order for one
    thing after the other; either is seen by neighbours."""
    import pandas as pd

    if len(key[0]) < 2:
        return True
    return ascending(key) or _in_runs(key) or not pd.concat(key, axis=1).duplicated().any()


def _in_runs(key: list[pd.Series]) -> bool:
    """Rows alike in all columns of the key but the first stand together, once, and the first ascends among them."""
    import numpy as np

    if len(key) < 2:
        return False
    first, *others = (column.to_numpy() for column in key)
    begins: NDArray[np.bool_] = np.zeros(len(first), dtype=bool)
    begins[0] = True
    try:
        for column in others:
            begins[1:] |= column[1:] != column[:-1]
        at = np.flatnonzero(begins)
        if len(at) > MOST_RUNS or len({tuple(column[i] for column in others) for i in at}) < len(at):
            return False
        return bool((begins[1:] | (first[:-1] < first[1:])).all())
    except TypeError:  # something missing, or of mixed types, has no order
        return False


def ascending(key: list[pd.Series]) -> bool:
    """Each row's key comes after that of the row before, by the first column, then the next."""
    import numpy as np

    tied: NDArray[np.bool_] = np.ones(max(len(key[0]) - 1, 0), dtype=bool)
    try:
        for column in key:
            values = column.to_numpy()
            before, after = values[:-1][tied], values[1:][tied]
            if not (before <= after).all():
                return False
            tied[tied] = before == after
    except TypeError:  # something missing, or of mixed types, has no order
        return False
    return not bool(tied.any())
