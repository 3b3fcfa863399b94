"""People in cells: counted by level, by arm and within groups of people; groups too small to stand alone are joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.analyses.rows import Row, cell
from iop_outcomes.tables.bands import EDGES
from iop_outcomes.tables.results import ALL
from iop_outcomes.vocabulary.levels import NOT_KNOWN

if TYPE_CHECKING:
    import pandas as pd

ANALYSIS = "records"
SAME = {"analysis": ANALYSIS, "contrast": ALL}
Groups = Mapping[str, "pd.Series"]


def count(levels: pd.Series, outcome: str, groups: Groups | None = None, **keys: object) -> list[Row]:
    """Rows of counts, without the cohort: people by level, all together, and within each group of each variable.

    levels, groups: one value per person in one order, none missing; groups by what they are grouped by. keys: further
    columns of counts, the same in all rows. A level that occurs has a row in every group, with 0 where no one of the
    group is in it, so that the levels of a group add up to its people.
    """
    everyone = levels.astype("category").value_counts(sort=False)
    told = {**SAME, "outcome": outcome, **keys}
    rows = [cell(told, str(level), n) for level, n in everyone.items() if n]
    for by, own in (groups or {}).items():
        people = _table(own, levels)
        rows += [cell({**told, "group_by": by, "group": group}, level, n) for (group, level), n in people.items()]
    return rows


def apart(levels: pd.Series, groups: pd.Series, outcome: str, group_by: str, **keys: object) -> list[Row]:
    """Rows of counts, without the cohort, of people within each group only: of groups that share few levels, such as
    levels of care and where people went from them. Where no one is, there is no row.
    """
    told = {**SAME, "outcome": outcome, "group_by": group_by, **keys}
    people = _table(groups, levels)
    return [cell({**told, "group": group}, level, n) for (group, level), n in people.items() if n]


def _table(groups: pd.Series, levels: pd.Series) -> dict[tuple[str, str], int]:
    """People by group and level: all levels that occur in each of the groups."""
    import numpy as np
    import pandas as pd

    rows, columns = pd.Categorical(groups), pd.Categorical(levels)
    shape = len(rows.categories), len(columns.categories)
    if 0 in shape:
        return {}
    people = np.bincount(np.ravel_multi_index((rows.codes, columns.codes), shape), minlength=shape[0] * shape[1])
    people = people.reshape(shape)
    there = people.any(axis=1, keepdims=True) & people.any(axis=0, keepdims=True)
    return {(rows.categories[i], columns.categories[j]): people[i, j] for i, j in np.argwhere(there)}


def banded(values: pd.Series, bands: Sequence[str]) -> pd.Series:
    """The band of each value; 'not_known' where it is missing, or below the lowest band."""
    import numpy as np
    import pandas as pd

    numbers = values.to_numpy("float64", na_value=float("nan"))
    place = np.searchsorted(np.asarray(EDGES[tuple(bands)]), numbers, side="right") - 1
    names = np.asarray([*bands, NOT_KNOWN], dtype=object)
    known = ~np.isnan(numbers) & (place >= 0)
    return pd.Series(names[np.where(known, place, len(bands))], index=values.index)


def grouped(values: pd.Series, smallest: int, most: int, rest: str) -> pd.Series | None:
    """The group of each person, or None where there would be a single one.

    Kept are the `most` largest values with at least `smallest` people; all others are `rest`. While the rest holds
    someone, and fewer than `smallest`, the smallest kept value joins it: the size of each group may then be told.
    """
    sizes = values.value_counts().rename_axis("value").rename("people").reset_index()
    ordered = sizes.sort_values(["people", "value"], ascending=[False, True])
    kept = ordered[ordered["people"] >= smallest].head(most)
    while len(kept) and 0 < len(values) - kept["people"].sum() < smallest:
        kept = kept.iloc[:-1]
    named = values.where(values.isin(kept["value"]), rest)
    if named.nunique() < 2:
        return None
    return named.astype("category")


def finished(rows: Sequence[Row], cohort: str) -> list[Row]:
    """The rows with the cohort's name."""
    return [{**row, "cohort": cohort} for row in rows]
