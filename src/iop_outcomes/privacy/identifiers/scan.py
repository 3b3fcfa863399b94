"""What in a frame looks like an identifier: each column by its name, by single cells, and by most of its contents.

In order: for each column the first rule whose names fit; then one search of the distinct texts for all sharp patterns
together, and the patterns one by one where it finds something; then the checks of the contents. The name of a column is
searched like a cell, for files without a header. Last, a column of dates most of which lie decades before the latest
date of the file is taken for birth dates.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from iop_outcomes.privacy.identifiers import headers, shapes
from iop_outcomes.privacy.identifiers.contents import Contents
from iop_outcomes.privacy.identifiers.names import words
from iop_outcomes.privacy.identifiers.rules import RULES, SPEAKS_OF, Rule

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

FLAGS = r"(?i)^(?:y|n|yes|no|true|false|t|f|0|1|-[1-9]|unknown|missing|refused|na|n/a|none)$"
# as many texts are searched in no time
SHORT = 10_000
# longer ones are cells of a file without a header
LONGEST_NAME = 100
# the share of the distinct texts that hold what a name of a column promises
SOME = 0.3
# dates so many years before the latest date of the file, over so many years, are dates of birth
EARLIER_YEARS, SPREAD_YEARS = 12, 10


@dataclass(frozen=True)
class Finding:
    """A column that looks like an identifier: its name and position (from 1), the rule, and what speaks for it."""

    column: str
    rule: str
    evidence: Literal["name", "contents"]
    position: int


def scan(columns: Sequence[Contents], dates: Collection[str] = ()) -> list[Finding]:
    """The findings in the columns of one frame, from the left. dates: columns that are known to hold dates."""
    cells = _cells(columns)
    found = [f for column in columns for f in _column(column, cells[column.position], column.name in dates)]
    return _with_births(found, columns)


def _cells(columns: Sequence[Contents]) -> dict[int, list[Rule]]:
    """For each position the rules that one cell is enough for; the name of a column counts as a cell.

    Names and short columns are searched together, as it takes longer to make ready for a search than to do it.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    names = [pa.array([c.name], pa.string()) for c in columns]
    short = [c.suspicious if len(c.suspicious) <= SHORT else c.suspicious[:0] for c in columns]
    together = pa.concat_arrays([pa.array([], pa.string()), *names, *short])
    owner = np.repeat([c.position for c in columns] * 2, [*map(len, names), *map(len, short)])
    telling = pc.match_substring_regex(together, _sharp()).to_numpy(zero_copy_only=False)
    found = {
        p: _rules_of(together.filter(pa.array(telling & (owner == p)))) if telling[owner == p].any() else []
        for p in (c.position for c in columns)
    }
    long = {c.position: _in_cells(c.suspicious) for c in columns if len(c.suspicious) > SHORT}
    return {p: [rule for rule in RULES if rule in found[p] or rule in long.get(p, [])] for p in found}


def in_text(text: str) -> list[str]:
    """The rules whose sharp patterns are found in a text, such as the reason of an allowance."""
    return [rule.name for rule in _in_cells([text])]


def _column(column: Contents, cells: Sequence[Rule], declared_date: bool) -> list[Finding]:
    """The findings in one column. cells: the rules that one of its cells is enough for."""
    named = next((rule for rule in RULES if _has_name(rule, column)), None) or next(
        (rule for rule in RULES if rule.named is not None and rule.named(column) and not _flagged(column)), None
    )
    if named is None and declared_date:
        named = next(rule for rule in RULES if rule.name == "dates")
    evidence: list[tuple[Rule, Literal["name", "contents"]]] = [(named, "name")] if named else []
    evidence += [(rule, "contents") for rule in RULES if rule in cells or any(check(column) for check in rule.evidence)]
    covered = {name for rule, _ in evidence for name in rule.covers}
    return [Finding(column.name, r.name, e, column.position) for r, e in evidence if r.name not in covered]


def _has_name(rule: Rule, column: Contents) -> bool:
    """Whether the column is named as the rule says, does not merely speak of it, and has contents that may be it."""
    if _fits(rule, column.name):
        return rule.confirm(column) if rule.confirm is not None else not _flagged(column)
    holds = [pattern for name, pattern in headers.rules(column.name) if name == rule.name]
    if not holds or SPEAKS_OF.search(words(column.name)) or not any(_holds_some(column, p) for p in holds):
        return False
    return rule.confirm(column) if rule.confirm is not None else not _flagged(column)


def _flagged(column: Contents) -> bool:
    """Whether a column holds no more than yes and no."""
    return bool(column.count and column.only(FLAGS, -9, 1))


