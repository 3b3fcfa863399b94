"""The eighteen identifiers of the Safe Harbor method as rules: 45 CFR 164.514(b)(2)(i)(A) to (R).

Patterns are a table, patterns.tsv. Its kind `column` is held against the whole name of a column, in the form that
`names.words` gives; `cell` is searched in every distinct text, and one is enough; `most` must be the whole of that
share of the distinct texts, where there are at least so many and their lengths are in that range. Words in braces are
those of PARTS. Cells are searched by RE2, which has no look-around and never backtracks.

What no pattern can say is said here: checks of the contents, what must hold for the contents of a column with a telling
name, and advice.
"""

from __future__ import annotations

import csv
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.privacy.identifiers import digits, freedom, shapes, strays
from iop_outcomes.privacy.identifiers.checks import Check, free_text, numbers, over_89, people, shaped, zip_codes
from iop_outcomes.tables import reference

if TYPE_CHECKING:
    from iop_outcomes.privacy.identifiers.contents import Contents

PATTERNS = Path(__file__).parent / "patterns.tsv"

STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|"
    "PA|PR|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY"
)
PARTS = {
    "LEFT": "(?:^|[^0-9A-Za-z])",
    "RIGHT": "(?:[^0-9A-Za-z]|$)",
    # 'member id: ABC12345'
    "LABELLED": r"(?: ?(?:id|no|number|num|nbr|#))\.?[ :#]{0,3}[A-Z0-9-]*[0-9]{3,}",
    "DAY": "(?:0?[1-9]|[12][0-9]|3[01])",
    "MONTH": "(?:0?[1-9]|1[0-2])",
    "MONTHS": "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    "YEAR": "(?:19|20)[0-9]{2}",
    "CASES": shapes.CASES,
    # no area 000 or 666, no group 00, no serial 0000
    "SSN_AREA": "(?:00[1-9]|0[1-9][0-9]|[1-57-9][0-9]{2}|6[0-57-9][0-9]|66[0-57-9])",
    "SSN_GROUP": "(?:0[1-9]|[1-9][0-9])",
    "SSN_SERIAL": "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])",
    "OCTET": "(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])",
    # letters of a Medicare beneficiary identifier: no S, L, O, I, B, Z (Centers for Medicare & Medicaid Services)
    "MBI": "[AC-HJKMNP-RT-Y]",
    "MBI_ANY": "[AC-HJKMNP-RT-Y0-9]",
    "STATES": STATES,
    # 'Client ID 12345' is no place in Idaho
    "STATES_NOT_ID": STATES.replace("|ID|", "|"),
    "STREET": "(?:street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|parkway|pkwy|highway|hwy|terrace)",
    "PLACE": "(city|town|village|county|counties|parish|borough|municipality|precinct|township|neighbou?rhood)",
    "PLAN": "(health_?plan|policy|member|subscriber|beneficiary|bene|medicaid|medicare|insurance|insured)",
    "PERSON": (
        "pt|patient|client|member|person|participant|subject|mother|father|spouse|partner|guardian|parent|child|relative|"
        "employer|provider|physician|doctor|counsell?or|clinician|therapist|contact|emergency|sponsor|prescriber|staff|"
        "case_?manager|case_?worker|insured|subscriber|legal|maiden|first|last|middle|given|family|full|preferred|nick|"
        "sur|fore|user|account"
    ),
}
MEDICARE = "[1-9]{MBI}{MBI_ANY}[0-9]{MBI}{MBI_ANY}[0-9]{MBI}{2}[0-9]{2}"
# names that only speak of the thing: 'phone_calls', 'has_email', 'license_type'
SPEAKS_OF = re.compile(
    r"(?:^|_)(?:count|counts|n|type|types|flag|days|minutes|mins|hours|sessions|visits|calls|status|missing|score|"
    r"category|access|has|is|any|used|per|size|known|verified|provided|consent|indicator|ind|yn|rank|poverty|population|density|quintile)(?:_|$)"
)


def _filled(pattern: str) -> str:
    """A pattern with the words in braces replaced; counts such as {2} stay."""
    return re.sub(r"\{([A-Z_]{3,})\}", lambda part: PARTS[part[1]], pattern)


def _read() -> Mapping[tuple[str, str], list[dict[str, str]]]:
    """The rows of patterns.tsv by rule and kind, their patterns filled in."""
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    with open(PATTERNS, encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, restval=""):
            found.setdefault((row["rule"], row["kind"]), []).append({**row, "pattern": _filled(row["pattern"])})
    return found


TABLE = _read()


def _either(rule: str, kind: str) -> str:
    return "|".join(f"(?:{row['pattern']})" for row in TABLE.get((rule, kind), []))


def _shapes(rule: str) -> tuple[Check, ...]:
    def length(text: str) -> tuple[int, int]:
        low, high = (text or "1-60").split("-")
        return int(low), int(high)

    return tuple(
        shaped(row["pattern"], float(row["share"]), int(row["least"]), length(row["length"]))
        for row in TABLE.get((rule, "most"), [])
    )


