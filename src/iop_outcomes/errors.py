"""Errors that a person can act on: what is wrong, where, what was expected, what to do.

No error message holds a value taken from a row about a person.
"""


class StudyError(Exception):
    """One paragraph for the person who runs the study; the command line prints it without a traceback."""


class TableError(StudyError):
    """A table does not keep to its declaration in `iop_outcomes.tables`."""


class EstimationError(StudyError):
    """An estimator was given data for which its estimate does not exist."""
