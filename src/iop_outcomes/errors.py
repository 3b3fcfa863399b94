"""Errors that a person can act on: what is wrong, where, what was expected, what to do.

No error message holds a value taken from a row about a person, or a password.
"""

import re

STRUCK = "***"
# user:password@ of an address, with both slashes or the one that a path keeps; not of an example in a message
ADDRESS = re.compile(r"(\b[A-Za-z][A-Za-z0-9+.-]+:(?://|/(?!/)))(?!user:password@)[^\s'\"]*@")
WORDS = "password|passwd|passphrase|passwort|pwd|secret|token|api_?key|access_?key|secret_?key|credentials?"
VALUE = r"(?:\"[^\"]*\"|'[^']*'|[^\s;,&)'\"]+)"
KEYED = re.compile(rf"(?i)(\b\w*(?:{WORDS})\s*=\s*){VALUE}")


def struck(text: str) -> str:
    """A text without credentials: `user:password@` of addresses, and what follows `password=` and its like."""
    return KEYED.sub(rf"\1{STRUCK}", ADDRESS.sub(rf"\1{STRUCK}@", text))


class StudyError(Exception):
    """One paragraph for the person who runs the study; the command line prints it without a traceback.

    Credentials, as in an address that was given for a path, are struck out of it.
    """

    def __init__(self, *said: object) -> None:
        super().__init__(*(struck(part) if isinstance(part, str) else part for part in said))


class TableError(StudyError):
    """A table does not keep to its declaration in `iop_outcomes.tables`."""


class EstimationError(StudyError):
    """An estimator was given data for which its estimate does not exist."""


class NotPossible(EstimationError):
    """What is asked has no answer of its kind, whoever the people are; the reason stands in its place."""


# what pydantic puts before the sentence of a rule of ours
PREFIX = "Value error, "


def ended(said: str, found: str = "") -> str:
    """What is wrong as a sentence, or as several, with its end. found: what stands there, told after it.

    What is said may come with its end, as a message that is passed on does, or without.
    """
    plain = said.removeprefix(PREFIX)
    whole = plain.endswith((".", "?", "!"))
    if not found:
        return plain if whole else f"{plain}."
    return f"{plain} {found[0].upper()}{found[1:]}." if whole else f"{plain}, {found}."
