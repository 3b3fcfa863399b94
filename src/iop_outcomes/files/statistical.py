"""Files of Stata, SPSS and SAS as text cells.

In order: pyreadstat reads the file, with codes and not their labels unless `labels: true`; missing values of every
kind, the user's own among them, are missing; numbers that are dates, moments, periods or lengths of time are written
by the column's display format (`displays`). pyreadstat's own conversion is not used: it knows formats by an exact list,
and loses whole days of lengths of time.

Refuses broken files, text in an encoding that the file does not tell, and SAS transport files of which rows are lost
or several tables stand in one (`transport`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError
from iop_outcomes.files import displays, transport
from iop_outcomes.files.text_cells import Cells, column, named

if TYPE_CHECKING:
    import pandas as pd

# by suffix: pyreadstat's function, and whose display formats the file has
READERS = {
    ".dta": ("read_dta", "Stata"),
    ".sav": ("read_sav", "SPSS"),
    ".zsav": ("read_sav", "SPSS"),
    ".por": ("read_por", "SPSS"),
    ".sas7bdat": ("read_sas7bdat", "SAS"),
    ".xpt": ("read_xport", "SAS"),
}


def read(path: Path, options: Mapping[str, object]) -> Cells:
    """A file of Stata, SPSS or SAS as cells. options: encoding, labels. Raises StudyError."""
    import pyreadstat

    function, program = READERS[path.suffix.lower()]
    arguments: dict[str, Any] = {"disable_datetime_conversion": True}
    if options.get("labels"):
        arguments |= {"apply_value_formats": True, "formats_as_category": False}
    if options.get("encoding"):
        arguments["encoding"] = str(options["encoding"])
    try:
        data, about = getattr(pyreadstat, function)(str(path), **arguments)
    except Exception as wrong:  # pyreadstat's own; its text may quote a value
        kind = type(wrong).__name__
    else:
        if path.suffix.lower() == ".xpt":
            transport.check(path, len(data))
        if about.number_rows not in (None, len(data)):
            raise StudyError(f"{path.name} is cut off: it holds fewer rows than it declares. Copy or export it again.")
        formats = about.original_variable_types
        said = {name: displays.display(program, str(formats.get(name))) for name in data}
        return named(path.name, list(data), [written(v, said[name]) for name, v in data.items()])
    raise StudyError(
        f"{path.name} cannot be read as {path.suffix} ({kind}). If its text is in an older encoding, say `encoding: "
        "cp1252`; else export the file again, or as CSV."
    )


def written(values: pd.Series, said: displays.Display | None) -> list[str | None]:
    """One column as text. said: what its display format says of its numbers; labels in their place stay as they are."""
    import pandas as pd

    if said is None or not len(values):
        return column(values.tolist())
    if pd.api.types.is_numeric_dtype(values.dtype):
        return displays.written(values, said)
    number = values.map(lambda v: isinstance(v, float | int) and not isinstance(v, bool))
    found = displays.written(values.where(number).astype("float64"), said)
    return [at if told else text for at, text, told in zip(found, column(values.tolist()), number, strict=True)]
