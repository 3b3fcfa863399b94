"""Parquet files as text cells, or as a frame that keeps their types (`typed`).

In order: Arrow reads the file; columns of text lose the blanks at their ends; of every other column each distinct value
is written as text once.

Refuses files that are not whole Parquet files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError
from iop_outcomes.files import sweep
from iop_outcomes.files.text_cells import Cells, checked, column, named

if TYPE_CHECKING:
    import pandas as pd


def read(path: Path, options: Mapping[str, object]) -> Cells:
    """A Parquet file as cells. It has no options. Raises StudyError."""
    found = table(path)
    return named(path.name, found.column_names, [written(values) for values in found.columns])


def table(path: Path) -> Any:
    """A Parquet file as an Arrow table. Raises StudyError."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.read_table(path, partitioning=None)
    except (pa.ArrowException, OSError):
        raise StudyError(f"{path.name} is not a whole Parquet file. Copy or export it again.") from None


def typed(path: Path) -> pd.DataFrame:
    """A Parquet file as a frame of which every column that a cell of text could stand in keeps its type.

    Whole numbers and flags with missing values stay what they are; lists and records become text. What the file says of
    itself (metadata, indexes) is left out. Raises StudyError.
    """
    import pyarrow as pa

    found = table(path)
    found = found.rename_columns(checked(path.name, found.column_names)).replace_schema_metadata(None)
    for at, field in enumerate(found.schema):
        if pa.types.is_nested(field.type):
            found = found.set_column(at, field.name, pa.array(written(found.column(at)), pa.string()))
    frame: pd.DataFrame = found.to_pandas(types_mapper=_nullable, date_as_object=False, ignore_metadata=True)
    return frame


def _nullable(kind: object) -> object:
    """Types that keep missing values in columns of whole numbers and flags."""
    import pandas as pd
    import pyarrow as pa

    whole = {pa.int8(): "Int8", pa.int16(): "Int16", pa.int32(): "Int32", pa.int64(): "Int64"}
    if kind in whole:
        return pd.api.types.pandas_dtype(whole[kind])
    return pd.BooleanDtype() if kind == pa.bool_() else None


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
