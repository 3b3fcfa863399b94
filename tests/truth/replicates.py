"""Studies of many samples: how they are shared out and summed up, whichever question they are about."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import pandas as pd
from recovery import coverage_limits

from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.inference import interval

LEVEL, LIMIT, CHUNK = 0.95, 0.005, 5
Line = dict[str, object]


def shares(found: Estimate, labels: Line, of: str) -> Iterator[Line]:
    """A line for each share of one sample: its name (of), estimate, standard error and interval."""
    within, errors = interval(found, LEVEL), found.standard_error()
    for at, name in enumerate(found.names):
        told = {"estimate": found.value[at], "se": errors[at], "low": within.low[at], "high": within.high[at]}
        yield {**labels, of: name, **told}


def study(
    replicate: Callable[[np.random.SeedSequence], list[Line]], replicates: int, seed: int, processes: int = 1
) -> pd.DataFrame:
    """Lines of all replicates, each with a seed of its own."""
    seeds = np.random.SeedSequence(seed).spawn(replicates)
    chunks = [seeds[at : at + CHUNK] for at in range(0, replicates, CHUNK)]
    if processes == 1:
        return pd.DataFrame([line for chunk in chunks for line in _lines(replicate, chunk)])
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return pd.DataFrame([line for lines in pool.imap(partial(_lines, replicate), chunks) for line in lines])


def _lines(
    replicate: Callable[[np.random.SeedSequence], list[Line]], own: Sequence[np.random.SeedSequence]
) -> list[Line]:
    return [line for seed in own for line in replicate(seed)]


def recovered(own: pd.DataFrame, truth: float, truth_error: float) -> Line:
    """What the lines of one share make of its truth, and whether it is accepted: |bias| at most .005, or two Monte
    Carlo errors (the truth's among them), and coverage within the exact binomial 99 % limits.
    """
    spread, bias = own["estimate"].std(ddof=1), own["estimate"].mean() - truth
    error = float(np.hypot(spread / np.sqrt(len(own)), truth_error))
    covered = ((own["low"] <= truth) & (truth <= own["high"])).mean()
    line = {
        "truth": truth, "truth_monte_carlo_error": truth_error, "replicates": len(own),
        "mean": own["estimate"].mean(), "bias": bias, "bias_monte_carlo_error": error,
        "bias_limit": max(LIMIT, 2 * error), "empirical_sd": spread, "mean_se": own["se"].mean(),
        "se_ratio": own["se"].mean() / spread, "coverage": covered,
    }  # fmt: skip
    low, high = coverage_limits("people", len(own))
    line |= {"coverage_low": low, "coverage_high": high}
    return line | {"accepted": "yes" if sound(bias, error, covered, len(own)) else "no"}


def sound(bias: float, error: float, covered: float, replicates: int, rounding: float = 0.0) -> bool:
    """The rule of `recovered`. rounding: of a bias that was written down."""
    low, high = coverage_limits("people", replicates)
    return bool(abs(bias) <= max(LIMIT, 2 * error) + rounding and low <= covered <= high)
