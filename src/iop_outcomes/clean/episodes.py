"""Link stays into episodes of care.

In order:

1. A stay whose person died in it ends on the day of death, with the reason 'died'. An open stay has no end.
2. The gap before a stay counts the days from the latest last day of the person's earlier stays to its first day, as
   dates are subtracted: 0 or 1 means no day without care, 14 means 13 such days. A gap of at most `gap_days` continues
   the episode.
3. Each day of care gets one level: where stays overlap, the highest. Detoxification is the lowest, so it counts
   only on days without treatment. This cuts the stays into segments that share no day.
4. The index level is the level of the first segment of an episode that is not detoxification, and time zero its
   first day; where a study takes detoxification as an index level too, that of the first segment, whatever it is.
   Segments that follow it at the same level, with no other level between, continue the index stay; any other level,
   detoxification included, ends it. An episode of detoxification only is counted and left out, unless it has one so.
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
from typing import TYPE_CHECKING, Any, NamedTuple

from iop_outcomes.clean.segments import DETOX, RANK, run_begins, running_maximum, segments
from iop_outcomes.clean.versions import OPEN
from iop_outcomes.tables import TABLES
from iop_outcomes.tables.canonical import STATES_AT_DISCHARGE
from iop_outcomes.tables.conform import typed
from iop_outcomes.vocabulary.causes import DIED, TRANSFERRED
from iop_outcomes.vocabulary.levels import AS_INDEX, BEFORE_INDEX

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

# what an episode has of its first treatment stay, and under what name
ADMITTED = {
    "person_id": "person_id", "site_id": "site_id", "level_of_care": "index_level", "planned_days": "planned_days",
    "scheduled_hours_per_week": "scheduled_hours_per_week", "program_type": "program_type",
}  # fmt: skip


class Linked(NamedTuple):
    """Episodes of care, how many held nothing but detoxification, and the number of each one's person by name."""

    episodes: pd.DataFrame
    detox_only: int
    person: NDArray[np.int64]


class Places(NamedTuple):
    """Where each episode stands in the segments: positions of segments, one per episode.

    opening: the first of all; first and left: the first and the last at the index level; final: the last. detox_only:
    how many episodes are not among them.
    """

    opening: NDArray[np.int64]
    first: NDArray[np.int64]
    left: NDArray[np.int64]
    final: NDArray[np.int64]
    detox_only: int


def link(stays: pd.DataFrame, persons: pd.DataFrame, gap_days: int, detoxification: str = BEFORE_INDEX) -> Linked:
    """Episodes as declared in EPISODES, in the order of person_id and time.

    stays, persons: canonical tables. gap_days: largest gap within an episode, in days from a last day to the
    next first day. detoxification: BEFORE_INDEX, or AS_INDEX, under which it may be the index level as any other.
    """
    return under_gaps(stays, persons, [gap_days], detoxification)[gap_days]


def under_gaps(
    stays: pd.DataFrame, persons: pd.DataFrame, gaps: Iterable[int], detoxification: str = BEFORE_INDEX
) -> dict[int, Linked]:
    """`link` under each of several gap rules; what does not depend on the rule is done once."""
    import numpy as np

    if stays.empty:
        return {gap: Linked(TABLES["episodes"].empty(), 0, np.empty(0, dtype=np.int64)) for gap in gaps}
    records = _ended(stays, persons)
    pieces = segments(records)
    treatment = (pieces["rank"] != DETOX).to_numpy() | (detoxification == AS_INDEX)
    found: list[tuple[NDArray[np.int64], Linked]] = []
    linked: dict[int, Linked] = {}
    for gap in gaps:
        spells = _spells(records, pieces, gap)
        # where no one comes back, every rule links alike
        known = next((one for before, one in found if np.array_equal(before, spells)), None)
        linked[gap] = known or _linked(records, pieces, spells, treatment)
        found.append((spells, linked[gap]))
    return linked


