"""Read and write declared tables: Parquet in the private folder, for its owner only, CSV in the released one.

A file is written beside its place and moved there, so that a killed run leaves no half-written table behind. A table is
held to its declaration as it is written, and the Parquet file says to which. It is so again as it is read, unless it
stands in one file that says so of the declaration as it is now: what another program wrote says nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import TableError
from iop_outcomes.files import csv_text, owner
from iop_outcomes.tables import TABLES, Table, check

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

# significant digits of a released number: what a double carries safely through sums in another order
DIGITS = 10
# values of a column that are written as numbers of them
MOST_CODES = 10_000
# where a file says to which declaration its table was held
HELD = b"iop_outcomes.held"


@dataclass(frozen=True)
class Wanted:
    """The part of a table that a step needs.

    columns: default all; one that a file lacks is not there. where: the values that are wanted of some columns of text,
    which come along; of a column without any, no file is read. counted: columns of text, if they are there, that come
    as categories in the order of their names: rows are counted by them, and no row is compared with a text.
    """

    columns: Sequence[str] | None = None
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    counted: Sequence[str] = ()

    @property
    def names(self) -> tuple[str, ...] | None:
        """The columns that are read, or None for all."""
        return None if self.columns is None else (*self.columns, *self.where)


ALL = Wanted()
NOTHING = Wanted(where={"person_id": ()})


def read(name: str, paths: Iterable[str | Path], wanted: Wanted = ALL) -> pd.DataFrame:
    """One declared table, or a part of it, from one or more files, held to its declaration. Raises TableError."""
    import pandas as pd

    table = TABLES[name] if wanted.names is None else TABLES[name].only(wanted.names)
    if not all(wanted.where.values()):
        return table.empty()
    files = [Path(p) for p in paths]
    frames = [_read_one(name, file, wanted) for file in files]
    if len(files) == 1 and _held(name, files[0]):
        return frames[0]
    if len(frames) > 1:
        filled = [f for f in frames if len(f)]
        frames = [pd.concat(filled, ignore_index=True) if filled else frames[0]]
    return _checked(table, frames[0], wanted.counted, where=", ".join(map(str, files)))


def _held(name: str, path: Path) -> bool:
    """The file says that its table was held to the declaration as it is now."""
    import pyarrow.parquet as pq

    if path.suffix != ".parquet":
        return False
    return (pq.read_schema(path).metadata or {}).get(HELD) == _declaration(TABLES[name])


@cache
def _declaration(table: Table) -> bytes:
    return table.digest().encode()


def _checked(table: Table, frame: pd.DataFrame, counted: Sequence[str], where: str) -> pd.DataFrame:
    """The frame, held to its declaration; of categories each is looked at once, however many rows have it."""
    import pandas as pd

    coded = [n for n in counted if n in frame.columns and isinstance(frame[n].dtype, pd.CategoricalDtype)]
    if not coded:
        return check(table, frame, where)
    check(table.only([str(n) for n in frame.columns if n not in coded]), frame.drop(columns=coded), where)
    for column in coded:
        check(table.only([column]), pd.DataFrame({column: frame[column].unique().astype(object)}), where)
    return frame


def _read_one(name: str, path: Path, wanted: Wanted) -> pd.DataFrame:
    import pandas as pd

    if path.suffix == ".parquet":
        try:
            return _from_parquet(name, path, wanted)
        except (OSError, ValueError):
            raise TableError(f"{path} is not a readable Parquet file. Delete it and run again.") from None
    columns = TABLES[name].columns
    try:
        raw = csv_text.read(pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8"))
    except (OSError, ValueError):
        raise TableError(f"{path} is not a readable CSV file. Delete it and run again.") from None
    return raw.assign(**{n: _typed(raw[n], columns[n].dtype) for n in raw.columns if n in columns})


def _typed(values: pd.Series, dtype: Any) -> pd.Series:
    import pandas as pd

    if dtype == "object":
        return values
    if dtype in ("bool", "boolean"):
        return values.map({"True": True, "False": False}).astype(dtype)
    numbers = pd.to_numeric(values.where(values != ""))
    return numbers.astype(dtype)


def _from_parquet(name: str, path: Path, wanted: Wanted) -> pd.DataFrame:
    """The wanted part of a file. Text of few values is read as numbers of them: each is then one object, not a million,
    and no column waits for the others to be put beside each other in memory."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.read_schema(path)
    few = [field.name for field in file if pa.types.is_string(field.type) and field.name not in _names(name)]
    columns = None if wanted.names is None else [n for n in file.names if n in wanted.names]
    # a column of an empty table has no type to compare with
    asked = {n: values for n, values in wanted.where.items() if pa.types.is_string(file.field(n).type)}
    filters = [(n, "in", list(values)) for n, values in asked.items()] or None
    table = pq.read_table(path, columns=columns, filters=filters, read_dictionary=few, partitioning=None)
    few = [n for n in few if n in table.column_names]
    coded = {n: table.column(n).unify_dictionaries().combine_chunks() for n in few}
    counted = [n for n in few if n in wanted.counted]
    # to look for names that come again takes longer than to read them
    again = len(TABLES[name].key) > 1 and not wanted.where
    frame = table.drop_columns(few).to_pandas(split_blocks=True, self_destruct=True, deduplicate_objects=again)
    del table
    texts: dict[str, NDArray[np.object_] | pd.Categorical] = {n: _categories(coded.pop(n)) for n in counted}
    for column, values in coded.items():
        words = np.array([*values.dictionary.to_pylist(), None], dtype=object)
        texts[column] = words[values.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)]
    order = [n for n in file.names if n in frame or n in texts]
    return pd.DataFrame({n: texts[n] if n in texts else frame[n] for n in order}, copy=False)


