"""What the design achieved: balance, effective sample sizes, weights, one-arm strata, and whether the gate opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import numbers
from iop_outcomes.figures.labels import STRATA, Labels, Study, method
from iop_outcomes.report.results import WITHHELD, Block, Line, Table

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("unweighted", "iptw", "overlap")


def achieved(diagnostics: pd.DataFrame, study: Study, contrast: str) -> Table | None:
    """Balance and cost of the weights of one contrast, by method; None where it has no one in both arms."""
    labels = Labels(study)
    own = diagnostics[(diagnostics["analysis"] == "design") & (diagnostics["contrast"] == contrast)]
    lines = []
    for name in METHODS:
        rows = own[own["method"] == name]
        gaps = rows[rows["quantity"] == "standardised_difference"]
        if gaps.empty:
            continue
        judged = gaps[gaps["threshold"].notna()] if name != "unweighted" else gaps
        sizes = [_one(rows, "effective_sample_size", side) for side in labels.sides(contrast)]
        weights = rows.loc[rows["quantity"] == "largest_weight", "value"]
        largest = judged["value"].abs().max()
        shown = numbers.decimals(largest) if numbers.known(largest) else WITHHELD
        lines.append(
            Line(
                method(name),
                (shown, *map(numbers.count, sizes), numbers.decimals(weights.max(), 1), _limits(rows, name)),
            )
        )
    if not lines:
        return None
    arms = [f"Effective number, {arm[:1].lower() + arm[1:]}" for arm in labels.arms(contrast)]
    columns = (
        "Weights",
        "Largest standardised difference",
        *arms,
        "Largest weight, times the mean",
        "Within the limits",
    )
    return Table(labels.contrast(contrast), columns, (Block("", tuple(lines)),))


def _one(rows: pd.DataFrame, quantity: str, variable: str) -> float:
    found = rows.loc[(rows["quantity"] == quantity) & (rows["variable"] == variable), "value"]
    return float(found.iloc[0]) if len(found) else float("nan")


def _limits(rows: pd.DataFrame, name: str) -> str:
    if name == "unweighted":
        return "not judged"
    return "no" if (rows["status"] == "failed").any() else "yes"


def one_arm_strata(diagnostics: pd.DataFrame, study: Study, contrast: str) -> str:
    """A sentence on strata that hold one arm only, or ''."""
    own = diagnostics[(diagnostics["contrast"] == contrast) & (diagnostics["quantity"] == "one_arm_strata")]
    number = float(own["value"].iloc[0]) if len(own) else 0.0
    if not numbers.known(number) or number == 0:
        return ""
    one, many = STRATA[study["contrasts"][contrast]["stratum"]]
    if number == 1:
        return f"One {one} holds one arm only; its people have no counterpart and no weight."
    return f"{numbers.count(number)} {many} hold one arm only; their people have no counterpart and no weight."


def difference_risks(diagnostics: pd.DataFrame) -> int:
    """Pairs of released groups that differ by a few people, as release found them."""
    return int(diagnostics.loc[diagnostics["quantity"] == "difference_risk", "value"].fillna(0).sum())
