"""Any export through a mapping file: columns, codes, units and dates of its own (`source.kind: mapping`).

In order: for each canonical table that the mapping names, its files or its query are read as text, past the identifier
gate, and filtered (`rows`); each canonical column gets its values (`columns`, with `meanings`, `dates` and `numbers`);
identifiers of people get one spelling over all tables; values that were counted in another unit than the rest are
marked (`units`); day 0 of each person is found in the stays, and dates become days from it (`anchor`); where a file has
several rows of one person, one stands for all (`people`). Rows with a cell that breaks a rule are kept, the cell
missing, and reported in the quarantine under the first such rule; rows that a filter leaves out, that belong to nobody
in the cohort or were merged are counted in the arrivals. What became of codes is counted in the readings.

Refuses what `moved`, `rows`, `dates` and `units` refuse: words of the calendar beside dates that were shifted, files
and columns that are not there or not mentioned, identifiers, dates that have two meanings, a unit that cannot be true;
and spellings of which nobody can tell whether they are one value (`spelling`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError, ended
from iop_outcomes.files import formats, text_cells
from iop_outcomes.protocol.mapping import ColumnMapping, TableMapping
from iop_outcomes.protocol.records import Source
from iop_outcomes.sources.mapping import (
    ages,
    anchor,
    columns,
    file_rows,
    leavers,
    moved,
    people,
    serials,
    tallies,
    units,
)
from iop_outcomes.sources.mapping.columns import Canonical
from iop_outcomes.sources.mapping.order import steady
from iop_outcomes.spelling.people import Register
from iop_outcomes.tables import conform
from iop_outcomes.tables.canonical import DAY

if TYPE_CHECKING:
    import pandas as pd

# day 0 is found in the stays; persons need it
FIRST = ("stays", "persons")
# what orders the rows of a stay's person where the source has no identifier of records
STAY_ORDER = ("person_id", "start_day", "end_day", "level_of_care", "site_id")


def files(settings: Mapping[str, object]) -> list[Path]:
    """The files that feed the tables, in the order of the mapping. Raises StudyError where one is missing."""
    source = _typed(settings)
    found = [path for name, mapped in source.tables.items() for path in file_rows.files_of(name, mapped, settings)]
    return list(dict.fromkeys(found))


def read(settings: Mapping[str, object]) -> dict[str, Any]:
    """The canonical tables in raw form, quarantine, arrivals, readings and `notes` (sentences). Raises StudyError."""
    source = _typed(settings)
    shifted = moved.check(source, settings)
    reader = _shelf(source, settings)
    found, left_out, zero = {}, [], None
    register = Register("person_id" in source.as_written)
    # identifiers are spelt as persons has them; day 0 is found in the stays
    first = {name: _taken(name, source, settings, reader, register) for name in reversed(FIRST)}
    recorded = first["stays"][0].frame[["person_id", "start_day"]]
    for name in dict.fromkeys([*FIRST, *source.tables]):
        table, taken = first.pop(name) if name in first else _taken(name, source, settings, reader, register)
        if name == "stays":
            table = _named(table)
            zero = anchor.anchors(table, source.enrolment) if source.dates == "calendar" else None
        persons = {**taken.people, **leavers.without_stay(table, zero)} if name == "persons" else {}
        table, gone = _placed(table, taken.frame, source, zero, shifted or taken.shifted, recorded)
        found[name] = table
        left_out += [(name, why, n, persons.get(why)) for why, n in {**taken.left_out, **gone}.items()]
    told = [*register.told, *(said for table in found.values() for said in table.told)]
    return {
        **conform.complete(
            {name: table.frame for name, table in found.items()},
            [_quarantine(table) for table in found.values()],
            _arrivals(left_out),
        ),
        "readings": tallies.frame([row for table in found.values() for row in table.readings]),
        "notes": told,
    }


def _taken(
    name: str, source: Source, settings: Mapping[str, object], reader: file_rows.Reader, register: Register
) -> tuple[Canonical, file_rows.Rows]:
    """A table in its canonical columns, with the identifiers of people in one spelling; and the rows behind it."""
    taken = file_rows.take(name, source, settings, reader)
    table = columns.canonical(name, taken.frame, taken.broken, source, taken.files, register)
    table = replace(table, readings=(*taken.readings, *table.readings))
    return _marked(table, source), taken


def notes(settings: Mapping[str, object]) -> list[str]:
    """Sentences on how the files were read. Raises StudyError."""
    source = _typed(settings)
    mapped = "entry_period" in source.tables["persons"].columns
    calendar = source.dates == "calendar" and not mapped
    told = [moved.NO_PERIOD] if calendar and moved.check(source, settings) else []
    return [*told, *moved.set_aside(source, settings)]


def _typed(settings: Mapping[str, object]) -> Source:
    """The settings in their types; those that are not the source's own are passed over."""
    from pydantic import ValidationError

    try:
        return Source.model_validate({k: v for k, v in settings.items() if k in Source.model_fields})
    except ValidationError as wrong:
        said = " ".join(f"{'.'.join(map(str, e['loc'])) or 'source'}: {ended(e['msg'])}" for e in wrong.errors()[:5])
        raise StudyError(f"The mapping is not sound. {said} config/README.md explains every key.") from None


