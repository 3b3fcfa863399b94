"""Read one kind of source into the raw canonical tables. Values are coerced here and nowhere else.

`inputs` lists the files that a source will read, and refuses when one is missing; `read` reads them into the canonical
tables in their raw form (right types, any value), a quarantine of rows that could not be read, and arrivals: how many
rows there were, and which were not passed on; `run` is the step of the workflow. The module of a source is imported
when it is asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError
from iop_outcomes.privacy import withheld
from iop_outcomes.sources import unnamed

if TYPE_CHECKING:
    import pandas as pd

# the module that reads each kind of source
MODULES = {
    "synthetic": "iop_outcomes.sources.synthetic",
    "uis": "iop_outcomes.sources.trials.uis",
    "ctn0094": "iop_outcomes.sources.trials.ctn0094",
    "help": "iop_outcomes.sources.trials.help_panel",
    "tedsd": "iop_outcomes.sources.tedsd",
    "tables": "iop_outcomes.sources.tables_folder",
    "mapping": "iop_outcomes.sources.mapping",
}
# kinds that read no file
FILELESS = ("synthetic",)


def _module(kind: str) -> ModuleType:
    if kind not in MODULES:
        raise StudyError(f"The source kind '{kind}' is not known. Known: {', '.join(MODULES)}. Set `source.kind`.")
    return importlib.import_module(MODULES[kind])


def inputs(kind: str, settings: Mapping[str, object]) -> list[str]:
    """The files that the source will read, in a fixed order. Raises StudyError when one is missing."""
    if kind in FILELESS:
        return []
    return [str(path) for path in _module(kind).files(settings)]


def read(kind: str, settings: Mapping[str, object]) -> dict[str, pd.DataFrame]:
    """The canonical tables in raw form, 'quarantine' and 'arrivals'. Raises StudyError for what cannot be read.

    settings: those of the source, with the study's privacy rules under 'privacy'.
    """
    return _read(kind, settings)[0]


def _read(kind: str, settings: Mapping[str, object]) -> tuple[dict[str, pd.DataFrame], pd.DataFrame, list[str]]:
    """What `read` gives, the table readings, and what the source tells of how it read the cells."""
    from iop_outcomes.tables import TABLES, conform

    tables: dict[str, Any] = dict(_module(kind).read(settings))
    readings, told = tables.pop("readings", None), tables.pop("notes", [])
    quarantine, arrivals = tables.pop("quarantine", None), tables.pop("arrivals", None)
    whole = conform.complete(tables, [] if quarantine is None else [quarantine], arrivals)
    return whole, TABLES["readings"].empty() if readings is None else readings, told


def run(
    source: Mapping[str, object],
    privacy: Mapping[str, object],
    files: Sequence[str] | str = (),
    definition: Sequence[str] | str = (),
) -> dict[str, Any]:
    """The step: the tables raw_stays, raw_persons, ..., quarantine, arrivals and readings; `notes`, a sentence a line.

    source: the settings of the source, its kind among them. privacy: what may pass the identifier gate. files: those
    that `inputs` listed; the source finds them itself from its path. definition: proof that the definition was tested.
    """
    kind, settings = str(source.get("kind")), {**withheld.restored(source), "privacy": privacy}
    paths = [files] if isinstance(files, str) else files
    try:
        tables, readings, told = _read(kind, settings)
        said = [*notes(kind, settings), *told]
    except StudyError as wrong:
        raise type(wrong)(unnamed.without(str(wrong), paths, source)) from None
    named: dict[str, Any] = {n if n in ("quarantine", "arrivals") else f"raw_{n}": t for n, t in tables.items()}
    lines = [unnamed.without(sentence, paths, source) for sentence in said]
    return {**named, "readings": readings, "notes": "".join(f"{line}\n" for line in lines)}


def notes(kind: str, settings: Mapping[str, object]) -> list[str]:
    """What a reader of the report must know of how these files were read, in sentences; none for most kinds."""
    told = getattr(_module(kind), "notes", None)
    return [] if told is None else list(told(settings))
