"""How the variables of a generated file hang together: which is drawn given which, and with what odds.

Two hidden factors, severity and stability, in five steps each, make 25 classes. A service is drawn given the state, a
class given the service; the reason for discharge given service at discharge, class and kind of state; the length of
stay given service, reason and severity. What is known at admission is drawn given the class or another such variable
(drawn.csv), what is known at discharge given its value at admission. Loadings and odds stand in structure.csv, lengths
in length_of_stay.csv. Every table is fitted to the year's margins, so that each margin holds whatever the odds are.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from iop_outcomes.codebooks.tedsd import codes
from iop_outcomes.simulate.tedsd.margins import Margin
from iop_outcomes.tables import reference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STEPS = (-1.4, -0.7, 0.0, 0.7, 1.4)
STEP_SHARES = (0.1, 0.22, 0.36, 0.22, 0.1)
# a variable has a value only where another has one of these; elsewhere it is missing
NO_SUBSTANCE = ("none", "unknown")
ONLY_WHERE = {
    "DETNLF": ("not in labor force",),
    "DETNLF_D": ("not in labor force",),
    "DETCRIM": ("court or criminal justice",),
    "PREG": ("female",),
}
# odds of what should not be, of what should hardly be (SAMHSA's counts need some of it), and of the same value again
NEVER, RARE, AGAIN = 1e-6, 2e-3, 60.0


def family(variable: str) -> str:
    """The name under which a variable stands in structure.csv: SUB2 and ROUTE3 stand under SUB and ROUTE."""
    return variable if variable in ("SUB1", "FREQ1") else "".join(c for c in variable if not c.isdigit())


@cache
def drawn() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The variables in the order in which they are drawn, each with what it is drawn given."""
    rows = reference.rows("tedsd/drawn.csv")
    return tuple((row["variable"], tuple(row["given"].split(";"))) for row in rows)


@cache
def _weights() -> dict[tuple[str, str], dict[tuple[str, str], float]]:
    """By variable and what it is given: weights by value and given value."""
    found: dict[tuple[str, str], dict[tuple[str, str], float]] = {}
    for row in reference.rows("tedsd/structure.csv"):
        key = row["variable"], row["given"]
        found.setdefault(key, {})[row["value"], row["given_value"]] = float(row["weight"])
    return found


def classes() -> tuple[Floats, Floats, Floats]:
    """Severity and stability of each of the 25 classes, and its share."""
    import numpy as np

    severity, stability = np.repeat(STEPS, len(STEPS)), np.tile(STEPS, len(STEPS))
    return severity, stability, np.outer(STEP_SHARES, STEP_SHARES).ravel()


def by_class(margin: Margin, variable: str) -> Floats:
    """Weights (25, categories): each category grows with the factors that it loads on."""
    import numpy as np

    severity, stability, _ = classes()
    loads = _weights()
    power = np.zeros((len(severity), len(margin.values)))
    for factor, score in (("severity", severity), ("stability", stability)):
        of = loads.get((variable, factor), {})
        power += np.outer(score, [of.get((value, ""), 0.0) for value in margin.values])
    return np.exp(power) * margin.shares


def by_variable(margin: Margin, variable: str, given: Margin, other: str) -> Floats:
    """Weights (categories of the given variable, categories): odds from the table, and what follows from meaning."""
    import numpy as np

    odds = _weights().get((family(variable), family(other))) or _weights().get((variable, other), {})
    table = [
        [odds.get((value, known), 1.0) * _meant(variable, value, known, other) for value in margin.values]
        for known in given.values
    ]
    return np.array(table) * margin.shares


def _meant(variable: str, value: str, given: str, other: str) -> float:
    """Odds that follow from what the two values mean."""
    if variable == f"{other}_D":
        return AGAIN if value == given else 1.0
    missing = value == codes.UNKNOWN
    if variable in ONLY_WHERE:
        return 1.0 if missing or given in ONLY_WHERE[variable] else NEVER
    if family(other) in ("SUB", "SUB1") and family(variable) in ("FREQ", "FREQ1", "FRSTUSE", "ROUTE"):
        return 1.0 if given not in NO_SUBSTANCE or missing else RARE
    if (variable, other) == ("FRSTUSE1", "AGE") and not missing:
        return 1.0 if _years(value)[0] <= _years(given)[-1] else RARE
    return 1.0


def _years(band: str) -> list[int]:
    """The first and last year of a band of ages; open ends reach far."""
    found = [int(t) for t in band.replace("-", " ").split() if t.isdigit()]
    if "older" in band:
        return [found[0], 120]
    return [0, found[0]] if "younger" in band else found


@cache
def median_days() -> dict[tuple[str, str], float]:
    """Median length of stay by service and reason; reasons not listed count as other."""
    rows = reference.rows("tedsd/length_of_stay.csv")
    return {(row["service"], row["reason"]): float(row["median_days"]) for row in rows}
