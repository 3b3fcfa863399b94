"""Where a printed number comes from: a cell of a released table, what is computed of several, the study, fixed words.

Numbers that are written by `presentation.numbers` are heard with their value, which is looked up among the cells of the
released tables: the same value, its opposite, or a hundred times it (shares as points). Where several cells hold it, as
of small counts, the one is told whose row agrees best with the words around the number. A share that stands in no
table is looked for among the counts of a group over the group's people. Numbers within text (days, years of a citation)
are found where the text is: in the study, in the words of the program, among the days of the tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import iop_outcomes
from iop_outcomes.presentation import evidence, judged, numbers
from iop_outcomes.provenance.manifest import PACKAGE
from iop_outcomes.tables import TABLES, reference
from iop_outcomes.tables.results import PEOPLE
from iop_outcomes.verify import page

if TYPE_CHECKING:
    import pandas as pd

# ways in which a number is told to be what it is
CELL, SHARE, COMPUTED, DAY, STUDY, WORDS, NOTES, UNTRACED = (
    "a cell", "a share of cells", "computed from cells", "a day of the tables", "the study", "fixed words",
    "notes on the files", "nothing",
)  # fmt: skip
DAYS = (
    "horizon_days", "from_day", "to_day", "delta_first", "delta_second", "hours_per_week", "weeks_of_care", "x",
)  # fmt: skip
# numbers of these are never written as percentage points
NEVER_POINTS = ("p_value",)
# rooms whose words the report prints
SPEAKING = ("vocabulary", "report", "presentation", "figures", "release", "analyses", "design", "protocol", "tables")
DIGITS = 9
# cells of one value of which the words are compared
MOST = 100
# characters around a number within a text by which the text is known again
AROUND = 12


@dataclass(frozen=True)
class Cell:
    """A cell of a released table. row: from 1, without the header."""

    table: str
    row: int
    column: str


@dataclass(frozen=True)
class Origin:
    """Where a number comes from. how: one of the ways above; cell: the cell, where it is one; among: cells that hold
    the value; words: of what else it is.
    """

    how: str
    cell: Cell | None = None
    among: int = 0
    words: str = ""

    def text(self) -> str:
        """In words."""
        if self.cell is not None:
            return f"{self.cell.table}.csv, row {self.cell.row}, column {self.cell.column}"
        return self.words or self.how


@dataclass
class Heard:
    """Listens to the numbers that are written and puts a mark around each."""

    values: list[float] = field(default_factory=list)

    def __call__(self, value: float, text: str) -> str:
        """The text with its mark."""
        self.values.append(value)
        return f"{page.OPEN}{len(self.values) - 1}{page.BETWEEN}{text}{page.CLOSE}"


def known_as(value: float) -> str:
    """A value as it is looked up: without sign, to the digits that survive arithmetic."""
    return f"{abs(value):.{DIGITS}g}"


@dataclass(frozen=True)
class Sources:
    """What numbers may come from. truth: known truths, if shown; study: its text; notes: those of the source."""

    tables: Mapping[str, pd.DataFrame]
    truth: pd.DataFrame | None
    study: str
    notes: str

    @cached_property
    def cells(self) -> dict[str, list[Cell]]:
        """Cells of the released tables by their value."""
        found: dict[str, list[Cell]] = {}
        tables = {**self.tables, **({} if self.truth is None else {"truth": self.truth})}
        for name, table in tables.items():
            numeric = [c for c, d in TABLES[name].columns.items() if d.kind in ("whole", "number") and c != "position"]
            for column in numeric:
                values = table[column].astype(object).tolist()
                for row, value in enumerate(values, 1):
                    if (known := numbers.number(value)) is not None:
                        found.setdefault(known_as(known), []).append(Cell(name, row, column))
        return found

    @cached_property
    def shares(self) -> dict[str, Cell]:
        """Cells of counts by the share of their group's people, and of the people of an arm, that they are."""
        counts = self.tables["counts"]
        value = counts["count"].astype("Float64")
        keys = [c for c in TABLES["counts"].key if c not in ("level", "detail")]
        whole = value.groupby([counts[k] for k in keys], dropna=False).transform("sum")
        known = (~value.isna()).groupby([counts[k] for k in keys], dropna=False).transform("all")
        arms = [counts[k] for k in ("contrast", "arm")]
        people = value.where(counts["outcome"] == PEOPLE).groupby(arms).transform("sum")
        found: dict[str, Cell] = {}
        for own in (value.where(known & (whole > 0)) / whole, value.where(people > 0) / people):
            for row, share in enumerate(own.tolist(), 1):
                if (told := numbers.number(share)) is not None:
                    found.setdefault(known_as(told), Cell("counts", row, "count"))
                    found.setdefault(known_as(1 - told), Cell("counts", row, "count"))
        return found

    @cached_property
    def days(self) -> set[str]:
        """Days that stand in the tables."""
        columns = (t[c] for t in self.tables.values() for c in DAYS if c in t)
        return {f"{float(v):.0f}" for values in columns for v in values.dropna().unique() if float(v).is_integer()}

    @cached_property
    def fixed(self) -> str:
        """The words of the program: sources and lists of the rooms that speak, blanks made one."""
        files = [
            p for room in SPEAKING for p in sorted((PACKAGE / room).rglob("*")) if p.suffix in (".py", ".tsv", ".j2")
        ]
        files += sorted(reference.FOLDER.rglob("*.csv"))
        return _even("\n".join([*(p.read_text("utf-8") for p in files), *evidence.words(), *judged.words()]))

    def of_value(self, value: float, around: str) -> Origin:
        """The origin of a number that was written from a value. around: words of its place."""
        asked = _words(around)
        whole = self.cells.get(known_as(value), [])
        points = [cell for cell in self.cells.get(known_as(value / 100), ()) if cell.column not in NEVER_POINTS]
        for cells in (whole, points):
            if cells and (cell := self._nearest(cells, asked)):
                return Origin(CELL, cell, len(cells))
        if share := self.shares.get(known_as(value)):
            return Origin(SHARE, share, 1)
        if {f"{value:g}", f"{value / 100:g}"} & self.numbers_of_study:
            return Origin(STUDY, words="study.yaml")
        return Origin(COMPUTED, words="computed from cells of the released tables")

    def of_text(self, number: str, text: str, at: int) -> Origin:
        """The origin of a number within a text, which begins at a place of it."""
        near = _even(text[max(0, at - AROUND) : at + len(number) + AROUND])
        for how, words, whole in ((STUDY, "study.yaml", self._study), (NOTES, "notes.txt", _even(self.notes))):
            if near in whole:
                return Origin(how, words=words)
        if number == iop_outcomes.__version__:
            return Origin(WORDS, words="the version of the program")
        if near in self.fixed or self._in_fixed(number, text, at):
            return Origin(WORDS, words="words of the program")
        if number in self.days:
            return Origin(DAY, words="a day of the released tables")
        if number in self.numbers_of_study:
            return Origin(STUDY, words="study.yaml")
        if cell := self._in_texts(number, text):
            return Origin(CELL, cell, 1)
        # days without care that lie between stays of one episode are one less than the gap of the study
        if number.isdigit() and str(int(number) + 1) in self.numbers_of_study:
            return Origin(STUDY, words="study.yaml, one less")
        return Origin(UNTRACED)

    def _in_texts(self, number: str, near_text: str) -> Cell | None:
        """The cell of a released table whose text a number is part of: a reason, the name of a group."""
        around = _even(near_text).lower()
        for name, table in self.tables.items():
            for column in (c for c, d in TABLES[name].columns.items() if d.kind == "text"):
                for text in table[column].unique():
                    if any(part in around for part in _around(number, str(text))):
                        return Cell(name, int((table[column] == text).to_numpy().argmax()) + 1, column)
        return None

    @cached_property
    def _study(self) -> str:
        return _even(self.study)

    @cached_property
    def numbers_of_study(self) -> set[str]:
        """The numbers that stand in the study."""
        return {
            n
            for found in page.NUMBER.findall(self.study)
            for n in (found, f"{float(found):g}" if _plain(found) else "")
        }

    def _in_fixed(self, number: str, text: str, at: int) -> bool:
        """A fixed sentence may be broken by what is put into it: less of the text around the number is enough, where
        letters stand beside it.
        """
        before, after = _even(text[max(0, at - 6) : at + len(number)]), _even(text[at : at + len(number) + 6])
        return any(re.search("[a-z]", part) and part in self.fixed for part in (before, after))

    def _nearest(self, cells: Sequence[Cell], asked: frozenset[str]) -> Cell | None:
        """The cell whose row agrees best with some words, the first of several; None where no word of any does and more
        than one holds the value, which then is there by chance.
        """
        best = max(cells[:MOST], key=lambda cell: len(asked & self._words_of(cell)))
        if len(cells) == 1 or asked & self._words_of(best):
            return best
        return next((cell for cell in cells[MOST:] if asked & self._words_of(cell)), None)

    @cached_property
    def _keys(self) -> dict[str, list[tuple[object, ...]]]:
        tables = {**self.tables, **({} if self.truth is None else {"truth": self.truth})}
        return {
            name: list(table[list(TABLES[name].key)].astype(object).itertuples(index=False, name=None))
            for name, table in tables.items()
        }

    @cached_property
    def _words_of_rows(self) -> dict[tuple[str, int], frozenset[str]]:
        """Words of the keys of rows, as far as they were asked for."""
        return {}

    def _words_of(self, cell: Cell) -> frozenset[str]:
        row = cell.table, cell.row
        if row not in self._words_of_rows:
            self._words_of_rows[row] = _words(" ".join(map(str, self._keys[cell.table][cell.row - 1])))
        return self._words_of_rows[row]


def traced(pieces: Iterable[page.Piece], heard: Heard, of: Sources) -> Iterator[tuple[page.Piece, str, int, Origin]]:
    """Every number of some pieces with where it stands in its text and where it comes from."""
    for piece in pieces:
        if piece.kind == "picture":
            continue
        text = page.bare(piece.text)
        for number, mark, at in page.marked(piece.text):
            if mark is None:
                yield piece, number, at, of.of_text(number, text, at)
            else:
                around = f"{piece.place.text()} {text}"
                yield piece, number, at, of.of_value(heard.values[mark], around)


@lru_cache(maxsize=10_000)
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+|[0-9.]+", text.lower()))


def _even(text: str) -> str:
    """Text whose blanks, line ends and quotes around them are one blank, so that it is found wherever it is broken."""
    return re.sub(r"[\s\u202f\\\"']+", " ", text)


def _around(number: str, text: str) -> Iterator[str]:
    """A number in a text with some characters around it, wherever it stands there."""
    for found in page.NUMBER.finditer(text):
        if found[0] == number:
            yield _even(text[max(0, found.start() - AROUND) : found.end() + AROUND]).strip().lower()


def _plain(found: str) -> bool:
    return re.fullmatch(r"[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?", found) is not None
