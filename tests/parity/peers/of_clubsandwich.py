"""clubSandwich: standard errors of few clusters that equal Welch's test in a difference in differences."""

from __future__ import annotations

from typing import Any

import numpy as np
from adapter import Files
from ledger import Suite
from ours import cr2

suite = Suite("clubSandwich")
WELCH = "tests/testthat/test_lm.R (difference in differences: CR2 = Welch; df in closed form)"


def twice() -> tuple[Any, Any, Any, Any]:
    """4 and 9 clusters, each seen before and after, the latter treated: cluster, time, treated and y, (26,) each.

    The reference's data were drawn so: 13 effects of clusters, then 26 errors, from numpy's generator of seed 5.
    """
    rng = np.random.default_rng(5)
    cluster, time = np.repeat(np.arange(13), 2), np.tile([0, 1], 13)
    treated = time * (cluster >= 4)
    return cluster, time, treated, 0.4 * treated + rng.normal(size=13)[cluster] + rng.normal(size=26)


def last(found: Any) -> dict[str, Any]:
    """The treatment is the last column."""
    return {"trt": found.value[-1], "CR2 se = Welch": found.standard_error()[-1], "df": found.degrees[-1]}


@suite.of("DiD with cluster dummies", WELCH)
def dummies(files: Files) -> dict[str, Any]:
    cluster, time, treated, y = twice()
    x = np.column_stack([cluster[:, None] == np.arange(1, 13), time, treated]).astype(float)
    return last(cr2(x, y, [f"x{k}" for k in range(x.shape[1])], cluster.tolist()))


@suite.of("DiD absorbed", WELCH)
def absorbed(files: Files) -> dict[str, Any]:
    cluster, time, treated, y = twice()
    within = [v - (np.bincount(cluster, v) / 2)[cluster] for v in (time, treated, y)]
    return last(cr2(np.column_stack(within[:2]), within[2], ["time", "treated"], cluster.tolist()))


@suite.of("differences, one row a cluster", WELCH)
def differences(files: Files) -> dict[str, Any]:
    cluster, _, treated, y = twice()
    found = last(cr2(treated[1::2, None].astype(float), y[1::2] - y[::2], ["treated"], cluster[::2].tolist()))
    return {"CR2 se": found["CR2 se = Welch"], "df": found["df"]}


def arms(files: Files) -> tuple[Any, Any, Any, Any]:
    people = files.csv("min_cr2")
    x = np.column_stack([people.arm, np.linspace(-1, 1, len(people))])
    return x, people.y.to_numpy(), people.site.tolist(), 1.0 + np.arange(len(people)) % 3


@suite.of("made here", "test_lm.R weight scale")
def scale(files: Files) -> dict[str, Any]:
    """The data are not in the folder; what the test says of them is held of others."""
    x, y, site, weight = arms(files)
    one, seven = (cr2(x, y, ["arm", "z"], site, weight=k * weight).covariance for k in (1, 7))
    np.testing.assert_allclose(one, seven, rtol=1e-10)
    return {}


@suite.of("made here", "test_lm.R weights of zero")
def without_weight(files: Files) -> dict[str, Any]:
    x, y, site, weight = arms(files)
    there = weight > 1
    some = cr2(x[there], y[there], ["arm", "z"], [s for s, k in zip(site, there, strict=True) if k], weight[there])
    every = cr2(x, y, ["arm", "z"], site, weight=weight * there)
    np.testing.assert_allclose(every.covariance, some.covariance, rtol=1e-10)
    return {}


@suite.of("made here", "test_lm.R clusters of one = HC2")
def alone(files: Files) -> dict[str, Any]:
    x, y, site, _ = arms(files)
    design = np.column_stack([np.ones(len(y)), x])
    inverse = np.linalg.inv(design.T @ design)
    residual = y - design @ (inverse @ (design.T @ y))
    squared = residual**2 / (1 - np.einsum("ij,jk,ik->i", design, inverse, design))
    found = cr2(x, y, ["arm", "z"], list(range(len(site)))).covariance
    np.testing.assert_allclose(found, inverse @ (design.T * squared) @ design @ inverse, rtol=1e-9)
    return {}
