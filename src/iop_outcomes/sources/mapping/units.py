"""A unit that changes within a column: minutes among hours, or hours among minutes.

In order: values that are plausible in the canonical unit give the median of the column, by level of care where enough
are known; a value that is implausible, and would lie near that median if it had been counted in the other unit, was
counted in it. Low values are taken for a change of unit only where there are several; values above what is possible
always. Nobody can tell such rows from others for certain, so they are set aside and not converted.

Refuses a column most of whose values are of the other unit: then the mapping names the wrong one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol.mapping import TableMapping

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Plausible:
    """Values of a column in its canonical unit outside of which another unit is thought of.

    small: the unit of the file beside which larger ones may stand, so that low values are looked at.
    """

    low: float
    high: float
    small: str
    factor: float = 60


PLAUSIBLE = {
    # care of less than ten minutes is rare, and hours of care in a day are fewer than ten
    ("sessions", "minutes"): Plausible(10, 1440, "minutes"),
    # twelve minutes a week are no program, and hours a week among minutes are fewer than that
    ("stays", "scheduled_hours_per_week"): Plausible(0.4, 168, "minutes_per_week"),
}
DEFAULT = {"minutes": "minutes", "scheduled_hours_per_week": "hours_per_week"}
# how far from the median a value may lie, as a multiple, to belong with the others
NEAR = 4
# low values that make a pattern; plausible values that make a median of their own; values that show the wrong unit
PATTERN, ENOUGH, MANY = 3, 10, 20
MOST = 0.5


def changed(table: str, frame: pd.DataFrame, column: str, mapped: TableMapping) -> pd.Series:
    """True for rows whose value in a column was counted in another unit. Raises StudyError for the wrong unit.

    frame: canonical columns, the column in its canonical unit.
    """
    import pandas as pd

    bounds = PLAUSIBLE[table, column]
    values = frame[column].astype("float64")
    values = values.where(values > 0)
    usual = values.between(bounds.low, bounds.high)
    unit = mapped.columns[column].unit or DEFAULT[column]
    low, high = (values < bounds.low) & (unit == bounds.small), values > bounds.high
    known = int(values.notna().sum())
    if known >= MANY:
        _refuse_wrong(f"{table}.{column}", unit, float((low | high).sum()) / known)
    if not usual.any() or not (low | high).any():
        return pd.Series(False, index=frame.index)
    center = _center(values.where(usual), frame.get("level_of_care"))
    near_low, near_high = (_near(values * f, center) for f in (bounds.factor, 1 / bounds.factor))
    low, high = low & near_low, high & near_high
    return high | (low if low.sum() >= PATTERN else pd.Series(False, index=frame.index))


def _center(values: pd.Series, level: pd.Series | None) -> pd.Series:
    """The median of the plausible values, those of the row's level of care where there are enough."""
    import pandas as pd

    every = pd.Series(values.median(), index=values.index)
    if level is None:
        return every
    groups = values.groupby(level)
    return groups.transform("median").where(groups.transform("count") >= ENOUGH, every).fillna(every)


def _near(values: pd.Series, center: pd.Series) -> pd.Series:
    return (values >= center / NEAR) & (values <= center * NEAR)


def _refuse_wrong(name: str, unit: str, share: float) -> None:
    if share > MOST:
        raise StudyError(
            f"{name}: {share:.0%} of the values, read in {unit}, are too small or too large to be true. Look up what "
            f"the export counts in, and declare it as `unit` of that column in the mapping."
        )
