"""pymarginaleffects: standardised predictions and contrasts, equivalence and joint tests (R's marginaleffects)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from adapter import Files, as_if, classical
from ledger import Both, Suite
from ours import (
    Estimate,
    OutcomeModel,
    difference,
    equivalence,
    fit_outcome,
    joint,
    linear,
    log_ratio,
    standardised_means,
)

suite = Suite("pymarginaleffects")
WHERE = "tests/r/*.csv (R marginaleffects)"
Table = dict[str, Any]


def crossed(first: Any, second: Any, **more: Any) -> pd.DataFrame:
    """Two variables with their product, and more."""
    return pd.DataFrame({"a": first, "b": second, **more, "ab": first * second}, dtype=float)


def contrast(model: OutcomeModel, high: pd.DataFrame, low: pd.DataFrame, over: Any = None) -> Estimate:
    return standardised_means(model, high, low, over)


@suite.of("iris", WHERE)
def flowers(files: Files) -> Table:
    """A step of one is taken around each value, half of it up and half of it down."""
    people = files.csv("me_iris")
    length, width = people["Petal.Length"], people["Petal.Width"]
    low = people["Sepal.Width"] < people["Sepal.Width"].median()
    x = crossed(length, width)
    logit = fit_outcome("logistic", x, low, list(x))
    weighted = fit_outcome("linear", x, people["Sepal.Width"], list(x), weight=people["Sepal.Length"])
    found: Table = {}
    for kind in people.Species.unique():
        over = people.Species == kind
        for name, steps in (
            ("Petal.Length", [crossed(length + s, width) for s in (0.5, -0.5)]),
            ("Petal.Width", [crossed(length, width + s) for s in (0.5, -0.5)]),
        ):
            both = contrast(logit, *steps, over)
            found[f"logit {name} +1 mean, {kind}"] = difference(both, "arm1", "arm0").value
        found[f"logit mean prediction {kind}"] = contrast(logit, x, x, over).value[0]
        plain = weighted.predict(x).mean[over]
        found[f"WLS mean prediction {kind} (unweighted mean)"] = Both(
            [contrast(weighted, x, x, over).value[0]], [plain.mean()]
        )
    return found


@suite.of("mtcars", WHERE)
def cars(files: Files) -> Table:
    people = files.csv("me_mtcars")

    def design(mpg: Any = people.mpg, qsec: Any = people.qsec, cyl: Any = people.cyl) -> pd.DataFrame:
        return crossed(mpg, qsec, six=np.full(len(people), cyl) == 6, eight=np.full(len(people), cyl) == 8)

    model = fit_outcome("poisson", design(), people.carb, list(design()))
    steps = {
        "cyl mean(6) - mean(4)": (design(cyl=6), design(cyl=4)),
        "cyl mean(8) - mean(4)": (design(cyl=8), design(cyl=4)),
        "mpg mean(+1)": (design(mpg=people.mpg + 0.5), design(mpg=people.mpg - 0.5)),
        "qsec mean(+1)": (design(qsec=people.qsec + 0.5), design(qsec=people.qsec - 0.5)),
    }
    return {
        f"poisson {name} cyl {number}": difference(contrast(model, *pair, people.cyl == number), "arm1", "arm0").value
        for name, pair in steps.items()
        for number in (4, 6, 8)
    }


def literacy(files: Files) -> tuple[OutcomeModel, dict[str, tuple[pd.DataFrame, pd.DataFrame]], Any]:
    people = files.csv("me_Guerry").dropna()
    desertion, people_1831 = people.Desertion, people.Pop1831
    x = crossed(people_1831, desertion)
    steps = {
        "Desertion": (crossed(people_1831, desertion + 0.5), crossed(people_1831, desertion - 0.5)),
        "Pop1831": (crossed(people_1831 + 0.5, desertion), crossed(people_1831 - 0.5, desertion)),
    }
    return fit_outcome("linear", x, people.Literacy, list(x)), steps, classical(x, people.Literacy)


@suite.of("Guerry", WHERE)
def departments(files: Files) -> Table:
    model, steps, _ = literacy(files)
    found: Table = {}
    for name, pair in steps.items():
        both = contrast(model, *pair)
        found[f"difference {name}"] = difference(both, "arm1", "arm0").value
        found[f"ln ratio of averages {name}"] = log_ratio(both, "arm1", "arm0").value
    return found


@suite.of("Guerry", f"{WHERE} equivalence")
def equivalent(files: Files) -> Table:
    """With robust standard errors, and with those that hold if all errors are alike."""
    model, steps, covariance = literacy(files)
    found: Table = {}
    for name, pair in steps.items():
        gap = difference(contrast(model, *pair), "arm1", "arm0")
        slope = np.concatenate([[0.0], (pair[0] - pair[1]).mean()])
        tests = [equivalence(e, -0.1, 0.1) for e in (gap, as_if(["gap"], gap.value, slope @ covariance @ slope))]
        found[f"TOST p noninf, nonsup, equiv {name}"] = Both(*([t.p_lower, t.p_upper, t.p_value] for t in tests))
    return found


@suite.of("mtcars", f"{WHERE} joint")
def together(files: Files) -> Table:
    people, names = files.csv("me_mtcars"), ["hp", "wt", "disp"]
    fit, two = linear(people[names], people.am, names), ("hp", "disp")
    at = np.ix_([1, 3], [1, 3])
    theirs = as_if(list(two), fit.take(*two).value, classical(people[names], people.am)[at])
    tests = [joint(e) for e in (fit.take(*two), theirs)]
    return {"Wald chi-squared, p": Both(*([t.statistic, t.p_value] for t in tests))}
