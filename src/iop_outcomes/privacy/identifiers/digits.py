"""What a number of so many digits can be: a social security number, a telephone number, a date, a card, a place.

Each function takes distinct whole numbers (int64) and marks those that keep the published structure of the identifier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Wholes = NDArray[np.int64]
    Marks = NDArray[np.bool_]

# three-digit ZIP prefixes that the Postal Service has not assigned
UNASSIGNED_ZIP3 = (
    *range(5), 99, 213, 269, 343, 345, 348, 353, 419, 428, 429, 517, 518, 519, 529, 533, 536, 552, 568, 578, 579, 589,
    621, 632, 642, 643, 659, 663, 682, *range(694, 700), 702, 709, 715, 732, 742, 771, 817, 818, 819, 839, 848, 849,
    854, 858, 861, 862, *range(866, 870), 876, 886, 887, 888, 892, 896, 899, 909, 929, 987,
)  # fmt: skip
# states and territories in the codes of the census
STATES = (*(n for n in range(1, 57) if n not in (3, 7, 14, 43, 52)), 60, 66, 69, 72, 78)


def social_security(n: Wholes) -> Marks:
    """Area 001-899 without 666, group and serial not zero (Social Security Administration, since 2011)."""
    area, group, serial = n // 1_000_000, n // 10_000 % 100, n % 10_000
    return (area >= 1) & (area <= 899) & (area != 666) & (group > 0) & (serial > 0)


def telephone(n: Wholes) -> Marks:
    """Ten digits of the North American plan: area and exchange begin with 2-9 and are not of the form N11."""
    area, exchange = n // 10_000_000, n // 10_000 % 1000
    return (area >= 200) & (area % 100 != 11) & (exchange >= 200) & (exchange % 100 != 11)


def zip5(n: Wholes) -> Marks:
    """Five digits whose first three are assigned."""
    import numpy as np

    return (n > 0) & (n <= 99_999) & ~np.isin(n // 100, UNASSIGNED_ZIP3)


def year_first(n: Wholes) -> Marks:
    """Eight digits YYYYMMDD."""
    return _calendar(n // 10_000, n // 100 % 100, n % 100)


def year_last(n: Wholes) -> Marks:
    """Eight digits MMDDYYYY or DDMMYYYY."""
    year, first, second = n % 10_000, n // 1_000_000, n // 10_000 % 100
    return _calendar(year, first, second) | _calendar(year, second, first)


def timestamp(n: Wholes) -> Marks:
    """Fourteen digits YYYYMMDDHHMMSS."""
    return year_first(n // 1_000_000) & (n // 10_000 % 100 < 24) & (n // 100 % 100 < 60) & (n % 100 < 60)


def _calendar(year: Wholes, month: Wholes, day: Wholes) -> Marks:
    return (year >= 1900) & (year < 2100) & _day(month, day)


def short_year_first(n: Wholes) -> Marks:
    """Six digits YYMMDD; five where a leading zero is lost."""
    return _day(n // 100 % 100, n % 100)


def short_month_first(n: Wholes) -> Marks:
    """Six digits MMDDYY; five where a leading zero is lost."""
    return _day(n // 10_000, n // 100 % 100)


def short_day_first(n: Wholes) -> Marks:
    """Six digits DDMMYY; five where a leading zero is lost."""
    return _day(n // 100 % 100, n // 10_000)


def year_month(n: Wholes) -> Marks:
    """Six digits YYYYMM."""
    year, month = n // 100, n % 100
    return (year >= 1900) & (year < 2100) & (month >= 1) & (month <= 12)


def day_of_year(n: Wholes) -> Marks:
    """Seven digits YYYYDDD, or five YYDDD of 1990 to 2029: the day of the year, called Julian."""
    year, day = n // 1000, n % 1000
    known = ((year >= 1900) & (year < 2100)) | ((n < 100_000) & ((year < 30) | (year >= 90)))
    return known & (day >= 1) & (day <= 366)


def epoch(n: Wholes) -> Marks:
    """Seconds, milliseconds or microseconds since 1970 that fall on midnight, or between 2000 and 2027."""
    import numpy as np

    unit = np.where(n >= 10**14, 10**6, np.where(n >= 10**11, 1000, 1))
    seconds = n // unit
    return (seconds % 86_400 == 0) | ((seconds >= 946_684_800) & (seconds < 1_830_297_600))


def _day(month: Wholes, day: Wholes) -> Marks:
    import numpy as np

    longest = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    known = (month >= 1) & (month <= 12) & (day >= 1)
    return known & (day <= longest[np.where(known, month, 0)])


def provider(n: Wholes) -> Marks:
    """Ten digits of a National Provider Identifier: it begins with 1 or 2, and its check digit stands on 80840."""
    return ((n // 10**9 == 1) | (n // 10**9 == 2)) & luhn(80_840 * 10**10 + n)


def county(n: Wholes) -> Marks:
    """Five digits of the census: a state and a county of it, whose numbers are odd (three independent cities are not).

    Longer codes of places (tract 11, block group 12, block 15 digits) begin with it.
    """
    import numpy as np

    state, place = n // 1000, n % 1000
    return np.isin(state, STATES) & (place % 2 == 1) & (place <= 840)


def luhn(n: Wholes) -> Marks:
    """The check digit of cards and of telephone equipment (ISO/IEC 7812-1)."""
    import numpy as np

    total = np.zeros(n.shape, dtype=np.int64)
    rest = n.copy()
    for place in range(19):
        digit = rest % 10 * (1 + place % 2)
        total += digit // 10 + digit % 10
        rest //= 10
    return total % 10 == 0


def prescriber(text: str) -> bool:
    """The check digit of a registration with the Drug Enforcement Administration: two letters and seven digits."""
    d = [int(c) for c in text[2:]]
    return (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]


def vehicle(text: str) -> bool:
    """The check digit of a vehicle identification number, 17 characters (49 CFR 565.15)."""
    letters = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    total = sum(int(letters.get(c, c)) * w for c, w in zip(text.upper(), weights, strict=True))
    return "0123456789X"[total % 11] == text[8].upper()
