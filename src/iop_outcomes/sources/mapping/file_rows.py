"""The rows of the files, or of the query, that feed one canonical table, as text.

In order: the files are found; each is read into text cells; the identifier gate looks at all of them; the names of the
columns are held against the mapping; rows that a filter leaves out are counted under it; the columns that the mapping
uses are kept. Rows that could not be trusted pass every filter: they are set aside under their rule.

Refuses files that are not there, columns that the mapping uses and a file lacks, columns that it does not mention, and
identifiers.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.files import day_counts, formats, plain_csv, text_cells
from iop_outcomes.files.text_cells import Cells
from iop_outcomes.privacy import identifiers
from iop_outcomes.privacy.shifted import refuse_calendar, told_by
from iop_outcomes.protocol.mapping import Filter, TableMapping
from iop_outcomes.protocol.records import Source
from iop_outcomes.sources.mapping import kept_apart, leavers, levels, serials
from iop_outcomes.sources.mapping.columns import dates_in
from iop_outcomes.sources.mapping.tallies import Tally
from iop_outcomes.spelling import lookup
from iop_outcomes.tables.readings import NEVER

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

# codes of a filter that are named; of a longer list the number
NAMED = 4


@dataclass(frozen=True)
class Rows:
    """What feeds one table. frame: text of the columns that are used; broken: a rule or None per row.

    left_out: how many rows a filter left out, by the words for it; people: of how many people it left no row. shifted:
    the names of the columns say that the dates moved when the records were de-identified. files: the number of the file
    that each row stands in; the batches of a query are one. readings: codes of filters that no file holds, and choices
    among levels of care.
    """

    frame: pd.DataFrame
    broken: pd.Series
    left_out: Mapping[str, int]
    people: Mapping[str, int]
    shifted: bool
    files: NDArray[np.int64]
    readings: tuple[Tally, ...] = ()


# reads a file as the mapping says, past the identifier gate
Reader = Callable[[Path, TableMapping], Cells]


def files_of(name: str, mapped: TableMapping, settings: Mapping[str, object]) -> list[Path]:
    """The files that feed a table, sorted by name; none for a query. Raises StudyError where one is missing."""
    if mapped.query:
        return []
    place = plain_csv.place(settings)
    if not mapped.files:
        if not place.is_file():
            raise StudyError(
                f"{place} is no file. The mapping of {name} names no `files`, so the path must be the file itself. "
                f"{plain_csv.WHERE_TO_POINT}"
            )
        return [place]
    if not place.is_dir():
        found = "is a file, and the mapping names files in a folder" if place.exists() else "does not exist"
        raise StudyError(f"{place} {found}. Expected in it: {', '.join(mapped.files)}. {plain_csv.WHERE_TO_POINT}")
    return sorted({path for pattern in mapped.files for path in _matching(name, place, pattern)})


def _matching(name: str, folder: Path, pattern: str) -> list[Path]:
    if (folder / pattern).is_file():
        return [folder / pattern]
    # spreadsheets that are open leave hidden and temporary files behind
    found = [p for p in folder.glob(pattern) if p.is_file() and not p.name.startswith((".", "~$"))]
    if not found:
        raise StudyError(
            f"The folder {folder} has no file '{pattern}', which should feed {name}. Put it there, or correct "
            f"`source.tables.{name}.files`. {plain_csv.WHERE_TO_POINT}"
        )
    return found


def take(name: str, source: Source, settings: Mapping[str, object], reader: Reader) -> Rows:
    """All rows that feed a table, in the order of the files and within them."""
    import numpy as np
    import pandas as pd

    mapped = source.tables[name]
    parts: list[tuple[pd.DataFrame, pd.Series]] = []
    left_out, gone, shifted = Counter[str](), [], False
    dated, counts = dates_in(name, source), serials.declared(name, source)
    seen, others = [set[str]() for _ in mapped.where], list[str]()
    for cells in _cells(name, mapped, source, settings, reader):
        if dates := told_by(list(cells.frame.columns)):
            refuse_calendar(source, dates, cells.where)
            shifted = True
        text_cells.refuse_doubted(cells.where, cells.doubts, dated)
        frame, broken = _checked(name, mapped, cells), cells.broken.reindex(cells.frame.index).astype(object)
        out = _filtered(frame, mapped.where, source.missing_values, seen).mask(broken.notna(), None)
        left_out.update(out.dropna())
        kept = out.isna()
        if not kept.all():
            gone.append((leavers.named(mapped, frame), out))
        others = others if parts else levels.beside(mapped, frame)
        columns = sorted(mapped.used().union(others) & set(frame.columns))
        own = day_counts.counted(frame.loc[kept, columns], counts, cells.shift)
        parts.append((own.assign(**kept_apart.beside(cells, columns, kept)), broken[kept]))
    frame = pd.concat([f for f, _ in parts], ignore_index=True)
    readings = levels.choices(name, mapped, frame, [c for c in others if c in frame])
    broken = pd.concat([b for _, b in parts], ignore_index=True)
    people = leavers.filtered(gone, leavers.named(mapped, frame)) if left_out else {}
    sizes = [len(b) for _, b in parts]
    return Rows(
        frame,
        broken.where(broken.notna(), None),
        dict(left_out),
        people,
        shifted,
        np.repeat(np.arange(len(sizes)) * (not mapped.query), sizes),
        (*_unseen(name, mapped.where, seen), *readings),
    )


def _unseen(name: str, where: list[Filter], seen: list[set[str]]) -> Iterator[Tally]:
    """The codes of filters that no file holds."""
    for asked, found in zip(where, seen, strict=True):
        for code in asked.in_ or asked.not_in or []:
            if code is not None and code not in found:
                yield Tally(name, f"where {asked.column}", NEVER, code, None, None, 0, 0)


def _cells(
    name: str, mapped: TableMapping, source: Source, settings: Mapping[str, object], reader: Reader
) -> Iterator[Cells]:
    """The text of each file, or batch of the query, once the gate has let it through."""
    for path in files_of(name, mapped, settings):
        yield reader(path, mapped)
    if mapped.query:
        for cells in formats.query(str(source.database), mapped.query, f"query of {name}"):
            yield passed(cells, settings, dates_in(name, source), serials.declared(name, source))


def passed(
    cells: Cells, settings: Mapping[str, object], dated: Collection[str], counts: Mapping[str, int | None] = {}
) -> Cells:
    """The cells, once the identifier gate has let them through.

    dated: columns that hold dates of service. counts: those of them that count days (`serials.declared`), which the
    gate is shown as dates.
    """
    privacy = settings.get("privacy")
    frame = day_counts.shown(cells.frame, counts, cells.shift)
    identifiers.examine(frame, cells.where, privacy if isinstance(privacy, Mapping) else {}, dated)
    return cells


def options(mapped: TableMapping) -> dict[str, object]:
    """What the mapping says about the format of its files."""
    return {name: getattr(mapped, name) for name in ("delimiter", "encoding", "sheet", "labels")}


def _checked(name: str, mapped: TableMapping, cells: Cells) -> pd.DataFrame:
    """The frame, or StudyError where its columns are not those of the mapping."""
    there, used = list(cells.frame.columns), sorted(mapped.used())
    lacking = [c for c in used if c not in there]
    if lacking:
        raise StudyError(
            f"{cells.where}: the mapping of {name} uses {_listed(lacking)}, which the file lacks."
            f"{_likely(lacking, there, used)} Correct the names under `source.tables.{name}`, or the file; "
            "the first line must hold the names."
        )
    strange = [] if mapped.ignore_others else [c for c in there if c not in used and c not in mapped.ignore]
    if strange:
        raise StudyError(
            f"{cells.where}: the mapping of {name} does not mention {_listed(strange)}. Map them under `columns`, or "
            f"list them under `source.tables.{name}.ignore`; `ignore_others: true` ignores all that are not mentioned."
        )
    return cells.frame


def _listed(columns: list[str]) -> str:
    named = ", ".join(f"'{c}'" for c in columns)
    return f"the column{'s' * (len(columns) > 1)} {named}"


def _likely(lacking: list[str], there: list[str], used: list[str]) -> str:
    """Names of the file that resemble those it lacks. Where most are lacking, its first line may be a person's row."""
    if 2 * len(lacking) > len(used):
        return ""
    near = [n for c in lacking for n in difflib.get_close_matches(c, [t for t in there if t not in used], 1)]
    return f" Did you mean {_listed(near)}?" if near else ""


