"""What stops a run: more of a table set aside than the study allows, or more values of one of its columns.

Every table is asked, in the run by `validate` and before it by `iop-outcomes check`, which shows counts as the
disclosure policy lets them be seen. Where values are none of those that a column may hold, the column, how many
different ones there are, those that are expected, and those nearest to what was found are told; what was found is not,
as a column that is taken for another may hold anything.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from iop_outcomes.clean import cells
from iop_outcomes.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.tables.declare import Column

UNKNOWN = "unknown "
# of texts this much alike one may be meant for the other: 'neg' and 'negative' are
ALIKE = 0.5


def _plain(count: int) -> str:
    return f"{count:,}"


def beyond(
    name: str,
    raw: pd.DataFrame,
    aside: pd.Series,
    strange: Mapping[str, tuple[int, int]],
    share: float,
    shown: Callable[[int], str] = _plain,
) -> Iterator[str]:
    """A paragraph for the rows of a table, and for each of its columns, of which more than the share is set aside.

    raw: the table as it came. aside: a rule for each row set aside, by its position. strange: by column, how many of
    how many known values cannot be true. shown: a count as it may be seen.
    """
    if len(raw) and len(aside) > share * len(raw):
        rules = ", ".join(f"{rule} ({shown(int(n))})" for rule, n in aside.value_counts().sort_index().items())
        yield (
            f"{len(aside) / len(raw):.1%} of the rows of {name} broke a rule; `care.max_quarantined_share` allows "
            f"{share:.1%}. Rules: {rules}.{of_codes(name, raw, aside)} Correct the source, or raise the share if "
            "these records may be left out."
        )
    for column, (wrong, known) in strange.items():
        if wrong > share * known:
            declared = TABLES[name].columns[column]
            expected = unknown_codes(f"{name}.{column}", raw[column], declared) or f"Expected: {declared.expected()}."
            yield (
                f"{shown(wrong)} of {shown(known)} known values of {name}.{column} ({wrong / known:.1%}) cannot be "
                f"true; `care.max_quarantined_share` allows {share:.1%}. {expected} Look up what the source's column "
                "holds, and in what unit; or raise the share if these values may be left out."
            )


def of_codes(name: str, raw: pd.DataFrame, aside: pd.Series) -> str:
    """Of each column whose unknown values set rows aside, what is told of them; '' without any."""
    columns = sorted({rule.removeprefix(UNKNOWN) for rule in aside.unique() if rule.startswith(UNKNOWN)})
    declared = TABLES[name].columns
    told = [
        unknown_codes(f"{name}.{column}", raw.iloc[aside.index[aside == UNKNOWN + column]][column], declared[column])
        for column in columns
        if column in declared
    ]
    return "".join(f" {one}" for one in told if one)


def unknown_codes(at: str, values: pd.Series, declared: Column) -> str:
    """How many different values of a column are none of those that it may hold; '' where all are, or any may be.

    at: table and column.
    """
    if not declared.allowed:
        return ""
    strange = values[values.notna() & ~values.isin(list(declared.allowed)) & ~cells.is_code(declared, values)]
    found = [str(value) for value in strange.value_counts().index]
    if not found:
        return ""
    near = [
        close for value in found for close in difflib.get_close_matches(value.casefold(), declared.allowed, 1, ALIKE)
    ]
    nearest = f" Nearest to them: {', '.join(dict.fromkeys(near))}." if near else ""
    return (
        f"{at} holds {len(found)} code{'s' * (len(found) != 1)} that {'are' if len(found) != 1 else 'is'} none of "
        f"{', '.join(declared.allowed)}.{nearest} Say what each means: in a mapping under `codes`, else in the file."
    )
