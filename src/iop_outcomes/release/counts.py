"""Counts of people in cells: hide small ones and what would give them away, then round.

In order: the lines along which cells add up are found (the levels of a group, whose total a reader may know; the
groups of 'all'; the arms of 'all'; cells of which one holds people of the other, `iop_outcomes.release.nesting`);
cells are hidden (`iop_outcomes.release.suppression`); what is left is rounded. A hidden cell has status 'suppressed'
and no count. Groups of one outcome that differ by a few people between analyses are listed by `difference_risks`.

The analysis 'records' counts the same people field by field, day by day and step by step, so that a few of them
could be had as a difference of two of its tables. Its counts are rounded to the nearest five as well, under any
policy that withholds anything; differences then tell no number of people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import OVERLAP_BASE, Policy
from iop_outcomes.release.suppression import hide
from iop_outcomes.tables.results import ALL, BY_ARM
from iop_outcomes.vocabulary.answers import EVENT, NO_EVENT

if TYPE_CHECKING:
    import pandas as pd

Key = dict[str, object]
Cells = dict[str, int]
GROUP = ["analysis", "cohort", "contrast", "arm", "outcome", "variable", "horizon_days", "group_by", "group"]
CELL = ["level", "detail"]
CUMULATIVE = frozenset({EVENT, NO_EVENT})
# analyses whose tables overlap, with the base to which their counts are rounded at least
OVERLAPPING = {"records": OVERLAP_BASE}
ALIKE = ("cohort", "arm", "outcome", "variable")
RISK_COLUMNS = [*GROUP, "other_analysis", "other_contrast", "other_horizon_days"]


def suppress(
    counts: pd.DataFrame,
    policy: Policy,
    withheld: Collection[int] = (),
    drawn: Collection[int] = (),
    nested: Sequence[Line] = (),
) -> pd.DataFrame:
    """The counts that may be released: same rows, hidden cells without a count, the others rounded.

    withheld, drawn: positions of rows, as `cells.hide` has them. nested: lines beside those of the table itself.
    """
    import pandas as pd

    frame = counts.reset_index(drop=True)
    values = [int(v) for v in frame["count"].fillna(0)]
    lines = [*_lines(frame), *nested]
    hidden = hide(values, lines, policy, withheld, drawn) | set(frame.index[frame["count"].isna()])
    shown = [
        pd.NA if i in hidden else _blurred(v, str(analysis), policy)
        for i, (v, analysis) in enumerate(zip(values, frame["analysis"], strict=True))
    ]
    status = ["suppressed" if i in hidden else "ok" for i in range(len(frame))]
    return frame.assign(count=pd.array(shown, dtype="Int64"), status=pd.Series(status, dtype=object))


def _blurred(count: int, analysis: str, policy: Policy) -> int:
    return policy.blurred(count, OVERLAPPING[analysis]) if analysis in OVERLAPPING else policy.rounded(count)


def _lines(frame: pd.DataFrame) -> Iterator[Line]:
    """Every line along which the cells add up."""
    analysis = frame["analysis"].to_numpy()
    for positions in frame.groupby(GROUP, dropna=False, sort=False).indices.values():
        yield Line(tuple(int(i) for i in positions), base=OVERLAPPING.get(analysis[positions[0]], 1))
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
                base = OVERLAPPING.get(frame["analysis"][total[0]], 1)
                yield Line(tuple(parts), total[0], rest, base=base)


def difference_risks(counts: pd.DataFrame, minimum_count: int) -> pd.DataFrame:
    """Pairs of groups of one outcome, of which one may lie within the other, that differ by 1 to
    minimum_count - 1; analyses whose counts are rounded for it are left out.

    Compared are the true counts, cell by cell and in total: groups of the same arm, outcome, horizon and
    group of people in two analyses or contrasts; and cumulative counts ('event', 'no_event') of the same people at
    two horizons. Columns: those of a group, and the analysis, contrast and horizon of the other. No count is
    in the result.
    """
    import pandas as pd

    groups: dict[tuple[object, ...], list[tuple[Key, Cells]]] = {}
    exact = counts[~counts["analysis"].isin(list(OVERLAPPING)) & (counts["detail"] == "")]
    for key, g in exact.groupby(GROUP, dropna=False, sort=True):
        cells = dict(zip(g["level"], g["count"].fillna(0).astype(int), strict=True))
        named = dict(zip(GROUP, key, strict=True))
        groups.setdefault((*(named[c] for c in ALIKE), *people_of(named)), []).append((named, cells))
    found = [
        {**first, **{f"other_{c}": second[c] for c in ("analysis", "contrast", "horizon_days")}}
        for alike in groups.values()
        for (first, cells), (second, others) in combinations(alike, 2)
        if _comparable(first, cells, second, others) and _differ_by_few(cells, others, minimum_count)
    ]
    frame = pd.DataFrame(found, columns=RISK_COLUMNS)
    return frame.astype({"horizon_days": "Int64", "other_horizon_days": "Int64"})


def people_of(cell: Mapping[str, object]) -> tuple[object, object]:
    """How the people of a cell are grouped; those of an arm are the arm's, which its own column tells already."""
    return (ALL, ALL) if cell["group_by"] == BY_ARM else (cell["group_by"], cell["group"])


def _comparable(first: Key, cells: Cells, second: Key, others: Cells) -> bool:
    differs = {c for c in GROUP if str(first[c]) != str(second[c])} - {"group_by", "group"}
    if differs and differs <= {"analysis", "contrast"}:
        return True
    same_people = sum(cells.values()) == sum(others.values())
    return differs == {"horizon_days"} and same_people and set(cells) | set(others) <= CUMULATIVE


def _differ_by_few(cells: Cells, others: Cells, minimum_count: int) -> bool:
    differences = [cells[level] - others[level] for level in cells if level in others]
    if set(cells) == set(others):
        differences.append(sum(differences))
    moved = set(cells) | set(others) <= CUMULATIVE and differences[-1:] == [0]
    within = all(d >= 0 for d in differences) or all(d <= 0 for d in differences)
    return (within or moved) and any(0 < abs(d) < minimum_count for d in differences)
