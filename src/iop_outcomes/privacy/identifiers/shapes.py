"""Numbers and codes that keep the published structure of an identifier, in most of a column.

Each check takes `Contents` and says whether they are evidence: registrations of providers, places of the census, dates
written as numbers, initials with a date of birth, cases of courts, vehicles.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from iop_outcomes.privacy.identifiers import digits
from iop_outcomes.privacy.identifiers.checks import CODES, Check, numbers, shaped
from iop_outcomes.privacy.identifiers.names import words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from iop_outcomes.privacy.identifiers.contents import Contents

YEAR, SHORT = "(?:19|20)[0-9]{2}", "[0-9]{2}"
MONTH, DAY = "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
ORDERS = [part for y in (YEAR, SHORT) for part in (f"{y}{MONTH}{DAY}", f"{MONTH}{DAY}{y}", f"{DAY}{MONTH}{y}")]
# digits of the census' codes: state 2, county 3 more, tract 6, block group 1, block 3
COUNTY, TRACT, BLOCK_GROUP, BLOCK = 5, 11, 12, 15
# seconds from 1970 to 1979
LATE = 300_000_000
ZIPS = re.compile("(?:^|_)(?:zip|zcta|postal|postcode|plz)")
# two digits up to here are years after 2000
PIVOT = 30
# kinds of cases in the numbers of state and federal courts
CASES = "(?:CRIM|CRA|CRB|CRC|CR|CVA|CIV|CV|CF|CM|CT|FAM|FA|JUV|JV|JD|TRF|TR|DV|DUI|DR|PD|MM|MJ)"
CASE = (
    rf"(?i)(?:[0-9]{{1,2}}:)?(?:(?:{YEAR}|{SHORT})[- ]?{CASES}[- ]?[0-9]{{3,8}}|{CASES}[- ]?(?:{YEAR}|{SHORT})[- ]?"
    r"[0-9]{3,8})(?:[- ][A-Z0-9]{1,6})?"
)


def providers(column: Contents) -> bool:
    """National Provider Identifiers."""
    return numbers(10, digits.provider, 0.95, least=3, dense=None)(column)


def prescribers(column: Contents) -> bool:
    """Registrations with the Drug Enforcement Administration."""
    if not shaped("[A-Za-z][A-Za-z9][0-9]{7}", 0.9, least=2, length=(9, 9), plain=True)(column):
        return False
    found = [t for t in column.texts.to_pylist() if len(t) == 9 and t[2:].isascii() and t[2:].isdigit()]
    return sum(map(digits.prescriber, found)) >= 0.9 * len(found)


def vehicles(column: Contents) -> bool:
    """Vehicle identification numbers, most with their check digit."""
    if not shaped("[A-HJ-NPR-Za-hj-npr-z0-9]{17}", 0.5, length=(17, 17), plain=True)(column):
        return False
    found = [t for t in column.texts.to_pylist() if len(t) == 17]
    return sum(map(digits.vehicle, found)) >= 0.5 * len(found)


def places(column: Contents) -> bool:
    """Counties, tracts, block groups and blocks in the codes of the census."""
    if numbers(COUNTY, digits.county, 0.98, least=8, dense=None, zeros=1)(column):
        return True
    return any(_longer(width)(column) for width in (TRACT, BLOCK_GROUP, BLOCK))


def _longer(width: int) -> Check:
    """Codes of so many digits that begin with a county."""

    def begins(n: NDArray[np.int64]) -> NDArray[np.bool_]:
        return digits.county(n // 10 ** (width - COUNTY))

    return numbers(width, begins, 0.95, least=5, dense=0.5, zeros=1)


def _days_of_years(column: Contents) -> bool:
    """Five digits YYDDD that go over half a year at least, in a column of neither codes nor ZIP codes."""
    if (
        CODES.search(words(column.name))
        or ZIPS.search(words(column.name))
        or not numbers(5, digits.day_of_year, 0.98, least=20, dense=0.95)(column)
    ):
        return False
    import numpy as np

    n, _ = column.wholes
    return bool(np.ptp(n % 1000) >= 180 and np.unique(n // 1000).size <= 15 and (n % 2 == 0).any())


def _midnights(column: Contents) -> bool:
    """Seconds since 1970, or parts of them, that all fall on midnight: days, whatever the number of their digits."""
    if column.bounds and column.bounds[1] < LATE:
        return False
    if column.some_wholes is not None and 2 * (column.some_wholes[0] % 86_400 == 0).sum() < column.some_wholes[0].size:
        return False
    n, _ = column.wholes
    if n.size < 5 or n.max() < LATE or n.size < 0.3 * column.count:
        return False
    return bool((n % 86_400 == 0).mean() >= 0.95)


DATES: tuple[Check, ...] = (
    *(
        numbers(6, order, 0.95, least=5, dense=0.95, zeros=1, kept=0.15)
        for order in (digits.short_year_first, digits.short_month_first, digits.short_day_first)
    ),
    numbers(6, digits.year_month, 0.98, least=3, dense=None),
    numbers(7, digits.day_of_year, 0.98, least=5, dense=0.95),
    _days_of_years,
    *(numbers(width, digits.epoch, 0.95, least=5) for width in (9, 10, 12, 13, 16)),
    _midnights,
)
TELEPHONES: tuple[Check, ...] = (
    numbers(10, digits.telephone, 0.98, least=10), numbers(10, digits.telephone, 0.9, least=30),
)  # fmt: skip


def _with_initials(order: str) -> str:
    return rf"^(?:[A-Za-z]{{1,4}}[-_. ]?{order}[-_]?[A-Za-z0-9]{{0,4}}|{order}[-_. ]?[A-Za-z]{{1,4}}[0-9]{{0,4}})$"


def initials_with_dates(column: Contents) -> bool:
    """Letters with a date, such as initials with a date of birth: JS19800304, 030480JS."""
    if column.kind != "text" or len(column.texts) < 5:
        return False
    fitting = (column.lengths >= 7) & (column.lengths <= 18)
    if fitting.mean() < 0.9 or column.share("[0-9]{6}", some=True) < 0.9:
        return False
    return any(column.share(_with_initials(order), some=True) >= 0.9 for order in ORDERS)


def court_cases(column: Contents) -> bool:
    """Numbers of cases of a court: 2023-CR-001234, 23CV1234, CR-2023-0012."""
    if len(column.texts) < 2 or column.lengths.max() < 7 or column.share("[0-9]{3}", some=True) < 0.5:
        return False
    return column.share(f"^(?:{CASE})$", some=True) >= 0.5


def years(column: Contents) -> NDArray[np.int64]:
    """The years in the distinct whole numbers of a column of dates, by their digits; 0 where none is known."""
    import numpy as np

    n, width = column.wholes
    if not n.size:
        return n
    most = int(np.bincount(width).argmax())
    if most == 8:
        return np.where(digits.year_first(n), n // 10_000, n % 10_000)
    if most >= 14 and digits.timestamp(n).mean() >= 0.5:
        return n // 10**10
    if most == 7:
        return n // 1000
    if most in (5, 6):
        return _short_years(n, most)
    unit = np.where(n >= 10**14, 10**6, np.where(n >= 10**11, 1000, 1))
    return 1970 + n // unit // 31_556_952 if most >= 8 else np.zeros_like(n)


def written_short(column: Contents) -> NDArray[np.int64]:
    """The years in texts of dates that end in two digits of a year: 03/12/71, 12-Mar-71, 12.3.71 00:00."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    form = r"^(?:[0-9]{1,2}|[A-Za-z]{3,9})[-/. ](?:[0-9]{1,2}|[A-Za-z]{3,9})[-/., ]{1,2}(?P<year>[0-9]{2})(?:[ T].*)?$"
    found = pc.drop_null(pc.struct_field(pc.extract_regex(column.texts, form), "year")).cast(pa.int64())
    two = found.to_numpy(zero_copy_only=False)
    return np.where(two <= PIVOT, 2000, 1900) + two


def _short_years(n: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    import numpy as np

    if width == 6 and digits.year_month(n).mean() >= 0.5:
        return n // 100
    if digits.short_year_first(n).mean() >= 0.9 or (width == 5 and digits.day_of_year(n).mean() >= 0.9):
        two = n // (1000 if width == 5 and digits.day_of_year(n).mean() >= 0.9 else 10_000)
    else:
        two = n % 100
    return np.where(two <= PIVOT, 2000, 1900) + two
