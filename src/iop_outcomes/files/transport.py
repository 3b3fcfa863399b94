"""Whether all rows of a SAS transport file (.xpt) were read, and no others.

Version 5 does not say how many rows there are, and is filled up with blanks to a whole number of lines of 80 bytes: a
reader that takes blank rows at the end for filling loses them, where the columns are all text. Here the file's length
and the widths of its columns tell how many rows there are at least. Format: "Record Layout of a SAS Version 5 or 6 Data
Set in SAS Transport (XPORT) Format" (SAS Institute, TS-140); "... of a SAS Version 8 or 9 Data Set" (2012).

Refuses files of which rows are lost, and those with several tables, of which a reader takes the later ones for rows.
"""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from iop_outcomes.errors import StudyError

LINE = 80
HEADER = re.compile(rb"HEADER RECORD\*{7}(MEMBER|MEMBV8|NAMESTR|NAMSTV8|OBS|OBSV8) +HEADER RECORD!{7}(.{32})")


def check(path: Path, read: int) -> None:
    """Hold the number of rows that were read to the file. Raises StudyError."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        _check(path.name, content, read)


def _check(where: str, content: mmap.mmap, read: int) -> None:
    headers = [found for found in HEADER.finditer(content) if found.start() % LINE == 0]
    if sum(found[1].startswith(b"MEMB") for found in headers) > 1:
        raise StudyError(
            f"{where} holds several tables. Expected one in a file: write each to a transport file of its own, or "
            "export them as CSV."
        )
    names = next((found for found in headers if found[1] == b"NAMESTR"), None)
    begin = next((found for found in headers if found[1] == b"OBS"), None)
    if names is None or begin is None:
        return  # version 8 says how many rows it has
    least = _least(len(content) - begin.start() - LINE, _width(content, names))
    if read < least:
        raise StudyError(
            f"{where}: at least {least - read} of the rows at its end are blank, and are lost in a transport file "
            "of version 5 whose columns are all text. Remove them, or export the table with a column of numbers, or as "
            "CSV."
        )


def _width(content: mmap.mmap, names: re.Match[bytes]) -> int:
    """Bytes in a row: the widths of the columns, each described in 140 bytes (136 on VAX)."""
    count = int(names[2][6:10])
    member = next(m for m in HEADER.finditer(content) if m[1] == b"MEMBER")
    size = int(member[2][20:30])
    first = names.start() + LINE
    return sum(int.from_bytes(content[at + 4 : at + 6], "big") for at in range(first, first + count * size, size))


def _least(length: int, width: int) -> int:
    """The fewest rows that fill so many bytes of whole lines."""
    return max((length - LINE) // width + 1, 0) if length > 0 and width > 0 else 0
