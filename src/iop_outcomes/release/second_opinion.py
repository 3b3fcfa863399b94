"""What the second computation of the headline numbers means for the release.

An estimate on which the two do not agree is `disputed`, with both numbers where it may be seen by itself; a difference
or a ratio is, where one of its arms is; where the score of a contrast is disputed, so is all that stands on it. How
many numbers were computed twice, and how many agree, is told among the diagnostics, by library, and how many were left
out. None of that is a count of people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from iop_outcomes.release.support import whole
from iop_outcomes.tables.results import ALL, COMPUTED_TWICE, LEFT_OUT, OF_THE_WHOLE, PROPENSITY_SCORE, TWO_AGREE
from iop_outcomes.tables.rows import Estimated, estimated
from iop_outcomes.vocabulary.measures import DIFFERENCE, RATIO
from iop_outcomes.vocabulary.methods import CRUDE, SCORED

if TYPE_CHECKING:
    import pandas as pd

KEY = ("analysis", "contrast", "outcome", "horizon_days", "measure", "method", "missing_rule")
OF_TWICE = {"analysis": "twice", "method": ALL, "threshold": float("nan")}
BY_SCORE = "the propensity score that it stands on was computed twice, and the two do not agree"
Key = tuple[object, ...]


class Second(NamedTuple):
    """A number of the first computation, that of the second, and whose it is."""

    first: float
    second: float
    library: str


def marked(estimates: pd.DataFrame, twice: pd.DataFrame) -> pd.DataFrame:
    """Released estimates with those disputed that the second computation does not confirm."""
    wrong = twice[twice["agrees"].eq(False).fillna(False).astype(bool)]
    if wrong.empty:
        return estimates
    of_score = wrong["measure"] == PROPENSITY_SCORE
    scores = set(wrong.loc[of_score, "contrast"])
    own = wrong[~of_score]
    numbers: dict[Key, dict[str, Second]] = {}
    told = zip(own["of"], own["first"], own["second"], own["library"], strict=True)
    for key, (of, first, second, library) in zip(_keys(own), told, strict=True):
        numbers.setdefault(key, {})[str(of)] = Second(float(first), float(second), str(library))
    rows = zip(estimated(estimates), _keys(estimates), strict=True)
    reasons = [_reason(row, numbers.get(key, {}), scores) for row, key in rows]
    return estimates.assign(
        status=["disputed" if why else old for why, old in zip(reasons, estimates["status"], strict=True)],
        reason=[why or old for why, old in zip(reasons, estimates["reason"], strict=True)],
    )


def _keys(frame: pd.DataFrame) -> list[Key]:
    return list(zip(*(frame[name] for name in KEY), strict=True))


def _reason(row: Estimated, told: Mapping[str, Second], scores: set[str]) -> str:
    """Why a released estimate is disputed, or ''. told: numbers of its question on which the two do not agree."""
    if row["status"] != "ok" or not whole(row):
        return ""
    if row["contrast"] in scores and row["method"] in SCORED:
        return BY_SCORE
    own = told.get(row["of"])
    if own is None:
        of_arms = row["of"] in (DIFFERENCE, RATIO)
        return "computed twice, and the two do not agree on one of its arms" if told and of_arms else ""
    if row["method"] == CRUDE:
        # the second number is of all people, the released one of those who are shown
        return f"computed twice, and the two do not agree ({own.library})"
    if row["rounding_error"]:
        # the two numbers would tell more digits than the estimate may
        return f"computed twice, and the two do not agree ({own.library})"
    return f"computed twice: {own.first:.8g}, and {own.second:.8g} ({own.library})"


def told(twice: pd.DataFrame, cohort: str) -> pd.DataFrame:
    """Rows of the diagnostics: per contrast and library how many numbers there were, and how many of them agree."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    table = TABLES["diagnostics"]
    rows = []
    for (contrast, library), own in twice.groupby(["contrast", "library"], sort=True):
        agree = int(own["agrees"].fillna(False).astype(bool).sum())
        same = {**OF_THE_WHOLE, **OF_TWICE, "cohort": cohort, "contrast": contrast}
        if not library:
            for reason, some in own.groupby("reason", sort=True):
                rows.append(same | {"quantity": LEFT_OUT, "variable": reason, "value": len(some), "status": "info"})
            continue
        status = "info" if agree == len(own) else "failed"
        rows.append(same | {"quantity": COMPUTED_TWICE, "variable": library, "value": len(own), "status": "info"})
        rows.append(same | {"quantity": TWO_AGREE, "variable": library, "value": agree, "status": status})
    if not rows:
        return table.empty()
    return table.cast(pd.DataFrame(rows, columns=list(table.columns)))
