"""Small workbooks in the formats that no library of the project writes, byte by byte.

Rows are lists of str, numbers, dates and None. since: day 0 of serial numbers, 1899-12-30 or 1904-01-01.
.xls: [MS-XLS] in one stream of a compound file [MS-CFB]; .xlsb: [MS-XLSB]; .ods: OpenDocument 1.3, part 3.
"""

from __future__ import annotations

import datetime
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

Cell = str | float | datetime.date | None
Rows = Sequence[Sequence[Cell]]
EPOCH = datetime.date(1899, 12, 30)


MAC = datetime.date(1904, 1, 1)


def write_ods(path: Path, rows: Rows, since: datetime.date = EPOCH) -> None:
    def cell(value: Cell) -> str:
        if value is None:
            return "<table:table-cell/>"
        if isinstance(value, datetime.date):
            return f'<table:table-cell office:value-type="date" office:date-value="{value}"/>'
        if isinstance(value, str):
            return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
        return f'<table:table-cell office:value-type="float" office:value="{value}"/>'

    space = "urn:oasis:names:tc:opendocument:xmlns"
    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    content = (
        f'<office:document-content xmlns:office="{space}:office:1.0" xmlns:table="{space}:table:1.0" '
        f'xmlns:text="{space}:text:1.0"><office:body><office:spreadsheet><table:calculation-settings><table:null-date '
        f'table:date-value="{since}"/></table:calculation-settings><table:table table:name="one">{body}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("META-INF/manifest.xml", f'<m:manifest xmlns:m="{space}:manifest:1.0"/>')
        book.writestr("content.xml", content)


def write_xls(path: Path, rows: Rows, since: datetime.date = EPOCH) -> None:
    def record(kind: int, data: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    def cell(row: int, column: int, value: Cell) -> bytes:
        if isinstance(value, str):
            text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
            return record(0x0204, struct.pack("<HHH", row, column, 0) + text)
        style, number = (1, (value - since).days) if isinstance(value, datetime.date) else (0, value)
        return record(0x0203, struct.pack("<HHHd", row, column, style, number))

    start = struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 6)
    # cell styles: general, and number format 14, a date
    styles = record(0x0022, struct.pack("<H", since == MAC))
    styles += b"".join(record(0x00E0, struct.pack("<HH", 0, number) + bytes(16)) for number in (0, 14))
    name = struct.pack("<BB", 3, 0) + b"one"
    sheet_at = len(record(0x0809, start)) + len(styles) + len(record(0x0085, bytes(6) + name)) + len(record(0x000A))
    cells = [cell(r, c, v) for r, row in enumerate(rows) for c, v in enumerate(row) if v is not None]
    size = struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0)
    stream = b"".join(
        [record(0x0809, start), styles, record(0x0085, struct.pack("<IH", sheet_at, 0) + name), record(0x000A),
         record(0x0809, start[:2] + b"\x10\0" + start[4:]), record(0x0200, size), *cells, record(0x000A)]
    )  # fmt: skip
    path.write_bytes(_compound("Workbook", stream.ljust(4096, b"\0")))


def _compound(name: str, stream: bytes) -> bytes:
    """A compound file with one stream: header, allocation table (sector 0), directory (1), the stream (from 2)."""
    sectors = -(-len(stream) // 512)
    free, end = 0xFFFFFFFF, 0xFFFFFFFE
    table = [0xFFFFFFFD, end, *range(3, 2 + sectors), end]
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
        + struct.pack("<IIIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0, 0) + struct.pack("<108I", *[free] * 108)
    )  # fmt: skip

    def entry(label: str, kind: int, child: int, first: int, length: int) -> bytes:
        text = label.encode("utf-16-le")
        return (
            text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text) + 2 * bool(text), kind, 1, free, free, child)
            + bytes(36) + struct.pack("<IQ", first, length)
        )  # fmt: skip

    directory = entry("Root Entry", 5, 1, end, 0) + entry(name, 2, free, 2, len(stream)) + entry("", 0, free, 0, 0) * 2
    return (
        header + struct.pack("<128I", *table, *[free] * (128 - len(table))) + directory
        + stream.ljust(sectors * 512, b"\0")
    )  # fmt: skip


def write_xlsb(path: Path, rows: Rows, since: datetime.date = EPOCH) -> None:
    def record(kind: int, data: bytes = b"") -> bytes:
        numbered = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
        length = bytes([len(data)]) if len(data) < 0x80 else bytes([len(data) & 0x7F | 0x80, len(data) >> 7])
        return numbered + length + data

    def text(value: str) -> bytes:
        return struct.pack("<I", len(value)) + value.encode("utf-16-le")

    def cell(column: int, value: Cell) -> bytes:
        if isinstance(value, str):
            return record(6, struct.pack("<II", column, 0) + text(value))
        style, number = (1, (value - since).days) if isinstance(value, datetime.date) else (0, value)
        return record(5, struct.pack("<IId", column, style, number))

    size = struct.pack("<IIII", 0, len(rows) - 1, 0, max(map(len, rows)) - 1)
    lines = [
        record(0, struct.pack("<I", r) + bytes(13)) + b"".join(cell(c, v) for c, v in enumerate(row) if v is not None)
        for r, row in enumerate(rows)
    ]
    sheet = record(129) + record(148, size) + record(145) + b"".join(lines) + record(146) + record(130)
    book = (
        record(131)
        + record(153, struct.pack("<III", since == MAC, 0, 0))
        + record(143)
        + record(156, struct.pack("<II", 0, 1) + text("rId1") + text("one"))
        + record(144)
    )
    styles = record(278) + record(617, struct.pack("<I", 2))
    styles += b"".join(record(47, struct.pack("<HH", 0, number) + bytes(12)) for number in (0, 14)) + record(618)
    link = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("xl/workbook.bin", book + record(132))
        made.writestr("xl/styles.bin", styles + record(279))
        made.writestr("xl/worksheets/sheet1.bin", sheet)
        made.writestr(
            "xl/_rels/workbook.bin.rels",
            f'<Relationships xmlns="{link}"><Relationship Id="rId1" Type="{link}/worksheet" '
            'Target="worksheets/sheet1.bin"/></Relationships>',
        )
