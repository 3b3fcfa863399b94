"""The listed code that a cell stands for, however it is spelt; and where nobody can tell.

A cell is what a list says of it at the first step (`forms.STEPS`) at which it meets one listed code. Zeros may carry
meaning (0906, 303.90), and so may `.0` beside other fractions: where one file holds both spellings of a code, or of a
category that no list explains, nobody can tell, and the export is refused.

Messages show spellings that the mapping lists or that many people share, and else their pattern; never what stands in
the row of a single person.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

from iop_outcomes.errors import StudyError
from iop_outcomes.spelling.forms import CLOSED, STEPS, ZEROS, Column, Step, column, folded, pattern, tidy, words

# longer than any cell
WORDY = 10**9

# people among whom a value must be shared to be shown
FEWEST = 11


@dataclass(frozen=True)
class Found:
    """For each cell the listed code that it stands for, or None; and how it was recognised, in words."""

    codes: list[str | None]
    how: frozenset[str]


# whether cells at some positions stand together in one file
Together = Callable[[Sequence[int]], bool]


def always(_: Sequence[int]) -> bool:
    """All cells of a column stand in one file."""
    return True


def find(
    cells: Sequence[str | None],
    listed: Mapping[str, Hashable],
    together: Together = always,
    closed: bool = False,
    zeros: bool = True,
) -> Found:
    """The listed code that each cell stands for. Raises Ambiguous.

    listed: each code with what it means; codes of one meaning do not conflict. closed: the list holds all there is, so
    that nothing but its codes can be meant. zeros: 01 may be 1.
    """
    found = [cell if cell in listed else None for cell in cells]
    if not listed:
        return Found(found, frozenset())
    # nothing can be left out of words: those longer than any listed code are none of them
    longest = WORDY if closed or not words(cells) else max(map(len, listed))
    open_ = [i for i, cell in enumerate(cells) if cell is not None and len(cell) <= longest and found[i] is None]
    if not open_:
        return Found(found, frozenset())
    steps = (CLOSED if closed else STEPS) if zeros else STEPS[:ZEROS]
    of = Column() if closed or not zeros else _column_of(cells, listed)
    tables = [_keys(listed, step, of) for _, step in steps]
    last, how = steps[-1][1], set()
    loose = set(tables[-1])
    for i in open_:
        cell = tidy(str(cells[i]))
        if last(cell, of) not in loose:
            continue
        for at, (said, step) in enumerate(steps):
            codes = tables[at].get(step(cell, of))
            if codes:
                if len({listed[c] for c in codes}) > 1:
                    raise Ambiguous(said, codes[0], codes[1])
                found[i] = codes[0]
                how.add(said)
                break
    if not closed and zeros:
        _refuse_both(cells, found, of, together)
    return Found(found, frozenset(how))


def _column_of(cells: Sequence[str | None], listed: Collection[str]) -> Column:
    """What is known of a column in which listed words (NA, Unknown) may stand beside numbers."""
    known = {tidy(code).casefold() for code in listed}
    own = [cell for cell in cells if cell is not None]
    numbers = column([cell for cell in own if tidy(cell).casefold() not in known]).numbers
    return Column(numbers, column([*own, *listed]).fractions)


def _keys(listed: Collection[str], step: Step, of: Column) -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for code in listed:
        keys.setdefault(step(tidy(code), of), []).append(code)
    return keys


def _refuse_both(cells: Sequence[str | None], found: Sequence[str | None], of: Column, together: Together) -> None:
    """Raise Ambiguous where one file holds a listed code with zeros and without."""
    spelt: dict[str, dict[str, list[int]]] = {}
    for i, code in enumerate(found):
        if code is not None:
            spelt.setdefault(code, {}).setdefault(folded(tidy(str(cells[i])), of), []).append(i)
    for code, ways in spelt.items():
        at = [i for same in ways.values() for i in same]
        if len(ways) > 1 and together([same[0] for same in ways.values()]):
            other = next(str(cells[i]) for i in at if folded(tidy(str(cells[i])), of) != folded(tidy(code), of))
            raise Ambiguous(STEPS[ZEROS][0], code, other)


class Ambiguous(Exception):
    """Two spellings that may be one value or two. The caller knows the column, and whether they may be shown."""

    def __init__(self, how: str, one: str, other: str, listed: bool = True) -> None:
        super().__init__(how)
        self.how, self.one, self.other, self.listed = how, one, other, listed


def sentence(how: Collection[str]) -> str:
    """What was overlooked, for the report."""
    return f"values that differ in {' and in '.join(sorted(how))} only were read as one."


def refusal(where: str, wrong: Ambiguous, people: Callable[[str], int], cure: str) -> StudyError:
    """The message for spellings that cannot be told apart. people: how many share a cell."""
    shared = wrong.listed or min(people(wrong.one), people(wrong.other)) >= FEWEST
    both = f"'{wrong.one}' and '{wrong.other}'" if shared else f"{pattern(wrong.one)} and {pattern(wrong.other)}"
    return StudyError(
        f"{where}: {both} differ in {wrong.how} only, and both are there, so nobody can tell whether they are one "
        f"value written two ways or two values. {cure}"
    )
