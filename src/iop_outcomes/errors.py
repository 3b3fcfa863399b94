"""Errors that a person can act on: what is wrong, where, what was expected, what to do.

No error message holds a value taken from a row about a person, or a password.
"""

from iop_outcomes.privacy import withheld


class StudyError(Exception):
    """One paragraph for the person who runs the study; the command line prints it without a traceback.

    Credentials, as in an address that was given for a path, are struck out of it.
    """

    def __init__(self, *said: object) -> None:
        super().__init__(*(withheld.struck(part) if isinstance(part, str) else part for part in said))


class TableError(StudyError):
    """A table does not keep to its declaration in `iop_outcomes.tables`."""


class EstimationError(StudyError):
    """An estimator was given data for which its estimate does not exist."""


class NotPossible(EstimationError):
    """What is asked has no answer of its kind, whoever the people are; the reason stands in its place."""
