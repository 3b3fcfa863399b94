"""Files of Stata, SPSS and SAS as text cells.

In order: pyreadstat reads the file, with codes and not their labels unless `labels: true`; missing values of every
kind, the user's own among them, are missing; Stata's months and quarters are written as 2024-03 and 2024Q1.

Refuses broken files, and text in an encoding that the file does not tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError
from iop_outcomes.sources.formats.cells import Cells, column, named

if TYPE_CHECKING:
    import pandas as pd

READERS = {
    ".dta": "read_dta",
    ".sav": "read_sav",
    ".zsav": "read_sav",
    ".por": "read_por",
    ".sas7bdat": "read_sas7bdat",
    ".xpt": "read_xport",
}
# Stata counts these from the start of 1960
PERIODS: dict[str, Callable[[int], str]] = {
    "%tm": lambda n: f"{1960 + n // 12}-{n % 12 + 1:02}",
    "%tq": lambda n: f"{1960 + n // 4}Q{n % 4 + 1}",
}


def read(path: Path, options: Mapping[str, object]) -> Cells:
    """A file of Stata, SPSS or SAS as cells. options: encoding, labels. Raises StudyError."""
    import pyreadstat

    arguments: dict[str, Any] = {}
    if options.get("labels"):
        arguments |= {"apply_value_formats": True, "formats_as_category": False}
    if options.get("encoding"):
        arguments["encoding"] = str(options["encoding"])
    try:
        data, about = getattr(pyreadstat, READERS[path.suffix.lower()])(str(path), **arguments)
    except Exception as wrong:  # pyreadstat's own, and Python's own for dates; their text may quote a value
        kind = type(wrong).__name__
    else:
        if about.number_rows not in (None, len(data)):
            raise StudyError(f"{path.name} is cut off: it holds fewer rows than it declares. Copy or export it again.")
        kinds = about.original_variable_types
        return named(path.name, list(data), [written(v, str(kinds.get(name))) for name, v in data.items()])
    raise StudyError(
        f"{path.name} cannot be read as {path.suffix} ({kind}). If its text is in an older encoding, say `encoding: "
        "cp1252`; if a date lies outside the years 1 to 9999, correct it; else export the file again, or as CSV."
    )


def written(values: pd.Series, kind: str) -> list[str | None]:
    """One column as text. kind: the format that the file gives to it."""
    period = next((write for start, write in PERIODS.items() if kind.lower().startswith(start)), None)
    found = values.tolist()
    if period is not None:
        found = [period(int(v)) if isinstance(v, float | int) and v == v else None for v in found]
    return column(found)
