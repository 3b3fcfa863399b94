"""Weights that are uneven, or off their mean, are told in words."""

import numpy as np
import pytest
from contrast_people import with_limits

from iop_outcomes.analyses.uneven import off_their_mean, uneven
from iop_outcomes.estimators.causal.marginal_structural import Weights

WHOSE = "weights of weekly histories"


def of(*values: float) -> Weights:
    return Weights(np.array(values), (), np.ones(len(values), dtype=bool))


@pytest.mark.parametrize(("mean", "said"), [(1.0, False), (1.24, False), (0.76, False), (1.26, True), (0.7, True)])
def test_a_mean_is_off_beyond_the_limit_on_either_side(mean, said):
    why = off_their_mean(mean, with_limits(max_mean_weight_gap=0.25), WHOSE)
    assert bool(why) is said
    if said:
        assert why.startswith(f"the {WHOSE} have a mean of {mean:.2f}")
        assert "limits 0.75 and 1.25" in why


def test_the_mean_is_that_of_weights_before_they_are_brought_in():
    gate = with_limits(max_mean_weight_gap=0.25, max_weight=50, min_effective_share=0.1)
    whole, used = of(0.5, 0.5, 0.5, 4.5), of(0.5, 0.5, 0.5, 2.5)
    assert "have a mean of 1.50" in uneven(whole, used, gate, WHOSE)
    assert not uneven(used, used, gate, WHOSE)


def test_what_rests_on_few_is_told_before_a_mean():
    gate = with_limits(min_effective_share=0.9)
    why = uneven(of(0.1, 0.1, 9), of(0.1, 0.1, 9), gate, WHOSE)
    assert "leave 35% of the people" in why
    assert "3 times the mean" in why
