"""Missing labels of strata and clusters are refused in every estimator, and are no group of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.cells import collapse
from iop_outcomes.estimators.causal.balance import within_strata
from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.estimators.cox.fine_gray import fine_gray
from iop_outcomes.estimators.cox.in_period import cox_in_period
from iop_outcomes.estimators.cox.logrank import logrank, weighted_logrank
from iop_outcomes.estimators.regression import glm
from iop_outcomes.estimators.regression.few_clusters import cr2
from iop_outcomes.estimators.regression.gee import gee
from iop_outcomes.estimators.survival.concordance import concordance
from iop_outcomes.estimators.survival.gray import gray_test

RNG = np.random.default_rng(4)
N = 60
X, ARM, Y = RNG.normal(size=(N, 1)), np.arange(N) % 2, RNG.normal(size=N)
TIME, EVENT = np.ceil(RNG.exponential(10, N)), RNG.random(N) < 0.7
GROUP = np.arange(N) // 12
CAUSE = EVENT * (1 + (np.arange(N) % 3 == 0))

LABELLED: dict[str, Callable[[object, object], object]] = {
    "estimate": lambda g, w: glm.linear(X, Y, "a", w).clustered(g).covariance(),
    "estimate, second": lambda g, w: glm.linear(X, Y, "a", w).clustered(np.arange(N), g).covariance(),
    "cells": lambda g, w: (root := collapse([ARM], w, cluster=g).root).T @ root,
    "cr2": lambda g, w: cr2(X, Y, "a", g, w).covariance,
    "gee": lambda g, w: gee("linear", X, Y, "a", g, weight=w).estimate.covariance(),
    "cox": lambda g, w: cox(X, TIME, EVENT, "a", w, strata=g).estimate.covariance(),
    "cox_in_period": lambda g, w: cox_in_period(X, TIME, EVENT, "a", (0, 5), w, strata=g).estimate.covariance(),
    "fine_gray": lambda g, w: fine_gray(X, TIME, CAUSE, 1, "a", w, censoring_groups=g).estimate.covariance(),
    "logrank": lambda g, w: logrank(TIME, EVENT, ARM, strata=g, frequency=w).covariance,
    "weighted_logrank": lambda g, w: weighted_logrank(TIME, EVENT, ARM, w, clusters=g).covariance,
    "gray_test": lambda g, w: gray_test(TIME, CAUSE, 1, ARM, strata=g, frequency=w).covariance,
    "within_strata": lambda g, w: within_strata(X, ARM, g).difference,
    "concordance": lambda g, w: concordance(X[:, 0], TIME, EVENT, w, strata=g).estimate.covariance(),
}
every = pytest.mark.parametrize("name", LABELLED)


def with_missing(kind: str) -> object:
    """Labels of which one is missing, as different programs have them."""
    words = [f"site {g}" for g in GROUP]
    day = dt.datetime(2024, 1, 1)
    return {
        "none": np.array([None, *words[1:]], dtype=object),
        "nan among words": np.array([np.nan, *words[1:]], dtype=object),
        "a list": [float("nan"), *words[1:]],
        "numbers": np.append(np.nan, GROUP[1:].astype(float)),
        "a series": pd.Series([None, *words[1:]]),
        "pandas' strings": pd.Series([pd.NA, *words[1:]], dtype="string"),
        "whole numbers": pd.Series([pd.NA, *GROUP[1:]], dtype="Int64"),
        "categories": pd.Series([None, *words[1:]], dtype="category"),
        "days": pd.Series([pd.NaT, *(day + dt.timedelta(int(g)) for g in GROUP[1:])]),
    }[kind]


KINDS = ("none", "nan among words", "a list", "numbers", "a series", "pandas' strings", "whole numbers", "categories")


@every
@pytest.mark.parametrize("kind", [*KINDS, "days"])
def test_a_missing_label_is_refused(name: str, kind: str) -> None:
    with pytest.raises(EstimationError, match="is missing in some rows; give those people a label of their own"):
        LABELLED[name](with_missing(kind), None)


@every
def test_the_kind_of_labels_changes_nothing(name: str) -> None:
    plain = LABELLED[name](GROUP, None)
    for other in ([f"site {g}" for g in GROUP], pd.Series(GROUP, dtype="Int64"), GROUP.astype(float), list(GROUP)):
        np.testing.assert_allclose(LABELLED[name](other, None), plain, rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in LABELLED if name != "within_strata"])
def test_who_does_not_count_needs_no_label(name: str) -> None:
    weight = np.ones(N)
    weight[0] = 0
    labels = with_missing("none")
    known = np.array(["site 0", *labels[1:]], dtype=object)  # type: ignore[index]
    np.testing.assert_allclose(LABELLED[name](labels, weight), LABELLED[name](known, weight), rtol=1e-12)
