"""Files of Stata, SPSS and SAS as text cells.

In order: pyreadstat reads the file, with codes and not their labels unless `labels: true`; missing values of every
kind, the user's own among them, are missing, and what the file keeps apart of them stands beside (`special_missing`);
numbers that are dates, moments, periods or lengths of time are written
by the column's display format (`displays`). pyreadstat's own conversion is not used: it knows formats by an exact list,
and loses whole days of lengths of time.

Refuses broken files, text in an encoding that the file does not tell, and SAS transport files of which rows are lost
or several tables stand in one (`transport`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError
from iop_outcomes.files import displays, special_missing, transport
from iop_outcomes.files.text_cells import Cells, column, named, plain

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
# files of which pyreadstat tells apart what is missing
TOLD_APART = (".dta", ".sav", ".zsav", ".sas7bdat")


def read(path: Path, options: Mapping[str, object]) -> Cells:
    """A file of Stata, SPSS or SAS as cells. options: encoding, labels. Raises StudyError."""
    import pyreadstat

    function, program = READERS[path.suffix.lower()]
    arguments: dict[str, Any] = {"disable_datetime_conversion": True}
    if options.get("encoding"):
        arguments["encoding"] = str(options["encoding"])
    labels = bool(options.get("labels"))
    reader = getattr(pyreadstat, function)
    try:
        data, about, apart = _codes(path, reader, arguments, labels)
        if labels:
            data, about = reader(str(path), **arguments, apply_value_formats=True, formats_as_category=False)
    except Exception as wrong:  # pyreadstat's own; its text may quote a value
        kind = type(wrong).__name__
    else:
        if path.suffix.lower() == ".xpt":
            transport.check(path, len(data))
        if about.number_rows not in (None, len(data)):
            raise StudyError(f"{path.name} is cut off: it holds fewer rows than it declares. Copy or export it again.")
        formats = about.original_variable_types
        said = {name: displays.display(program, str(formats.get(name))) for name in data}
        cells = named(
            path.name, [str(name) for name in data.columns], [written(v, said[name]) for name, v in data.items()]
        )
        return replace(cells, apart={plain([name])[0]: values for name, values in apart.items()})
    raise StudyError(
        f"{path.name} cannot be read as {path.suffix} ({kind}). If its text is in an older encoding, say `encoding: "
        "cp1252`; else export the file again, or as CSV."
    )


def _codes(
    path: Path, reader: Any, arguments: Mapping[str, Any], labels: bool
) -> tuple[pd.DataFrame, Any, dict[str, pd.Series]]:
    """The data of a file as codes, what the file says of itself, and missing values that it keeps apart, by column."""
    suffix = path.suffix.lower()
    if suffix in TOLD_APART:
        data, about = reader(str(path), **arguments, user_missing=True)
        return special_missing.without(data, about), about, special_missing.found(data, about, labels)
    data, about = reader(str(path), **arguments)
    return data, about, transport.apart(path, data.columns.astype(str).tolist()) if suffix == ".xpt" else {}


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
