"""The files of statistical packages that SAMHSA publishes beside CSV: SPSS, Stata, SAS and R, and Parquet.

SPSS, Stata and SAS are read by pyreadstat in stretches of rows, so that no file is held as floating point; R by
`formats.r_data`. User-missing values of SPSS are read as they stand (-9), as they are codes of TEDS-D. Columns are
returned as they are, numbers or text, under the names of the variables.

Refuses files that cannot be read as what their name says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.codebooks.tedsd import codes, labels
from iop_outcomes.errors import StudyError
from iop_outcomes.files import r_data

if TYPE_CHECKING:
    import pyarrow as pa

STRETCH_ROWS = 200_000
STATISTICS = {
    ".sav": ("read_sav", {"user_missing": True}),
    ".zsav": ("read_sav", {"user_missing": True}),
    ".dta": ("read_dta", {}),
    ".sas7bdat": ("read_sas7bdat", {}),
    ".xpt": ("read_xport", {}),
}
R = (".rdata", ".rda", ".rds")
SUFFIXES = (*STATISTICS, *R, ".parquet")


@dataclass(frozen=True)
class Opened:
    """A file whose columns are known, and what reads those that are wanted: names in the file, to variables."""

    names: list[str]
    read: Callable[[dict[str, str]], pa.Table]


def opened(path: Path) -> Opened:
    """The columns of a file, as it names them. Raises StudyError."""
    import pyarrow as pa

    suffix = path.suffix.lower()
    if suffix == ".parquet":
        file = _parquet(path)
        return Opened(
            list(file.schema_arrow.names), lambda taken: file.read(list(taken)).rename_columns(list(taken.values()))
        )
    if suffix in R:
        frame = r_data.read(path)
        return Opened(list(frame), lambda taken: pa.table({v: frame[name] for name, v in taken.items()}))
    _, known = _statistics(path, metadataonly=True)
    return Opened(list(known.column_names), lambda taken: pa.concat_tables(_stretches(path, taken)))


def _parquet(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path, memory_map=True)
    except (pa.ArrowException, OSError):
        raise StudyError(f"{path} is not a readable Parquet file.") from None


def _stretches(path: Path, taken: dict[str, str]) -> Iterator[pa.Table]:
    """The file in stretches of rows, numbers narrowed at once; one at least, so that an empty file has columns."""
    import pyarrow as pa

    offset = 0
    while True:
        columns, _ = _statistics(path, usecols=list(taken), row_offset=offset, row_limit=STRETCH_ROWS)
        stretch = pa.table({v: _array(v, columns[name]) for name, v in taken.items()})
        yield stretch
        offset += stretch.num_rows
        if stretch.num_rows < STRETCH_ROWS:
            return


def _array(variable: str, values: Any) -> pa.Array:
    """Numbers of a variable as codes, other numbers as they are; anything else as text."""
    import numpy as np
    import pyarrow as pa

    array = np.asarray(values)
    if array.dtype.kind in "iuf":
        known = variable in codes.variables()
        return pa.array(labels.narrow(variable, array), labels.arrow_type(variable)) if known else pa.array(array)
    return pa.array([None if v is None or v != v else str(v) for v in array], pa.string())


def _statistics(path: Path, **options: Any) -> tuple[dict[str, Any], Any]:
    """What pyreadstat reads, by column, and what it knows of the file."""
    import pyreadstat

    function, always = STATISTICS[path.suffix.lower()]
    try:
        return getattr(pyreadstat, function)(str(path), output_format="dict", **always, **options)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, OSError, ValueError):
        raise StudyError(f"{path} cannot be read as a {path.suffix.lower()} file. Get it again from SAMHSA.") from None
