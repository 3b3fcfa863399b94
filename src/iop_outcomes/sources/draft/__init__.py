"""`iop-outcomes draft-mapping`: look at an unknown export and write a mapping to start from.

In order: the files are read into text (`exports`); names and contents tell which canonical tables and columns they may
feed (`synonyms`, `recognise`); dates, units and codes are looked at (`reads`, `codes`); the cohort's file is written
with a comment on each column: what it was taken for and why, what was not recognised, what looks like an identifier
(`entries`, `write`). What a person must decide says TODO, and the study is refused until nothing does.

Names of columns and files are shown, and codes of short lists that many people share; nothing else of the contents is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from iop_outcomes.privacy.shifted import note_of, told_by
from iop_outcomes.sources.draft import reads, write
from iop_outcomes.sources.draft.entries import TODO, Entry, entries
from iop_outcomes.sources.draft.exports import Column, Export, Found, collect
from iop_outcomes.sources.draft.recognise import NOT_PERSONAL, Feed, feeds, matched, misfit
from iop_outcomes.sources.draft.synonyms import PERSONS, named, slots

REST = Path(__file__).parent / "cohort.yaml"
NEEDED = ("stays", PERSONS)
# covariates that a first adjustment may hold, where they were found
CONTINUOUS = ("age",)
CATEGORICAL = ("sex", "primary_drug", "stable_housing", "legal_mandate")

TEDS_D = {"CASEID", "DISYR", "SERVICES", "SERVICES_D", "REASON", "LOS", "STFIPS", "DSMCRIT", "CBSA2010", "CBSA2020"}
UNKNOWN = "not recognised"
# names in a comment on a table that feeds nothing; columns that were not recognised and are listed one by one
NAMED, LISTED = 40, 60
IDENTIFIER = "looks like {}: remove it from the file, or run `iop-outcomes deidentify`"


def draft(paths: Sequence[Path], options: Mapping[str, object] = {}) -> str:
    """A cohort's file (YAML) that maps the files. options: delimiter, encoding, labels. Raises StudyError."""
    found = collect(paths, options)
    chosen = feeds(found.exports)
    read = [(f, n, reads.dates(m.column)) for f in chosen for n, m in f.columns.items() if m.slot.content == "day"]
    calendar, moved = any(dates.calendar for _, _, dates in read), _moved(found)
    lines = [
        *_opening(found, chosen),
        f"title: {TODO} title of the report",
        "",
        "source:",
        "  kind: mapping",
        f"  path: {write.scalar(found.folder)} # DATA= on the command line takes its place",
        *_time(calendar, any(dates.zoned for _, _, dates in read), moved),
        *_missing(found.exports),
        '  citation: "" # for the report',
        '  note: "" # what a reader should know of the data',
        "",
        "  tables:",
        *(line for feed in _with_needed(chosen, found) for line in _table(feed, chosen, calendar, moved)),
        *_unused(found, chosen),
        "",
        *_privacy(calendar),
        *_adjustment(chosen),
        "",
        REST.read_text(encoding="utf-8").rstrip(),
    ]
    return "\n".join(lines) + "\n"


def _opening(found: Found, chosen: Sequence[Feed]) -> Iterator[str]:
    yield from write.comment(
        "A mapping drafted by `iop-outcomes draft-mapping`. Read every line against the documentation of the export: "
        f"names and values can mislead. Decide what says {TODO}; the study is refused until nothing does. Save it as "
        "config/cohorts/<name>.yaml, then run `iop-outcomes check --cohort <name>`. config/README.md explains every "
        "key."
    )
    for reason in found.unread:
        yield from write.comment(f"{TODO}: not read: {reason}")
    for export in found.exports:
        if len(TEDS_D & {c.name.upper() for c in export.columns}) >= 5:
            yield from write.comment(
                f"{TODO}: {export.label} looks like TEDS-D, SAMHSA's national discharge file: `kind: tedsd` reads it "
                "without a mapping."
            )
    if not chosen:
        yield from write.comment(f"{TODO}: no table was recognised. Name the columns below yourself.")
    yield ""