def _categories(values: pa.DictionaryArray) -> pd.Categorical:
    """Categories of a column of text, those that a row has, by name."""
    import numpy as np
    import pandas as pd

    words, codes = np.array(values.dictionary.to_pylist(), dtype=object), values.indices.fill_null(-1).to_numpy()
    there = np.bincount(codes[codes >= 0], minlength=len(words)) > 0
    order = [at for at in np.argsort(words) if there[at]]
    place = np.full(len(words) + 1, -1, dtype=np.min_scalar_type(-len(words) - 1))  # the last is of what is missing
    place[order] = np.arange(len(order))
    return pd.Categorical.from_codes(place[codes], dtype=pd.CategoricalDtype(pd.Index(words[order], dtype=object)))


def _names(name: str) -> set[str]:
    """The columns of a table that name people or their records, of which each has its own."""
    return {*TABLES[name].key[:1], *(n for n, column in TABLES[name].columns.items() if column.identifies)}


def _to_parquet(name: str, frame: pd.DataFrame, more: Mapping[bytes, bytes]) -> Callable[[Path], None]:
    """What writes a frame; more: what the file says beside what pandas says of it.

    Text of few values is handed over as numbers of them, in half of the time and a quarter of the memory; the file says
    no more of it than that it is text.
    """
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    if any(isinstance(kind, pd.CategoricalDtype) for kind in frame.dtypes):  # the file has to say so
        whole = pa.Table.from_pandas(frame, preserve_index=False)
        return partial(pq.write_table, whole.replace_schema_metadata({**whole.schema.metadata, **more}))
    named, coded = _names(name), {}
    for column in [n for n in frame.columns if frame[n].dtype == object and n not in named]:
        codes, values = pd.factorize(frame[column].to_numpy())
        if len(values) <= MOST_CODES:
            missing = codes < 0
            places = pa.array(codes.astype(np.int16), mask=missing if missing.any() else None)
            coded[column] = pa.DictionaryArray.from_arrays(places, pa.array(values, pa.string()))
    plain = pa.Table.from_pandas(frame.drop(columns=list(coded)), preserve_index=False)
    columns = [coded[n] if n in coded else plain.column(n) for n in frame.columns]
    table = pa.table(columns, names=list(frame.columns))

    def save(path: Path) -> None:
        with pq.ParquetWriter(path, table.schema, store_schema=False) as file:
            file.add_key_value_metadata({**plain.schema.metadata, **more})
            file.write_table(table)

    return save


def write(name: str, frame: pd.DataFrame, path: str | Path, where: str = "") -> None:
    """Check a table and write it in one move. Columns come in declared order. Raises TableError."""
    ready(name, frame, path, where)()


def ready(name: str, frame: pd.DataFrame, path: str | Path, where: str = "") -> Callable[[], None]:
    """Check a table, and get it ready: what writes it in one move, as `write` does, without looking at it again."""
    import pandas as pd

    table = TABLES[name]
    check(table, frame, where=where)
    order = [c for c in table.columns if c in frame.columns]
    order += [c for c in frame.columns if c not in order]
    # tables of a national year are not copied for nothing
    frame = frame if order == list(frame.columns) else frame[order]
    frame = frame if frame.index.equals(pd.RangeIndex(len(frame))) else frame.reset_index(drop=True)
    if Path(path).suffix == ".parquet":
        held = {HELD: _declaration(table)}
        return partial(_write, _to_parquet(name, frame, held), Path(path))
    return partial(_write, partial(csv_text.write, frame, float_format=f"%.{DIGITS}g"), Path(path))


def write_text(text: str | bytes, path: str | Path) -> None:
    """Write text or bytes in one move."""
    content = text.encode("utf-8") if isinstance(text, str) else text
    _write(lambda beside: beside.write_bytes(content), Path(path))


def _write(save: Callable[[Path], object], path: Path) -> None:
    owner.folder(path)
    beside = _beside(path)
    with owner.closed(path):
        save(beside)
    os.replace(beside, path)


def _beside(path: Path) -> Path:
    """Where a file is written before it is moved; what a killed run left there, with its mode, is taken away."""
    beside = path.with_name(f".{path.name}.part")
    beside.unlink(missing_ok=True)
    return beside
