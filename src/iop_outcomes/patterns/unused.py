"""Columns of a row that change nothing of its endpoint: refused, as who fills one in expects that it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from iop_outcomes.patterns.words import FIRST, FIRST_COUNTING, INDEX, LONGEST_RUN, PROPORTION, SHARE

if TYPE_CHECKING:
    from iop_outcomes.patterns.definition import Definition

# columns that some statistics alone read, with these and the value that says nothing
READ_BY: tuple[tuple[str, tuple[str, ...], object], ...] = (
    ("within", (FIRST,), 0),
    ("dated", (FIRST,), FIRST_COUNTING),
    ("penalty", (INDEX,), ()),
    ("scale", (INDEX,), 1.0),
    ("empty", (SHARE, INDEX), None),
)
# statistics of which an interval counts or does not, however much it weighs
UNWEIGHTED = (LONGEST_RUN, FIRST)
# statistics whose values are shares
OF_SHARES = (SHARE, INDEX)


def unused(row: Definition) -> Iterator[tuple[bool, str]]:
    """By rule, whether a column is filled in that changes nothing, and what is to be said of it."""
    for column, statistics, nothing in READ_BY:
        filled = getattr(row, column) != nothing and row.statistic not in statistics
        yield filled, f"`{column}` is for the statistic {_named(statistics)}. Leave it out."
    weighted = any(weight != 1 for weight in row.counts.values())
    yield (
        weighted and row.statistic in UNWEIGHTED,
        f"`counts` gives weights, and of the statistic '{row.statistic}' an interval counts or does not. Leave the "
        "weights out.",
    )
    yield (
        row.otherwise is not None and not row.retained,
        "`otherwise` is the value of who left before the week of `retained`, which is empty. Fill it in, or leave "
        "`otherwise` out.",
    )
    yield bool(row.retained) and row.statistic == FIRST, f"`retained` is not for the statistic '{FIRST}'. Leave it out."
    yield (
        row.value == PROPORTION and row.statistic not in OF_SHARES,
        f"a value of '{PROPORTION}' is for the statistic {_named(OF_SHARES)}; '{row.statistic}' gives a number.",
    )


def _named(words: tuple[str, ...]) -> str:
    return " or ".join(f"'{word}'" for word in words)
