"""Data for both sides of a comparison, and how a side reports itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import numpy as np

from iop_outcomes.steps.runner import peak_mb


def survival_data(n: int) -> dict[str, np.ndarray]:
    """People with three covariates, tied times in days, a weight each; seed fixed."""
    rng = np.random.default_rng(20260101)
    x = rng.normal(size=(n, 3))
    time_ = np.ceil(rng.exponential(120 * np.exp(-x @ np.array([0.3, -0.2, 0.1]))))
    censored = np.ceil(rng.uniform(30, 365, n))
    return {
        "x": x, "time": np.minimum(time_, censored), "event": (time_ <= censored).astype(int),
        "weight": rng.uniform(0.5, 2.0, n),
    }  # fmt: skip


def report(work: Callable[[], tuple[float, float]], clock: Callable[[], float] = time.perf_counter) -> None:
    """Time a piece of work that returns an estimate and its standard error, and print one JSON line."""
    start = clock()
    value, error = work()
    seconds = clock() - start
    print(json.dumps({"seconds": seconds, "mb": peak_mb(), "value": value, "error": error}))
