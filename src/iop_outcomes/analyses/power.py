"""The gate after outcomes: the smallest difference in risk that the people of an analysis can show.

In order: effective people of each arm under the method's weights, the mean of the two estimated risks and the design
effect (how much clusters inflate the variance of the difference, at least 1) make the difference that is detectable
with 80 % power; it becomes a row of the diagnostics. Where the protocol sets a limit and it is passed, the estimate is
gated with that reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.analyses.sample import Sample
from iop_outcomes.estimators.balance import effective_sample_size
from iop_outcomes.estimators.estimate import Estimate, difference
from iop_outcomes.estimators.power import detectable_difference
from iop_outcomes.tables.results import DETECTABLE, detected

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Ask = Mapping[str, Any]
Row = dict[str, Any]


def row(
    ask: Ask, sample: Sample, estimate: Estimate, limit: float | None, used: NDArray[np.bool_] | None = None
) -> Row | None:
    """A row of the table diagnostics, or None where no risk strictly between 0 and 1 was estimated.

    estimate: finished risks of the two arms. limit: `max_detectable_difference` of the gate. used: (n,) people in the
    denominator, default all.
    """
    risk = float(estimate.value.mean())
    if not 0 < risk < 1:
        return None
    weight = sample.weight(ask["method"]) * (True if used is None else used)
    first, second = (effective_sample_size(weight[sample.arm == a]) for a in (1, 0))
    value = detectable_difference(
        risk, first, second, design_effect(estimate), level=sample.inference["confidence_level"]
    )
    status = "info" if limit is None else ("failed" if value > limit else "ok")
    return {
        **{k: ask[k] for k in ("analysis", "cohort", "contrast", "method")},
        "quantity": DETECTABLE,
        "variable": detected(ask["outcome"], ask["horizon_days"], ask["missing_rule"]),
        "value": value,
        "threshold": np.nan if limit is None else float(limit),
        "status": status,
    }


def design_effect(estimate: Estimate) -> float:
    """Variance of the difference with clusters over that without, at least 1."""
    if not estimate.clusters:
        return 1.0
    gap = difference(estimate, *estimate.names)
    alone = float(replace(gap, clusters=()).covariance()[0, 0])
    return max(1.0, float(gap.covariance()[0, 0]) / alone) if alone > 0 else 1.0


def judge(
    ask: Ask,
    sample: Sample,
    estimate: Estimate,
    gate: Ask,
    found: list[Row],
    used: NDArray[np.bool_] | None = None,
) -> str:
    """Why the estimate is gated, or ''; the row is added to `found`. The other arguments are as for `row`."""
    one = row(ask, sample, estimate, gate.get("max_detectable_difference"), used)
    found += [] if one is None else [one]
    return refusal(one)


def refusal(found: Row | None) -> str:
    """Why the estimate is gated, or ''."""
    if found is None or found["status"] != "failed":
        return ""
    # the difference itself rests on outcomes, and is told by the diagnostics where it may be
    return f"these people can show no difference in risk as small as {found['threshold']:.0%}, the limit"


def table(rows: Sequence[Row]) -> pd.DataFrame:
    """The table diagnostics."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    declared = TABLES["diagnostics"]
    if not rows:
        return declared.empty()
    frame = pd.DataFrame(list(rows), columns=list(declared.columns))
    return frame.astype({name: column.dtype for name, column in declared.columns.items()})
