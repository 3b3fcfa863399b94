"""When and how people left the index level of care and the whole episode.

Followed are the index level and the episode (any level), both from time zero; the continuum, which is the episode with
its clock started on the first day of detoxification; the episode as it would be under other gap rules; the index level
with leaving shortly before the planned end taken for completing; and events beside leaving that endpoints ask for
(`cohort.events`), each under the endpoint's name. A stay that is still open is censored at the end of observation, and
so is whatever would lie beyond it. Leaving the index level by stepping down counts as completed or transferred there,
and not as leaving the episode. Where the end is known only as an interval, `days` is its first and `days_latest` its
last day. Leaving unplanned may be known later than it happens (`persons.dropout_known_to_day`); `known_days` says to
which day each could be at risk of it and be seen to leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iop_outcomes.cohort.units import opening
from iop_outcomes.protocol import Endpoint
from iop_outcomes.tables.lookup import positions
from iop_outcomes.vocabulary.causes import CENSORED, COMPLETED, UNPLANNED

if TYPE_CHECKING:
    import pandas as pd


def run(
    people: pd.DataFrame,
    episodes: pd.DataFrame,
    episodes_by_gap: pd.DataFrame,
    sessions: pd.DataFrame | None = None,
    persons: pd.DataFrame | None = None,
    endpoints: Sequence[Endpoint] = (),
    follows: Sequence[str] | None = None,
    stays: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """The table retention: one row per unit and thing followed, units in the order of people.

    endpoints: those of a kind in EVENTS that are asked for, which need sessions, persons and stays. follows: what else
    is wanted, default all; in a national year each thing followed is as many rows as there are people.
    """
    import pandas as pd

    from iop_outcomes.cohort import events

    own = opening(people, episodes, ENDS)
    zero, clock = people["index_start_day"], people["clock_start_day"]
    index, care = (
        tuple(own[f"{of}_{end}"] for end in ("end_day", "end_latest", "reason")) for of in ("index", "episode")
    )
    linked = zip(AS_LINKED, ((zero, *index), (zero, *care), (clock, *care)), strict=True)
    known = _dropout_known(people, persons)
    parts = [_rows(people, name, *ends, known=known) for name, ends in linked if follows is None or name in follows]
    for gap, under in episodes_by_gap.groupby("gap_days"):
        if follows is not None and f"{UNDER_GAP}{gap}" not in follows:
            continue
        held = _holding(people, under)
        ends = (held["episode_end_day"], held["episode_end_latest"], held["episode_reason"])
        parts.append(_rows(people, f"{UNDER_GAP}{gap}", zero, *ends, known=known))
    for name in follows or ():
        if name.startswith(BY_PLAN):
            reason = _by_plan(people, episodes, index, int(name.removeprefix(BY_PLAN)))
            parts.append(_rows(people, name, zero, index[0], index[1], reason, known=known))
    if sessions is not None and persons is not None and stays is not None:
        tables = {"sessions": sessions, "persons": persons, "episodes": episodes, "stays": stays}
        parts += events.followed(people, tables, endpoints)
    return {"retention": pd.concat(parts, ignore_index=True)}


# what is followed of episodes as the study links them; under another gap rule the name holds its days
AS_LINKED = ("index", "care", "continuum")
UNDER_GAP = "care_gap_"
# the index level, with leaving at most so many days before the planned end taken for completing
BY_PLAN = "index_plan_"
ENDS = (
    "index_end_day", "index_end_latest", "index_reason", "episode_end_day", "episode_end_latest", "episode_reason",
)  # fmt: skip


def of(retention: pd.DataFrame, follows: str, keys: pd.Series) -> pd.DataFrame:
    """The rows of one thing followed, in the order of the units' keys."""
    return in_order(retention[retention["follows"] == follows], keys)


def of_people(retention: pd.DataFrame, keys: pd.Series) -> pd.DataFrame:
    """The rows of the units of some keys in their order, for all that is followed: they are looked up once for all."""
    import pandas as pd

    parts = [of(retention, follows, keys) for follows in retention["follows"].unique()]
    return pd.concat(parts, ignore_index=True) if parts else retention


def in_order(rows: pd.DataFrame, keys: pd.Series) -> pd.DataFrame:
    """The rows of the units of some keys, one each, in their order."""
    at = positions(keys, rows["person_id"])
    if (at < 0).any():
        raise KeyError("person_id")
    return rows.take(at).reset_index(drop=True)


def _holding(people: pd.DataFrame, episodes: pd.DataFrame) -> pd.DataFrame:
    """For each unit the episode, under another gap rule, that holds its time zero."""
    import pandas as pd

    ordered = people[["record_id", "index_start_day"]].reset_index(names="at").sort_values("index_start_day")
    begun = episodes.drop(columns="index_start_day").sort_values("episode_start_day")
    found = pd.merge_asof(
        ordered, begun, left_on="index_start_day", right_on="episode_start_day", left_by="record_id",
        right_by="person_id",
    )  # fmt: skip
    return found.sort_values("at").set_index(people.index)


def _by_plan(people: pd.DataFrame, episodes: pd.DataFrame, index: tuple[pd.Series, ...], tolerance: int) -> pd.Series:
    """By unit, why the index level was left: unplanned by the records, so near the planned end, is completed. Days are
    those of the table, from the first to the last.
    """
    end, _, reason = index
    planned = opening(people, episodes, ("planned_days",))["planned_days"].astype("Float64")
    stayed = (end - people["index_start_day"]).astype("Float64")
    near = (stayed >= planned - tolerance).fillna(False).astype(bool)
    return reason.mask(near & (reason == UNPLANNED), COMPLETED)


def _dropout_known(people: pd.DataFrame, persons: pd.DataFrame | None) -> pd.Series | None:
    """By unit, the last day on which leaving unplanned could begin and still be known; None where all is known."""
    if persons is None or "dropout_known_to_day" not in persons or persons["dropout_known_to_day"].isna().all():
        return None
    return people["record_id"].map(persons.set_index("person_id")["dropout_known_to_day"]).astype("Int64")


def _rows(
    people: pd.DataFrame,
    follows: str,
    start: pd.Series,
    end: pd.Series,
    latest: pd.Series,
    reason: pd.Series,
    *,
    known: pd.Series | None,
) -> pd.DataFrame:
    """Days from `start` until the end, or until observation ends; all but follows come in the order of people."""
    import pandas as pd

    observed = people["observed_days"] + people["index_start_day"] - start
    days = (end - start).astype("Int64")
    last = (latest.astype("Int64") - start).fillna(days)
    censored = days.isna() | (days > observed)
    to_day = observed if known is None else (known - start).fillna(observed).clip(lower=0).clip(upper=observed)
    return pd.DataFrame(
        {
            "person_id": people["person_id"],
            "follows": follows,
            "days": days.where(~censored, observed).astype("int64"),
            "days_latest": last.where(~censored, observed).astype("int64"),
            "cause": reason.where(~censored, CENSORED).astype(object),
            "observable_days": observed.astype("int64"),
            "known_days": to_day.astype("int64"),
        }
    )
