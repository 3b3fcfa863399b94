"""Who is who over the tables of a source: one spelling for the identifier of each person.

Tables come one after the other, persons first. In order, on distinct identifiers: characters that look alike, `.0`
after a whole number, separators and exponents are no part of an identifier. Two that differ in case only, or in zeros
before their digits, are one person where no file holds both; the spelling that came first stands. Identifiers made of
capital and small letters mixed are told apart by case.

Refuses a file that holds two such spellings, of which nobody can tell whether they are one person, and long numbers
that a spreadsheet has shortened (1.23457E+11). Messages show what identifiers look like, and never one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.spelling import forms

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

COLUMN = "person_id"


class Register:
    """The identifiers seen so far. exact: they are taken as they are written. told: sentences on what was joined."""

    def __init__(self, exact: bool = False) -> None:
        self._exact = exact
        # by what spellings of a person have in common: the one that stands; those told apart by case only
        self._known: dict[str, str] = {}
        self._cases: dict[str, set[str]] = {}
        self._mixed = True
        self.told: list[str] = []

    def spelt(self, table: str, cells: pd.Series, files: NDArray[np.int64] | None = None) -> pd.Series:
        """The identifiers of a table, each in the spelling of its person. Raises StudyError.

        cells: one str or None per row. files: the number of the file of each row; None for one file.
        """
        import pandas as pd

        codes, distinct = pd.factorize(cells)
        texts = list(distinct)
        kept = self.names(table, texts, codes, files)
        return cells if kept is texts else pd.Series([*kept, None], dtype=object).take(codes).set_axis(cells.index)

    def names(
        self, table: str, texts: list[str], codes: NDArray[np.int64], files: NDArray[np.int64] | None = None
    ) -> list[str]:
        """Distinct identifiers in the spelling of their person; `texts` itself where nothing changes.

        codes: the position among them of each row's. files: the number of the file of each row.
        """
        if self._exact:
            return texts
        neat = plain(f"{table}.{COLUMN}", texts)
        keys = _common(neat)
        self._mixed = self._mixed and keys != neat and any(c != c.lower() and c != c.upper() for c in neat)
        if len(set(keys)) < len(set(neat)) or not self._cases.keys().isdisjoint(keys):
            self._several(table, neat, keys, codes, files)
        if self._mixed:
            # made of both cases: the same letters in another case are another person
            differ = {k for k, c in zip(keys, neat, strict=True) if self._known.get(k, c) != c}
            for key, text in zip(keys, neat, strict=True):
                if key in differ:
                    self._cases.setdefault(key, {self._known[key]}).add(text)
        if self._cases:
            kept = [c if k in self._cases else self._known.setdefault(k, c) for k, c in zip(keys, neat, strict=True)]
        else:
            kept = list(map(self._known.setdefault, keys, neat))
        if kept == texts:
            return texts
        self.told.append(f"{table}.{COLUMN}: identifiers that only their spelling sets apart were read as one.")
        return kept

    def _several(
        self,
        table: str,
        neat: Sequence[str],
        keys: Sequence[str],
        codes: NDArray[np.int64],
        files: NDArray[np.int64] | None,
    ) -> None:
        """Identifiers that have something in common: told apart by case, of one person in several files, or refused."""
        groups: dict[str, dict[str, list[int]]] = {}
        for i, (key, text) in enumerate(zip(keys, neat, strict=True)):
            groups.setdefault(key, {}).setdefault(text, []).append(i)
        for key, ways in groups.items():
            told_apart = self._mixed and len({way.casefold() for way in ways}) == 1
            strange = sorted(set(ways) - self._cases.get(key, set(ways)))
            if strange and not told_apart:
                raise _unclear(table, strange[0], min(self._cases[key]))
            if len(ways) > 1 and told_apart:
                self._cases.setdefault(key, set()).update(ways)
            elif len(ways) > 1 and key not in self._cases and _together(list(ways.values()), codes, files):
                raise _unclear(table, *sorted(ways)[:2])


def plain(where: str, texts: list[str]) -> list[str]:
    """Identifiers without what a program adds to a number. Raises StudyError where digits were lost.

    where: the column, for the message.
    """
    whole = "".join(texts)
    if whole.isascii() and whole.isdigit():
        return texts
    numbers = all(forms.NUMBER.fullmatch(forms.tidy(c)) for c in texts)
    if not numbers and whole.isascii() and whole.isalnum():
        return texts
    odd = [forms.tidy(c) for c in texts if not (c.isascii() and c.isalnum())]
    if numbers and any(forms.lost_digits(c) for c in odd):
        raise StudyError(
            f"{where}: some identifiers are numbers with an exponent, as a spreadsheet shows long ones: "
            "their last digits are lost, and several people may share one. Export the column again as text."
        )
    of = forms.Column(numbers, forms.column(odd).fractions)
    simple = str.isdigit if numbers else str.isalnum
    return [c if c.isascii() and simple(c) else forms.plain(forms.tidy(c), of) for c in texts]


def _common(cells: list[str]) -> list[str]:
    """What spellings of each identifier have in common: digits without zeros before them, or small letters."""
    if forms.words(cells):
        return "\n".join(cells).casefold().split("\n") if cells else []
    return [_common_of(c) for c in cells]


def _common_of(cell: str) -> str:
    found = forms.NUMBER.fullmatch(cell)
    # 12.1 and 12.10 may be the first and the tenth of a family
    return cell.casefold() if found is None or (found["fraction"] or "").strip("0") else forms.bare(cell)


def _together(ways: Sequence[Sequence[int]], codes: NDArray[np.int64], files: NDArray[np.int64] | None) -> bool:
    """Whether a file holds several spellings."""
    import numpy as np

    if files is None:
        return True
    held = [set(files[np.isin(codes, at)].tolist()) for at in ways]
    return len(set[int]().union(*held)) < sum(map(len, held))


def _unclear(table: str, one: str, other: str) -> StudyError:
    how = forms.difference(one, other) or "zeros before the digits"
    return StudyError(
        f"{table}.{COLUMN}: identifiers that differ in {how} only stand beside each other ({forms.pattern(one)}, "
        f"and {forms.pattern(other)}), so nobody can tell whether they are one person or two. Write them one way in "
        f"the export, or put '{COLUMN}' into `source.as_written` where they are different people in every table."
    )
