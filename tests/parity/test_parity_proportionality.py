"""Proportional hazards: R's score test, residuals and curves; coefficients by period."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from iop_outcomes.estimators.cox.cox import CoxFit, cox
from iop_outcomes.estimators.cox.in_period import cox_in_period
from iop_outcomes.estimators.cox.proportionality import TRANSFORMS, effect_over_time, proportional_hazards_test

DATA = {
    "addicts": ("addicts", "survtime", "status", ["clinic", "prison", "maxdose"]),
    "uis": ("uis575", "TIME", "CENSOR", ["AGE", "BECK", "NDT", "IV3", "RACE", "TREAT", "SITE"]),
    "veteran": ("veteran", "time", "status", ["trt", "karno", "age"]),
}


@pytest.mark.parametrize("key", DATA)
def test_score_test(key: str, oracle: Any, reference_data: Any, agree: Any) -> None:
    reference = oracle("COX_PH_TEST")
    file, time, event, columns = DATA[key]
    data = reference_data(file)
    fit = cox(data[columns], data[time], data[event], columns)
    for transform, expected in reference["values"][f"{key}_new"].items():
        test = proportional_hazards_test(fit, transform)
        assert [name.upper() for name in test.names] == [name.upper() for name in expected]
        agree(test.statistic, [row["chisq"] for row in expected.values()], reference["tolerance"])
        agree(test.p_value, [row["p"] for row in expected.values()], reference["tolerance"])
        assert test.degrees.tolist() == [row["df"] for row in expected.values()]


def classic(fit: CoxFit, transform: str) -> np.ndarray:
    """The approximation of 1994: the information of every event taken for their average; ranks of events only."""
    events = fit.at_events
    at = events.likelihood.sets.position
    g = rankdata(events.times[at]) if transform == "rank" else TRANSFORMS[transform](events)[at]
    g = g - g.mean()
    covariance = np.linalg.inv(fit.information)
    scaled = len(g) * events.schoenfeld() @ covariance
    return np.asarray((g @ scaled) ** 2 / (len(g) * np.diag(covariance) * (g @ g)))


def test_the_old_approximation_is_another_test(oracle: Any, reference_data: Any, agree: Any) -> None:
    reference = oracle("COX_PH_TEST")
    for key in ("addicts", "veteran"):
        file, time, event, columns = DATA[key]
        data = reference_data(file)
        fit = cox(data[columns], data[time], data[event], columns)
        for transform, expected in reference["values"][f"{key}_classic"].items():
            old = classic(fit, transform)
            agree(old, list(expected.values()), reference["tolerance"])
            assert (np.abs(old / proportional_hazards_test(fit, transform).statistic[:-1] - 1) > 0.03).all()


REFERENCE = json.loads((Path(__file__).parent / "references" / "proportionality.json").read_text())
VETERAN, HEART = pd.DataFrame(REFERENCE["veteran"]), pd.DataFrame(REFERENCE["heart"])
CELLS = ["smallcell", "adeno", "large"]
CELL_COLUMNS = pd.DataFrame({cell: (VETERAN.celltype == cell).astype(float) for cell in CELLS})
FLAT = VETERAN.prior.where(~VETERAN.celltype.isin(["squamous", "smallcell"]), 0.0)


def veteran(x: pd.DataFrame, **options: Any) -> CoxFit:
    return cox(x, VETERAN.time, VETERAN.status, list(x), **options)


EVENLY_SPACED = {"identity": np.linspace, "log": np.geomspace}
FITS: dict[str, tuple[Callable[[], CoxFit], str, dict[str, list[str]] | None]] = {
    "strata": (lambda: veteran(VETERAN[["trt", "karno"]], strata=VETERAN.celltype), "trt", None),
    "terms": (
        lambda: veteran(VETERAN[["karno"]].join(CELL_COLUMNS)),
        "celltype",
        {"karno": ["karno"], "celltype": CELLS},
    ),
    "breslow": (lambda: veteran(VETERAN[["trt", "karno"]], ties="breslow"), "trt", None),
    "weighted": (lambda: veteran(VETERAN[["trt", "karno"]], weight=VETERAN.w), "trt", None),
    "flat": (
        lambda: veteran(pd.DataFrame({"prior": FLAT, "karno": VETERAN.karno}), strata=VETERAN.celltype),
        "prior",
        None,
    ),
    "late": (
        lambda: cox(
            HEART[["age", "surgery", "transplant"]],
            HEART.stop,
            HEART.event,
            ["age", "surgery", "transplant"],
            entry=HEART.start,
        ),
        "transplant",
        None,
    ),
}


@pytest.mark.parametrize("key", FITS)
def test_strata_terms_weights_and_late_entry(key: str, agree: Any) -> None:
    make, term, terms = FITS[key]
    fit = make()
    for transform, expected in REFERENCE["tests"][key].items():
        test = proportional_hazards_test(fit, transform, terms)
        agree(test.statistic, list(expected["statistic"]), 1e-6)
        assert test.degrees.tolist() == expected["df"]
        effect = effect_over_time(fit, term, transform, terms)
        agree(np.sort(effect.residual), [v for v in expected["residual"] if v is not None], 1e-6)
        agree(effect.log_hazard_ratio, expected["curve"]["value"], 1e-6)
        agree(effect.standard_error, expected["curve"]["se"], 1e-6)
        agree(effect.time[[0, -1]], [fit.at_events.times.min(), fit.at_events.times.max()], 1e-9)
        assert (np.diff(effect.time) >= 0).all()
        if transform in EVENLY_SPACED:
            agree(effect.time, EVENLY_SPACED[transform](effect.time[0], effect.time[-1], 40), 1e-9)


@pytest.mark.parametrize("key", ["plain", "weighted"])
def test_coefficients_by_period(key: str, agree: Any) -> None:
    weight = VETERAN.w if key == "weighted" else None
    columns = ["trt", "karno"]
    for period, expected in zip(((0, 60), (60, 180), (180, np.inf)), REFERENCE["periods"][key], strict=True):
        fit = cox_in_period(VETERAN[columns], VETERAN.time, VETERAN.status, columns, period, weight=weight)
        assert fit.estimate.names == ("trt", "karno")
        agree(fit.estimate.value, expected["coef"], 1e-7)
        agree(np.sqrt(np.diag(np.linalg.inv(fit.information))), expected["se"], 1e-7)
        agree(fit.estimate.standard_error(), expected["robust"], 1e-7)
