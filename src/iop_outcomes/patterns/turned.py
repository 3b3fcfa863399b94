"""Definitions that a rule for missing tests would read the wrong way round.

Where a share or a number leaves open how missed tests are read, a rule reads them as use, or as free of use, and takes
an amount for one of abstinence: as if there had been use it is at its least, as if there had been none at its most. Of
what counts use it is the other way, so that bounds, and missed tests counted as use, would be told backwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.patterns.symbols import DIED, MISSED, NEGATIVE, POSITIVE, STATES
from iop_outcomes.patterns.words import INDEX

if TYPE_CHECKING:
    from iop_outcomes.patterns.definition import Definition

NAMES = {state.code: state.name for state in STATES.values()}


def turned(row: Definition) -> str:
    """What is to be said of a row that leaves `missed` open and is no amount of abstinence, else ''."""
    # an index takes the use that it counts from its best value
    most, never = (POSITIVE, NEGATIVE) if row.statistic == INDEX else (NEGATIVE, POSITIVE)
    strange = next((NAMES[code] for code in (never.code, MISSED.code, DIED.code) if code in row.counts), "")
    if strange:
        why = f"`counts` names '{strange}'"
    elif row.counts.get(most.code, 0.0) < max(row.counts.values()):
        why = f"of `counts`, '{most.name}' does not weigh most"
    else:
        return ""
    if row.statistic == INDEX:
        usual = "Count positives, and mixed ones by no more"
    else:
        usual = f"Count negatives (`counts = {NEGATIVE.name}`), of which what is positive or mixed is the rest"
    return (
        f"{why}, and the rules for missing tests take an amount for one of abstinence: they read a missed test as use, "
        f"or as a negative, and would tell this one backwards. {usual}; or say how missed tests are read, such as "
        "`missed = positive`, and ask for it with the missing_rule observed_only."
    )
