"""SAMHSA's published counts of one year as probabilities, and tables that keep to them.

`Margins` holds for each variable of a year's file the codes, the probability of each, and the value that each code
means. `fitted` is iterative proportional fitting (Deming & Stephan, Annals of Mathematical Statistics 1940;11:427): a
table of weights is scaled by rows and columns in turn until both margins are met; the odds ratios of the weights stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from iop_outcomes.codebooks.tedsd import codes
from iop_outcomes.errors import StudyError
from iop_outcomes.tables import reference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# the codebook prints a long list of codes in part, and the rest as one count
OTHER = "other"
# rounds of fitting, when a margin counts as met, and after how many rounds without progress fitting ends
ROUNDS, CLOSE, PATIENCE = 2000, 1e-8, 50


@dataclass(frozen=True)
class Margin:
    """One variable in a year's file: codes (text), the probability of each, and what each means in every year."""

    name: str
    codes: tuple[str, ...]
    shares: Floats
    values: tuple[str, ...]

    def share(self, *values: str) -> float:
        """The probability of any of the values."""
        return float(sum(p for p, v in zip(self.shares, self.values, strict=True) if v in values))


def years() -> list[str]:
    """The years whose counts are known; some are known as a span only, such as 2006-2014."""
    return list(_counts())


def of_year(year: int) -> dict[str, Margin]:
    """The margins of a year's file by variable, in the order of the codebook. Raises StudyError."""
    for span, counts in _counts().items():
        first, _, last = span.partition("-")
        if int(first) <= year <= int(last or first):
            found = {codes.variable(name) or name: _margin(name, rows, year) for name, rows in counts.items()}
            return found | {"DISYR": _margin("DISYR", {str(year): 1}, year)}
    raise StudyError(f"SAMHSA's counts for {year} are not known here. Known: {', '.join(years())}.")


@cache
def _counts() -> dict[str, dict[str, dict[str, int]]]:
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for row in reference.rows("tedsd/margins.csv"):
        counts.setdefault(row["years"], {}).setdefault(row["variable"], {})[row["code"]] = int(row["count"])
    return counts


def _margin(name: str, counts: dict[str, int], year: int) -> Margin:
    import numpy as np

    total = sum(counts.values())
    listed = codes.variables().get(codes.variable(name) or "", "")
    known = codes.code_list(listed, codes.span(year)).values if listed else {}
    values = tuple(known.get(int(c), c) if c != OTHER else OTHER for c in counts)
    return Margin(name, tuple(counts), np.array([n / total for n in counts.values()]), values)


def fitted(weights: Floats, rows: Floats, columns: Floats) -> Floats:
    """The table with the odds ratios of the weights and these margins. weights (r, c) > 0; the margins sum to 1."""
    table = weights.copy()
    for _ in range(ROUNDS):
        table *= (rows / table.sum(axis=1))[:, None]
        met = table.sum(axis=0)
        table *= columns / met
        if abs(met - columns).max() < CLOSE:
            break
    return table


def raked(weights: Floats, constraints: list[tuple[NDArray[np.intp], Floats]]) -> Floats:
    """Weights of cells scaled until the cells of each group sum to its share, for several groupings at once.

    weights (n,) > 0. constraints: for each grouping the group of each cell (n,) and the share of each group. Published
    counts contradict each other by a few records: fitting ends where it makes no progress.
    """
    import numpy as np

    table = weights / weights.sum()
    before = float("inf")
    for done in range(ROUNDS):
        worst = 0.0
        for group, shares in constraints:
            met = np.bincount(group, table, len(shares))
            worst = max(worst, float(abs(met - shares).max()))
            table = table * _ratio(shares, met)[group]
        if worst < CLOSE:
            break
        if done % PATIENCE == 0:
            if worst > 0.9 * before:
                break
            before = worst
    return table


def _ratio(shares: Floats, met: Any) -> Any:
    import numpy as np

    return np.divide(shares, met, out=np.zeros_like(shares), where=met > 0)


def conditional(table: Floats) -> Floats:
    """Each row as probabilities; a row without weight has equal ones."""
    import numpy as np

    total: Any = table.sum(axis=1, keepdims=True)
    return np.where(total > 0, table / np.where(total > 0, total, 1), 1 / table.shape[1])
