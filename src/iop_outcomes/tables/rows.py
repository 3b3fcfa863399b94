"""Rows of released tables, with the type of every column; a whole number that is missing is None, any other NaN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict, TypeVar

from iop_outcomes.vocabulary.statuses import OK

if TYPE_CHECKING:
    import pandas as pd

Row = TypeVar("Row", bound=Mapping[str, object])


class Timed(TypedDict):
    """A row that speaks of a day."""

    horizon_days: int | None


class Asked(Timed):
    """The question of an estimate: what is looked up for it."""

    analysis: str
    contrast: str
    outcome: str
    missing_rule: str
    group_by: str
    group: str
    from_day: int | None
    to_day: int | None
    delta_first: float
    delta_second: float
    hours_per_week: float
    weeks_of_care: int | None


class Estimated(Asked):
    """A row of estimates."""

    cohort: str
    estimand: str
    measure: str
    of: str
    method: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    p_value: float
    n: int | None
    events: int | None
    n_effective: float
    status: str
    reason: str
    rounding_error: float


class Counted(Timed):
    """A row of counts."""

    analysis: str
    cohort: str
    contrast: str
    arm: str
    outcome: str
    variable: str
    group_by: str
    group: str
    level: str
    detail: str
    position: int | None
    count: int | None
    status: str
    rounded_to: int | None
    count_low: int | None
    count_high: int | None


class Judgement(Timed):
    """A row of verdicts."""

    analysis: str
    cohort: str
    contrast: str
    outcome: str
    estimand: str
    measure: str
    of: str
    method: str
    missing_rule: str
    by: str
    family: str
    leads: bool
    better: str
    margin: float
    estimate: float
    conf_low: float
    conf_high: float
    flips_at: float
    n: int | None
    detectable: float
    needed: float
    verdict: str
    reason: str
    rounding_error: float


def exact(count: object) -> dict[str, object]:
    """What a row of counts says of its people where they are as they are. count: one number, or one for each row."""
    return {"count": count, "status": OK, "rounded_to": 1, "count_low": count, "count_high": count}


def estimated(frame: pd.DataFrame) -> list[Estimated]:
    """The rows of estimates."""
    return _rows(frame)  # type: ignore[return-value]


def counted(frame: pd.DataFrame) -> list[Counted]:
    """The rows of counts."""
    return _rows(frame)  # type: ignore[return-value]


def judgements(frame: pd.DataFrame) -> list[Judgement]:
    """The rows of verdicts."""
    return _rows(frame)  # type: ignore[return-value]


def alike(rows: Iterable[Row], keys: Sequence[str]) -> dict[tuple[object, ...], list[Row]]:
    """Rows by their values in some columns, groups in order of their first rows; missing values are one, None.

    Much faster than groups of a frame of which each is made rows.
    """
    found: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        # a missing number differs from itself
        key = tuple(value if value == value else None for value in (row[k] for k in keys))
        found.setdefault(key, []).append(row)
    return found


def _rows(frame: pd.DataFrame) -> list[dict[str, object]]:
    """The rows as dictionaries of plain values, None where pandas has its own mark of a missing one: those of
    `to_dict("records")`, in a fraction of its time for few rows of many columns.
    """
    import pandas as pd

    names = list(frame.columns)
    columns = [[None if value is pd.NA else value for value in frame[name].tolist()] for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
