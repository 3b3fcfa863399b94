"""survey: Bell & McCaffrey's standard errors of a regression of schools by districts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from adapter import Files
from ledger import Both, Suite
from ours import cr2

suite = Suite("survey")


@suite.of("apiclus1", "tests/testthat/_snaps/bell_mccaffrey.md")
def schools(files: Files) -> dict[str, Any]:
    """15 of 757 districts were drawn. Weights are equal."""
    people = files.csv("apiclus1")
    x = pd.DataFrame({"api99": people.api99, "H": people.stype == "H", "M": people.stype == "M"}, dtype=float)
    found = cr2(x, people.api00, list(x), people.dnum.tolist(), weight=people.pw)
    scores = adjusted(np.column_stack([np.ones(len(x)), x]), people.api00.to_numpy(dtype=float), people.dnum)
    np.testing.assert_allclose(scores.T @ scores, found.covariance, rtol=1e-8)
    away = scores - scores.mean(axis=0)
    theirs = replace(found, covariance=15 / 14 * (1 - 15 / 757) * away.T @ away)
    return {
        "coef": found.value,
        "Bell-McCaffrey se (times sqrt(1 - 15/757), the fpc)": Both(found.standard_error(), theirs.standard_error()),
        "Bell-McCaffrey df": found.degrees,
        "confint (fpc)": Both(*(np.column_stack(one.interval()) for one in (found, theirs))),
    }


def adjusted(design: Any, y: Any, cluster: Any) -> Any:
    """(J, p) scores of clusters, residuals stretched by (I - H)^-1/2, times the inverse information."""
    inverse = np.linalg.inv(design.T @ design)
    residual, rows = y - design @ (inverse @ (design.T @ y)), []
    for one in np.unique(cluster):
        here = np.asarray(cluster == one)
        values, vectors = np.linalg.eigh(np.eye(here.sum()) - design[here] @ inverse @ design[here].T)
        rows.append((vectors / np.sqrt(values)) @ (vectors.T @ residual[here]) @ design[here] @ inverse)
    return np.array(rows)
