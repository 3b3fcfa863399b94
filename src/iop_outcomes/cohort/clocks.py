"""When the clock of an endpoint starts: on the first day at the index level, or with the return to the community.

Residents can hardly use, so that days in a residence are no days at liberty. Counted from the return, each unit's time
zero is the first day from its own on that lies outside of a controlled environment, which for who began at home is time
zero itself; days on the way from one residence to the next are no return (`residence.community_day`). Who does not
return within observation, or dies before, has no such day: nothing is known of them, and nothing is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.cohort.use import residence
from iop_outcomes.cohort.use.asked import USUAL_GAP_DAYS
from iop_outcomes.protocol import Use
from iop_outcomes.vocabulary.endpoints import ADMISSION

if TYPE_CHECKING:
    import pandas as pd


def from_community(
    people: pd.DataFrame, stays: pd.DataFrame, use: Use, gap_days: int = USUAL_GAP_DAYS
) -> tuple[pd.DataFrame, pd.Series]:
    """People with their days counted from the return, and whether each has one.

    people: the table people with `death_day` from time zero. gap_days: as stays are linked to episodes. Who has no
    return is observed to the day before it.
    """
    others = sorted(set(stays["level_of_care"]) - set(use.controlled))
    controlled, home = (residence.spells(people, stays, levels) for levels in (use.controlled, others))
    day = residence.community_day(people, controlled, home, gap_days)
    there = day.notna() & ~(people["death_day"] < day).fillna(False).astype(bool)
    shift = day.fillna(0).astype("int64")
    moved = people.assign(
        index_start_day=people["index_start_day"] + shift,
        observed_days=(people["observed_days"] - shift).where(there, -1),
        death_day=(people["death_day"] - shift).where(there),
    )
    return moved, there


def counted(
    clock: str, people: pd.DataFrame, stays: pd.DataFrame, use: Use, gap_days: int = USUAL_GAP_DAYS
) -> pd.DataFrame:
    """People whose clock starts, with their days counted from there. people: as for `from_community`."""
    if clock == ADMISSION:
        return people
    moved, there = from_community(people, stays, use, gap_days)
    return moved[there].reset_index(drop=True)


def with_start(
    clock: str,
    people: pd.DataFrame,
    stays: pd.DataFrame | None,
    use: Use,
    gap_days: int = USUAL_GAP_DAYS,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """People with days counted from where the clock starts, and those among them whose clock does."""
    if clock == ADMISSION:
        return people, people
    if stays is None:
        raise KeyError("stays")
    moved, there = from_community(people, stays, use, gap_days)
    return moved, moved[there]


def of_everyone(
    clock: str,
    people: pd.DataFrame,
    stays: pd.DataFrame | None,
    use: Use,
    gap_days: int = USUAL_GAP_DAYS,
) -> pd.DataFrame:
    """All people, with their days counted from where the clock starts; whose clock does not is not observed."""
    return with_start(clock, people, stays, use, gap_days)[0]
