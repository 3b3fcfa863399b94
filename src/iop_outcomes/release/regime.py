"""Exact or rounded: the base to which a release rounds its counts, chosen to keep the most.

Where few cells are small a release is exact, and a few cells are withheld. Where many are, rounding leaves so much open
that hardly any need be withheld. Each base that the policy lets is tried on the crude rows of the primary questions (of
all, where there are none): a row is kept where it is told, and what protection may have changed it by is under a point
(of mean days under a hundredth of the horizon; of a ratio under a hundredth of it). Of the bases that keep at least as
much as any other less 2 %, the one that withholds least is taken, the finest of equals. Only blocks of cells in which
something would be withheld for another cell's sake are rounded to it; all others stay as they are. What the base is,
and what it costs, stands among the diagnostics.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.release.policy import Policy
from iop_outcomes.tables.results import ALL, OF_THE_WHOLE, RELEASE, ROUNDED_TO, ROWS_ASKED, ROWS_KEPT, ROWS_WITHHELD
from iop_outcomes.vocabulary.measures import MEAN_DAYS, RATIO
from iop_outcomes.vocabulary.methods import CRUDE
from iop_outcomes.vocabulary.statuses import OK, SUPPRESSED

if TYPE_CHECKING:
    import pandas as pd

# greatest change of a number that still counts as kept: of a share, of the horizon, of a ratio
POINT = 0.01
# a finer base may keep so much less than a coarser one
LOSS = 0.02


@dataclass(frozen=True)
class Kept:
    """What a base keeps of the crude rows that are looked at."""

    base: int
    rows: int
    kept: int
    withheld: int

    @property
    def all(self) -> bool:
        """Nothing is lost."""
        return self.kept == self.rows


def bases(policy: Policy) -> tuple[int, ...]:
    """Bases that a release may round to, finest first: those of the policy from the study's own base on."""
    own = policy.rounding_base
    return tuple(sorted({own, *(base for base in policy.bases if base >= own and base % own == 0)}))


def looked_at(estimates: pd.DataFrame, primary: Mapping[str, Collection[str]]) -> pd.DataFrame:
    """The crude rows by which bases are judged. primary: outcomes of primary questions by contrast."""
    crude = estimates[(estimates["method"] == CRUDE) & (estimates["status"] == OK)]
    named = [o in primary.get(c, ()) for c, o in zip(crude["contrast"], crude["outcome"], strict=True)]
    own = crude[named]
    return own if len(own) else crude


def kept(base: int, released: pd.DataFrame) -> Kept:
    """What is kept of crude rows, as released with a base. Rows that no data could answer count for nothing."""
    asked = released[released["status"].isin([OK, SUPPRESSED])]
    told = asked[asked["status"] == OK]
    size = [
        float(horizon or 1) if measure == MEAN_DAYS and of != RATIO else abs(value) if of == RATIO else 1.0
        for measure, of, horizon, value in zip(
            told["measure"], told["of"], told["horizon_days"].fillna(0), told["estimate"], strict=True
        )
    ]
    near = [error < POINT * whole or error == 0 for error, whole in zip(told["rounding_error"], size, strict=True)]
    return Kept(base, len(asked), sum(near), len(asked) - len(told))


def best(tried: Sequence[Kept]) -> Kept:
    """Of the bases that keep as much as any other, less 2 %, the one that withholds least; the finest of those."""
    most = max(one.kept for one in tried)
    near = [one for one in tried if one.kept >= (1 - LOSS) * most]
    return min(near, key=lambda one: (one.withheld, one.base))


def told(chosen: Kept, cohort: str) -> pd.DataFrame:
    """The base and what it costs, as diagnostics."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    same = {
        **OF_THE_WHOLE, "analysis": RELEASE, "cohort": cohort, "contrast": ALL, "method": RELEASE,
        "threshold": float("nan"), "status": "info",
    }  # fmt: skip
    numbers = {
        ROUNDED_TO: chosen.base, ROWS_ASKED: chosen.rows, ROWS_KEPT: chosen.kept, ROWS_WITHHELD: chosen.withheld,
    }  # fmt: skip
    rows = [{**same, "quantity": name, "value": float(number)} for name, number in numbers.items()]
    declared = TABLES["diagnostics"]
    return declared.cast(pd.DataFrame(rows, columns=list(declared.columns)))
