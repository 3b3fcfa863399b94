"""Link stays into episodes of care.

In order:

1. A stay whose person died in it ends on the day of death, with the reason 'died'. An open stay has no end.
2. The gap before a stay is its first day minus the latest last day of the person's earlier stays: 0 or 1 means no
   day without care, 15 means 14 such days. A gap of at most `gap_days` continues the episode.
3. Each day of care gets one level: where stays overlap, the highest. Detoxification is the lowest, so it counts
   only on days without treatment. This cuts the stays into segments that share no day.
4. The index level is the level of the first segment of an episode that is not detoxification, and time zero its
   first day. Segments that follow it at the same level, with no other level between, continue the index stay; any
   other level, detoxification included, ends it. An episode of detoxification only is counted and left out.
5. The reason is that of the last record at the index level, as recorded, whatever follows. Where a stay at a
   higher level began while that record still ran, the reason is 'transferred'.
6. `days_since_previous` runs from the last day of the previous episode to time zero; detoxification only is no
   episode here.
7. Where the end of a stay is an interval, its earliest day does the linking and the latest is carried along.

`under_gaps` links under several gap rules at once, to show how much hangs on the rule. Nothing is refused: stays come
valid from `clean.validate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from iop_outcomes.clean.versions import OPEN
from iop_outcomes.sources.reading import typed
from iop_outcomes.tables import TABLES
from iop_outcomes.tables.canonical import LEVELS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

RANK = {level: rank for rank, level in enumerate(LEVELS)}
DETOX = RANK["detox"]
# columns of stays that tell how someone was at discharge
STATES_AT_DISCHARGE = ("use_at_discharge", "employment_at_discharge", "arrests_at_discharge")


class Linked(NamedTuple):
    """Episodes of care, and how many episodes held nothing but detoxification."""

    episodes: pd.DataFrame
    detox_only: int


def link(stays: pd.DataFrame, persons: pd.DataFrame, gap_days: int) -> Linked:
    """Episodes as declared in EPISODES, in the order of person_id and time.

    stays, persons: canonical tables. gap_days: largest gap within an episode, in days.
    """
    return under_gaps(stays, persons, [gap_days])[gap_days]


def under_gaps(stays: pd.DataFrame, persons: pd.DataFrame, gaps: Iterable[int]) -> dict[int, Linked]:
    """`link` under each of several gap rules; what does not depend on the rule is done once."""
    if stays.empty:
        return {gap: Linked(TABLES["episodes"].empty(), 0) for gap in gaps}
    records = _ended(stays, persons)
    pieces = segments(records)
    return {gap: _linked(records, pieces, gap) for gap in gaps}


def _linked(records: pd.DataFrame, segments_of_all: pd.DataFrame, gap_days: int) -> Linked:
    pieces = segments_of_all.assign(spell=_spells(records, gap_days)[segments_of_all["row"]])
    treated = (pieces["rank"] != DETOX).groupby(pieces["spell"])
    detox_only = int((~treated.any()).sum())
    begun = pieces[treated.cummax()]
    if begun.empty:
        return Linked(TABLES["episodes"].empty(), detox_only)
    return Linked(_episodes(records, pieces, begun), detox_only)


def by_gap(linked: Mapping[int, Linked]) -> pd.DataFrame:
    """Episodes under several gap rules one above the other, as declared in EPISODES_BY_GAP."""
    import pandas as pd

    table = TABLES["episodes_by_gap"]
    found = [one.episodes.assign(gap_days=gap)[list(table.columns)] for gap, one in linked.items()]
    filled = [frame for frame in found if len(frame)]
    if not filled:
        return table.empty()
    both = pd.concat(filled, ignore_index=True).sort_values(list(table.key), ignore_index=True)
    return typed(table, both)


def days_of_care(stays: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    """Segments, which share no day: person_id, level_of_care, start_day, end_day (missing while open)."""
    import pandas as pd

    records = _ended(stays, persons)
    pieces = segments(records)
    return pd.DataFrame(
        {
            "person_id": records["person_id"].to_numpy()[pieces["row"]],
            "level_of_care": records["level_of_care"].to_numpy()[pieces["row"]],
            "start_day": pieces["start"],
            "end_day": _or_open(pieces["last"]),
        }
    )


def _ended(stays: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    """The stays with `last`, their last day or OPEN, and the reason; both set by a death within the stay."""
    records = stays.reset_index(drop=True)
    death = records["person_id"].map(persons.set_index("person_id")["death_day"]).astype("Int64").fillna(OPEN)
    last = records["end_day"].astype("Int64").fillna(OPEN)
    died = (death < OPEN) & (records["start_day"] <= death) & (death <= last)
    return records.assign(
        last=last.mask(died, death).astype("int64"),
        reason=records["discharge_reason"].mask(died.astype(bool), "died"),
        rank=records["level_of_care"].map(RANK).astype("int64"),
    )


def segments(records: pd.DataFrame) -> pd.DataFrame:
    """Stretches of days with the one record that gives each its level, in the order of person and time.

    records: stays with `last` and `rank`. Columns: person (code), start, last (days, inclusive), row
    (position of the record), rank. Among records of the highest level the one begun last counts, then the
    first by stay_id.
    """
    import numpy as np
    import pandas as pd

    person, _ = pd.factorize(records["person_id"], sort=True)
    name, _ = pd.factorize(records["stay_id"], sort=True)
    start = records["start_day"].to_numpy("int64")
    last, rank = records["last"].to_numpy("int64"), records["rank"].to_numpy("int64")
    # people one after the other on a single line of days, cut wherever a stay begins or has ended
    low, span = int(start.min()), OPEN + 2 - int(start.min())
    begin, stop = person * span + start - low, person * span + last + 1 - low
    cuts = np.unique(np.concatenate([begin, stop]))
    first, end = np.searchsorted(cuts, begin), np.searchsorted(cuts, stop)
    count = end - first
    row = np.repeat(np.arange(len(records)), count)
    piece = np.repeat(first, count) + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    order = np.lexsort((name[row], -start[row], -rank[row], piece))
    piece, row = piece[order], row[order]
    top = np.diff(piece, prepend=-1) > 0
    piece, row = piece[top], row[top]
    offset = person[row] * span - low
    return pd.DataFrame(
        {
            "person": person[row],
            "start": cuts[piece] - offset,
            "last": cuts[piece + 1] - 1 - offset,
            "row": row,
            "rank": rank[row],
        }
    )


def _spells(records: pd.DataFrame, gap_days: int) -> NDArray[np.int64]:
    """For each record the number of its episode, in the order of person and time."""
    import numpy as np

    ordered = records[["person_id", "start_day", "last"]].sort_values(["person_id", "start_day"])
    reached = ordered.groupby("person_id")["last"].cummax().groupby(ordered["person_id"]).shift()
    begins = reached.isna() | (ordered["start_day"] - reached > gap_days)
    spells = np.empty(len(records), dtype=np.int64)
    spells[ordered.index] = begins.cumsum()
    return spells


def _episodes(records: pd.DataFrame, pieces: pd.DataFrame, begun: pd.DataFrame) -> pd.DataFrame:
    """One row per episode, from all its segments and from those since its first treatment."""
    import pandas as pd

    changes = begun["rank"] != begun["rank"].groupby(begun["spell"]).shift().fillna(begun["rank"])
    index_stay = begun[changes.groupby(begun["spell"]).cumsum() == 0]
    first = index_stay.groupby("spell").head(1).set_index("spell")
    left = index_stay.groupby("spell").tail(1).set_index("spell")
    final = begun.groupby("spell").tail(1).set_index("spell")
    opening = pieces.groupby("spell").head(1).set_index("spell")["rank"].reindex(first.index)
    at = records.iloc[first["row"]].set_index(first.index)
    frame = pd.DataFrame(
        {
            "person_id": at["person_id"],
            "episode": first.groupby("person").cumcount() + 1,
            "site_id": at["site_id"],
            "index_level": at["level_of_care"],
            "index_start_day": first["start"],
            "index_end_day": _or_open(left["last"]),
            "index_end_latest": _at_end(records, left, "end_day_latest"),
            "index_reason": _reason(records, left),
            **{state: _at_end(records, left, state) for state in STATES_AT_DISCHARGE},
            "episode_start_day": pieces.groupby("spell")["start"].min().reindex(first.index),
            "episode_end_day": _or_open(final["last"]),
            "episode_end_latest": _at_end(records, final, "end_day_latest"),
            "episode_reason": _reason(records, final),
            "planned_days": at["planned_days"],
            "scheduled_hours_per_week": at["scheduled_hours_per_week"],
            "program_type": at["program_type"],
            "after_detox": opening == DETOX,
            "days_since_previous": first["start"] - final["last"].groupby(final["person"]).shift(),
        }
    )
    return typed(TABLES["episodes"], frame).reset_index(drop=True)


def _reason(records: pd.DataFrame, last: pd.DataFrame) -> pd.Series:
    """As recorded; 'transferred' where a higher level took over while the record ran; missing while open."""
    record = records.iloc[last["row"]].set_index(last.index)
    reason = record["reason"].mask(record["last"] > last["last"], "transferred")
    return reason.mask(last["last"] >= OPEN)


def _at_end(records: pd.DataFrame, last: pd.DataFrame, column: str) -> pd.Series:
    """What the last record says of its own end; missing where another took over, or the source does not say it."""
    import pandas as pd

    if column not in records:
        return pd.Series(None, index=last.index, dtype=object)
    record = records.iloc[last["row"]].set_index(last.index)
    return record[column].where(record["last"] == last["last"])


def _or_open(day: pd.Series) -> pd.Series:
    return day.astype("Int64").mask(day >= OPEN)
