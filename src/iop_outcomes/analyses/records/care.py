"""Care as the records tell it: levels under several definitions, hours and days against plan, moves between levels.

Definitions of a level of care by hours differ for ambulatory care only; moves are followed within the episode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.analyses.records.cells import apart, banded, count
from iop_outcomes.analyses.rows import Row
from iop_outcomes.tables import bands
from iop_outcomes.tables.lookup import positions
from iop_outcomes.tables.results import (
    AGREEMENT,
    ATTAINED_OF_PLANNED,
    BY_ASAM,
    BY_BROAD,
    BY_GAP,
    BY_LABEL,
    BY_LEVEL,
    BY_ORIGIN,
    BY_SERVICE,
    COMPLETION,
    DAYS,
    DELIVERED,
    DELIVERED_OF_SCHEDULED,
    EPISODES,
    HOURS,
    SCHEDULED,
    TRANSITION,
)
from iop_outcomes.vocabulary.causes import COMPLETED, IN_CARE, TRANSFERRED
from iop_outcomes.vocabulary.levels import AMBULATORY

if TYPE_CHECKING:
    import pandas as pd

# moves that are followed, from the index level on
STEPS = 3


def agreement(units: pd.DataFrame, twenty_hours: str) -> list[Row]:
    """People of ambulatory levels by class under two definitions: those of the group and of the variable.

    The label against ASAM's classes and the broad ones, by scheduled hours; ASAM's classes by scheduled hours against
    those by delivered hours. Without a person whose hours are known there is none.
    """
    from iop_outcomes.cohort import levels

    own = units[units["index_level"].isin(AMBULATORY)]
    found: list[Row] = []
    if own["scheduled_hours_per_week"].isna().all():
        return found

    def by(name: str, hours: str) -> pd.Series:
        return levels.classify(name, own["index_level"], own[hours], own["age"], twenty_hours)

    scheduled = {name: by(name, "scheduled_hours_per_week") for name in (BY_ASAM, BY_BROAD)}
    for name, classes in scheduled.items():
        found += apart(classes, own["index_level"], AGREEMENT, BY_LABEL, variable=name)
    if own["delivered_hours_per_week"].notna().any():
        delivered = by(BY_ASAM, "delivered_hours_per_week")
        found += apart(delivered, scheduled[BY_ASAM], AGREEMENT, BY_ASAM, variable=DELIVERED)
    return found


def hours(units: pd.DataFrame) -> list[Row]:
    """People by level of care and band of hours a week: scheduled, delivered, and delivered of scheduled."""
    scheduled, delivered = units["scheduled_hours_per_week"], units["delivered_hours_per_week"]
    share = delivered / scheduled.where(scheduled > 0)
    kinds = {
        SCHEDULED: (scheduled, bands.HOURS),
        DELIVERED: (delivered, bands.HOURS),
        DELIVERED_OF_SCHEDULED: (share, bands.SHARES),
    }
    return [
        row
        for name, (values, among) in kinds.items()
        if values.notna().any()
        for row in apart(banded(values, among), units["index_level"], HOURS, BY_LEVEL, variable=name)
    ]


def days(units: pd.DataFrame) -> list[Row]:
    """People by level of care and days at the index level as a share of those planned."""
    planned = units["planned_days"].where(units["planned_days"] > 0)
    if planned.isna().all():
        return []
    end = units["index_end_day"].fillna(units["index_start_day"] + units["observed_days"])
    share = (end - units["index_start_day"] + 1).astype("float64") / planned
    waiting = units["index_end_day"].isna() & (share < 1)
    found = banded(share, bands.SHARES).mask(waiting, bands.STILL_THERE)
    return apart(found, units["index_level"], DAYS, BY_LEVEL, variable=ATTAINED_OF_PLANNED)


def episodes(units: pd.DataFrame, by_gap: pd.DataFrame) -> list[Row]:
    """People by their number of episodes of care under each gap rule, by which they are grouped."""
    import numpy as np
    import pandas as pd

    people = units["record_id"].drop_duplicates()
    at = positions(by_gap["person_id"], people)
    gaps, found = by_gap["gap_days"].to_numpy(), []
    for gap in np.unique(gaps):
        numbers = pd.Series(np.bincount(at[(gaps == gap) & (at >= 0)], minlength=len(people)), dtype="Int64")
        # who has no episode under a rule is not known by it
        found += count(banded(numbers.mask(numbers == 0), bands.EPISODES), EPISODES, group_by=BY_GAP, group=str(gap))
    return found


def transitions(units: pd.DataFrame, stays: pd.DataFrame, persons: pd.DataFrame) -> list[Row]:
    """People by each move within the episode, the first to the third (variable), from (group) and to (level).

    A move leads to the next level of care, or to how the episode ended; 'in_care' while it has not. Where a source
    tells the level at discharge apart, and it is another than that of the last record, it is a level of its own.
    """
    path = _path(units, stays, persons)
    found: list[Row] = []
    for step in range(1, STEPS + 1):
        moved = path[path["step"] == step]
        found += apart(moved["to"], moved["from"], TRANSITION, BY_ORIGIN, variable=str(step))
    return found


def _path(units: pd.DataFrame, stays: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    """One row per unit and move, in order: unit, step (from 1), from, to."""
    import pandas as pd

    care = _levels(units, stays, persons)
    ends = pd.DataFrame(
        {
            "unit": units.index,
            "level": units["episode_reason"].where(units["episode_end_day"].notna(), IN_CARE),
            "day": float("inf"),
        }
    )
    nodes = pd.concat([care, ends[ends["unit"].isin(care["unit"])]], ignore_index=True)
    nodes = nodes.sort_values(["unit", "day"], kind="stable")
    before = nodes.groupby("unit")["level"].shift()
    nodes = nodes.assign(**{"from": before, "to": nodes["level"]})[before.isna() | (before != nodes["level"])]
    nodes = nodes.assign(step=nodes.groupby("unit").cumcount())
    return nodes.loc[nodes["step"].between(1, STEPS), ["unit", "step", "from", "to"]]


def _levels(units: pd.DataFrame, stays: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    """Levels of care within each unit's episode, from time zero: unit, level, day. Periods of report have none."""
    import pandas as pd

    from iop_outcomes.clean.episodes import days_of_care

    units = units[units["index_level"] != "none"]
    # people as numbers: of long tables these are joined many times faster than names
    people = units["record_id"].drop_duplicates()
    own = stays[positions(stays["person_id"], people) >= 0]
    if own.empty:
        return pd.DataFrame({"unit": [], "level": [], "day": []})
    spans = units[["index_start_day", "episode_end_day"]].rename_axis("unit").reset_index()
    spans = spans.assign(person=positions(units["record_id"], people))
    care = days_of_care(own, persons)
    care = care.assign(person=positions(care["person_id"], people)).merge(spans, on="person")
    until = care["episode_end_day"].isna() | (care["start_day"] <= care["episode_end_day"]).fillna(False)
    care = care[(care["start_day"] >= care["index_start_day"]) & until.astype(bool)]
    found = care.rename(columns={"level_of_care": "level", "start_day": "day"})[["unit", "level", "day"]]
    return pd.concat([found, _at_discharge(care, own)], ignore_index=True)


