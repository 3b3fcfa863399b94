"""An endpoint of use patterns as a row of a table: what is counted, where, how it is read, and what comes of it.

In order, an endpoint takes the patterns in its own unit (weeks, or single tests), keeps the intervals of its schedule,
fills in what it fills in, reads each state as it says, cuts its window, and takes one statistic. Several rows of one
name and version are one endpoint: yes, where all of them are. `columns` says what a cell of each column may hold.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from iop_outcomes.errors import StudyError
from iop_outcomes.patterns import ranges
from iop_outcomes.patterns.symbols import DIED, MISSED, NOT_DUE, POSITIVE, STATES
from iop_outcomes.patterns.unused import unused
from iop_outcomes.patterns.words import (
    CARRIED_FORWARD,
    FIRST,
    FIRST_COUNTING,
    INDEX,
    KNOWN,
    LAST_TEST,
    LATEST_START,
    LEFT_OUT,
    LOGICAL,
    MOST_COMMON,
    NEIGHBOURS,
    STATISTICS,
    SURVIVAL,
    TEST,
    TESTS,
    VALUES,
    WEEK,
    WEEKS,
)

NUMBER = r"-?\d{1,9}(\.\d{1,9})?"
SURVIVAL_NAME = re.compile(r"^([A-Z][a-z])([TE])_(.+)$")


@dataclass(frozen=True)
class Definition:
    """One row. Raises StudyError where its cells do not fit together.

    name, version: of the endpoint. value: logical, integer, proportion or survival. statistic: what is taken. counts:
    weights by code of the states that count. at_least, at_most: for `first`, how many in its window; for logical
    values, between what the statistic lies. within: intervals of the window of `first`. dated: see above. unit,
    tests_per_week: how it is tested. schedule: weeks with a test; () is all. fill: see above. start, end: first and
    last week or test, from the end where negative. window_of: what these count. missed, mixed, excused, not_scheduled,
    died: the state as which each is read, left_out, or '' (or its own name) for a state of its own, which stays in a
    denominator and breaks a run. An excused test, and one that was not scheduled, is no test unless the row says
    otherwise, as in the published endpoints: it is left out. retained: tests reach at least this week, or the value is
    `otherwise`. empty: value of a share of nothing. penalty: factors of the weeks for `index`. scale: its largest
    value.
    """

    name: str
    version: str
    value: str
    statistic: str
    counts: Mapping[int, float]
    at_least: float | None = None
    at_most: float | None = None
    within: int = 0
    dated: str = FIRST_COUNTING
    unit: str = WEEK
    tests_per_week: float = 1
    schedule: tuple[int, ...] = ()
    fill: str = ""
    start: int = 1
    end: int | str = -1
    window_of: str = WEEKS
    missed: str = ""
    mixed: str = ""
    excused: str = LEFT_OUT
    not_scheduled: str = LEFT_OUT
    died: str = ""
    retained: int = 0
    otherwise: float | None = None
    empty: float | None = None
    penalty: tuple[float, ...] = ()
    scale: float = 1.0
    where: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        bounded = self.at_least is not None or self.at_most is not None
        wrong = next((said for broken, said in self._rules(bounded) if broken), "")
        if wrong or (wrong := ranges.wrong(self)):
            raise StudyError(f"{self.where or self.name}: {wrong}")

    def _rules(self, bounded: bool) -> Iterable[tuple[bool, str]]:
        survival, first = self.value == SURVIVAL, self.statistic == FIRST
        yield survival != first, f"a value of '{SURVIVAL}' is for the statistic '{FIRST}', which gives no other."
        yield self.value == LOGICAL and not bounded, "a yes or no needs `at_least` or `at_most`."
        yield (bounded and not first and self.value != LOGICAL, "`at_least` and `at_most` are for yes or no.")
        yield first and (self.at_least or 0) != self.needed, "`at_least` is a whole number of intervals."
        yield first and self.at_most is not None, f"`at_most` is not for the statistic '{FIRST}'."
        yield first and not self.needed, f"the statistic '{FIRST}' needs `at_least`: how many make the event."
        yield first and self.span < self.needed, f"{self.needed} of {self.span} intervals cannot be. Widen `within`."
        yield self.statistic == INDEX and not self.penalty, f"the statistic '{INDEX}' needs `penalty`."
        yield (
            self.statistic == INDEX and not {POSITIVE.code, MISSED.code} & set(self.counts),
            f"the statistic '{INDEX}' takes use from its best value, and `counts` names none: it would be defined of "
            "nobody. Name positive, as in 'positive; mixed 0.5'.",
        )
        yield self.start == 0 or self.end == 0, "weeks and tests are counted from 1, or from -1 backwards."
        yield (
            isinstance(self.end, int) and self.start * self.end > 0 and self.start > self.end,
            f"the window ends ({self.end}) before it starts ({self.start}).",
        )

    @property
    def needed(self) -> int:
        """How many make an event."""
        return int(self.at_least or 0)

    @property
    def span(self) -> int:
        """Among how many in a row they are to be found."""
        return self.within or self.needed

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of its columns: its own; of times to an event `XxT_...` and `XxE_...` for `Xx_...`."""
        if self.value != SURVIVAL:
            return (self.name,)
        stem, _, rest = self.name.partition("_")
        return f"{stem}T_{rest}", f"{stem}E_{rest}"


def nearest(word: str, known: Collection[str]) -> str:
    """' Did you mean ...?' with the nearest known word, or what is known."""
    by_letters = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(word.casefold(), list(by_letters), 1)
    return f" Did you mean '{by_letters[near[0]]}'?" if near else f" Known: {', '.join(known)}."


