"""Any export through a mapping file: columns, codes, units and dates of its own (`source.kind: mapping`).

In order: for each canonical table that the mapping names, its files or its query are read as text, past the identifier
gate, and filtered (`rows`); each canonical column gets its values (`columns`, with `dates` and `numbers`); values that
were counted in another unit than the rest are marked (`units`); day 0 of each person is found in the stays, and dates
become days from it (`anchor`); where a file has several rows of one person, one stands for all (`people`). Rows with a
cell that breaks a rule are kept, the cell missing, and reported in the quarantine under the first such rule; rows that
a filter leaves out, that belong to nobody in the cohort or were merged are counted in the arrivals.

Refuses what `moved`, `rows`, `dates` and `units` refuse: words of the calendar beside dates that were shifted, files
and columns that are not there or not mentioned, identifiers, dates that have two meanings, a unit that cannot be true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol.mapping import TableMapping
from iop_outcomes.protocol.records import Source
from iop_outcomes.sources import formats, reading
from iop_outcomes.sources.mapping import anchor, columns, moved, people, rows, serials, units
from iop_outcomes.sources.mapping.columns import Canonical
from iop_outcomes.sources.mapping.order import steady
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
    found = [path for name, mapped in source.tables.items() for path in rows.files_of(name, mapped, settings)]
    return list(dict.fromkeys(found))


def read(settings: Mapping[str, object]) -> dict[str, pd.DataFrame]:
    """The canonical tables in raw form, the quarantine of rows that broke a rule, and arrivals. Raises StudyError."""
    source = _typed(settings)
    shifted = moved.check(source, settings)
    reader = _shelf(source, settings)
    found, left_out, zero = {}, [], None
    for name in dict.fromkeys([*FIRST, *source.tables]):
        taken = rows.take(name, source, settings, reader)
        table = _marked(columns.canonical(name, taken.frame, taken.broken, source), source)
        if name == "stays":
            table = _named(table)
            zero = anchor.anchors(table, source.enrolment) if source.dates == "calendar" else None
        table, gone = _placed(table, taken.frame, source, zero, shifted or taken.shifted)
        found[name] = table
        left_out += [(name, why, n) for why, n in {**taken.left_out, **gone}.items()]
    return reading.complete(
        {name: table.frame for name, table in found.items()},
        [_quarantine(table) for table in found.values()],
        _arrivals(left_out),
    )


def notes(settings: Mapping[str, object]) -> list[str]:
    """Sentences on how the files were read. Raises StudyError."""
    source = _typed(settings)
    mapped = "entry_period" in source.tables["persons"].columns
    calendar = source.dates == "calendar" and not mapped
    return [moved.NO_PERIOD] if calendar and moved.check(source, settings) else []


def _typed(settings: Mapping[str, object]) -> Source:
    """The settings in their types; those that are not the source's own are passed over."""
    from pydantic import ValidationError

    try:
        return Source.model_validate({k: v for k, v in settings.items() if k in Source.model_fields})
    except ValidationError as wrong:
        said = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'source'}: {e['msg']}" for e in wrong.errors()[:5])
        raise StudyError(f"The mapping is not sound. {said}. config/README.md explains every key.") from None


def _shelf(source: Source, settings: Mapping[str, object]) -> rows.Reader:
    """Reads a file and holds it up to the identifier gate, once, however many tables it feeds."""
    feeds: dict[Path, list[str]] = {}
    for name, mapped in source.tables.items():
        for path in rows.files_of(name, mapped, settings):
            feeds.setdefault(path, []).append(name)
    kept: dict[object, formats.Cells] = {}

    def reader(path: Path, mapped: TableMapping) -> formats.Cells:
        options = rows.options(mapped)
        key = (path, *options.values())
        if key not in kept:
            dated = set().union(*(columns.dates_in(name, source) for name in feeds[path]))
            counts = {c: n for name in feeds[path] for c, n in serials.declared(name, source).items()}
            cells = rows.passed(formats.read(path, options), settings, dated, counts)
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
    table: Canonical, text: pd.DataFrame, source: Source, zero: anchor.Anchors | None, shifted: bool
) -> tuple[Canonical, dict[str, int]]:
    """The table in days from day 0, one row per person where it is persons; rows that are not passed on, by reason."""
    mapped, order = source.tables[table.name], None
    if table.name == "persons":
        table = anchor.observed_to(table, source.extract_date)
        if mapped.first_by:
            order, unread = columns.convert("persons.first_by", DAY, mapped.first_by, text, source)
            table = replace(table, rule=columns.first(table.rule, unread))
    gone: dict[str, int] = {}
    if zero is not None:
        table, gone = anchor.relative(table, zero)
        if table.name == "persons" and "entry_period" not in table.frame and not shifted:
            table = replace(table, frame=table.frame.assign(entry_period=anchor.entry_period(table.frame, zero)))
        if order is not None:
            order = order - table.frame["person_id"].map(zero.zero).astype("Int64")
    if order is not None:
        table, merged = people.one_each(table, order.loc[table.frame.index])
        gone = {**gone, **merged}
    return table, gone


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


def _arrivals(left_out: list[tuple[str, str, int]]) -> pd.DataFrame | None:
    import pandas as pd

    if not left_out:
        return None
    counted = pd.DataFrame(left_out, columns=["table", "outcome", "rows"])
    return counted.groupby(["table", "outcome"], sort=False)["rows"].sum().reset_index()
