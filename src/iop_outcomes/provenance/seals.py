"""A seal for every line of a released text, so that an edit is found in its line, and a changed character in its place.

The digest of a file says that it was edited, not where. The seal of a line is the first six hexadecimal digits of the
line's SHA-256; the seals of a file stand one behind the other in one text. Where one character of a line was replaced
by a digit, or a digit by another, every digit is tried in its place until the seal fits again: what stood there before
is known without a copy of the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

# released files that are text, by ending
TEXTS = (".csv", ".svg", ".html", ".yaml", ".txt")
WIDTH = 6
# bytes of the longest line in which what stood in a place is looked for
LONGEST = 20_000


@dataclass(frozen=True)
class Changed:
    """A line that is not as released. number: from 1, as the file stands; now: its bytes, None where it is gone.

    was: the line as released where one digit was changed; None where that is not it. at: place of the digit in bytes.
    """

    number: int
    now: bytes | None
    was: bytes | None = None
    at: int = -1


def of(path: Path) -> str:
    """The seals of a text file, line by line; '' of any other file."""
    return "".join(map(seal, lines(path))) if path.suffix in TEXTS else ""


def lines(path: Path) -> list[bytes]:
    """The lines of a file without their ends; the last one is empty where the file ends with a line's end."""
    return path.read_bytes().split(b"\n")


def seal(line: bytes) -> str:
    """The seal of a line."""
    return hashlib.sha256(line).hexdigest()[:WIDTH]


def changed(found: list[bytes], sealed: str) -> list[Changed]:
    """The lines of a text that do not bear their seals, in order. found: its lines; sealed: the seals as released."""
    before = [sealed[at : at + WIDTH] for at in range(0, len(sealed), WIDTH)]
    now = [seal(line) for line in found]
    if len(before) == len(now):
        pairs = zip(range(len(now)), now, before, strict=True)
        return [_one(at, found[at], old) for at, new, old in pairs if new != old]
    told: list[Changed] = []
    for what, a, b, c, d in SequenceMatcher(None, before, now, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        told += [_one(c + i, found[c + i], before[a + i]) for i in range(min(b - a, d - c))]
        told += [Changed(at + 1, found[at]) for at in range(c + (b - a), d)]
        told += [Changed(min(d, len(found)) + 1, None)] * max((b - a) - (d - c), 0)
    return told


def _one(at: int, line: bytes, sealed: str) -> Changed:
    candidates = [] if len(line) > LONGEST else list(_before(line, sealed))
    if len(candidates) != 1:
        return Changed(at + 1, line)
    place, digit = candidates[0]
    return Changed(at + 1, line, line[:place] + digit + line[place + 1 :], place)


def _before(line: bytes, sealed: str) -> Iterator[tuple[int, bytes]]:
    """The digits that, put in place of a digit, make the line bear its seal: place and digit."""
    for place in range(len(line)):
        if not line[place : place + 1].isdigit():
            continue
        head = hashlib.sha256(line[:place])
        for digit in (b"%d" % d for d in range(10)):
            whole = head.copy()
            whole.update(digit + line[place + 1 :])
            if whole.hexdigest()[:WIDTH] == sealed:
                yield place, digit