@dataclass(frozen=True)
class Rule:
    """One rule. name: in messages and in `privacy.allow`. item: of 45 CFR 164.514(b)(2)(i).

    confirm: must hold for the contents of a column with a telling name. named: a name that tells only beside the
    contents. valid: must hold for the part of a cell that
    its pattern calls `found`. checks: evidence in the contents beside the patterns; one is enough. advice: what to do,
    where it is not to drop the column. covers: rules that say the same less exactly and are not reported beside it.
    """

    name: str
    item: str
    confirm: Check | None = None
    named: Check | None = None
    valid: Callable[[str], bool] | None = None
    checks: tuple[Check, ...] = ()
    advice: str = ""
    covers: tuple[str, ...] = ()

    @cached_property
    def column(self) -> str:
        """The pattern of names of columns."""
        return _either(self.name, "column")

    @cached_property
    def cell(self) -> str:
        """The pattern of a telling cell."""
        return _either(self.name, "cell")

    @cached_property
    def evidence(self) -> tuple[Check, ...]:
        """All checks of the contents."""
        return (*self.checks, *_shapes(self.name))


def _internet(text: str) -> bool:
    """Whether a text is an address of the Internet Protocol; of version 6 with three groups written out."""
    # a time of day is no address, and a column of times has many
    if "::" not in text and text.count(":") not in (0, 7):
        return False
    try:
        version = ipaddress.ip_address(text).version
    except ValueError:
        return False
    return version == 4 or sum(bool(group) for group in text.split(":")) >= 3


def small_prefixes() -> tuple[str, ...]:
    """The three-digit ZIP prefixes with 20,000 people or fewer (data/reference/zip3_restricted.csv)."""
    return tuple(row["zip3"] for row in reference.rows("zip3_restricted.csv"))


def _not_zip3(column: Contents) -> bool:
    """Whether a column of ZIP codes holds more than three-digit prefixes of areas with more than 20,000 people."""
    if not column.count or not column.only(r"^[0-9]{3}$", 0, 999):
        return True
    wholes, _ = column.wholes
    return bool(set(wholes.tolist()) & {int(p) for p in small_prefixes()})


def _not_relative(column: Contents) -> bool:
    """Whether a column with the name of a date holds more than numbers of days, or years."""
    return not column.only(r"^[+-]?[0-9]{1,4}(?:\.0*)?$", -9999, 9999)


def _not_running(column: Contents) -> bool:
    """Whether a column of numbers is more than the numbers 1, 2, 3, ... of its rows."""
    wholes, _ = column.wholes
    return not (wholes.size and wholes.size == column.count and wholes.min() <= 1 and wholes.max() <= wholes.size + 1)


def _born_early(column: Contents) -> bool:
    """Whether a year of birth tells an age over 89, whenever until 2026 the records were made."""
    wholes, width = column.wholes
    return bool(((width == 4) & (wholes >= 1850) & (wholes <= 1936)).any())


# a column is reported by its name under the first rule that fits
RULES = (
    Rule("social security numbers", "G", checks=(numbers(9, digits.social_security, 0.98, zeros=2),)),
    Rule("e-mail addresses", "F"),
    Rule("IP addresses", "O", valid=_internet),
    Rule("web addresses", "N"),
    Rule("vehicle identifiers", "L", checks=(shapes.vehicles,)),
    Rule("device identifiers", "M", confirm=_not_running, checks=(numbers(15, digits.luhn, 0.95, least=3),)),
    Rule("medical record numbers", "H"),
    Rule("health plan numbers", "I", checks=(shaped(_filled(MEDICARE), 0.5, length=(11, 11), plain=True),)),
    Rule("person names", "A", named=freedom.named, checks=(people, freedom.unnamed, freedom.numbered)),
    Rule("account numbers", "J", checks=(numbers(16, digits.luhn, 0.95, least=3),)),
    Rule("certificate or license numbers", "K", checks=(shapes.providers, shapes.prescribers)),
    Rule("fax numbers", "E", covers=("telephone numbers",)),
    Rule("telephone numbers", "D", checks=shapes.TELEPHONES + (strays.telephones,)),
    Rule(
        "ZIP codes",
        "B",
        confirm=_not_zip3,
        checks=(zip_codes, strays.zip_codes),
        advice="three digits may stay, '000' where 20,000 people or fewer live; `iop-outcomes deidentify` sees to it; "
        "dates as Excel counts days pass where the mapping declares the column by `excel_serial` (or `days_from`)",
    ),
    Rule("street addresses", "B"),
    Rule("places smaller than a state", "B", checks=(shapes.places,)),
    Rule(
        "birth dates",
        "C",
        confirm=_not_relative,
        advice="give the age at admission in years, 90 for 90 or older",
        covers=("dates",),
    ),
    Rule(
        "dates",
        "C",
        confirm=_not_relative,
        checks=(
            lambda column: column.kind == "date",
            numbers(8, digits.year_first, 0.95, dense=None),
            numbers(8, digits.year_last, 0.95, dense=None),
            numbers(14, digits.timestamp, 0.95, dense=None),
            *shapes.DATES,
        ),
        advice="give whole days from each person's day 0, as `iop-outcomes deidentify --relative` writes them; where a "
        "data use agreement covers dates of service, set `privacy.limited_dataset: true`",
    ),
    Rule(
        "ages over 89",
        "C",
        confirm=_born_early,
        checks=(over_89,),
        advice="write 90 for 90 or older, as `iop-outcomes deidentify` does",
    ),
    Rule("biometric identifiers", "P"),
    Rule("photographs", "Q"),
    Rule("other identifying codes", "R", checks=(shapes.initials_with_dates, shapes.court_cases)),
    Rule(
        "free text",
        "R",
        checks=(free_text,),
        advice="anything may stand in it; code what is needed into a column of its own",
    ),
)

BY_NAME = {rule.name: rule for rule in RULES}