def _linked(
    records: pd.DataFrame, pieces: pd.DataFrame, spells: NDArray[np.int64], treatment: NDArray[np.bool_]
) -> Linked:
    import pandas as pd

    at = _places(pieces["rank"].to_numpy(), spells, treatment)
    if not len(at.first):
        return Linked(TABLES["episodes"].empty(), at.detox_only, at.first)
    frame = pd.DataFrame(_episodes(records, pieces, at))
    return Linked(typed(TABLES["episodes"], frame), at.detox_only, pieces["person"].to_numpy()[at.first])


def by_gap(linked: Mapping[int, Linked]) -> pd.DataFrame:
    """Episodes under several gap rules one above the other, as declared in EPISODES_BY_GAP."""
    import numpy as np
    import pandas as pd

    table = TABLES["episodes_by_gap"]
    names = [n for n in table.columns if n != "gap_days"]
    filled = {gap: one for gap, one in sorted(linked.items()) if len(one.episodes)}
    if not filled:
        return table.empty()
    frames = [one.episodes for one in filled.values()]
    people = [one.person for one in filled.values()]
    # within a rule they come in the order of person and time
    order = np.argsort(np.concatenate(people), kind="stable")
    both = {n: pd.concat([frame[n] for frame in frames], ignore_index=True).array.take(order) for n in names}
    gaps = np.repeat(list(filled), [len(frame) for frame in frames])[order]
    return typed(table, pd.DataFrame({**both, "gap_days": gaps}, copy=False))


