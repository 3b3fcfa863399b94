"""survRM2: restricted means of the two arms of the pbc trial, their difference and ratios, by ten years."""

from __future__ import annotations

from typing import Any

import numpy as np
from adapter import Files, with_limits
from ledger import Suite
from ours import Estimate, by_arm, difference, log_ratio, restricted_mean

suite = Suite("survRM2")


def ratio(means: Estimate, *further: bool) -> list[float]:
    """Ratio of arm 1 to arm 0 with its limits, and its p value if asked for."""
    log = log_ratio(means, "1:10", "0:10")
    value, _, low, high = with_limits(log)
    return [*np.exp([value, low, high]), *([log.p_value()[0]] if further else [])]


@suite.of("pbc", "vignette survRM2-vignette3-2")
def liver(files: Files) -> dict[str, Any]:
    people = files.csv("pbc").head(312)
    means = by_arm(
        restricted_mean, 2 - people.trt, (1, 0), time=people.time / 365.25, event=people.status == 2, tau=10.0
    )
    gap = difference(means, "1:10", "0:10")
    lost = means.transform(means.names, lambda v: 10 - v, -np.eye(2))
    value, _, low, high = with_limits(gap)
    return {
        "RMST arm 1: est, se, limits": with_limits(means.take("1:10")),
        "RMST arm 0: est, se, limits": with_limits(means.take("0:10")),
        "difference, limits, p": [value, low, high, gap.p_value()[0]],
        "RMST ratio, limits, p": ratio(means, True),
        "RMTL ratio, limits": ratio(lost),
    }