def _filtered(frame: pd.DataFrame, where: list[Filter], missing: list[str], seen: list[set[str]]) -> pd.Series:
    """The words for the first filter that leaves a row out; None for rows that are read.

    seen: by filter the codes that were found, which are added to. Codes are found however they are spelt. Raises
    StudyError where nobody can tell.
    """
    import pandas as pd

    out = pd.Series(None, index=frame.index, dtype=object)
    for asked, met in zip(where, seen, strict=True):
        codes = asked.in_ or asked.not_in or []
        at, distinct = pd.factorize(frame[asked.column])
        listed = [c for c in codes if c is not None]
        code = _listed_among([*distinct, None], listed, asked.column)
        met.update(c for c in code if c is not None)
        chosen = pd.Series(code, dtype=object).notna()
        if None in codes:
            gone = lookup.find([*distinct, None], dict.fromkeys(missing), zeros=False).codes
            chosen |= pd.Series([c is None or g is not None for c, g in zip([*distinct, None], gone, strict=True)])
        found = chosen.take(at).set_axis(frame.index)
        out = out.mask(out.isna() & (found if asked.not_in else ~found), _words(asked, codes))
    return out


def _listed_among(cells: list[str | None], listed: list[str], column: str) -> list[str | None]:
    try:
        return lookup.find(cells, dict.fromkeys(listed)).codes
    except lookup.Ambiguous as wrong:
        cure = "List each of them under `where`, or write them one way in the export."
        raise lookup.refusal(f"`where` of the column '{column}'", wrong, lambda _: 0, cure) from None


def _words(asked: Filter, codes: list[str | None]) -> str:
    """Why a row was left out: the column and the codes as the mapping lists them."""
    named = " or ".join(c or "empty" for c in codes) if len(codes) <= NAMED else f"one of {len(codes)} codes"
    return f"excluded: {asked.column} is {'' if asked.not_in else 'not '}{named}"
