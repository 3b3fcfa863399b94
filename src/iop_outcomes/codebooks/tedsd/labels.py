"""Cells of any kind as codes: integers as they are, labels by the lists of the year, everything else unreadable.

In order: DISYR is read first, as labels depend on the year; a column of integers is narrowed to its type; in a column
of text, each distinct text is looked up once. A column counts as decoded when it holds a label that is not a number: a
number in it is then first a label (12 years of education) and only then a code. In a column of codes a number is only a
code. Blank cells are -9.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from iop_outcomes.codebooks.tedsd import codes

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

# bits of the integer type of each variable; 8 for those not named
BITS = {"CASEID": 64, "DISYR": 16, "YEAR": 16, "DAYWAIT": 16, "CBSA": 32, "CBSA2010": 32, "CBSA2020": 32, "PMSA": 32}
WHOLE = re.compile(r"[+-]?[0-9]{1,15}(\.0*)?")


def arrow_type(variable: str) -> pa.DataType:
    """The integer type of a variable."""
    import pyarrow as pa

    return {8: pa.int8(), 16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[BITS.get(variable, 8)]


def unreadable(variable: str) -> int:
    """The number that stands for a cell that is neither a code nor a label: the lowest of the type."""
    return int(-(2 ** (BITS.get(variable, 8) - 1)))


def coded(table: pa.Table) -> pa.Table:
    """The table with every column as codes of its type, one chunk each."""
    import numpy as np
    import pyarrow as pa

    if not table.num_rows:
        return pa.table({n: _empty(n) for n in table.column_names})
    if "DISYR" not in table.column_names:
        return _columns(table, np.array([codes.LAST_KNOWN_YEAR]), None)
    year = _codes("DISYR", table["DISYR"], None, None).to_numpy()
    if codes.span(int(year.min())) == codes.span(int(year.max())):
        return _columns(table, year[:1], None)
    return _columns(table, *np.unique(year, return_inverse=True))


def _empty(name: str) -> pa.Array:
    import pyarrow as pa

    return pa.array([], arrow_type(name))


def _columns(table: pa.Table, years: NDArray[np.integer], which: NDArray[np.intp] | None) -> pa.Table:
    """Every column as codes; which: for each row the place of its year, where the years differ in their codes."""
    import numpy as np
    import pyarrow as pa

    spans, of_year = np.unique([codes.span(int(y)) for y in years], return_inverse=True)
    rows = None if which is None else of_year[which]
    return pa.table({n: _codes(n, table[n], spans, rows) for n in table.column_names})


def _codes(
    name: str, column: pa.ChunkedArray, spans: NDArray[np.integer] | None, rows: NDArray[np.intp] | None
) -> pa.Array:
    """One column as codes. spans: first years of the spans in the file; rows: the place of each row's span, if many."""
    import pyarrow as pa

    kind = arrow_type(name)
    if column.type == kind:
        whole = column.combine_chunks()
    elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        whole = pa.array(narrow(name, column.to_numpy()), kind)
    else:
        whole = pa.array(_from_text(name, column, spans, rows), kind)
    return whole.fill_null(codes.MISSING) if whole.null_count and name != "CASEID" else whole


def narrow(name: str, numbers: NDArray[Any]) -> NDArray[np.integer]:
    """Numbers as whole numbers of the variable's type; missing is -9, what does not fit is unreadable."""
    import numpy as np

    kind, lowest = arrow_type(name).to_pandas_dtype(), unreadable(name)
    values = numbers.astype(np.float64)
    missing = np.isnan(values)
    with np.errstate(invalid="ignore"):
        fits = (values == np.floor(values)) & (values > lowest) & (values <= np.iinfo(kind).max)
    return np.where(fits, values, np.where(missing, codes.MISSING, lowest)).astype(kind)


def _from_text(
    name: str, column: pa.ChunkedArray, spans: NDArray[np.integer] | None, rows: NDArray[np.intp] | None
) -> NDArray[np.integer]:
    """Text as codes, by its distinct values."""
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    array = column.unify_dictionaries().combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0)
    words = array.dictionary.to_pylist()
    place = array.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)
    kind = arrow_type(name).to_pandas_dtype()
    # one row of codes for each span, blank at the end
    found = np.array([[*_look_up(name, words, s), codes.MISSING] for s in _firsts(name, spans)], dtype=kind)
    return found[rows, place] if rows is not None and len(found) > 1 else found[0][place]


def _firsts(name: str, spans: NDArray[np.integer] | None) -> list[int]:
    return [int(s) for s in spans] if spans is not None and codes.variables()[name] else [0]


def _look_up(name: str, words: list[str], first: int) -> list[int]:
    """The code of each distinct text in the span that begins with `first`."""
    listed = codes.variables()[name]
    by_label = codes.code_list(listed, first).labels if listed else {}
    numbers = {w: _number(name, w) for w in words}
    decoded = any(numbers[w] is None and codes.normal(w) in by_label for w in words)
    found = []
    for word in words:
        number, label = numbers[word], by_label.get(codes.normal(word)) if decoded else None
        if not word.strip():
            found.append(codes.MISSING)
        elif label is not None:
            found.append(label)
        else:
            found.append(unreadable(name) if number is None else number)
    return found


def _number(name: str, word: str) -> int | None:
    """The whole number that a text is, where it fits the variable's type."""
    if not WHOLE.fullmatch(word.strip()):
        return None
    value = int(float(word)) if "." in word else int(word)
    limit = 2 ** (BITS.get(name, 8) - 1)
    return value if -limit < value < limit else None
