"""Coarse numbers about people: those of a drawn cohort are found again, and none is of a few."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from alike_cohort import NUMBERS, numbers_of, tables

from iop_outcomes.analyses.likeness.people import coarse, share_step, spread, told_levels
from iop_outcomes.simulate.alike.numbers import Covariate


@cache
def found() -> Any:
    return numbers_of(tables(12_000))


def test_what_a_cohort_was_drawn_from_is_found_again() -> None:
    told = found()
    placed = told["placement"]["coefficient"]
    # numbers that are not known stand at the median, so that the found spread is smaller than the one drawn from
    as_drawn = NUMBERS.covariates[0].deviation / Covariate.model_validate(told["covariates"][0]).deviation
    assert placed["severity"][""] * as_drawn == pytest.approx(-0.8, abs=0.12)
    assert placed["housing"]["no"] == pytest.approx(-1.0, abs=0.11)
    assert told["placement"]["spread"] == pytest.approx(0.4, abs=0.11)
    assert told["dependence"][0][1] == pytest.approx(-0.4, abs=0.11)
    (question,) = told["questions"]
    assert question["model"]["coefficient"]["severity"][""] * as_drawn == pytest.approx(-0.8, abs=0.12)
    assert question["answered"]["coefficient"]["severity"][""] * as_drawn == pytest.approx(-0.5, abs=0.12)
    assert (question["first"], question["second"]) == (0.4, 0.5)
    given = tables(12_000)
    seen = given["abstinence"]["abstinent"].notna().groupby(given["scores"]["arm"]).mean()
    assert question["answers"] == pytest.approx([seen[1], seen[0]], abs=0.006)


def test_every_number_is_coarse() -> None:
    told = found()
    odds = [
        v
        for part in (told["placement"], told["questions"][0]["model"])
        for c in part["coefficient"].values()
        for v in c.values()
    ]
    for value in [*odds, *(r for row in told["dependence"] for r in row)]:
        assert value == pytest.approx(round(value, 1), abs=1e-9)
    for share in [told["first_share"], *(s for c in told["covariates"] for s in c["shares"])]:
        assert share == pytest.approx(round(share, 2), abs=1e-9)
    assert told["people"] % 10 == 0


def test_a_person_more_or_less_changes_nothing_that_is_written_down() -> None:
    given = tables(3_000)
    whole, same = numbers_of(given), []
    for person in range(12):
        fewer = given["scores"].drop(index=person).reset_index(drop=True)
        same.append(numbers_of({**given, "scores": fewer}) == whole)
    assert sum(same) >= 10  # a number may lie where it is rounded up or down


def test_a_category_of_few_people_in_an_arm_or_with_the_outcome_has_no_number() -> None:
    codes = np.repeat([0, 1, 2], [100, 40, 30])
    first, outcome = np.tile([True, False], 85), np.zeros(170, dtype=bool)
    outcome[:60] = outcome[100:120] = outcome[140:143] = True
    groups = [first, ~first, outcome, ~outcome]
    assert told_levels(codes, 3, groups, 11) == [1]
    # nor has any, where what is left beside the others would be of few
    outcome[:100] = False
    assert told_levels(codes, 3, [first, ~first, outcome, ~outcome], 11) == []
    assert told_levels(codes, 3, [first, ~first], 11) == [1, 2]


def test_a_rare_category_stands_nowhere() -> None:
    given = tables(3_000)
    words = np.array(given["covariates"]["housing"].astype(str), dtype=object)
    words[:8] = "abroad"
    made = pd.Categorical(words, categories=["yes", "no", "abroad"])
    assert "abroad" not in json.dumps(numbers_of({**given, "covariates": given["covariates"].assign(housing=made)}))


def test_shares_are_no_finer_than_the_fewest_people() -> None:
    assert share_step(10_000, 11) == 0.01
    assert share_step(200, 11) == 0.06
    assert coarse(0.4449, 0.01) == 0.44
    assert str(coarse(-0.04, 0.1)) == "0.0"


def test_sites_that_do_not_differ_have_no_spread() -> None:
    rng = np.random.default_rng(8)
    site = np.repeat(np.arange(50), 200)
    chance = np.full(len(site), 0.4)
    for tau, low, high in ((0.0, 0.0, 0.09), (0.5, 0.4, 0.6)):
        odds = np.log(0.4 / 0.6) + tau * rng.standard_normal(50)[site]
        y = rng.random(len(site)) < 1 / (1 + np.exp(-odds))
        assert low <= spread(y - chance, chance * (1 - chance), site) <= high


def test_the_order_of_people_says_nothing() -> None:
    given = tables(3_000)
    order = np.random.default_rng(9).permutation(3_000)
    turned = {**given, "scores": given["scores"].iloc[order].reset_index(drop=True)}
    assert numbers_of(given) == numbers_of(turned)
