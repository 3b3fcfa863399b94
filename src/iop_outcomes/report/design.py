"""What the design achieved: balance, effective sample sizes, weights, one-arm strata, and whether the gate opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from iop_outcomes.estimators.base.margins import TO_DETECT
from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import STRATA, Labels, covariate, method
from iop_outcomes.presentation.told import WITHHELD
from iop_outcomes.protocol import AsRun
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.tables.results import DETECTABLE, SHARE_IN_FIRST_ARM, STRATUM
from iop_outcomes.vocabulary.measures import RISK
from iop_outcomes.vocabulary.methods import WEIGHTS

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("unweighted", *WEIGHTS)
# further columns of what was achieved, where the quantity is there: heading and how its values are shown
Values = Callable[["pd.Series[float]"], str]


def _largest(values: pd.Series[float]) -> str:
    return numbers.decimals(values.abs().max()) if values.notna().any() else WITHHELD


def _range(values: pd.Series[float]) -> str:
    known = values.dropna()
    return f"{numbers.decimals(known.min())} to {numbers.decimals(known.max())}" if len(known) else WITHHELD


FURTHER: dict[str, tuple[str, Values]] = {
    "within_site_difference": ("Largest difference within {strata}", _largest),
    "variance_ratio": ("Ratios of variances", _range),
    "distribution_distance": ("Largest distance of distributions", _largest),
    "pairwise_difference": ("Largest difference of any two arms", _largest),
}


def achieved(diagnostics: pd.DataFrame, study: AsRun, contrast: str) -> Table | None:
    """Balance and cost of the weights of one contrast, by method; None where it has no one in both arms."""
    labels = Labels(study)
    own = diagnostics[(diagnostics["analysis"] == "design") & (diagnostics["contrast"] == contrast)]
    lines = []
    further = [quantity for quantity in FURTHER if (own["quantity"] == quantity).any()]
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
                (
                    shown,
                    *(FURTHER[q][1](rows.loc[rows["quantity"] == q, "value"]) for q in further),
                    *map(numbers.count, sizes),
                    numbers.decimals(weights.max(), 1),
                    _limits(rows, name),
                ),
            )
        )
    if not lines:
        return None
    arms = [f"Effective number, {arm[:1].lower() + arm[1:]}" for arm in labels.arms(contrast)]
    columns = (
        "Weights",
        "Largest standardised difference",
        *(FURTHER[q][0].format(strata=STRATA[study.contrasts[contrast].stratum][1]) for q in further),
        *arms,
        "Largest weight, times the mean",
        "Within the limits",
    )
    return Table(labels.contrast(contrast), columns, (Block("", tuple(lines)),))


def _one(rows: pd.DataFrame, quantity: str, arm: str) -> float:
    found = rows.loc[(rows["quantity"] == quantity) & (rows["arm"] == arm), "value"]
    return float(found.iloc[0]) if len(found) else float("nan")


def _limits(rows: pd.DataFrame, name: str) -> str:
    if name == "unweighted":
        return "not judged"
    return "no" if (rows["status"] == "failed").any() else "yes"


def one_arm_strata(diagnostics: pd.DataFrame, study: AsRun, contrast: str) -> str:
    """A sentence on strata that hold one arm only, or ''."""
    own = diagnostics[(diagnostics["contrast"] == contrast) & (diagnostics["quantity"] == "one_arm_strata")]
    number = float(own["value"].iloc[0]) if len(own) else 0.0
    if not numbers.known(number) or number == 0:
        return ""
    asked = study.contrasts[contrast]
    one, many = STRATA[asked.stratum]
    hold, holds = ("lack an arm", "lacks an arm") if asked.further_arms else ("hold one arm only", "holds one arm only")
    if number == 1:
        return f"One {one} {holds}; its people have no counterpart and no weight."
    return f"{numbers.count(number)} {many} {hold}; their people have no counterpart and no weight."


def few_in_an_arm(diagnostics: pd.DataFrame, study: AsRun, contrast: str) -> str:
    """A sentence on categories that have next to nobody in one arm, or ''."""
    own = diagnostics[(diagnostics["contrast"] == contrast) & (diagnostics["quantity"] == SHARE_IN_FIRST_ARM)]
    own = own[(own["status"] == "failed") & (own["variable"] != STRATUM)]
    if own.empty:
        return ""
    named = "; ".join(covariate(str(v), str(w)) for v, w in zip(own["variable"], own["level"], strict=True))
    minimum = numbers.count(own["threshold"].iloc[0])
    return f"Fewer than {minimum} people in one of the arms, so that the comparison rests on a model there: {named}."


def detectable(diagnostics: pd.DataFrame, study: AsRun) -> Table | None:
    """The smallest difference in risk that each primary question could show, or None where nothing is known of it."""
    labels = Labels(study)
    own = diagnostics[(diagnostics["quantity"] == DETECTABLE) & diagnostics["value"].notna()]
    keys = ("analysis", "contrast", "outcome", "horizon_days", "method", "missing_rule")
    values = {tuple(r[k] for k in keys): float(r["value"]) for r in own.to_dict("records")}
    blocks: dict[str, list[Line]] = {}
    for row in (r for r in study.analyses if r.family == "primary" and r.measure == RISK):
        value = values.get(tuple(getattr(row, k) for k in keys))
        if value is None:
            continue
        words = labels.question(row.outcome, row.horizon_days, row.missing_rule)
        line = Line(words, (method(row.method), f"{numbers.decimals(100 * value, 1)}"))
        blocks.setdefault(labels.contrast(row.contrast), []).append(line)
    if not blocks:
        return None
    columns = ("Primary question", "Method", "Smallest difference, percentage points")
    return Table("What the people could show", columns, tuple(Block(c, tuple(lines)) for c, lines in blocks.items()))


def what_is_detectable() -> str:
    """What the table of detectable differences shows."""
    return (
        "After outcomes were read: the smallest difference in risk that the people of each primary question show with "
        f"a power of {numbers.plain(100 * TO_DETECT)}{numbers.NARROW}%, by the standard error of its estimate. A "
        "smaller one has not been ruled out by not being found."
    )