def _moved(found: Found) -> bool:
    """The dates of a file moved when it was de-identified, as the note beside it, or a column, says."""
    files = [Path(found.folder) / name for export in found.exports for name in export.files]
    columns = [column.name for export in found.exports for column in export.columns]
    return any(note_of(path) for path in files) or told_by(columns) is not None


def _time(calendar: bool, zoned: bool, moved: bool) -> Iterator[str]:
    if not calendar:
        yield "  dates: relative # no calendar dates were recognised: whole days from each person's day 0"
        return
    if moved:
        yield "  dates: calendar # shifted by a number of days for each person: no extract_date and no enrolment fits"
        return
    yield "  dates: calendar # day 0 is found: the start of the first stay that is not detoxification"
    if zoned:
        yield f"  time_zone: {TODO} # moments have an offset: where are the programs (such as America/Chicago)?"
    yield f"  extract_date: {TODO} # last day that the export covers, such as 2024-06-30"


def _missing(exports: Sequence[Export]) -> Iterator[str]:
    found = sorted({text for export in exports for column in export.columns for text in column.missing})
    if found:
        yield f"  missing_values: {write.flow(found)} # texts that were taken for missing"


def _with_needed(chosen: Sequence[Feed], found: Found) -> list[Feed]:
    """The feeds, and empty ones for needed tables that were not recognised."""
    there = {feed.table for feed in chosen}
    nothing = Export((TODO,), {}, found.exports[0].frame.iloc[:, :0], ())
    lacking = [Feed(table, nothing, {}) for table in NEEDED if table not in there]
    return [*chosen, *lacking]


def _table(feed: Feed, chosen: Sequence[Feed], calendar: bool, moved: bool) -> Iterator[str]:
    written = entries(feed, calendar, moved)
    if not feed.columns:
        yield from write.comment(f"{TODO}: no file was recognised as {feed.table}", 4)
    yield f"    {feed.table}:"
    yield f"      files: {write.flow(list(feed.export.files))}"
    for key, value in feed.export.options.items():
        yield f"      {key}: {write.scalar(value)}"
    yield from _first_by(feed, chosen, calendar)
    yield "      columns:"
    for entry in written:
        yield from write.entry(entry, 8)
    yield from _ignored(feed, chosen)


def _ignored(feed: Feed, chosen: Sequence[Feed]) -> Iterator[str]:
    """The columns of a table that are not used; many that were not recognised are not listed one by one."""
    hidden = sum(not c.shown for c in feed.export.columns)
    used = _used(feed, chosen)
    rest = [(c.name, _reason(c, feed, chosen)) for c in feed.export.columns if c.shown and c.name not in used]
    unknown = [item for item in rest if item[1] == UNKNOWN]
    if len(unknown) > LISTED:
        rest = [item for item in rest if item[1] != UNKNOWN]
        yield from write.line("      ignore_others: true", f"{len(unknown) + hidden} columns that were not recognised")
    elif hidden:
        said = f"{hidden} columns are not named here, as their names may be values"
        yield from write.line("      ignore_others: true", said)
    yield from write.listed("ignore", rest, 6)


def _used(feed: Feed, chosen: Sequence[Feed]) -> set[str]:
    """The columns of the file that a table maps, or puts its rows in order by."""
    order = _order(feed, chosen) if _repeats(feed) else None
    own = [*feed.columns.values(), *([order.columns["start_day"]] if order else [])]
    return {match.column.name for match in own}


def _repeats(feed: Feed) -> bool:
    """Whether a table of persons has several rows of one."""
    person = feed.columns.get("person_id")
    if feed.table != PERSONS or person is None:
        return False
    return bool(feed.export.frame[person.column.name].duplicated().any())


