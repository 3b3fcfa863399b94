"""Single cells of digits that are a telephone number or a ZIP code among other things.

A column of nothing but numbers is judged by most of them (`checks.numbers`); here a number stands alone: among words,
among much smaller numbers, or behind the name of a town. Refuses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.privacy.identifiers import digits
from iop_outcomes.privacy.identifiers.checks import CODES
from iop_outcomes.privacy.identifiers.names import vocabulary, words

if TYPE_CHECKING:
    from iop_outcomes.privacy.identifiers.contents import Contents

WORDS = r"[A-Za-z]{2}|[^\x00-\x7F]"
# 'Boston 02118', 'lives in Boston, 02118.'
TOWN = r"(?P<word>[A-Za-z\x{C0}-\x{10FFFF}]{3,})[.,]{0,2} (?P<zip>[0-9]{5})(?:-[0-9]{4})?(?:[^0-9A-Za-z%/-]|$)"
FEW = 0.2
# among numbers of so many digits one of ten, or of five with a leading zero, is none of them
SMALL_PHONE, SMALL_ZIP = 6, 3


def telephones(column: Contents) -> bool:
    """Ten digits of a telephone number, or seven as 555-0187, among words or small numbers."""
    if column.kind == "number":
        return _among_numbers(column)
    if column.kind != "text" or not len(column.texts):
        return False
    import pyarrow.compute as pc

    among_words = _words(column)
    n, width = column.wholes
    ten = n[width == 10]
    if ten.size and digits.telephone(ten).mean() >= 0.95 and not (width[width != 10] > SMALL_PHONE).any():
        small = ten.size <= FEW * len(column.texts) and n.size > ten.size
        if among_words or small:
            return True
    if not among_words:
        return False
    local = pc.sum(pc.match_substring_regex(column.suspicious, r"^[2-9][0-9]{2}-[0-9]{4}$")).as_py() or 0
    return 0 < local <= max(FEW * len(column.texts), 1)


def _among_numbers(column: Contents) -> bool:
    """Ten digits of a telephone number among numbers that are all much smaller."""
    if column.bounds is None or not 10**9 <= column.bounds[1] < 10**10:
        return False
    if column.some_wholes is not None and (column.some_wholes[1] == 10).mean() > FEW:
        return False
    n, width = column.wholes
    ten = width == 10
    few = 0 < ten.sum() <= FEW * n.size and not (width[~ten] > SMALL_PHONE).any()
    return bool(few and digits.telephone(n[ten]).mean() >= 0.95)


def zip_codes(column: Contents) -> bool:
    """Five digits of a ZIP code among words or small numbers, or behind a word that may be a town."""
    if column.kind != "text" or not len(column.texts) or CODES.search(words(column.name)):
        return False
    return _alone(column) or _behind_a_town(column)


def _alone(column: Contents) -> bool:
    n, width = column.wholes
    five = n[width == 5]
    if not five.size or five.size > max(FEW * len(column.texts), 1) or not digits.zip5(five).all():
        return False
    if five.size == n.size:
        return _words(column)
    zero = five < 10_000
    return bool(zero.all() and not (width[width != 5] > SMALL_ZIP).any())


def _behind_a_town(column: Contents) -> bool:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    longest = column.lengths.max() >= 9
    found = pc.drop_null(pc.extract_regex(column.suspicious, TOWN)) if longest else pa.array([])
    if not len(found):
        return False
    n = np.asarray(pc.struct_field(found, "zip").cast(pa.int64()))
    towns = [w.lower() not in vocabulary("before_digits") for w in pc.struct_field(found, "word").to_pylist()]
    return bool((digits.zip5(n) & np.array(towns)).any())


def _words(column: Contents) -> bool:
    """Whether most texts hold words, and more than one does."""
    share = column.share(WORDS, some=True)
    return share >= 0.5 and share * len(column.texts) >= 2
