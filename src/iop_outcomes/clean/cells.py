"""Cells that cannot be true, before the rules for rows: what the declaration of a column says of single values.

In order: what a program writes where a value is not known, or what lies outside the range of a column that only
describes, becomes missing, and is set aside by name; the row is kept. Then the reason for discharge of a stay that is
open: a reason is written where a program demands one, so that every open stay bears the same, or one that is no reason
at all ('still in care'); it is left out, and the stay stays open. Reasons that differ from stay to stay, and that of a
single stay, tell of ends that were lost: those rows are left to the rules. A death after the end of observation is
told, and stands.

Where a value is needed in its row (a start, a site, a level), the rules for rows set the row aside. Nothing is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iop_outcomes.clean import versions
from iop_outcomes.tables import TABLES
from iop_outcomes.tables.declare import Column
from iop_outcomes.vocabulary.causes import DIED, LEAVING

if TYPE_CHECKING:
    import pandas as pd

REASON_OF_OPEN = "reason of an open stay left out"
LATE_DEATH = "death after the end of observation"
# a reason that so many of the open stays bear is what the program writes, and tells of no end
DEFAULT_SHARE = 0.9
# open stays with a reason from which on they show a default: of the whole table, and of a site of its own
STAYS, SITE_STAYS = 3, 5


@dataclass(frozen=True)
class Mended:
    """Rows with cells set aside.

    first: by index, the rule and the column of the first cell set aside in a row. told: by index, what else is said of
    it. strange: by column, how many values were out of range or not allowed, and how many are known; without codes.
    """

    rows: pd.DataFrame
    first: pd.DataFrame
    told: pd.Series
    strange: dict[str, tuple[int, int]] = field(default_factory=dict)


def mend(name: str, rows: pd.DataFrame) -> Mended:
    """The rows of a raw canonical table without cells that cannot be true."""
    import pandas as pd

    changed: dict[str, pd.Series] = {}
    found, strange = [], {}
    for column, declared in TABLES[name].columns.items():
        if column not in rows:
            continue
        rule, wrong, codes = _wrong(column, declared, rows[column])
        if not wrong.any():
            continue
        found.append(pd.DataFrame({"rule": rule, "cell": column}, index=rows.index[wrong]))
        if (wrong & ~codes).any():
            strange[column] = (int((wrong & ~codes).sum()), int((rows[column].notna() & ~codes).sum()))
        changed[column] = rows[column].mask(wrong, None) if declared.kind == "text" else rows[column].mask(wrong)
    first = pd.concat(found) if found else pd.DataFrame({"rule": [], "cell": []}, dtype=object)
    first = first[~first.index.duplicated()].sort_index()
    rows = rows.assign(**changed) if changed else rows
    told = TOLD[name](rows) if name in TOLD else pd.Series(False, index=rows.index)
    if name == "stays" and told.any():
        rows = rows.assign(discharge_reason=rows["discharge_reason"].mask(told, None))
    return Mended(rows, first, pd.Series(WORDS.get(name, ""), index=rows.index[told], dtype=object), strange)


def is_code(declared: Column, values: pd.Series) -> pd.Series:
    """True for values that stand for one that is not known; of numbers those outside of the range, and zero."""
    if declared.kind == "text":
        return values.isin(_spellings(declared.missing))
    codes = [code for code in declared.missing if isinstance(code, float)]
    return (values.isin(codes) & (outside(declared, values) | (values == 0))).fillna(False).astype(bool)


def outside(declared: Column, values: pd.Series) -> pd.Series:
    """True for numbers outside of the range of their column; a missing one is in it."""
    low = -float("inf") if declared.low is None else declared.low
    high = float("inf") if declared.high is None else declared.high
    return ((values < low) | (values > high)).fillna(False).astype(bool)


def _spellings(codes: tuple[str | float, ...]) -> list[str]:
    texts = [code for code in codes if isinstance(code, str)]
    return sorted({form for text in texts for form in (text, text.upper(), text.capitalize(), text.title())})


def _wrong(column: str, declared: Column, values: pd.Series) -> tuple[str, pd.Series, pd.Series]:
    """The rule that cells of a column break, the cells that do and are set aside alone, and the codes among them."""
    import pandas as pd

    none = pd.Series(False, index=values.index)
    if declared.kind == "text":
        code = is_code(declared, values) if declared.missing and declared.nullable else none
        if declared.alone and declared.allowed:
            return f"unknown {column}", values.notna() & ~values.isin(list(declared.allowed)), code
        return f"missing-value code in {column}", code, code
    # one look at the least and the largest first, as most columns are in range
    if not _reaches_out(declared, values):
        return f"out of range {column}", none, none
    code = is_code(declared, values) if declared.nullable else none
    return f"out of range {column}", (outside(declared, values) | code) if declared.alone else code, code


def _reaches_out(declared: Column, values: pd.Series) -> bool:
    """Whether any number is out of range, or a zero that stands for a value not known."""
    if values.isna().all():
        return False
    low, high = values.min(), values.max()
    below = declared.low is not None and low < declared.low
    return bool(below or (declared.high is not None and high > declared.high) or (low == 0 and 0.0 in declared.missing))


def _reason_of_open(stays: pd.DataFrame) -> pd.Series:
    """True for open stays whose reason says nothing of an end."""
    import pandas as pd

    reason = stays["discharge_reason"]
    bears = stays["end_day"].isna() & reason.notna()
    if not bears.any():
        return pd.Series(False, index=stays.index)
    # someone who died in care left it, on a day that only the day of death can tell
    living = bears & reason.isin([r for r in LEAVING if r != DIED])
    strange = bears & ~reason.isin(LEAVING)
    default = _shared(reason[living], pd.Series(0, index=reason.index[living]), STAYS)
    default |= _shared(reason[living], versions.spelled(stays.loc[living, "site_id"]), SITE_STAYS)
    earlier = stays.index.isin(versions.superseded(stays).index)
    return strange | default.reindex(stays.index, fill_value=False) | (bears & earlier)


def _shared(reason: pd.Series, group: pd.Series, least: int) -> pd.Series:
    """True where a reason is that of nearly all in its group, which has so many at least."""
    size = reason.groupby(group).transform("size")
    alike = reason.groupby([group, reason]).transform("size")
    return ((size >= least) & (alike >= DEFAULT_SHARE * size)).fillna(False).astype(bool)


def _late_death(persons: pd.DataFrame) -> pd.Series:
    late = persons["death_day"] > persons["observed_to_day"]
    return late.fillna(False).astype(bool)


TOLD = {"stays": _reason_of_open, "persons": _late_death}
WORDS = {"stays": REASON_OF_OPEN, "persons": LATE_DEATH}