def _order(feed: Feed, chosen: Sequence[Feed]) -> Feed | None:
    """The table of the same file that tells on which day each row stands."""
    return next(
        (f for f in chosen if f.table != PERSONS and f.export is feed.export and "start_day" in f.columns), None
    )


def _first_by(feed: Feed, chosen: Sequence[Feed], calendar: bool) -> Iterator[str]:
    """Which row stands for a person in a table that has several of one."""
    if not _repeats(feed):
        return
    why = "several rows of one person: the first on or after day 0 by this column stands for the person"
    order = _order(feed, chosen)
    if order is None:
        yield from write.line(f"      first_by: {TODO}", why)
        return
    found = next(entry for entry in entries(order, calendar) if entry.column == "start_day")
    yield from write.entry(Entry("first_by", found.spec, why), 6)


def _reason(column: Column, feed: Feed, chosen: Sequence[Feed]) -> str:
    """Why a column of a table is not used in it."""
    if column.rules and column.rules != ("dates",):
        return _identifying(column)
    elsewhere = [
        f"{f.table}.{n}"
        for f in chosen
        if f.export is feed.export and f is not feed
        for n, m in f.columns.items()
        if m.column is column
    ]
    if elsewhere:
        return f"feeds {', '.join(elsewhere)}"
    return _like(column, feed) or UNKNOWN + "; it holds dates" * (column.rules == ("dates",))


def _identifying(column: Column) -> str:
    """What the identifier gate takes a column for, and what to do about it."""
    if column.rules == ("ZIP codes",) and reads.dates(column).layout in ("excel", "count"):
        return "looks like ZIP codes, or like dates as a count of days: remove it, or map it with `excel_serial`"
    return IDENTIFIER.format(" and ".join(column.rules))


def _like(column: Column, feed: Feed) -> str:
    """What the name of a column says that is not used."""
    for slot in sorted(slots(), key=lambda s: s.table not in (feed.table, PERSONS)):
        score, _ = named(column.name, slot.synonyms)
        if score >= 0.9 and slot.column not in NOT_PERSONAL:
            unfit = misfit(column, slot.content)
            why = unfit or "another column or table is taken for it"
            return f"named like {slot.table}.{slot.column}, but {why}"
    return ""


def _unused(found: Found, chosen: Sequence[Feed]) -> Iterator[str]:
    """Tables of the export that feed nothing, for a person to decide."""
    used = [feed.export for feed in chosen]
    for export in (e for e in found.exports if e not in used):
        like = [t for t, columns in matched(export).items() if len(columns) > 1]
        resembles = f" Its columns resemble those of {', '.join(like)}." if like else ""
        names = _few([c.name for c in export.columns if c.shown])
        yield from write.comment(f"{TODO}: {export.label} feeds no table.{resembles} {_columns(names)}", 4)
        for column in (c for c in export.columns if c.shown and c.rules and c.rules != ("dates",)):
            yield from write.comment(f"{column.name} {_identifying(column)}", 4)


def _columns(names: str) -> str:
    return f"Columns: {names}." if names else "Its columns are not named here, as their names may be values."


def _few(names: Sequence[str]) -> str:
    """Names in a comment; of many, the first."""
    rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + rest


def _privacy(calendar: bool) -> Iterator[str]:
    if calendar:
        yield "privacy:"
        yield from write.line(
            f"  limited_dataset: {TODO}",
            "true where a data use agreement covers dates of service; else `iop-outcomes deidentify --relative`",
        )
        yield ""


def _adjustment(chosen: Sequence[Feed]) -> Iterator[str]:
    found = {name for feed in chosen if feed.table == PERSONS for name in feed.columns}
    yield "adjustment: # measured before time zero; decide before you look at outcomes"
    yield f"  continuous: {write.flow([c for c in CONTINUOUS if c in found])}"
    yield f"  categorical: {write.flow([c for c in CATEGORICAL if c in found])}"