def _at_discharge(care: pd.DataFrame, stays: pd.DataFrame) -> pd.DataFrame:
    """Levels at discharge from the last record of an episode: unit, level, day (that of leaving)."""
    import pandas as pd

    if "level_at_discharge" not in stays or stays["level_at_discharge"].isna().all():
        return pd.DataFrame({"unit": [], "level": [], "day": []})
    last = care.sort_values(["unit", "start_day"]).drop_duplicates("unit", keep="last")
    told = stays.dropna(subset=["level_at_discharge", "end_day"]).sort_values("stay_id")
    told = told.drop_duplicates(["person_id", "level_of_care", "end_day"])
    keys = ["person_id", "level_of_care", "end_day"]
    left = last[last["end_day"].notna()].merge(told[[*keys, "level_at_discharge"]], on=keys)
    return pd.DataFrame({"unit": left["unit"], "level": left["level_at_discharge"], "day": left["end_day"] + 0.5})


def completion(stays: pd.DataFrame) -> list[Row]:
    """Stays by service as the source names it: completed, transferred, or ended otherwise. Open ones are left."""
    if "service" not in stays or stays["service"].isna().all():
        return []
    own = stays[stays["service"].notna() & stays["end_day"].notna()]
    ends = own["discharge_reason"].where(own["discharge_reason"].isin([COMPLETED, TRANSFERRED]), "otherwise")
    return apart(ends, own["service"], COMPLETION, BY_SERVICE)
