"""Two hundred specifications, ours: python specifications_ours.py <file.npz>; specifications.R does the same work."""

from __future__ import annotations

import sys
import time

import numpy as np
from common import report

from iop_outcomes.estimators.base.estimate import difference
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal.effects import mean_by_arm
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import weight_slope, weights

KINDS = {
    "iptw": ("iptw", None), "truncated": ("iptw", (0.01, 0.99)), "overlap": ("overlap", None),
    "matching": ("matching", None), "entropy": ("entropy", None),
}  # fmt: skip
d: dict[str, np.ndarray] = {}


def curve() -> tuple[float, float]:
    """Mean of the differences, and of their standard errors."""
    x = np.column_stack([d[name] for name in d if name[0] == "x"])
    outcomes = [d[name] for name in d if name[0] == "y"]
    found = []
    for arm in (d[name] for name in d if name[0] == "a"):
        model = fit_propensity(x, arm)
        for kind, truncated in KINDS.values():
            weight = weights(kind, arm, model.score, truncated=truncated)
            slope = weight_slope(kind, arm, model.score, truncated=truncated)
            for y in outcomes:
                for observed in (y >= 0, None):
                    means = mean_by_arm(np.maximum(y, 0), arm, weight, observed=observed)
                    gap = difference(stack(means, slope, model.nuisance), *means.names)
                    found.append((float(gap.value[0]), float(gap.standard_error()[0])))
    value, error = np.mean(found, axis=0)
    return float(value), float(error)


if __name__ == "__main__":
    with np.load(sys.argv[1]) as table:
        d.update(table)
    report(curve, time.process_time)
