"""Counts of people in cells: what is told of each, so that no small one can be worked out.

In order: the lines along which cells add up are found (the levels of a group, whose total a reader may know; the
groups of 'all'; the arms of 'all'; cells of which one holds people of the other, `iop_outcomes.release.nesting`); with
their cells they make one system, which is protected as a whole (`iop_outcomes.release.system`). A cell is then exact
('ok'), rounded to a multiple of a base, told as a range ('between') or withheld ('suppressed').

The analysis 'records' counts the same people field by field, day by day and step by step, so that a few of them
could be had as a difference of two of its tables. Its counts are rounded to the nearest five as well, under any
policy that withholds anything; differences then tell no number of people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.release.lines import Line
from iop_outcomes.release.numbers import Number
from iop_outcomes.release.policy import OVERLAP_BASE, Policy
from iop_outcomes.release.suppression import protect
from iop_outcomes.release.system import Shown, System
from iop_outcomes.tables.results import ALL, BY_ARM, BY_HOURS, BY_PLACE_BEFORE_DAY, BY_PLACE_ON_DAY, BY_TESTS
from iop_outcomes.vocabulary.statuses import BETWEEN, OK, ROUNDED, SUPPRESSED

if TYPE_CHECKING:
    import pandas as pd

GROUP = ["analysis", "cohort", "contrast", "arm", "outcome", "variable", "horizon_days", "group_by", "group"]
CELL = ["level", "detail"]
NUMBERS = ("count", "count_low", "count_high", "rounded_to")
# the analysis whose tables overlap each other
RECORDS = "records"
# how people are grouped whom other tables count in other ways, to within a few
OVERLAPPING = (BY_HOURS, BY_TESTS, BY_PLACE_ON_DAY, BY_PLACE_BEFORE_DAY)


def suppress(counts: pd.DataFrame, policy: Policy, nested: Sequence[Line] = ()) -> pd.DataFrame:
    """The counts as they may be told: same rows, each exact, rounded, as a range or withheld.

    nested: lines beside those of the table itself.
    """
    frame = counts.reset_index(drop=True)
    system = System(people_in(frame), (*lines(frame), *nested), bases(frame, policy))
    return told(frame, protect(system, policy, policy.rounding_base))


def people_in(frame: pd.DataFrame) -> tuple[int, ...]:
    """The people of each cell."""
    return tuple(int(v) for v in frame["count"].fillna(0))


def bases(frame: pd.DataFrame, policy: Policy, modifiers: Sequence[str] = ()) -> tuple[int, ...]:
    """To which each cell is rounded at least, for its own sake. modifiers: by which people are grouped."""
    round_them = set() if policy.exact else overlapping(frame, modifiers)
    return tuple(OVERLAP_BASE if i in round_them else 1 for i in range(len(frame)))


def overlapping(frame: pd.DataFrame, modifiers: Sequence[str] = ()) -> set[int]:
    """Positions of cells that are rounded as tables of the same people overlap: those of records, and people of an arm
    in care by their hours, or by the tests that were scheduled for them, who are told in other ways as well, and people
    by place on a day, who are told by how and when they left as well, and those of the groups of a modifier, who are
    some of the groups of every other.
    """
    rounded = (frame["analysis"] == RECORDS) | frame["group_by"].isin([*OVERLAPPING, *modifiers])
    return {i for i, one in enumerate(rounded) if one}


def told(frame: pd.DataFrame, shown: Shown) -> pd.DataFrame:
    """The rows with what is told of each."""
    import pandas as pd

    columns = {
        "count": shown.count,
        "rounded_to": [base or None for base in shown.base],
        "count_low": shown.low,
        "count_high": shown.high,
    }
    status = [
        (OK if base == 1 else ROUNDED) if base else BETWEEN if low is not None else SUPPRESSED
        for base, low in zip(shown.base, shown.low, strict=True)
    ]
    numbers = {name: pd.array(list(values), dtype="Int64") for name, values in columns.items()}
    return frame.assign(**numbers, status=pd.Series(status, dtype=object, index=frame.index))


def withheld(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with nothing told of them."""
    nothing = (None,) * len(frame)
    return told(frame, Shown(nothing, (0,) * len(frame), nothing, nothing))


def numbers(frame: pd.DataFrame) -> list[Number]:
    """What is told of each row."""
    import pandas as pd

    columns = [[None if pd.isna(v) else int(v) for v in frame[name]] for name in NUMBERS]
    return [Number(count, low, high, base or 0) for count, low, high, base in zip(*columns, strict=True)]


def lines(frame: pd.DataFrame) -> Iterator[Line]:
    """Every line along which the cells add up."""
    for positions in frame.groupby(GROUP, dropna=False, sort=False).indices.values():
        if len(positions) > 1:  # one cell is the size of its group itself
            yield Line(tuple(int(i) for i in positions))
    yield from _margins(frame, "arm")
    yield from _margins(frame, "group", "group_by")


def _margins(frame: pd.DataFrame, column: str, by: str = "") -> Iterator[Line]:
    """Lines whose total is the cell of 'all' in a column; its other cells stand together by the column `by`."""
    totals = frame[by or column] == ALL
    if totals.all() or not totals.any():
        return
    count = frame["count"].fillna(0).astype(int)
    others = [c for c in (*GROUP, *CELL) if c not in (column, by)]
    for positions in frame.groupby(others, dropna=False, sort=False).indices.values():
        total = [int(i) for i in positions if totals[i]]
        variables: dict[str, list[int]] = {}
        for i in (int(i) for i in positions if not totals[i]):
            variables.setdefault(frame[by][i] if by else "", []).append(i)
        for parts in variables.values() if total else ():
            rest = int(count[total[0]] - count[parts].sum())
            if rest >= 0:  # otherwise the parts overlap, and nothing adds up
                # of groups that cover everyone it is known that they do
                yield Line(tuple(parts), total[0], rest or None)


def people_of(cell: Mapping[str, object]) -> tuple[object, object]:
    """How the people of a cell are grouped; those of an arm are the arm's, which its own column tells already."""
    return (ALL, ALL) if cell["group_by"] == BY_ARM else (cell["group_by"], cell["group"])
