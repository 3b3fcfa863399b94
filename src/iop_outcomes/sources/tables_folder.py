"""Your own records: a folder with one CSV file per canonical table, in canonical column names.

In order: stays.csv and persons.csv must be there, sessions.csv, screens.csv, followups.csv and medications.csv may be;
each is read as text; all go through the identifier gate (sources.identifiers) before anything else is done with them;
their columns are held to the declared ones; each cell is read as its column's kind (days are whole numbers counted from
the person's own day 0; dates are not read). An empty cell is missing. A cell that cannot be read becomes missing and
its row goes to quarantine: no row is lost.

Published files (uis, ctn0094, help) have been made anonymous by their publishers and do not go through the gate; nobody
is in the synthetic cohort.

Refuses what looks like an identifier, columns that are not declared, required columns that are missing, files that are
not comma-separated UTF-8, and a CSV file whose name looks like a misspelt table.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError
from iop_outcomes.sources import identifiers, reading
from iop_outcomes.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("stays.csv", "persons.csv")
OPTIONAL = ("sessions.csv", "screens.csv", "followups.csv", "medications.csv")


def files(settings: Mapping[str, object]) -> list[Path]:
    """The tables that the folder holds. Raises StudyError for a missing or a misspelt one."""
    folder = reading.place(settings)
    if folder.is_dir():
        _check_names(folder)
    return reading.locate(folder, REQUIRED, OPTIONAL)


def _check_names(folder: Path) -> None:
    """A misspelt optional table would be left out in silence."""
    known = (*REQUIRED, *OPTIONAL)
    for path in sorted(folder.glob("*.[cC][sS][vV]")):
        near = difflib.get_close_matches(path.name.lower(), known, 1, cutoff=0.85)
        if path.name not in known and near and not (folder / near[0]).exists():
            raise StudyError(f"The folder {folder} holds {path.name}. Did you mean {near[0]}? Rename or remove it.")


def read(settings: Mapping[str, object]) -> dict[str, pd.DataFrame]:
    """The canonical tables in raw form, and the quarantine of unreadable rows. Raises StudyError."""
    privacy: Any = settings.get("privacy") or {}
    texts = {path: reading.read_csv(path) for path in files(settings)}
    for path, text in texts.items():
        identifiers.examine(text, str(path), privacy)
    tables, quarantine = {}, []
    for path, text in texts.items():
        declared = reading.declared_only(path, text, TABLES[path.stem])
        tables[path.stem], unreadable = reading.coerce(path.stem, declared)
        quarantine.append(unreadable)
    return reading.complete(tables, quarantine)
