"""cmprsk: Gray's test, cumulative incidence with its variance, Fine-Gray regression."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from adapter import Files, aalen, counted, steps
from ledger import Both, Suite
from ours import fine_gray, gray_test, incidence_curves

suite = Suite("cmprsk")


def tests(name: str, people: pd.DataFrame, time: str) -> dict[str, Any]:
    """Gray's test of either cause, stratified; people without a group are left out."""
    known, found = people.dropna(subset=["gg"]), {}
    for cause in (1, 2):
        test = gray_test(known[time], known.cc, cause, known.gg, strata=known.strt)
        found[f"Gray {name} cause {cause} stat"], found[f"Gray {name} cause {cause} p"] = test.statistic, test.p_value
    return found


def curves(name: str, people: pd.DataFrame, time: str, sizes: tuple[int, int], variance: bool) -> dict[str, Any]:
    """Incidence of either cause at 1, 2, ... as many times as sizes say."""
    found: dict[str, Any] = {}
    for cause, size in zip((1, 2), sizes, strict=True):
        curve, at = incidence_curves(people[time], people.cc)[cause], np.arange(1, size + 1)
        found[f"AJ {name} cause {cause}"] = steps(curve.times, curve.value, at, 0.0)
        if variance:
            theirs = counted(people[time], people.cc, cause)
            found[f"AJ var {name} cause {cause}"] = Both(
                steps(curve.times, curve.standard_error, at, 0.0) ** 2, steps(theirs.times, aalen(theirs), at, 0.0) ** 2
            )
    return found


@suite.of("cmprsk.csv", "tests/test.Rout.save")
def everything(files: Files) -> dict[str, Any]:
    """ss and n2 are two sets of times, X marks the first eighty; three people lose their group in gg2."""
    people = files.csv("cmprsk")
    fewer = people.assign(gg=people.gg.where(~people.index.isin([4, 9, 49])))
    groups = {name: people[people.gg == name] for name in "abc"}
    known = people.dropna(subset=["cv1", "cv2", "cv3"])

    def model(names: list[str], censoring: str) -> Any:
        return fine_gray(known[names], known.ss, known.cc, 1, names, censoring=censoring).estimate

    every = ["cv1", "cv2", "cv3"]
    fit, alone = model(every, "crr"), model(["cv1"], "crr")
    return (
        tests("|rnorm|", people, "n2")
        | tests("rexp", people, "ss")
        | tests("|rnorm| 3 missing", fewer, "n2")
        | tests("rexp X==1", fewer[fewer.X == 1], "ss")
        | tests("rexp not b", fewer[fewer.gg != "b"], "ss")
        | curves("all", people, "ss", (3, 4), True)
        | curves("a", groups["a"], "ss", (3, 3), True)
        | curves("b", groups["b"], "ss", (2, 2), True)
        | curves("c", groups["c"], "ss", (3, 3), True)
        | curves("|rnorm| a", groups["a"], "n2", (1, 1), False)
        | curves("|rnorm| b", groups["b"], "n2", (2, 2), False)
        | curves("|rnorm| c", groups["c"], "n2", (2, 2), False)
        | {
            "crr coef": fit.value,
            "crr se": fit.standard_error(),
            "crr se, default censoring='derivative'": Both(
                model(every, "derivative").standard_error(), fit.standard_error()
            ),
            "crr one coef": alone.value,
            "crr one se": alone.standard_error(),
        }
    )
