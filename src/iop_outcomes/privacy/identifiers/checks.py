"""Kinds of evidence in the contents of a column: what most distinct values look like.

`shaped` and `numbers` make checks from a pattern or a kind of number and the share of the distinct values that must
keep it; the others look at names of people, free text, ages and ZIP codes. A check takes `Contents` and says whether
they are evidence. Shares are of distinct values, so the order of the rows and their number do not matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from iop_outcomes.privacy.identifiers.names import vocabulary, words

if TYPE_CHECKING:
    from iop_outcomes.privacy.identifiers.contents import Contents

Check = Callable[["Contents"], bool]

OLDEST, CAP = 120, 90
# a letter of any alphabet, or what stands between letters in names (classes of Unicode are slow to compile)
WORD = r"[A-Za-z'.\x{80}-\x{10FFFF}-]"
# names of columns that hold codes or amounts, in which five digits are no ZIP code
CODES = re.compile(
    r"(?:^|_)(?:id|ids|pid|caseid|case|record|row|key|code|codes|cpt|hcpcs|proc|procedure|fips|cbsa|msa|icd|ndc|rev|"
    r"revenue|charge|charges|amount|cost|paid|allowed|price|income|salary|minutes|seconds|number|no|num|nbr|count)(?:_|$)"
    r"|id$"
)


def shaped(pattern: str, share: float, least: int = 1, length: tuple[int, int] = (1, 60), plain: bool = False) -> Check:
    """Evidence when that share of the distinct texts, at least so many, has the pattern and a length within bounds.

    plain: the pattern is one of letters and digits only; all others are not looked for in such texts.
    """

    def check(column: Contents) -> bool:
        import pyarrow.compute as pc

        if len(column.texts) < least or not len(column.texts):
            return False
        fit = (column.lengths >= length[0]) & (column.lengths <= length[1])
        among = column.texts if plain else column.suspicious
        enough = share * len(column.texts)
        if fit.sum() < enough or len(among) < enough:
            return False
        return bool(pc.sum(pc.match_substring_regex(among, f"^(?:{pattern})$")).as_py() >= enough)

    return check


def numbers(
    width: int,
    valid: Callable[[Any], Any],
    share: float,
    least: int = 1,
    dense: float | None = 0.01,
    zeros: int = 0,
    kept: float = 0.5,
) -> Check:
    """Evidence when that share of the distinct values are valid numbers of that many digits, and not consecutive.

    dense: from this share of all numbers between the lowest and the highest, they are a running number (None: never).
    zeros: leading zeros that a column of numbers may have lost, where that share of the numbers (kept) has lost none.
    """

    def _fitting(column: Contents, n: Any, found: Any) -> Any:
        """The valid ones of whole numbers with their digits."""
        full = found == width
        if column.kind == "number" and n.size and full.mean() >= kept:
            full = (found >= width - zeros) & (found <= width)
        return n[full & valid(n)] if full.any() else n[:0]

    def check(column: Contents) -> bool:
        if column.bounds and (column.bounds[1] < 10 ** (width - 1) or column.bounds[0] >= 10**width):
            return False
        if column.some_wholes is not None and _fitting(column, *column.some_wholes).size < share / 2 * max(
            column.some_wholes[0].size, 1
        ):
            return False
        n, found = column.wholes
        if not n.size or column.count < least:
            return False
        good = _fitting(column, n, found)
        if not good.size or good.size < share * column.count:
            return False
        return dense is None or good.size < 2 or good.size / (int(good.max()) - int(good.min()) + 1) < dense

    return check


def zip_codes(column: Contents) -> bool:
    """Many different five-digit numbers with assigned first three digits, which many share, in a column not of codes.

    Core-based statistical areas (they end in 0) and running numbers are none.
    """
    from iop_outcomes.privacy.identifiers.digits import zip5

    if CODES.search(words(column.name)) or not numbers(5, zip5, 0.95, least=20, dense=0.8, zeros=1)(column):
        return False
    import numpy as np

    n, _ = column.wholes
    return bool((n % 10 != 0).any() and np.unique(n // 100).size <= 0.6 * n.size)


def over_89(column: Contents) -> bool:
    """An age of 91 to 120 in a column of ages; 90 stands for 90 or older, and more than 120 is an error of the data."""
    name = words(column.name)
    if not re.search(r"(?:^|_)ages?(?:_|$)|^(?:pt|patient|client)age", name) or "month" in name or "days" in name:
        return False
    if column.kind == "number":
        if column.bounds is None or column.bounds[1] <= CAP:
            return False
        import pyarrow as pa
        import pyarrow.compute as pc

        ages = column.distinct.cast(pa.float64(), safe=False)
        return bool(pc.any(pc.and_(pc.greater(ages, CAP), pc.less_equal(ages, OLDEST))).as_py())
    return column.share(r"^(?:9[1-9]|1[01][0-9]|120|90\.[0-9]*[1-9])(?:[^0-9]|$)") > 0


def _any(kind: str) -> str:
    return "|".join(vocabulary(kind))


def _common() -> str:
    return f"{_any('given')}|{_any('family')}"


def people(column: Contents) -> bool:
    """Names of people: texts of one to four words of letters, none of them a word of things.

    With common given or family names among them a few values are enough; without, thirty values in capitals of two
    words or more, or twenty of the form 'Last, First'.
    """
    import pyarrow.compute as pc

    values = column.texts
    if not len(values):
        return False
    form = pc.match_substring_regex(values, f"^{WORD}+(?:,? {WORD}+){{0,3}}$")
    if pc.sum(form).as_py() < 0.6 * len(values):
        return False
    thing = pc.match_substring_regex(values, f"(?i)(?:^|[^A-Za-z])(?:{_any('thing')})(?:[^A-Za-z]|$)")
    return _named(values.filter(pc.and_not(form, thing)), len(values))


def _named(names: Any, total: int) -> bool:
    """Whether so many of `total` distinct values, all in the form of a name, are names of people."""
    import pyarrow.compute as pc

    def share(pattern: str, among: Any) -> float:
        return (pc.sum(pc.match_substring_regex(among, pattern)).as_py() or 0) / total

    several = names.filter(pc.match_substring_regex(names, "[ ,]"))
    given, either = (share(f"(?i)(?:^|[ ,])(?:{word})(?:[ ,]|$)", several) for word in (_any("given"), _common()))
    if len(several) >= 0.6 * total and (given >= 0.15 or either >= 0.3) and either * total >= 2:
        return True
    capital = f"[A-Z\\x{{C0}}-\\x{{10FFFF}}]{WORD}*"
    if total >= 20 and share(f"^{capital}(?: {capital})*, ?{capital}(?: {capital})*$", several) >= 0.8:
        return True
    if total >= 30 and share(f"^{capital}(?:,? {capital})+$", several) >= 0.9:
        return True
    single = names.filter(pc.invert(pc.match_substring_regex(names, "[ ,]")))
    if len(single) < 0.9 * total:
        return False
    first, last = (share(f"(?i)^(?:{_any(kind)})$", single) for kind in ("given", "family"))
    return any(found >= low and total >= least for found, low, least in
               ((first, 0.6, 3), (first, 0.25, 20), (last, 0.6, 3), (last, 0.12, 20)))  # fmt: skip


def free_text(column: Contents) -> bool:
    """Long texts that differ, or a single very long one; values that cannot be looked into count as such."""
    if column.kind != "text":
        return column.kind == "opaque"
    if not len(column.texts) or column.lengths.max() < 40:
        return False
    long = (column.lengths >= 40).mean()
    many = round(column.share(r"^(?:\S+\s+){5}") * len(column.texts)) if long >= 0.2 else 0
    if many >= 5 and many >= 0.2 * len(column.texts) and (many >= 50 or many >= 0.3 * column.rows):
        return True
    return bool(column.lengths.max() >= 200) and column.share(r"(?:\S+\s+){20}") > 0