def _shelf(source: Source, settings: Mapping[str, object]) -> file_rows.Reader:
    """Reads a file and holds it up to the identifier gate, once, however many tables it feeds."""
    feeds: dict[Path, list[str]] = {}
    for name, mapped in source.tables.items():
        for path in file_rows.files_of(name, mapped, settings):
            feeds.setdefault(path, []).append(name)
    kept: dict[object, text_cells.Cells] = {}

    def reader(path: Path, mapped: TableMapping) -> text_cells.Cells:
        options = file_rows.options(mapped)
        key = (path, *options.values())
        if key not in kept:
            dated = set().union(*(columns.dates_in(name, source) for name in feeds[path]))
            counts = {c: n for name in feeds[path] for c, n in serials.declared(name, source).items()}
            cells = file_rows.passed(formats.read(path, options), settings, dated, counts)
            if len(feeds[path]) == 1:
                return cells
            kept[key] = cells
        return kept[key]

    return reader


def _marked(table: Canonical, source: Source) -> Canonical:
    """The table with a rule for values that were counted in another unit, and for dates after the extract."""
    rule, mapped = table.rule, source.tables[table.name]
    for name, column in units.PLAUSIBLE:
        if name == table.name and column in table.frame:
            changed = units.changed(name, table.frame, column, mapped)
            rule = rule.mask(rule.isna() & changed, f"unit of {column} changes")
    return anchor.within_extract(replace(table, rule=rule), source.extract_date)


def _named(stays: Canonical) -> Canonical:
    """Stays with `stay_id`: where the source has none, numbered within the person in the order of time."""
    frame = stays.frame
    if "stay_id" in frame:
        return stays
    ordered = frame.loc[steady(frame[[c for c in STAY_ORDER if c in frame]], frame)]
    position = ordered.groupby("person_id", dropna=False).cumcount().add(1).astype("string").reindex(frame.index)
    named = (frame["person_id"].astype("string") + ":" + position).astype(object)
    return replace(stays, frame=frame.assign(stay_id=named.where(named.notna())))


def _placed(
    table: Canonical,
    text: pd.DataFrame,
    source: Source,
    zero: anchor.Anchors | None,
    shifted: bool,
    recorded: pd.DataFrame,
) -> tuple[Canonical, dict[str, int]]:
    """The table in days from day 0, one row per person where it is persons; rows that are not passed on, by reason."""
    mapped, order = source.tables[table.name], None
    held = ages.asked(mapped.columns["age"], mapped.first_by is not None) if table.name == "persons" else None
    if table.name == "persons":
        table = anchor.observed_to(table, source.extract_date)
        if mapped.first_by:
            by = columns.convert("persons.first_by", DAY, mapped.first_by, text, source)
            order, table = by.values, replace(table, rule=columns.first(table.rule, by.rule))
            table = ages.cautioned(table, order) if mapped.columns["age"].age_at is None else table
        table = table if held == "admission" else _aged(table, held, text, source, zero, recorded)
    gone: dict[str, int] = {}
    if zero is not None:
        table, gone = anchor.relative(table, zero)
        if table.name == "persons" and "entry_period" not in table.frame and not shifted:
            table = replace(table, frame=table.frame.assign(entry_period=anchor.entry_period(table.frame, zero)))
        if order is not None:
            order = order - table.frame["person_id"].map(zero.zero).astype("Int64")
    if order is not None:
        table, merged = people.one_each(table, order.loc[table.frame.index], held == "admission")
        gone = {**gone, **merged}
        table = ages.of_rows(table, order.loc[table.frame.index]) if held == "admission" else table
    return table, gone


def _aged(
    persons: Canonical,
    held: str | date | ColumnMapping | None,
    text: pd.DataFrame,
    source: Source,
    zero: anchor.Anchors | None,
    recorded: pd.DataFrame,
) -> Canonical:
    """Persons, all days in the count of the source, with their age on day 0.

    held: what the column of ages holds. recorded: whom each stay is of, and its first day.
    """
    import pandas as pd

    told = None
    if isinstance(held, ColumnMapping):
        at = columns.convert("persons.age_at", DAY, held, text, source)
        told, persons = at.values, replace(persons, rule=columns.first(persons.rule, at.rule))
    person = persons.frame["person_id"]
    day = pd.Series(0, index=person.index, dtype="Int64") if zero is None else person.map(zero.zero).astype("Int64")
    start = recorded.groupby("person_id")["start_day"].min()
    return ages.on_day_zero(persons, held, day, told, start)


def _quarantine(table: Canonical) -> pd.DataFrame:
    """The rows that broke a rule, by their position among those that are passed on."""
    import numpy as np
    import pandas as pd

    broken = table.rule.notna().to_numpy()
    return pd.DataFrame(
        {
            "table": pd.Series(table.name, index=range(int(broken.sum())), dtype=object),
            "rule": table.rule[broken].to_numpy(),
            "row": np.flatnonzero(broken).astype("int64"),
            "person_id": table.frame.loc[broken, "person_id"].to_numpy(),
        }
    )


def _arrivals(left_out: list[tuple[str, str, int, int | None]]) -> pd.DataFrame | None:
    import pandas as pd

    if not left_out:
        return None
    counted = pd.DataFrame(left_out, columns=["table", "outcome", "rows", "people"]).astype({"people": "Int64"})
    summed = counted.groupby(["table", "outcome"], sort=False)[["rows", "people"]].sum(min_count=1).reset_index()
    alike = (summed["people"].isna() | (summed["people"] == summed["rows"])).all()
    return summed.drop(columns="people") if alike else summed
