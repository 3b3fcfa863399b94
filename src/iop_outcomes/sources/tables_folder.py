"""Your own records: a folder with one CSV file per canonical table, in canonical column names.

In order: stays.csv and persons.csv must be there, sessions.csv, screens.csv, followups.csv and medications.csv may be;
each is read as text; all go through the identifier gate (`privacy.identifiers`) before anything else is done with them;
their columns are held to the declared ones; each cell is read as its column's kind (days are whole numbers counted from
the person's own day 0; dates are not read). An empty cell is missing. A cell that cannot be read becomes missing and
its row goes to quarantine: no row is lost. A value written two ways (`male` and `Male `, site 1 and 1.0) is one, and
so is a person over all tables, unless the source's `as_written` names the column.

Published files (uis, ctn0094, help) have been made anonymous by their publishers and do not go through the gate; nobody
is in the synthetic cohort.

Refuses what looks like an identifier, columns that are not declared, required columns that are missing, files that are
not comma-separated UTF-8, a CSV file whose name looks like a misspelt table, and spellings of which nobody can tell
whether they are one value (`spelling`).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError
from iop_outcomes.files import plain_csv
from iop_outcomes.privacy import identifiers
from iop_outcomes.sources import reading
from iop_outcomes.spelling import categories, forms, lookup
from iop_outcomes.spelling.people import Register
from iop_outcomes.tables import TABLES, conform

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("stays.csv", "persons.csv")
OPTIONAL = ("sessions.csv", "screens.csv", "followups.csv", "medications.csv")


def files(settings: Mapping[str, object]) -> list[Path]:
    """The tables that the folder holds. Raises StudyError for a missing or a misspelt one."""
    folder = plain_csv.place(settings)
    if folder.is_dir():
        _check_names(folder)
    return plain_csv.locate(folder, REQUIRED, OPTIONAL)


def _check_names(folder: Path) -> None:
    """A misspelt optional table would be left out in silence."""
    known = (*REQUIRED, *OPTIONAL)
    for path in sorted(folder.glob("*.[cC][sS][vV]")):
        near = difflib.get_close_matches(path.name.lower(), known, 1, cutoff=0.85)
        if path.name not in known and near and not (folder / near[0]).exists():
            raise StudyError(f"The folder {folder} holds {path.name}. Did you mean {near[0]}? Rename or remove it.")


def read(settings: Mapping[str, object]) -> dict[str, Any]:
    """The canonical tables in raw form, the quarantine of unreadable rows, and notes. Raises StudyError."""
    privacy: Any = settings.get("privacy") or {}
    texts = {path: plain_csv.read_csv(path) for path in files(settings)}
    for path, text in texts.items():
        identifiers.examine(text, str(path), privacy)
    declared = {path.stem: reading.declared_only(path, text, TABLES[path.stem]) for path, text in texts.items()}
    spelt, told = _spelt(declared, settings)
    tables, quarantine = {}, []
    for name in declared:
        tables[name], unreadable = reading.coerce(name, spelt[name])
        quarantine.append(unreadable)
    return {**conform.complete(tables, quarantine), "notes": told}


def _spelt(
    tables: Mapping[str, pd.DataFrame], settings: Mapping[str, object]
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The tables with each value in one spelling, and sentences on what was joined. Raises StudyError."""
    asked: Any = settings.get("as_written") or ()
    register, found, told = Register("person_id" in asked), {}, list[str]()
    for name in sorted(tables, key=lambda n: n != "persons"):
        columns = {}
        for column in map(str, tables[name].columns):
            if not {column, f"{name}.{column}"} & set(asked):
                columns[column], how = _column(name, column, tables[name][column], tables[name])
                told += [f"{name}.{column}: {lookup.sentence(how)}"] if how else []
        columns["person_id"] = register.spelt(name, columns.get("person_id", tables[name]["person_id"]))
        found[name] = tables[name].assign(**columns)
    return found, [*register.told, *told]


def _column(name: str, column: str, cells: pd.Series, table: pd.DataFrame) -> tuple[pd.Series, frozenset[str]]:
    """A column with each value in one spelling, and what was overlooked, in words."""
    import numpy as np
    import pandas as pd

    codes, distinct = pd.factorize(cells)
    declared, rows = TABLES[name].columns[column], np.bincount(codes[codes >= 0], minlength=len(distinct))
    try:
        spelt, how = forms.all_tidy(list(distinct)), frozenset[str]()
        if declared.kind == "text":
            spelt, how = categories.canonical(spelt, rows.tolist(), f"{name}.{column}", declared.allowed)
    except lookup.Ambiguous as wrong:
        cure = f"Write them one way in the file, or put '{name}.{column}' into `source.as_written`."
        raise lookup.refusal(
            f"{name}.{column}", wrong, lambda cell: int(table.loc[cells == cell, "person_id"].nunique()), cure
        ) from None
    if spelt == list(distinct):
        return cells, how
    return pd.Series([*spelt, None], dtype=object).take(codes).set_axis(cells.index), how