def _one_of(*known: str) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if cell not in known:
            raise StudyError(f"'{cell}' is not known.{nearest(cell, known)}")
        return cell

    return read


def _number(cell: str) -> float:
    """A number, or one divided by another."""
    over, sign, under = cell.partition("/")
    if re.fullmatch(NUMBER, over.strip()) and (not sign or (re.fullmatch(NUMBER, under.strip()) and float(under))):
        return float(over) / float(under or 1)
    raise StudyError(f"'{cell}' is no number. Expected one such as 4, 0.7 or 2/3.")


def _whole(cell: str) -> int:
    if not re.fullmatch(r"-?\d{1,9}", cell):
        raise StudyError(f"'{cell}' is no whole number. Expected one such as 4.")
    return int(cell)


def _end(cell: str) -> int | str:
    return cell if cell == LAST_TEST else _whole(cell)


def _state(name: str, *further: str) -> str:
    """A state that an interval can have, or a further word."""
    if name == NOT_DUE.name:
        raise StudyError(f"'{name}' is what comes after a person's pattern has ended. Name a state of an interval.")
    return _one_of(*(state for state in STATES if state != NOT_DUE.name), *further)(name)


def _read_as(cell: str) -> str:
    return _state(cell, LEFT_OUT)


def _weights(cell: str) -> dict[int, float]:
    """States with their weights, as in 'negative; mixed 0.5'."""
    found: dict[int, float] = {}
    for one in cell.split(";"):
        name, _, weight = one.strip().partition(" ")
        code = STATES[_state(name)].code
        if code in found:
            raise StudyError(f"'{name}' stands twice, and only one weight could count. Leave one out.")
        found[code] = _number(weight.strip()) if weight else 1.0
    return found


def _weeks(cell: str) -> tuple[int, ...]:
    """Weeks, as in '1-7; 9; 11'."""
    found: list[int] = []
    for one in cell.split(";"):
        first, _, last = one.strip().partition("-")
        low, high = _whole(first), _whole(last or first)
        if not 1 <= low <= high <= ranges.LAST_WEEK:
            raise StudyError(f"'{one.strip()}' is no week, and no weeks one after the other. Expected 1-7; 9; 11.")
        found += range(low, high + 1)
    twice = sorted({week for week in found if found.count(week) > 1}) if len(found) > len(set(found)) else []
    if twice:
        raise StudyError(f"week {twice[0]} stands twice. Name each week once, as in 1-7; 9; 11.")
    return tuple(found)


def _factors(cell: str) -> tuple[float, ...]:
    """Factors of weeks one after the other, as in '1 x 3; 2 x 3'."""
    found: list[float] = []
    for one in cell.split(";"):
        factor, _, times = one.partition("x")
        weeks = _whole(times.strip()) if times else 1
        if not 1 <= weeks <= ranges.LAST_WEEK:
            raise StudyError(f"'{one.strip()}' is of no weeks. Expected a factor and its weeks, as in 1 x 3; 2 x 3.")
        found += [_number(factor.strip())] * weeks
    return tuple(found)


READERS: Mapping[str, Callable[[str], Any]] = {
    "name": str,
    "version": str,
    "value": _one_of(*VALUES),
    "statistic": _one_of(*STATISTICS),
    "counts": _weights,
    "at_least": _number,
    "at_most": _number,
    "within": _whole,
    "dated": _one_of(FIRST_COUNTING, LATEST_START, KNOWN),
    "unit": _one_of(WEEK, TEST),
    "tests_per_week": _number,
    "schedule": _weeks,
    "fill": _one_of(CARRIED_FORWARD, MOST_COMMON, NEIGHBOURS),
    "start": _whole,
    "end": _end,
    "window_of": _one_of(WEEKS, TESTS),
    "missed": _read_as,
    "mixed": _read_as,
    "excused": _read_as,
    "not_scheduled": _read_as,
    DIED.name: _read_as,
    "retained": _whole,
    "otherwise": _number,
    "empty": _number,
    "penalty": _factors,
    "scale": _number,
}
REQUIRED = [f.name for f in fields(Definition) if f.name in ("name", "version", "value", "statistic", "counts")]


def definitions(rows: Iterable[Mapping[str, str]], source: str) -> list[Definition]:
    """The rows of a table of endpoints, by column name; empty cells take the default. Raises StudyError with the row.

    source: name of the table, for messages.
    """
    return [_definition(row, f"{source}, row {number}") for number, row in enumerate(rows, 1)]


def _definition(row: Mapping[str, str], where: str) -> Definition:
    unknown = next((name for name in row if name not in READERS), None)
    if unknown is not None:
        raise StudyError(f"{where}: the column '{unknown}' is not known.{nearest(unknown, READERS)}")
    cells = {name: cell.strip() for name, cell in row.items() if cell and cell.strip()}
    lacking = [name for name in REQUIRED if name not in cells]
    if lacking:
        raise StudyError(f"{where}: the column '{lacking[0]}' is empty. Every endpoint needs {', '.join(REQUIRED)}.")
    where = f"{where} ({cells['name']})"
    read = {}
    for name, cell in cells.items():
        try:
            read[name] = READERS[name](cell)
        except StudyError as wrong:
            raise StudyError(f"{where}, column {name}: {wrong}") from None
    made = Definition(**read, where=where)
    if said := next((said for filled, said in unused(made) if filled), ""):
        raise StudyError(f"{where}: {said}")
    return made
