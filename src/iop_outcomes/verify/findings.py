"""What was found wrong in a release, in the words in which it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# findings of one file that are told one by one
MOST = 20


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. file: in which released file; where: the place in it; says: what is wrong there."""

    file: str
    where: str
    says: str

    def text(self) -> str:
        """The finding as a line."""
        return f"{self.file}{', ' + self.where if self.where else ''}: {self.says}"


def texts(found: Iterable[Finding]) -> list[str]:
    """Findings as lines, those of one file together and not more than `MOST` of them."""
    by_file: dict[str, list[str]] = {}
    for one in dict.fromkeys(found):
        by_file.setdefault(one.file, []).append(one.text())
    told = []
    for file, lines in by_file.items():
        told += lines[:MOST]
        if len(lines) > MOST:
            told.append(f"{file}: and {len(lines) - MOST} more.")
    return told
