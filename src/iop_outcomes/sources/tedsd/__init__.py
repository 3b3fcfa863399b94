"""TEDS-D: SAMHSA's national file of discharges from substance use treatment, every public year.

In order: the files of the path are listed, one after the other is read as a typed table, and discharges of other years,
of services that were not asked for and outside the random sample are counted and left out; what comes in is recoded by
the year's codes. Each discharge is one person with one stay, as the file has no identifier of people: person_id is the
year and SAMHSA's record number. Rows with a code that is not in the year's list go to quarantine under its variable.

The stay begins on day 0. Lengths of 1 to 30 days are exact, longer ones are intervals: end_day is the shortest,
end_day_latest the longest. SAMHSA adds one day to outpatient stays, and only to them; it is kept unless
`outpatient_extra_day: removed`, so that 30, 60, 90, 180 and 365 days are borders of intervals for every service.
ASAM's levels are not recorded: each service stands at one representative level. The day of a death is not recorded; the
reason for discharge tells it.

Columns that are not SAMHSA's go through the identifier gate, and no further.

Refuses files that are not TEDS-D, and two files with discharges of one year, as record numbers are unique in a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.codebooks.tedsd import codes
from iop_outcomes.errors import StudyError
from iop_outcomes.files import plain_csv
from iop_outcomes.privacy import identifiers
from iop_outcomes.sources.tedsd import formats, recode, selection
from iop_outcomes.sources.tedsd.selection import Arrived

if TYPE_CHECKING:
    import pandas as pd


def files(settings: Mapping[str, object]) -> list[Path]:
    """The file of the path, or those of its folder, by name. Raises StudyError where there is none."""
    path = plain_csv.place(settings)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise StudyError(f"{path} does not exist. Expected TEDS-D files. {plain_csv.WHERE_TO_POINT}")
    found = sorted(p for p in path.iterdir() if p.suffix.lower() in formats.SUFFIXES and not p.name.startswith("."))
    if not found:
        raise StudyError(
            f"The folder {path} holds no TEDS-D file. Expected files in one of {', '.join(formats.SUFFIXES)}, "
            "unpacked. data/README.md says where to get them."
        )
    return found


def read(settings: Mapping[str, object]) -> dict[str, pd.DataFrame]:
    """Raw stays and persons, quarantine and arrivals, of all files together. Raises StudyError."""
    import pandas as pd

    arrived = Arrived()
    parts = [rows for _, rows in selection.selected(typed_files(settings), settings, arrived)]
    tables: dict[str, list[pd.DataFrame]] = {"stays": [], "persons": [], "quarantine": []}
    before = 0
    while parts:
        for name, frame in _tables(parts.pop(0), settings, before).items():
            tables[name].append(frame)
        before += len(tables["stays"][-1])
    together = {n: f[0] if len(f) == 1 else pd.concat(f, ignore_index=True) for n, f in tables.items()}
    return {**together, "arrivals": arrived.table()}


def by_file(settings: Mapping[str, object]) -> Iterator[tuple[Path, dict[str, pd.DataFrame]]]:
    """What `read` gives, one file after the other, so that many years fit into memory. Positions begin anew."""
    for path, table in typed_files(settings):
        arrived = Arrived()
        for _, rows in selection.selected(iter([(path, table)]), settings, arrived):
            yield path, {**_tables(rows, settings, 0), "arrivals": arrived.table()}


def typed_files(settings: Mapping[str, object]) -> Iterator[tuple[Path, Any]]:
    """Each file with the typed table of the variables that canonical columns need. Raises StudyError."""
    cache, privacy = settings.get("cache"), settings.get("privacy")
    seen: dict[int, Path] = {}
    for path in files(settings):
        added = formats.others(path)
        if added.num_columns:
            identifiers.examine(added, str(path), privacy if isinstance(privacy, Mapping) else {})
        table = formats.typed(path, recode.needed(), Path(str(cache)) if cache else None)
        for year in sorted(table["DISYR"].unique().to_pylist()):
            if year in seen and codes.FIRST_YEAR <= year <= codes.LAST_YEAR:
                raise StudyError(
                    f"{seen[year]} and {path} both hold discharges of {year}. Keep one file for each year."
                )
            seen[year] = path
        yield path, table


def _tables(rows: recode.Rows, settings: Mapping[str, object], before: int) -> dict[str, pd.DataFrame]:
    """Stays, persons and quarantine; before: rows of the files before this one."""
    import numpy as np
    import pandas as pd

    stays, persons = recode.frames(rows, settings.get("outpatient_extra_day") == "removed")
    found = []
    for name in ("stays", "persons"):
        variables, first = recode.unknown(rows, name)
        at = np.flatnonzero(first >= 0)
        found.append(
            pd.DataFrame(
                {
                    "table": pd.Series(name, index=range(len(at)), dtype=object),
                    "rule": pd.Series([f"unknown code in {variables[p]}" for p in first[at]], dtype=object),
                    "row": at.astype("int64") + before,
                    "person_id": persons["person_id"].to_numpy()[at],
                }
            )
        )
    return {"stays": stays, "persons": persons, "quarantine": pd.concat(found, ignore_index=True)}


def notes(settings: Mapping[str, object]) -> list[str]:
    """What a reader of the report must know of how these files were read, in sentences. Raises StudyError."""
    import numpy as np

    said = [
        "Each discharge counts as one person: the file has no identifier of people, and who was treated twice is in it "
        "twice. States are the sites.",
        "ASAM levels are not recorded. Each service stands at one representative level: hospital rehabilitation at 4, "
        "short-term residential at 3.5, long-term residential at 3.1, intensive outpatient at 2.1, outpatient at 1.",
        "Length of stay is in days up to 30 and an interval above: 31-45, 46-60, 61-90, 91-120, 121-180, 181-365, "
        "longer.",
        "The day that SAMHSA adds to outpatient stays, and to no others, was "
        + ("taken off." if settings.get("outpatient_extra_day") == "removed" else "left as published."),
    ]
    if sample := settings.get("sample"):
        said.append(f"A random sample of at most {sample} discharges was drawn.")
    late: set[int] = set()
    injection: set[int] = set()
    for path in files(settings):
        variables = formats.variables_of(path)
        years = np.unique(formats.typed(path, ["DISYR"])["DISYR"].to_numpy())
        late |= {int(y) for y in years if codes.LAST_KNOWN_YEAR < y <= codes.LAST_YEAR}
        injection |= {int(y) for y in years if y <= 2014 or y in (2017, 2018)}
        if "SERVICES" not in variables:
            span = "-".join(dict.fromkeys(str(y) for y in (years.min(), years.max()))) if len(years) else "no year"
            said.append(
                f"{path.name} ({span}) has the service at discharge only; it stands for the service at admission too."
            )
        if added := formats.others(path).column_names:
            said.append(f"Of {path.name}, {len(added)} columns that are not SAMHSA's were not read.")
    if injection:
        said.append(
            f"For {', '.join(map(str, sorted(injection)))} SAMHSA's file does not say of most discharges whether drugs "
            "were injected; it counts as unknown."
        )
    said += [f"The codes of {codes.LAST_KNOWN_YEAR} were used for {y}." for y in sorted(late)]
    return said
