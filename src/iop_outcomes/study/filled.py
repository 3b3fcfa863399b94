"""Which analyses fill a figure: what a release says that it is of."""

from __future__ import annotations

from iop_outcomes.study.figures import FIGURES
from iop_outcomes.study.loaded import Loaded


def analyses(loaded: Loaded, figure: str) -> list[str]:
    """Names of the analyses that a figure shows, sorted; none of one that is of records and design."""
    needs = FIGURES[figure] or set()
    kinds = {outcome: endpoint.kind for outcome, endpoint in loaded.endpoints.items()}
    of = ((row.analysis, {(row.step, row.measure), (kinds[row.outcome], row.measure)}) for row in loaded.analyses)
    return sorted({name for name, fills in of if fills & needs})
