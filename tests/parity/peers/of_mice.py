"""mice: pooling by Rubin's rules, with Barnard and Rubin's degrees of freedom."""

from __future__ import annotations

from typing import Any

import numpy as np
from adapter import Files
from ledger import Suite
from ours import Pooled, barnard_rubin, pool

suite = Suite("mice")
DEGREES = "tests/testthat/test-barnard.rubin.R"


def pooled(files: Files) -> Pooled:
    fits = files.json("mice")
    return pool(fits["coef"], fits["vcov"], fits["dfcom"][0])


@suite.of("nhanes2 seed 121", "tests/testthat/test-pool.R; fits by R mice 3.15, same seed")
def estimates(files: Files) -> dict[str, Any]:
    found = pooled(files)
    return {"pooled estimates": found.value, "pooled se": found.standard_error()}


@suite.of("nhanes2 seed 121", "R mice 3.15 pool()")
def shares(files: Files) -> dict[str, Any]:
    found = pooled(files)
    return {"df": found.degrees, "riv": found.relative_increase, "fmi": found.fraction_missing}


@suite.of("m=10, dfcom=100", DEGREES)
def finite(files: Files) -> dict[str, Any]:
    return {"df": barnard_rubin(np.linspace(1, 1e-4, 5)[1:4], 10, 100)}


@suite.of("m=10, lambda=0", DEGREES)
def nothing_missing(files: Files) -> dict[str, Any]:
    return {"df limit": barnard_rubin(np.array([0.0]), 10, 100)}


@suite.of("m=8, dfcom inf", DEGREES)
def infinite(files: Files) -> dict[str, Any]:
    return {"df": barnard_rubin(np.array([1e-4, 1e-3, 0.2]), 8, np.inf)}
