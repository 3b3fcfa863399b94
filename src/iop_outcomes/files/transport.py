"""Whether all rows of a SAS transport file (.xpt) were read, and no others; and its missing values that are kept apart.

Version 5 does not say how many rows there are, and is filled up with blanks to a whole number of lines of 80 bytes: a
reader that takes blank rows at the end for filling loses them, where the columns are all text. Here the file's length
and the widths of its columns tell how many rows there are at least. Format: "Record Layout of a SAS Version 5 or 6 Data
Set in SAS Transport (XPORT) Format" (SAS Institute, TS-140); "... of a SAS Version 8 or 9 Data Set" (2012).

A number that is missing is a byte that says how (a dot, ._ or .A to .Z), and zeros; readers take all for missing.

Refuses files of which rows are lost, and those with several tables, of which a reader takes the later ones for rows.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

LINE = 80
HEADER = re.compile(rb"HEADER RECORD\*{7}(MEMBER|MEMBV8|NAMESTR|NAMSTV8|OBS|OBSV8) +HEADER RECORD!{7}(.{32})")


NUMBER = 1  # the type of a column of numbers
APART = b"_ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def apart(path: Path, names: Sequence[str]) -> dict[str, pd.Series]:
    """By column, missing numbers that are kept apart: '.A' or None per row. names: of the columns, in their order.

    Files of several tables, and broken ones, have none; `check` refuses them.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return _apart(content, names)


def _apart(content: mmap.mmap, names: Sequence[str]) -> dict[str, pd.Series]:
    import numpy as np
    import pandas as pd

    headers = {found[1][:3]: found for found in HEADER.finditer(content) if found.start() % LINE == 0}
    if {b"MEM", b"NAM", b"OBS"} - set(headers):
        return {}
    first, size = headers[b"NAM"].start() + LINE, int(headers[b"MEM"][2][20:30])
    described = [content[first + i * size : first + (i + 1) * size] for i in range(len(names))]
    widths = [int.from_bytes(one[4:6], "big") for one in described]
    body = np.frombuffer(content[headers[b"OBS"].start() + LINE :], dtype=np.uint8)
    width = sum(widths)
    rows = body[: len(body) // width * width].reshape(-1, width) if width else body.reshape(0, 0)
    found = {}
    for name, one, at, wide in zip(names, described, np.cumsum([0, *widths]), widths, strict=False):
        if int.from_bytes(one[0:2], "big") != NUMBER:
            continue
        cells = rows[:, at : at + wide]
        special = np.isin(cells[:, 0], list(APART)) & (cells[:, 1:] == 0).all(axis=1)
        if special.any():
            told = [
                f".{chr(byte)}" if is_special else None for byte, is_special in zip(cells[:, 0], special, strict=True)
            ]
            found[name] = pd.Series(told, dtype=object)
    return found


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
