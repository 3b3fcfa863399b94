"""Names of columns as words, and whether the first line of a file is a header at all.

`words` makes one form of a name, lower case with one `_` between words and numbers: 'PatientZIP5', 'patient zip 5' and
'PATIENT_ZIP_5' are 'patient_zip_5'. A file without a header has a person's values where names should be; `trusted`
tells whether names may stand in a message.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

WORDS = Path(__file__).parent / "words.csv"
NUMBER = re.compile(r"[+-]?[0-9][0-9.,/:-]*")


@cache
def vocabulary(kind: str) -> tuple[str, ...]:
    """The words of one kind.

    given, family: very common names. thing: words of things, of which no name of a person holds one; category: more of
    them, some of which are names too. header: usual in headers. medicine: ends of names of medicines. before_digits:
    before five digits that are no ZIP code.
    """
    with open(WORDS, encoding="utf-8", newline="") as lines:
        return tuple(next(row["words"] for row in csv.DictReader(lines) if row["kind"] == kind).split())


@cache
def words(name: str) -> str:
    """The name of a column in lower case, its words and numbers joined by '_'."""
    apart = re.sub(r"([a-z])([A-Z])|([A-Z])([A-Z][a-z])", r"\1\3_\2\4", name.replace("#", " no "))
    apart = re.sub(r"([A-Za-z])(?=[0-9])|([0-9])(?=[A-Za-z])", r"\1\2_", apart)
    return re.sub(r"[\W_]+", "_", apart).strip("_").lower()


def trusted(names: Sequence[str], repeated: int) -> bool:
    """Whether the names are names of columns, fit to be shown.

    repeated: how many of them are found again among the values of their own column. One word that is usual in headers
    must be there, and no more than one cell that could be a value.
    """
    known = set(vocabulary("header"))
    usual = any(known & set(words(name).split("_")) for name in names)
    return usual and repeated + sum(bool(NUMBER.fullmatch(name.strip())) for name in names) < 2
