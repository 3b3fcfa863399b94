"""Whether texts may be names of people, whoever they are: by their form, their words, and how free they are.

A category repeats, and its words are those of a trade: 'Left against advice', 'Harbor Clinic'. Names of people are one
to six words of letters that no list of categories knows, and in a column of persons most of them are unique. How much
of this must hold depends on the column's name (`headers.person`). Of very many distinct texts some are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from iop_outcomes.privacy.identifiers import headers
from iop_outcomes.privacy.identifiers.names import vocabulary

if TYPE_CHECKING:
    from iop_outcomes.privacy.identifiers.contents import Contents

# letters of any alphabet and what stands in names: O'Brien, Smith-Lee, J. (classes of Unicode are slow to compile)
WORD = r"[A-Za-z'`.\x{80}-\x{10FFFF}-]+"
NAME = rf"^{WORD}(?:[ ,;/^_&+]{{1,3}}{WORD}){{0,5}}[ ,.]?$"
# short codes are none: 'MCO', 'BOS', 'LADC', 'm'
SHORT_CODE = r"^(?:[A-Z]{1,4}|[A-Za-z]{1,2})$"
# consonants in a row that tell a random code from a word
HARD = "(?i)[bcdfghjklmnpqrstvwxz]{4}"
# letters of a name with digits behind: SILV1980, oyelaran23, 'Silva (0412)'
LETTERS = r"[A-Za-z'.\x{80}-\x{10FFFF}-]"
NUMBERED = rf"^(?P<letters>{LETTERS}{{3,}}(?:[ ,._]{{1,2}}{LETTERS}+){{0,2}})[ ._#-]{{0,2}}\(?[0-9]{{1,6}}\)?$"
# so many different ones are no category, and of random letters more cannot be said
MANY_LETTERS, SAID = 20, 0.25


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


def numbered(column: Contents) -> bool:
    """Whether most texts are names, or their first letters, with digits behind, such as a year of birth."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if headers.person(column.name) == "other" or len(column.texts) < MANY_LETTERS:
        return False
    texts = column.some
    if column.share("[A-Za-z\\x{80}-\\x{10FFFF}]{3}.*[0-9]\\)?$", some=True) < 0.9:
        return False
    found = pc.drop_null(pc.struct_field(pc.extract_regex(texts, NUMBERED), "letters"))
    distinct = pc.unique(found)
    if len(found) < 0.9 * len(texts) or len(distinct) < max(MANY_LETTERS, 0.1 * len(texts)):
        return False
    # of three letters nobody can say whether they are a code
    if pc.mean(pc.less_equal(pc.utf8_length(distinct), 3)).as_py() > 0.5:
        return False
    hard = pc.mean(pc.match_substring_regex(distinct, HARD)).as_py()
    known = sum(map(_known, pa.array(distinct).to_pylist())) / len(distinct)
    return bool(hard < SAID and known <= NEEDS["unknown"].known)


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
        # names in scripts of one sign a syllable are all of two or three
        even["min"] == even["max"] and len(names) > 1 and bool(pc.any(pc.string_is_ascii(names)).as_py()),
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
