"""Delimited text: .csv, .tsv, .txt, .dat, and each of them with .gz.

In order: the bytes are brought to UTF-8 (`decoding`); the delimiter is the one that was given or is told from the first
lines (`sniffing`); the first line that is not blank gives the names of the columns; the rows are read in one sweep by
Arrow where nothing in the file is surprising, else one by one with care. Both give the same table.

Blank lines are no rows. A row is kept and reported as broken when it has more or fewer cells than the header, or
holds bytes that are not valid in the encoding; cells beyond the header in which nothing stands do no harm.

Refuses what `decoding` and `sniffing` refuse, a file of which most rows, or all that are not plain ASCII, are in
another encoding, and quotation marks that are not closed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.files import csv_text, decoding, sniffing, sweep
from iop_outcomes.files.text_cells import BLANKS, Cells, headed

if TYPE_CHECKING:
    import pandas as pd

# bytes in which the header and the first lines are looked for
HEAD = 1 << 20
# with so many rows in another encoding and none in the expected one, the file is in another encoding
SEVERAL = 10

MORE = "more cells than the header"
FEWER = "fewer cells than the header"

STRAY = re.compile("[\ud800-\udfff]+")
LINE_END = re.compile("\r\n|\r|\n")


def read(path: Path, options: Mapping[str, object]) -> Cells:
    """A delimited file as cells. options: delimiter, encoding. Raises StudyError."""
    where = path.name
    content, encoding = decoding.utf8(path, None if options.get("encoding") is None else str(options["encoding"]))
    head = content[:HEAD].decode("utf-8", "surrogateescape")
    delimiter, at = _delimiter(where, head, len(content) <= HEAD, options.get("delimiter"))
    names, at = _header(where, head, at, delimiter, encoding)
    start = len(head[:at].encode("utf-8", "surrogateescape"))
    frame = sweep.read(memoryview(content)[start:], delimiter, len(names))
    broken: dict[int, str] = {}
    if frame is None:
        text = _Text(where, content[start:], delimiter, encoding, len(names), _lines(head[:at]))
        frame, broken = text.read()
    if csv_text.may_hold(content):  # cells that were kept from being formulas
        names, columns = [csv_text.restored(name) for name in names], frame.columns
        frame = csv_text.read(frame).set_axis(columns, axis=1)
    return headed(where, names, frame, broken)


def _lines(text: str) -> int:
    return len(LINE_END.findall(text))


def _delimiter(where: str, head: str, whole: bool, given: object) -> tuple[str, int]:
    """The delimiter, and where the header begins: below a line 'sep=;'."""
    excel = sniffing.EXCEL.match(head)
    at = excel.end() if excel else 0
    if given is not None:
        return sniffing.given(where, given), at
    return (excel.group(1) if excel else sniffing.sniff(where, head, whole)), at


def _header(where: str, head: str, at: int, delimiter: str, encoding: str) -> tuple[list[str], int]:
    """The names in the first line that is not blank, and where the line below begins."""
    lines = list(io.StringIO(head[at:], newline=""))
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        names = next((row for row in reader if any(cell.strip(BLANKS) for cell in row)), [])
    except csv.Error:
        raise _unbalanced(where, _lines(head[:at]) + 1) from None
    if any(STRAY.search(name) for name in names):
        raise _other_encoding(where, encoding, "its header is")
    return names, at + sum(len(line) for line in lines[: reader.line_num])


def _unbalanced(where: str, line: int) -> StudyError:
    return StudyError(
        f"{where}, line {line}: in the row that begins here a quotation mark is not closed, or stands where none may. "
        "Expected quotation marks around the whole cell, and two for one inside it. Correct the line or export the "
        "file again."
    )


def _other_encoding(where: str, encoding: str, what: str) -> StudyError:
    instead = "cp1252" if encoding == "UTF-8" else "utf-8"
    return StudyError(
        f"{where}: {what} not {encoding}. If the file was written on Windows or by an older program, say `encoding: "
        f"{instead}` (or latin-1, mac-roman, utf-16, whichever wrote it); else export it again as UTF-8."
    )


class _Cleaned(dict[str, str | None]):
    """Cells by what stands in the file; a table of codes holds each code once."""

    def __missing__(self, cell: str) -> str | None:
        self[cell] = cleaned = STRAY.sub("\ufffd", cell.strip(BLANKS)) or None
        return cleaned


class _Text:
    """Rows read one by one, each held to the header and to the encoding."""

    def __init__(self, where: str, content: bytes, delimiter: str, encoding: str, width: int, above: int) -> None:
        self.where, self.delimiter, self.encoding, self.width, self.above = where, delimiter, encoding, width, above
        self.text = content.decode("utf-8", "surrogateescape")
        self.rows: list[list[str | None]] = []
        self.broken: dict[int, str] = {}
        self.stray = self.foreign = 0

    def read(self) -> tuple[pd.DataFrame, dict[int, str]]:
        """The rows as a frame with columns by number, and the rules that they break. Raises StudyError."""
        import pandas as pd

        cleaned = _Cleaned()
        valid = not STRAY.search(self.text)
        for row in self._split():
            if len(row) != self.width:
                row = self._fitted(row)
            if not valid:
                self._check_encoding("".join(row))
            self.rows.append([cleaned[cell] for cell in row])
        self._check_file()
        return pd.DataFrame(self.rows, columns=range(self.width), dtype=object), self.broken

    def _split(self) -> Iterator[list[str]]:
        lines = sniffing.rows(self.text, self.delimiter)
        before = 0
        with _long_cells():
            try:
                for row in lines:
                    before = lines.line_num
                    if len(row) > 1 or any(cell.strip(BLANKS) for cell in row):
                        yield row
            except csv.Error:
                raise _unbalanced(self.where, self.above + before + 1) from None

    def _fitted(self, row: list[str]) -> list[str]:
        if not sniffing.fits(row, self.width):
            self.broken[len(self.rows)] = MORE if len(row) > self.width else FEWER
        return row[: self.width] + [""] * (self.width - len(row))

    def _check_encoding(self, row: str) -> None:
        if STRAY.search(row):
            self.stray += 1
            self.broken.setdefault(len(self.rows), f"not {self.encoding}")
        elif not row.isascii():
            self.foreign += 1

    def _check_file(self) -> None:
        if 2 * self.stray > len(self.rows):
            raise _other_encoding(self.where, self.encoding, "most of its rows are")
        if self.stray >= SEVERAL and not self.foreign:
            raise _other_encoding(self.where, self.encoding, f"{self.stray} of its rows are")


@contextmanager
def _long_cells() -> Iterator[None]:
    """Cells may be long: csv's limit is there for files that nobody has seen."""
    limit = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
