"""Whether texts may be names of people, whoever they are: by their form, their words, and how free they are.

A category repeats, and its words are those of a trade: 'Left against advice', 'Harbor Clinic'. Names of people are one
to six words of letters that no list of categories knows, and in a column of persons most of them are unique. How much
of this must hold depends on the column's name (`headers.person`). Of very many distinct texts some are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from iop_outcomes.sources.identifiers import headers
from iop_outcomes.sources.identifiers.names import vocabulary

if TYPE_CHECKING:
    from iop_outcomes.sources.identifiers.contents import Contents

# letters of any alphabet and what stands in names: O'Brien, Smith-Lee, J. (classes of Unicode are slow to compile)
WORD = r"[A-Za-z'`.\x{80}-\x{10FFFF}-]+"
NAME = rf"^{WORD}(?:[ ,;/^_&+]{{1,3}}{WORD}){{0,5}}[ ,.]?$"
# short codes are none: 'MCO', 'BOS', 'LADC', 'm'
SHORT_CODE = r"^(?:[A-Z]{1,4}|[A-Za-z]{1,2})$"
# consonants in a row that tell a random code from a word
HARD = "(?i)[bcdfghjklmnpqrstvwxz]{4}"


@dataclass(frozen=True)
class Needs:
    """What must hold of the distinct texts.

    named: the share in the form of a name, at least; known: the share with a word of categories, at most; distinct:
    texts, at least; unique: their share of the rows, at least, where there are not so `many` of them.
    """

    named: float
    known: float
    distinct: int = 1
    unique: float = 0.0
    many: int = 60


NEEDS = {
    "sure": Needs(0.3, 0.7),
    "likely": Needs(0.6, 0.35),
    "possible": Needs(0.8, 0.2, 8),
    "coded": Needs(0.8, 0.2, 8),
    "unknown": Needs(0.9, 0.2, 8, 0.5),
}


@dataclass(frozen=True)
class Look:
    """Shares of the distinct texts that were looked at.

    named: in the form of a name. Of these, known: with a word of categories; short: short codes; hard: with letters
    in a row that nobody can say. even: all are of one length.
    """

    named: float
    known: float
    short: float
    hard: float
    even: bool


def people(column: Contents) -> bool:
    """Whether the texts of a column may be names of people, given what its name says."""
    need = NEEDS.get(headers.person(column.name))
    if need is None or column.kind != "text" or len(column.texts) < need.distinct:
        return False
    if len(column.texts) < need.unique * column.rows and len(column.texts) < need.many:
        return False
    seen = look(column)
    if seen.named < need.named or seen.known > need.known:
        return False
    said = headers.person(column.name)
    # initials are short under a name that says so, and codes are of one length or cannot be said
    code = said in ("coded", "unknown") and (seen.even or seen.hard >= 0.4)
    return said == "sure" or (seen.short < 0.5 and not code)


def look(column: Contents) -> Look:
    """The shares on which it rests."""
    import pyarrow.compute as pc

    texts = column.some
    fits = pc.match_substring_regex(texts, NAME)
    names = texts.filter(fits)
    if not len(names):
        return Look(0.0, 0.0, 0.0, 0.0, False)
    lengths = pc.utf8_length(names)
    even = pc.min_max(lengths).as_py()
    return Look(
        len(names) / len(texts),
        sum(map(_known, names.to_pylist())) / len(names),
        float(pc.mean(pc.match_substring_regex(names, SHORT_CODE)).as_py()),
        float(pc.mean(pc.match_substring_regex(names, HARD)).as_py()),
        even["min"] == even["max"] and len(names) > 1,
    )


@cache
def _categories() -> frozenset[str]:
    return frozenset(headers.plain(" ".join((*vocabulary("thing"), *vocabulary("category")))).split())


def _known(text: str) -> bool:
    """Whether a word of a text is one of categories."""
    return not _categories().isdisjoint(
        headers.plain(text).replace(",", " ").replace("/", " ").replace("-", " ").split()
    )


def named(column: Contents) -> bool:
    """Whether the texts may be names of people, under a name of a column that speaks of people."""
    return headers.person(column.name) in ("sure", "likely", "possible") and people(column)


def unnamed(column: Contents) -> bool:
    """Whether the texts may be names of people, under a name of a column that says nothing."""
    return headers.person(column.name) in ("coded", "unknown") and people(column)
