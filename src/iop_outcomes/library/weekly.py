"""Shares of people with a negative test, interval by interval, from patterns in a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.errors import EstimationError, StudyError
from iop_outcomes.library.frames import Frame
from iop_outcomes.patterns import pattern as patterns
from iop_outcomes.patterns.shares import shares
from iop_outcomes.vocabulary.answers import MISSING_IS_USING, OBSERVED_ONLY

if TYPE_CHECKING:
    import pandas as pd


def weekly_shares(data: pd.DataFrame, symbols: str, by: str | None = None, first: int = 1) -> pd.DataFrame:
    """What each interval of use patterns says, under both readings of a test that was missed.

    symbols: the column of texts, a symbol an interval, as `-+o*`: negative, positive, missed, mixed; `_` none was
    scheduled. by: a column of groups. first: number of the interval of the first symbol. Returns a row for each group
    and interval: `group` ('all' without groups), `interval`, `negative`, `tested`, `missed` (people),
    `missing_is_using` and `observed_only` (shares with a negative test). Raises EstimationError.
    """
    import pandas as pd

    frame = Frame(data)
    texts = frame.labels(symbols, "symbols")
    groups = np.full(len(texts), "all", dtype=object) if by is None else frame.labels(by, "by")
    parts = []
    for group in dict.fromkeys(groups):
        own = [str(text) for text in texts[groups == group]]
        try:
            found = shares(patterns.from_strings(range(len(own)), own, first=first))
        except StudyError as wrong:
            raise EstimationError(str(wrong)) from None
        people = {"negative": found.negative, "tested": found.tested, "missed": found.missed}
        read = {MISSING_IS_USING: found.missing_is_using, OBSERVED_ONLY: found.observed_only}
        parts.append(pd.DataFrame({"group": group, "interval": found.number, **people, **read}))
    return pd.concat(parts, ignore_index=True)
