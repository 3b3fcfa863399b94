"""Shares by category and the overlap of scores, as they may be seen: computed from released counts and nothing else.

In order: rows of single strata (sites, trials) are left out, as a site may hold few people and its name tells that
someone was there; the share of a category is that of its two released cells, and is suppressed where one is withheld;
whether an arm has too few people is judged on the same cells; the overlap of the scores takes all bins of which one is
withheld for one, which makes it too large rather than too small, but for rounding. A policy that lets everything out
lets these out as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.release.counts import numbers
from iop_outcomes.release.support import Evidence
from iop_outcomes.tables.results import ALL, COVARIATE, PEOPLE, SCORE, SHARE_IN_FIRST_ARM, STRATUM
from iop_outcomes.tables.rows import counted

if TYPE_CHECKING:
    import pandas as pd

    # by contrast, outcome, variable, arm and level
    Cells = dict[tuple[str, str, str, str, str], int | None]

OVERLAP = "score_overlap"
# the level of those who are compared
COMPARED = "with_counterpart"


def without_strata(diagnostics: pd.DataFrame) -> pd.DataFrame:
    """The diagnostics without rows of single strata."""
    single = (diagnostics["quantity"] == SHARE_IN_FIRST_ARM) & (diagnostics["variable"] == STRATUM)
    return diagnostics[~single].reset_index(drop=True)


def shares(diagnostics: pd.DataFrame, evidence: Evidence, arms: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The rows of shares by category with released values; all other rows as they are.

    arms: names of the first and the second arm by contrast; where a contrast is not among them nothing is shown of it.
    """
    cells = _cells(evidence)
    own = diagnostics["quantity"] == SHARE_IN_FIRST_ARM
    released = [
        _released(cells, arms.get(str(contrast), ()), str(contrast), str(variable), str(level), float(least))
        for contrast, variable, level, least in zip(
            *(diagnostics.loc[own, c] for c in ("contrast", "variable", "level", "threshold")), strict=True
        )
    ]
    found = diagnostics.copy()
    found.loc[own, "value"] = [value for value, _ in released]
    found.loc[own, "status"] = [status for _, status in released]
    return found


def overlap(diagnostics: pd.DataFrame, evidence: Evidence, arms: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The rows of the overlap of scores with released values; all other rows as they are."""
    cells = _cells(evidence)
    own = diagnostics["quantity"] == OVERLAP
    released = [_overlap(str(c), cells, arms.get(str(c), ())) for c in diagnostics.loc[own, "contrast"]]
    status = [s if v == v else "suppressed" for v, s in zip(released, diagnostics.loc[own, "status"], strict=True)]
    found = diagnostics.copy()
    found.loc[own, "value"] = released
    found.loc[own, "status"] = status
    return found


def _overlap(contrast: str, cells: Cells, arms: Sequence[str]) -> float:
    """What the arms' distributions over the bins have in common at most, or not a number where sizes are withheld."""
    sizes = [cells.get((contrast, PEOPLE, ALL, arm, COMPARED)) for arm in arms]
    if len(sizes) != 2 or not all(sizes):
        return float("nan")
    levels = {level for c, outcome, *_, level in cells if (c, outcome) == (contrast, SCORE)}
    shared, left = 0.0, [1.0, 1.0]
    for level in levels:
        both = [cells.get((contrast, SCORE, ALL, arm, level), 0) for arm in arms]
        if None not in both:
            shares = [float(n or 0) / float(size or 1) for n, size in zip(both, sizes, strict=True)]
            shared += min(shares)
            left = [rest - share for rest, share in zip(left, shares, strict=True)]
    return round(min(1.0, shared + max(0.0, min(left))), 3)


def _cells(evidence: Evidence) -> Cells:
    """People of a cell as released, None where withheld; a level without a row in an arm has nobody there."""
    released = evidence.released[evidence.released["analysis"] == "design"]
    return {
        (r["contrast"], r["outcome"], r["variable"], r["arm"], r["level"]): told.count
        for r, told in zip(counted(released), numbers(released), strict=True)
    }


def _released(
    cells: Cells, arms: Sequence[str], contrast: str, variable: str, level: str, least: float
) -> tuple[float, str]:
    keys = [(contrast, COVARIATE, variable, arm, level) for arm in arms]
    if len(keys) != 2 or not any(key in cells for key in keys):
        return float("nan"), "suppressed"
    first, second = (cells.get(key, 0) for key in keys)
    if first is None or second is None or first + second == 0:
        return float("nan"), "suppressed"
    return round(first / (first + second), 3), "failed" if min(first, second) < least else "ok"