def _holds_some(column: Contents, pattern: str) -> bool:
    """Whether some cells hold what a column of such a name would, or there are none; numbers by their digits."""
    if not column.rows or not pattern:
        return True
    if column.kind == "number":
        return column.bounds is not None and column.bounds[1] >= 100
    return column.kind != "text" or column.share(pattern) >= SOME


def _fits(rule: Rule, name: str) -> bool:
    """Whether a name of a column is one that the rule knows, and does not merely speak of it."""
    plain = words(name) if len(name) <= LONGEST_NAME else ""
    if not rule.column or not re.fullmatch(rule.column, plain) or SPEAKS_OF.search(plain):
        return False
    return rule.named is None or headers.person(name) != "other"


def by_name(name: str) -> str | None:
    """The rule that knows a column by its name, whatever it holds."""
    by_words = {rule for rule, _ in headers.rules(name)} if not SPEAKS_OF.search(words(name)) else set()
    sure = headers.person(name) == "sure"
    return next(
        (r.name for r in RULES if _fits(r, name) or r.name in by_words or (sure and r.name == "person names")), None
    )


@cache
def _sharp() -> str:
    """All sharp patterns as one, without the names of their groups."""
    return "|".join(f"(?:{rule.cell.replace('?P<found>', '?:')})" for rule in RULES if rule.cell)


def _in_cells(texts: Sequence[str] | pa.Array) -> list[Rule]:
    """The rules that a single one of the texts is enough for."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = texts if isinstance(texts, pa.Array) else pa.array(texts, type=pa.string())
    return _rules_of(values.filter(pc.match_substring_regex(values, _sharp()))) if len(values) else []


def _rules_of(telling: pa.Array) -> list[Rule]:
    """The rules behind texts in which some sharp pattern was found."""
    return [rule for rule in RULES if rule.cell and len(telling) and _holds(rule, telling)]


def _holds(rule: Rule, values: pa.Array) -> bool:
    import pyarrow.compute as pc

    if rule.valid is None:
        return bool(pc.any(pc.match_substring_regex(values, rule.cell)).as_py())
    parts = pc.drop_null(pc.struct_field(pc.extract_regex(values, rule.cell), "found"))
    return any(rule.valid(part) for part in parts.to_pylist())


def _with_births(found: list[Finding], columns: Sequence[Contents]) -> list[Finding]:
    """The findings, with 'dates' read as 'birth dates' where the years of a column say so."""
    dated = {f.position for f in found if f.rule in ("dates", "birth dates")}
    years = {c.position: _years(c) for c in columns if c.position in dated}
    latest = max((int(y.max()) for y in years.values() if y.size), default=0)
    births = {position for position, y in years.items() if _early(y, latest)}
    return [
        Finding(f.column, "birth dates", f.evidence, f.position) if f.rule == "dates" and f.position in births else f
        for f in found
    ]


def _years(column: Contents) -> NDArray[np.int64]:
    """The years in the distinct values of a column of dates."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    values: Any
    if column.kind == "date":
        values = pc.year(column.distinct)
    elif column.kind == "number" or column.wholes[0].size >= 0.5 * column.count:
        values = pa.array(shapes.years(column), pa.int64())
    else:
        parts = pc.struct_field(pc.extract_regex(column.texts, r"(?P<year>(?:19|20)[0-9]{2})"), "year")
        values = pc.drop_null(parts).cast(pa.int64())
        if len(values) < 0.5 * len(column.texts):
            values = pa.array(shapes.written_short(column), pa.int64())
    years = np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.int64)
    return years[(years >= 1900) & (years < 2100)]


def _early(years: NDArray[np.int64], latest: int) -> bool:
    import numpy as np

    if years.size < 5:
        return False
    low, high = np.quantile(years, (0.05, 0.9))
    return bool(high <= latest - EARLIER_YEARS and high - low >= SPREAD_YEARS)


def repeated(columns: Sequence[Contents]) -> int:
    """How many columns hold their own name among their values, as they do where a file has no header."""
    return sum(_repeats(column) for column in columns)


def _repeats(column: Contents) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.kind != "text" or not len(column.texts):
        return False
    return bool(pc.any(pc.equal(column.texts, pa.scalar(column.name.strip()))).as_py())


def shown(columns: Sequence[Contents]) -> Iterator[tuple[int, str]]:
    """Each column's position with how a message may call it: by name, or by position where names may be values."""
    from iop_outcomes.privacy.identifiers.names import trusted

    names = [c.name for c in columns]
    safe = trusted(names, repeated(columns)) and not _in_cells(names)
    for column in columns:
        plain = safe and len(column.name) <= LONGEST_NAME
        yield column.position, f"'{column.name}'" if plain else f"column {column.position}"
