"""What the words of a column's name say: whose the column is, and what of them it holds.

In order: the name is cut into words (`names.words`), accents and numbers are left out, and words that are written as
one ('PTLNAME', 'clientname') are cut where every part is known. Names of people are told by who (member, mbr, patient,
pt, counselor, paciente ...) and what (name, nm, last, nombre ...): header_words.csv, in several languages. The other
identifiers are told by header_rules.tsv: each row a rule, groups of words, of which one of each must stand in the name
('inmate jail + id no num'), and what some cells must hold then. A word that names another thing (program, drug, date,
status ...) speaks against names of people.

A name can be sure ('MEMBER_LAST_NAME'), or fit for names of people and for other things ('COUNSELOR', 'signed_by'):
then the contents decide.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Literal

from iop_outcomes.privacy.identifiers.names import words

FOLDER = Path(__file__).parent
# longer texts are no names of columns
LONGEST = 100
# a word written as one with others has so many letters at least, and so many parts at most
GLUED, PARTS = 4, 4
# letters that have no plain form of their own
PLAIN = str.maketrans({"ł": "l", "ø": "o", "ı": "i", "đ": "d", "ß": "s", "æ": "a", "œ": "o", "þ": "t", "ð": "d"})

# ends of words for who does something, in several languages
AGENT = re.compile("(?:[^e]er|or|ist|ian|eur|euse|eut|eutin|rin|ador|adora|tore|trice|ista)s?$")

Sureness = Literal["sure", "likely", "possible", "coded", "other", "unknown"]


@cache
def vocabulary(kind: str) -> frozenset[str]:
    """Words of one kind.

    who: people. what: that names stand in it; name: alone enough for that; adjective: those of what that say something
    else beside most words. pair: two or three words of people. by: before 'by'. numbered: what identifiers are called,
    and may be names all the same. other: of things. filler: of no weight.
    """
    with open(FOLDER / "header_words.csv", encoding="utf-8", newline="") as lines:
        return frozenset(next(plain(row["words"]) for row in csv.DictReader(lines) if row["kind"] == kind).split())


def plain(text: str) -> str:
    """A text in lower case without accents."""
    apart = unicodedata.normalize("NFKD", text.lower().translate(PLAIN))
    return unicodedata.normalize("NFC", "".join(c for c in apart if not unicodedata.combining(c)))


@cache
def parts(name: str) -> tuple[str, ...]:
    """The words of a column's name, without accents and numbers; glued ones apart where all their parts are known."""
    if len(name) > LONGEST:
        return ()
    found = [word for word in words(plain(_camel(name))).split("_") if word and not word.isdigit()]
    return tuple(part for word in found for part in _apart(word))


def _camel(name: str) -> str:
    """'PatientLastName' with its words apart, before capitals are lost."""
    return re.sub(r"([A-Z])([A-Z][a-z])", r"\1_\2", re.sub(r"([a-z])([A-Z])", r"\1_\2", name))


def _apart(word: str) -> tuple[str, ...]:
    known = vocabulary("who") | vocabulary("what") | vocabulary("name")
    if word in known or word in vocabulary("other") or word in vocabulary("filler"):
        return (word,)
    if word.isascii() and len(word) < GLUED:
        return (word,)
    return _cut(word, PARTS) or (word,)


@cache
def _cut(word: str, most: int) -> tuple[str, ...]:
    """A word as parts that are known, the last of them a word for names; empty where there is no such way."""
    names = vocabulary("what") | vocabulary("name")
    # in scripts without spaces one sign is a word
    least = 2 if word.isascii() else 1
    for at in range(least, len(word) - least + 1) if most > 1 else ():
        first, rest = word[:at], word[at:]
        if first not in vocabulary("who") and first not in names:
            continue
        # two letters alone are a word by chance too often
        if rest in names and (len(rest) > 2 or len(first) > 2 or not word.isascii()):
            return (first, rest)
        if more := _cut(rest, most - 1):
            return (first, *more)
    return ()


@cache
def person(name: str) -> Sureness:
    """Whether a column may hold names of people, by its name.

    sure: it says so. likely: it says who, or what, and the contents decide. possible: it says that names stand in it,
    and of what is not known. coded: it says that identifiers stand in it. other: it says that it holds
    something else. unknown: none of its words is known.
    """
    own = parts(name)
    if not own:
        return "unknown"
    joined = "_".join(own)
    pairs = [p for p in vocabulary("pair") if re.search(f"(?:^|_){p}(?:_|$)", joined)]
    rest = set(own) - {word for p in pairs for word in p.split("_")}
    names, what, who, other = (rest & vocabulary(kind) for kind in ("name", "what", "who", "other"))
    if own[-1] == "by" and own[-2:-1] and own[-2] in vocabulary("by"):
        return "likely"
    if other and _ends_in_a_person(own, pairs, bool(who)):
        return "likely"
    if other:
        return "coded" if other <= vocabulary("numbered") else "other"
    strange = rest - names - what - who - vocabulary("filler")
    if (names or (who and what)) and not strange:
        return "sure"
    if names or who or pairs or (what and not strange):
        return "likely"
    if what - vocabulary("adjective") or own[-1] == "by" or any(AGENT.search(word) for word in strange):
        return "possible"
    return "unknown"


def _ends_in_a_person(own: tuple[str, ...], pairs: list[str], who: bool) -> bool:
    """Whether the last word, the one that counts, says who, or a name of someone who was said before.

    'program director', 'site contact', 'counselor id name', not 'client program' and not 'drug name'.
    """
    last = next((word for word in reversed(own) if word not in vocabulary("filler")), "")
    if last in vocabulary("who") or last in vocabulary("name"):
        return True
    return any("_".join(own).endswith(p) for p in pairs) or (
        who and last in vocabulary("what") - vocabulary("adjective")
    )


@cache
def _rules() -> tuple[tuple[str, tuple[frozenset[str], ...], str], ...]:
    with open(FOLDER / "header_rules.tsv", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    return tuple(
        (row["rule"], tuple(frozenset(plain(g).split()) for g in row["words"].split(" + ")), row["holds"])
        for row in rows
    )


@cache
def rules(name: str) -> tuple[tuple[str, str], ...]:
    """The rules that know a column by its words, each with what cells of it hold (a pattern; empty for anything)."""
    if len(name) > LONGEST:
        return ()
    own = {word for word in words(plain(_camel(name))).split("_") if word and not word.isdigit()}
    return tuple((rule, holds) for rule, groups, holds in _rules() if all(own & group for group in groups))
