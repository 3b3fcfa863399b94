"""People in cells: counted by level, by arm and within groups of people; groups too small to stand alone are joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.analyses.rows import Row
from iop_outcomes.tables.bands import EDGES, NOT_KNOWN

if TYPE_CHECKING:
    import pandas as pd

ANALYSIS = "records"
ALL = "all"
SAME = {"analysis": ANALYSIS, "contrast": ALL, "status": "ok"}
Groups = Mapping[str, "pd.Series"]


def count(
    levels: pd.Series,
    outcome: str,
    arms: pd.Series | None = None,
    groups: Groups | None = None,
    horizon_days: int | None = None,
    subgroup: str = ALL,
) -> list[Row]:
    """Rows of counts, without the cohort: people by level, all together, and within each group of each variable.

    levels, arms, groups: one value per person in one order, none missing. arms: None counts everyone under 'all'.
    Every level that occurs in an arm has a row in each group of the arm's people, with 0 where no one of the group is
    in it, so that the levels of a group add up to its people.
    """
    import pandas as pd

    everyone = pd.Series(ALL, index=levels.index, dtype="category")
    rows: list[Row] = []
    for found in (None, *(groups or {}).values()):
        table = _table([everyone if arms is None else arms, everyone if found is None else found, levels])
        for (arm, group, level), people in table.items():
            row = {"arm": arm, "subgroup": subgroup if found is None else group, "level": level, "count": int(people)}
            rows.append({**row, "outcome": outcome, "horizon_days": horizon_days, **SAME})
    return rows


def _table(keys: Sequence[pd.Series]) -> dict[tuple[str, str, str], int]:
    """People by arm, group and level: all levels of an arm in each of its groups."""
    import numpy as np
    import pandas as pd

    coded = [pd.Categorical(k) for k in keys]
    shape = tuple(len(c.categories) for c in coded)
    if 0 in shape:
        return {}
    place = np.ravel_multi_index([c.codes for c in coded], shape)
    people = np.bincount(place, minlength=int(np.prod(shape))).reshape(shape)
    groups, levels = people.any(axis=2, keepdims=True), people.any(axis=1, keepdims=True)
    names = [c.categories for c in coded]
    return {(names[0][i], names[1][j], names[2][k]): people[i, j, k] for i, j, k in np.argwhere(groups & levels)}


def banded(values: pd.Series, bands: Sequence[str]) -> pd.Series:
    """The band of each value; 'not_known' where it is missing, or below the lowest band."""
    import numpy as np
    import pandas as pd

    numbers = values.to_numpy("float64", na_value=float("nan"))
    place = np.searchsorted(np.asarray(EDGES[tuple(bands)]), numbers, side="right") - 1
    names = np.asarray([*bands, NOT_KNOWN], dtype=object)
    known = ~np.isnan(numbers) & (place >= 0)
    return pd.Series(names[np.where(known, place, len(bands))], index=values.index)


def grouped(values: pd.Series, kind: str, smallest: int, most: int, rest: str) -> pd.Series | None:
    """The group of each person as 'kind: value', or None where there would be a single one.

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
    coded = named.astype("category")
    return coded.cat.rename_categories([f"{kind}: {c}" for c in coded.cat.categories])


def finished(rows: Sequence[Row], cohort: str) -> list[Row]:
    """The rows with the cohort's name."""
    return [{**row, "cohort": cohort} for row in rows]
