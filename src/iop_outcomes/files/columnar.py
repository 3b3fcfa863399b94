"""Parquet files as text cells.

In order: Arrow reads the file; columns of text lose the blanks at their ends; of every other column each distinct value
is written as text once.

Refuses files that are not whole Parquet files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iop_outcomes.errors import StudyError
from iop_outcomes.files import sweep
from iop_outcomes.files.text_cells import Cells, column, named


def read(path: Path, options: Mapping[str, object]) -> Cells:
    """A Parquet file as cells. It has no options. Raises StudyError."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(path, partitioning=None)
    except (pa.ArrowException, OSError):
        raise StudyError(f"{path.name} is not a whole Parquet file. Copy or export it again.") from None
    return named(path.name, table.column_names, [written(values) for values in table.columns])


def written(values: Any) -> list[str | None]:
    """One Arrow column as text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
        kind = kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return list(sweep.trimmed(values).to_pandas())
    if pa.types.is_nested(kind):
        return column(values.to_pylist())
    if pa.types.is_float32(kind) or pa.types.is_float16(kind):
        values = pc.cast(pc.cast(values, pa.string()), pa.float64())  # the shortest digits, not those of a double
    coded = values.combine_chunks().dictionary_encode()
    return list(pa.array(_texts(coded.dictionary), pa.string()).take(coded.indices).to_pandas())


def _texts(distinct: Any) -> list[str | None]:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return column(distinct.to_pylist())
    except (ValueError, OverflowError):  # a year that Python's dates do not have
        texts: list[str | None] = pc.cast(distinct, pa.string()).to_pylist()
        return [text and text.replace(" ", "T") for text in texts]
