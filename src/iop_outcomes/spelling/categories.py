"""The values of one column in one spelling each, where no list of codes has said what they mean.

In order: identifiers of people wait for the other tables (`spelling.people`); identifiers of records lose the `.0` of
whole numbers; values of a canonical list, or those that a mapping's codes stand for, are brought to its spelling; other
categories that are one value get the spelling of most rows. Numbers and dates keep theirs, but for `.0` behind a date.

Refuses (`lookup.Ambiguous`) categories that differ in zeros before their digits only, or are one letter in both
cases, where one file holds both. Those that end in other zeros (303.9 and 303.90) stay two.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from iop_outcomes.spelling import forms, lookup

# people are told apart over all tables, and records within their own
PERSON, RECORD = "person_id", "stay_id"


def canonical(
    cells: Sequence[str | None],
    rows: Sequence[int],
    name: str,
    allowed: Collection[str] = (),
    words: Collection[str] = (),
    together: lookup.Together = lookup.always,
) -> tuple[list[str | None], frozenset[str]]:
    """Each distinct value of a text column in one spelling, and what was overlooked. Raises lookup.Ambiguous.

    cells: tidy. rows: in how many rows each stands. name: table.column. allowed: all values that the column may have.
    words: some of its values, whose spelling stands. together: whether some cells, by position, stand in one file.
    """
    column = name.split(".")[1]
    if column == PERSON:
        return list(cells), frozenset()
    if column == RECORD:
        if _plain_already([c for c in cells if c is not None]):
            return list(cells), frozenset()
        of = forms.column(c for c in cells if c is not None)
        return [None if c is None else forms.unmarked(c, of) for c in cells], frozenset()
    known = lookup.find(cells, {w: w for w in allowed or words}, lambda _: False, closed=bool(allowed))
    spelt = [cell if word is None else word for cell, word in zip(cells, known.codes, strict=True)]
    if allowed:
        return spelt, known.how
    rest = [i for i, word in enumerate(known.codes) if word is None and cells[i] is not None]
    kept, how = one_spelling(
        [cells[i] for i in rest], [int(rows[i]) for i in rest], lambda at: together([rest[i] for i in at])
    )
    for i, value in zip(rest, kept, strict=True):
        spelt[i] = value
    return spelt, known.how | how


def _plain_already(cells: Sequence[str]) -> bool:
    """Whether all cells are digits, not zeros alone, or letters and digits that begin with a letter: all is kept."""
    whole = "".join(cells)
    if not (whole.isascii() and whole.isalnum()):
        return not whole
    return all(c.strip("0") for c in cells) if whole.isdigit() else all(c[0].isalpha() for c in cells)


def one_spelling(
    cells: Sequence[str | None], rows: Sequence[int], together: lookup.Together = lookup.always
) -> tuple[list[str | None], frozenset[str]]:
    """Each distinct cell in the one spelling of its value, and what was overlooked. Raises lookup.Ambiguous.

    rows: how many rows each cell stands in: the spelling of most rows is kept, the first in the alphabet where they
    tie. For columns whose values no list explains.
    """
    filled = [i for i, cell in enumerate(cells) if cell is not None]
    of = forms.column(str(cells[i]) for i in filled)
    neat = {i: forms.tidy(str(cells[i])) for i in filled}
    groups: dict[str, list[int]] = {}
    for i in filled:
        groups.setdefault(forms.bare(neat[i], of), []).append(i)
    spelt, how = list(cells), set()
    for same in groups.values():
        for one in _apart(same, neat, of, together) if len(same) > 1 else [same]:
            kept = _kept([(forms.unmarked(neat[i], of), rows[i]) for i in one])
            for i in one:
                how.add(forms.difference(str(cells[i]), kept, of))
                spelt[i] = kept
    return spelt, frozenset(how - {""})


def _kept(spelt: Iterable[tuple[str, int]]) -> str:
    total: dict[str, int] = {}
    for text, n in spelt:
        total[text] = total.get(text, 0) + n
    return min(total, key=lambda text: (-total[text], text))


def _apart(same: list[int], neat: Mapping[int, str], of: forms.Column, together: lookup.Together) -> list[list[int]]:
    """Cells of equal value: those that are one, together. Raises lookup.Ambiguous."""
    letters = {neat[i]: i for i in same if len(neat[i]) == 1 and neat[i].isalpha()}
    if len(letters) > 1 and together(list(letters.values())):
        one, other = sorted(letters)
        raise lookup.Ambiguous(forms.STEPS[forms.CASE][0], one, other, listed=False)
    ways: dict[str, list[int]] = {}
    for i in same:
        ways.setdefault(forms.folded(neat[i], of), []).append(i)
    if len(ways) == 1:
        return [same]
    if any("." in way for way in ways):
        # 303.9 and 303.90 are two codes; so are 303 and 303.0 among fractions
        return list(ways.values())
    if together([own[0] for own in ways.values()]):
        one, other = sorted(neat[own[0]] for own in list(ways.values())[:2])
        raise lookup.Ambiguous(forms.STEPS[forms.ZEROS][0], one, other, listed=False)
    return [same]
