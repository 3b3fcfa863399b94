"""Each day of care under one record: stays cut into segments that share no day, and running sums along people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.clean.versions import OPEN
from iop_outcomes.vocabulary import levels

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

RANK = {level: rank for rank, level in enumerate(levels.LEVELS)}
DETOX = RANK[levels.DETOX]


def segments(records: pd.DataFrame) -> pd.DataFrame:
    """Stretches of days with the one record that gives each its level, in the order of person and time.

    records: stays with `person`, `last` and `rank`. Columns: person (code), start, last (days, inclusive), row
    (position of the record), rank. Among records of the highest level the one begun last counts, then the
    first by stay_id.
    """
    import numpy as np
    import pandas as pd

    person = records["person"].to_numpy()
    name, _ = pd.factorize(records["stay_id"], sort=True)
    start = records["start_day"].to_numpy("int64")
    last, rank = records["last"].to_numpy("int64"), records["rank"].to_numpy("int64")
    # people one after the other on a single line of days, cut wherever a stay begins or has ended
    low, span = int(start.min()), OPEN + 2 - int(start.min())
    begin, stop = person * span + start - low, person * span + last + 1 - low
    # np.unique takes three times as long for millions of days
    days = np.sort(np.concatenate([begin, stop]))
    cuts = days[run_begins(days)]
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


def run_begins(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True where a value differs from the one before, and for the first."""
    import numpy as np

    return np.concatenate([[True], values[1:] != values[:-1]])


def running_maximum(values: NDArray[np.int64], person: NDArray[np.int64]) -> NDArray[np.int64]:
    """The largest value of each person so far; people come one after the other."""
    import numpy as np

    # days of one person lie above those of all people before, once each person starts a span of days higher
    low, span = int(values.min()), int(values.max()) - int(values.min()) + 1
    lifted = np.maximum.accumulate(values - low + person * span)
    return lifted - person * span + low
