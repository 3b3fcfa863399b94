"""Endpoints of use patterns for a frame: a text of symbols per person in, a column per endpoint out.

Names, symbols and versions are those of `patterns`; docs/endpoints.md lists the endpoints.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.errors import EstimationError, StudyError
from iop_outcomes.library.frames import Frame
from iop_outcomes.patterns.definition import Definition
from iop_outcomes.patterns.evaluate import Found, evaluate
from iop_outcomes.patterns.pattern import from_strings
from iop_outcomes.patterns.published import added, find, published
from iop_outcomes.patterns.words import AS_OPERATIONALISED, LOGICAL

if TYPE_CHECKING:
    import pandas as pd

OWN = "the table of endpoints"


def endpoints(
    data: pd.DataFrame,
    names: str | Sequence[str] | None = None,
    pattern: str = "pattern",
    person: str | None = None,
    version: str = AS_OPERATIONALISED,
    interval_days: int = 7,
    own: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Endpoints of everyone in a frame, each by its name.

    data: one row per person. names: of endpoints, or of one; None is all of the version. pattern: the column of texts,
    a symbol per interval from interval 1 on: - negative, + positive, o missed, * mixed, _ no test scheduled, e excused,
    x died. person: the column that names people, which comes first in the result. version: as_published,
    as_operationalised, or one of `own`. interval_days: length of an interval, 7 or less. own: a table of further
    endpoints, with the columns of data/reference/endpoints_published.csv, cells as text or numbers.
    Returns a row per row of data, in its order and with its index: of yes or no boolean, of counts and shares float,
    of a time to an event `Rs_...` the columns `RsT_...` (the number of the interval; missing where an event could never
    be known) and `RsE_...` (whether it was seen). Raises EstimationError: a name or symbol that is not known, patterns
    that are too coarse or too short for an endpoint.
    """
    import pandas as pd

    frame = Frame(data)
    texts = frame.column(pattern, "pattern")
    if not all(isinstance(text, str) for text in texts):
        raise EstimationError(f"`pattern`: '{pattern}' holds no texts. Expected a symbol per interval, such as '-+o-'.")
    people = data.index if person is None else frame.column(person, "person")
    try:
        rows = published() if own is None else added(_cells(own), OWN)
        asked = find([names] if isinstance(names, str) else list(names or ()), version, rows)
        found = evaluate(from_strings(list(people), list(texts), interval_days), asked)
    except StudyError as wrong:
        raise EstimationError(str(wrong)) from None
    columns: dict[str, object] = {} if person is None else {person: data[person].to_numpy()}
    for name, of in asked.items():
        columns |= _columns(found[name], of[0])
    return pd.DataFrame(columns, index=data.index)


def _cells(own: pd.DataFrame) -> list[dict[str, str]]:
    """A table of definitions as cells of text."""
    filled = own.astype(object).where(own.notna(), "")
    return [
        {str(name): f"{value:g}" if isinstance(value, float) else str(value) for name, value in row.items()}
        for row in filled.to_dict("records")
    ]


def _columns(found: Found, row: Definition) -> dict[str, object]:
    import pandas as pd

    missing = np.isnan(found.values)
    if found.event is not None:
        at, seen = row.outputs
        whole = pd.array(np.where(missing, 0, found.values).astype(np.int64), dtype="Int64")
        event = pd.array(found.event, dtype="boolean")
        whole[missing], event[missing] = pd.NA, pd.NA
        return {at: whole, seen: event}
    if row.value != LOGICAL:
        return {row.name: found.values}
    yes = pd.array(found.values == 1, dtype="boolean")
    yes[missing] = pd.NA
    return {row.name: yes}
