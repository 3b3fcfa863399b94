"""One document, whatever file it becomes: sections in order, of headings, paragraphs, lists, tables and figures.

Text is made before it comes here, by sentences that take estimates; a writer adds none of its own but what its format
needs. A section without anything to say is left out by `Document.told`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from iop_outcomes.presentation import numbers


@dataclass(frozen=True)
class Line:
    """One row of a table. cells: as shown; absent: why there are none. wrong: shown as a warning."""

    label: str
    cells: tuple[str, ...] = ()
    absent: str = ""
    wrong: bool = False


@dataclass(frozen=True)
class Block:
    """Rows under one heading."""

    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Table:
    """A table with its caption and column headings, the first of which is that of the labels; note: how to read it.

    words: its cells are sentences rather than numbers. name: what it is called where it is not the caption.
    """

    caption: str
    columns: tuple[str, ...]
    blocks: tuple[Block, ...] = field(default=())
    note: str = ""
    words: bool = False
    name: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure: its words, its content as a data URI, the name of its file with numbers, and what it tells or not."""

    name: str
    title: str
    alt: str
    uri: str
    data: str
    reading: str = ""


@dataclass(frozen=True)
class Heading:
    """Within a section."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """tone: '', note (set back), whom (of whom the list below speaks)."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Point:
    """tone: '', caution (to be read as a warning), absent (why there is no number)."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    points: tuple[Point, ...]


@dataclass(frozen=True)
class Terms:
    """Terms with what they mean; facts: short ones, side by side."""

    pairs: tuple[tuple[str, str], ...]
    facts: bool = False


Item = Heading | Paragraph | Points | Terms | Table | Picture


@dataclass(frozen=True)
class Section:
    """id: its anchor. kind: '', plain (set apart: the answers in words), methods."""

    id: str
    title: str
    items: tuple[Item, ...]
    kind: str = ""


@dataclass(frozen=True)
class Document:
    """question: what the study asks. note: what is to be known of its source, or ''. page: how people are protected, on
    every printed page. protected: the same in sentences.
    """

    title: str
    question: str
    note: str
    page: str
    protected: str
    sections: tuple[Section, ...]

    @property
    def told(self) -> tuple[Section, ...]:
        """The sections that say something."""
        return tuple(s for s in self.sections if s.items)


def points(said: Iterable[str]) -> tuple[Points, ...]:
    """A list of sentences, where there are any."""
    made = tuple(Point(text) for text in said)
    return (Points(made),) if made else ()


def notes(*texts: str) -> tuple[Paragraph, ...]:
    """Notes that are not empty."""
    return tuple(Paragraph(text, "note") for text in texts if text)


def filled(tables: Sequence[Table | None]) -> tuple[Table, ...]:
    """The tables that have rows."""
    return tuple(t for t in tables if t is not None and t.blocks)


def people(found: Mapping[str, str], level: str) -> str:
    """A released count of a level, as it is shown; no row is no one."""
    return found.get(level, numbers.count(0))
