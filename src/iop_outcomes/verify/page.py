"""A page of the report as pieces of text, each with its place, and the numbers in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

# a number as it is printed, its sign aside: digits, with points, commas or narrow spaces between them
NUMBER = re.compile(r"[0-9]+(?:[.,\u202f][0-9]+)*(?:e[-+]?[0-9]+)?")
# what the report puts around a number whose origin is told: open, place in the list of numbers, text, close
OPEN, BETWEEN, CLOSE = "\ue000", "\ue001", "\ue002"
MARKED = re.compile(f"{OPEN}([0-9]+){BETWEEN}([^{CLOSE}]*){CLOSE}")
# elements that hold no text of the page
SILENT = ("style", "script")
WORDS = ("alt", "aria-label", "title")


@dataclass(frozen=True)
class Place:
    """Where a text stands: section by title, part of it (heading or table), block, row and column of a table."""

    section: str = ""
    part: str = ""
    block: str = ""
    row: str = ""
    column: str = ""

    def text(self) -> str:
        """The place in words."""
        named = (("section", self.section), ("under", self.part), ("block", self.block), ("row", self.row),
                 ("column", self.column))  # fmt: skip
        return ", ".join(f"{what} '{bare(value)}'" for what, value in named if value)


@dataclass(frozen=True)
class Piece:
    """A text of the page. kind: text, the name of an attribute, or picture (the digest of one within the page)."""

    place: Place
    kind: str
    text: str


@dataclass
class _State:
    section: str = ""
    part: str = ""
    block: str = ""
    row: str = ""
    columns: list[str] = field(default_factory=list)
    at: int = 0


class _Reader(HTMLParser):
    """Walks through a page and keeps its pieces."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []
        self.now = _State()
        self.open: list[tuple[str, dict[str, str]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        given = {name: value or "" for name, value in attrs}
        self._flush()
        if tag == "section":
            self.now = _State()
        elif tag == "table":
            self.now.columns, self.now.block = [], ""
        elif tag == "tr":
            self.now.row, self.now.at = "", 0
        self.pieces += [Piece(self._place(), name, given[name]) for name in WORDS if given.get(name)]
        if tag == "img":
            self.pieces.append(Piece(self._place(), "picture", given.get("src", "")))
        elif tag not in ("meta", "link", "br"):
            self.open.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        self._flush()
        while self.open and self.open.pop()[0] != tag:
            pass
        if tag in ("td", "th"):
            self.now.at += 1

    def handle_data(self, data: str) -> None:
        """Text within an element."""
        if not self.open or self.open[-1][0] not in SILENT:
            self.text += data

    def _flush(self) -> None:
        text, self.text = " ".join(self.text.split(" ")).strip(), ""
        if not text:
            return
        tag, given = self.open[-1] if self.open else ("", {})
        now = self.now
        if tag == "h2":
            now.section = text
        elif tag in ("h3", "caption"):
            now.part = text
        elif given.get("scope") == "col":
            now.columns.append(text)
        elif given.get("scope") == "rowgroup":
            now.block = text
        elif given.get("scope") == "row" or tag == "dt":
            now.row = text
        self.pieces.append(Piece(self._place(tag), "text", text))

    def _place(self, tag: str = "") -> Place:
        now = self.now
        inside = any(t == "table" for t, _ in self.open)
        column = now.columns[now.at] if tag == "td" and now.at < len(now.columns) else ""
        row = now.row if inside or tag == "dd" else ""
        return Place(now.section, now.part, now.block if inside else "", row, column)


def pieces(page: str) -> list[Piece]:
    """The pieces of a page in order."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.pieces


def bare(text: str) -> str:
    """A text without marks."""
    return MARKED.sub(r"\2", text)


def marked(text: str) -> Iterator[tuple[str, int | None, int]]:
    """The numbers of a text in order: as printed, their place in the list of marks (None: not marked), and where
    they begin in the text without marks.
    """
    begin = shift = 0
    for mark in MARKED.finditer(text):
        yield from ((n, None, at) for n, at in _plain(text[begin : mark.start()], begin - shift))
        start = mark.start() - shift
        yield from ((n, int(mark[1]), at) for n, at in _plain(mark[2], start))
        shift += len(mark[0]) - len(mark[2])
        begin = mark.end()
    yield from ((n, None, at) for n, at in _plain(text[begin:], begin - shift))


def _plain(text: str, begin: int) -> Iterator[tuple[str, int]]:
    return ((found[0], begin + found.start()) for found in NUMBER.finditer(text))
