"""The day from which a workbook counts its serial numbers.

Excel counts days from 1899-12-30 (as it reads from March 1900 on), and from 1904-01-01 where the workbook says so, as
older ones from a Mac do; OpenDocument may name any day. A cell with the format of a date is converted by the reader of
workbooks; a bare number is not, and is four years off where nobody asks for the workbook's own day 0.

Sources: ECMA-376 part 1, 18.2.28 (workbookPr); [MS-XLSB] 2.4.822 (BrtWbProp); [MS-XLS] 2.4.77 (Date1904);
OpenDocument 1.3 part 3, 9.4.2 (table:null-date). Nothing is refused: a workbook that says nothing counts from 1899.
"""

from __future__ import annotations

import re
import struct
import zipfile
from datetime import date
from pathlib import Path

DAY_0 = date(1899, 12, 30)
FROM_1904 = (date(1904, 1, 1) - DAY_0).days

XLSX = re.compile(rb"<(?:\w+:)?workbookPr\b[^>]*\bdate1904\s*=\s*[\"'](?:1|true|on)[\"']")
ODS = re.compile(rb"<(?:\w+:)?null-date\b[^>]*date-value\s*=\s*[\"'](\d{4}-\d\d-\d\d)")
# what stands before the first table of a workbook is shorter
HEAD = 1 << 23
# records of the binary formats: beginning of a workbook, its properties, its date system, its end
BOF, DATE_1904, EOF = 0x0809, 0x0022, 0x000A
WORKBOOK_PROPERTIES, SHEETS = 153, 143


def shift(path: Path) -> int:
    """Days to add to a serial number of a workbook, so that it counts from 1899-12-30."""
    try:
        if zipfile.is_zipfile(path):
            return _packed(path)
        return FROM_1904 * _old(path.read_bytes())
    except (OSError, ValueError, KeyError, IndexError, struct.error, zipfile.BadZipFile):
        return 0


def _packed(path: Path) -> int:
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            last = name.rpartition("/")[2].lower()
            if last not in ("workbook.xml", "workbook.bin", "content.xml"):
                continue
            with parts.open(name) as part:
                head = part.read(HEAD)
            if last == "workbook.bin":
                return FROM_1904 * _binary(head)
            if last == "content.xml":
                named = ODS.search(head)
                return (date.fromisoformat(named[1].decode()) - DAY_0).days if named else 0
            return FROM_1904 * bool(XLSX.search(head))
    return 0


def _binary(content: bytes) -> bool:
    """Whether the properties of a binary workbook (.xlsb) say 1904."""
    at = 0
    while at < len(content):
        kind, at = _varying(content, at, 2)
        size, at = _varying(content, at, 4)
        if kind == WORKBOOK_PROPERTIES:
            return bool(content[at] & 1)
        if kind == SHEETS:
            break
        at += size
    return False


def _varying(content: bytes, at: int, most: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where the next begins."""
    value = 0
    for i in range(most):
        byte = content[at + i]
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return value, at + i + 1
    return value, at + most


def _old(content: bytes) -> bool:
    """Whether a workbook of Excel 97 to 2003 (.xls) says 1904: the first records of its stream stand together."""
    at = content.find(struct.pack("<HHHH", BOF, 16, 0x0600, 0x0005))
    while 0 <= at < len(content):
        kind, size = struct.unpack_from("<HH", content, at)
        if kind == DATE_1904:
            return bool(content[at + 4])
        if kind == EOF:
            break
        at += 4 + size
    return False
