"""Generalised propensity scores against R's nnet, and their weighted means against a numeric sandwich."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from iop_outcomes.estimators.base.estimate import difference
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal.effects import mean_by_arm
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import group_means, weight_slope, weights
from iop_outcomes.estimators.regression.multinomial import MultinomialModel, fit_multinomial
from iop_outcomes.vocabulary.methods import WEIGHTS

NAMES = ["AGE", "BECK", "NDT", "RACE"]
ARMS = ("never", "previous", "recent")
THEIRS = {"iptw_unstabilised": "ate", "atc": "att"}  # the reference weighs to its first arm


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    return json.loads((Path(__file__).parent / "references" / "multinomial.json").read_text())


@pytest.fixture(scope="module")
def model(uis: pd.DataFrame) -> MultinomialModel:
    return fit_multinomial(uis[NAMES], uis.IV - 1, NAMES)


def test_coefficients_and_standard_errors(model: Any, reference: Any, agree: Any) -> None:
    agree(model.coefficient, reference["coefficient"], 1e-9)
    agree(model.coefficient, reference["multinom"], 1e-4)
    agree(model.model_standard_error(), reference["standard_error"], reference["tolerance"])


@pytest.mark.parametrize("kind", ["iptw_unstabilised", "atc", "overlap", "matching", "entropy"])
def test_weighted_means_with_the_score_estimated(kind: str, model: Any, uis: Any, reference: Any, agree: Any) -> None:
    expected, tolerance, arm = reference["weighted"][THEIRS.get(kind, kind)], reference["tolerance"], uis.IV - 1
    weight, moves = weights(kind, arm, model.score), weight_slope(kind, arm, model.score)
    agree([weight.sum(), weight.max()], [expected["weight_sum"], expected["weight_max"]], tolerance)
    means = stack(group_means(uis["LEN.T"], arm, ARMS, weight), moves, model.nuisance)
    agree(means.value, expected["mean"], tolerance)
    agree(means.standard_error(), expected["se"], tolerance)
    gap = difference(means, "never", "recent").standard_error()
    agree(gap, expected["se_first_minus_third"], tolerance)


def test_stacked_standard_errors_of_every_kind_of_binary_weights(uis: Any, agree: Any) -> None:
    """Truncated weights take their quantiles as known and do not move where they are truncated."""
    expected = json.loads((Path(__file__).parent / "references" / "propensity.json").read_text())
    names, arm = [*NAMES, "SITE"], (uis.IV == 3).astype(float)
    score = fit_propensity(uis[names], arm, names=names)
    by_score = {name: asked for name, asked in WEIGHTS.items() if not asked.balanced}
    assert set(expected["values"]) | {"iptw"} == set(by_score)
    for name, asked in by_score.items():
        weight = weights(asked.kind, arm, score.score, truncated=asked.truncated)
        moves = weight_slope(asked.kind, arm, score.score, truncated=asked.truncated)
        means = stack(mean_by_arm(uis["LEN.T"], arm, weight), moves, score.nuisance)
        gap = difference(means, "arm1", "arm0")
        value = expected["values"]["iptw_unstabilised" if name == "iptw" else name]
        agree([gap.value[0], gap.standard_error()[0]], value, expected["tolerance"])