def days_of_care(stays: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    """Segments, which share no day: person_id, level_of_care, start_day, end_day (missing while open), and
    discharge_reason of the stay that each is of.
    """
    import pandas as pd

    records = _ended(stays, persons)
    pieces = segments(records)
    return pd.DataFrame(
        {
            "person_id": records["person_id"].to_numpy()[pieces["row"]],
            "level_of_care": records["level_of_care"].to_numpy()[pieces["row"]],
            "start_day": pieces["start"],
            "end_day": _or_open(pieces["last"]),
            "discharge_reason": records["reason"].to_numpy()[pieces["row"]],
        }
    )


def _ended(stays: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    """The stays with the number of the person by name, `last`, their last day or OPEN, reason and rank, by position.

    Last day and reason are set by a death within the stay.
    """
    import pandas as pd

    records = stays.copy(deep=False)
    records.index = pd.RangeIndex(len(stays))
    last = records["end_day"].astype("Int64").fillna(OPEN)
    reason = records["discharge_reason"]
    if persons["death_day"].notna().any():
        death = records["person_id"].map(persons.set_index("person_id")["death_day"]).astype("Int64").fillna(OPEN)
        died = ((death < OPEN) & (records["start_day"] <= death) & (death <= last)).astype(bool)
        last, reason = last.mask(died, death), reason.mask(died, DIED)
    told = {
        "person": pd.factorize(records["person_id"], sort=True)[0],
        "last": last.astype("int64"),
        "reason": reason,
        "rank": records["level_of_care"].map(RANK).astype("int64"),
    }
    return pd.DataFrame({**{n: records[n] for n in records.columns}, **told}, copy=False)


def _spells(records: pd.DataFrame, pieces: pd.DataFrame, gap_days: int) -> NDArray[np.int64]:
    """For each segment the number of its episode from 0, in the order of person and time."""
    import numpy as np

    person, start = records["person"].to_numpy(), records["start_day"].to_numpy("int64")
    # of all records, as one may begin, or go on, under a higher level that has the segment
    order = np.lexsort((start, person))
    person, start = person[order], start[order]
    reach = running_maximum(records["last"].to_numpy()[order], person)
    begins = run_begins(person)
    begins[1:] |= start[1:] - reach[:-1] > gap_days
    spells = np.empty(len(order), dtype=np.int64)
    spells[order] = np.cumsum(begins) - 1
    # every episode has a segment, so that they, too, are numbered without a gap
    return spells[pieces["row"].to_numpy()]


def _places(rank: NDArray[np.int64], spells: NDArray[np.int64], treatment: NDArray[np.bool_]) -> Places:
    """The segments that make each episode what it is. rank, spells, and whether it may be the index level: of each
    segment, in order.
    """
    import numpy as np

    begins = np.flatnonzero(run_begins(spells))
    treated = np.cumsum(treatment.astype(np.int64))
    before = (treated - treatment)[begins]
    # segments from the first that may be the index level on
    since = np.flatnonzero(treated > before[spells])
    if not len(since):
        return Places(since, since, since, since, len(begins))
    starts = np.flatnonzero(run_begins(spells[since]))
    size = np.diff(np.append(starts, len(since)))
    changed = np.concatenate([[False], rank[since][1:] != rank[since][:-1]])
    changed[starts] = False
    changes = np.cumsum(changed)
    at_index = np.add.reduceat(changes == np.repeat(changes[starts], size), starts)
    return Places(
        opening=begins[spells[since[starts]]],
        first=since[starts],
        left=since[starts + at_index - 1],
        final=since[starts + size - 1],
        detox_only=len(begins) - len(starts),
    )


def _episodes(records: pd.DataFrame, pieces: pd.DataFrame, at: Places) -> dict[str, Any]:
    """The columns of EPISODES, from the segments in `at`."""
    import numpy as np

    row, person, start, last, rank = (pieces[n].to_numpy() for n in ("row", "person", "start", "last", "rank"))
    one = person[at.first]
    again = np.concatenate([[False], one[1:] == one[:-1]])
    number = np.arange(len(one)) - np.maximum.accumulate(np.where(again, 0, np.arange(len(one)))) + 1
    since = start[at.first] - np.concatenate([[0], last[at.final][:-1]])
    admitted = {n: records[n].array.take(row[at.first]) for n in ADMITTED if n in records}
    index, whole = _Ends(records, row[at.left], last[at.left]), _Ends(records, row[at.final], last[at.final])
    return {
        **{ADMITTED[n]: values for n, values in admitted.items()},
        "episode": number,
        "index_start_day": start[at.first],
        "index_end_day": index.day(),
        "index_end_latest": index.told("end_day_latest"),
        "index_reason": index.reason(),
        **{state: index.told(state) for state in STATES_AT_DISCHARGE},
        "episode_start_day": start[at.opening],
        "episode_end_day": whole.day(),
        "episode_end_latest": whole.told("end_day_latest"),
        "episode_reason": whole.reason(),
        "after_detox": rank[at.opening] == DETOX,
        "days_since_previous": _masked(since, ~again),
    }


def _masked(values: NDArray[np.int64], missing: NDArray[np.bool_]) -> Any:
    """Whole numbers with missing ones (Int64)."""
    import pandas as pd

    return pd.arrays.IntegerArray(values.astype("int64"), missing.copy())


class _Ends(NamedTuple):
    """How stretches of care ended: the positions of their last records, and their last days (OPEN while open)."""

    records: pd.DataFrame
    row: NDArray[np.int64]
    last: NDArray[np.int64]

    def day(self) -> Any:
        """The last day; missing while open."""
        return _masked(self.last, self.last >= OPEN)

    def reason(self) -> Any:
        """As recorded; 'transferred' where a higher level took over while the record ran; missing while open."""
        reason = self.records["reason"].to_numpy(dtype=object)[self.row]
        reason[self.records["last"].to_numpy()[self.row] > self.last] = TRANSFERRED
        reason[self.last >= OPEN] = None
        return reason

    def told(self, column: str) -> Any:
        """What the last record says of its own end; missing where another took over, or the source does not say it."""
        import pandas as pd

        if column not in self.records:
            return pd.array([None] * len(self.row), dtype=object)
        ends_here = self.records["last"].to_numpy()[self.row] == self.last
        return pd.Series(self.records[column].array.take(self.row)).where(ends_here)


def _or_open(day: pd.Series) -> pd.Series:
    return day.astype("Int64").mask(day >= OPEN)
