"""Groups from released numbers: in order, drawn to their mean, tested together, and for whom harm stays open."""

from __future__ import annotations

import math

import groups_rows
import numpy as np
import pandas as pd
import pytest
from released_study import diagnostics, estimates, words
from statsmodels.stats.multitest import multipletests

from iop_outcomes.presentation import for_whom
from iop_outcomes.presentation.for_whom import Grouped, Question
from iop_outcomes.presentation.labels import Labels
from iop_outcomes.protocol import Modifier


def asked(rows: pd.DataFrame | None = None, tests: pd.DataFrame | None = None) -> Question:
    found = for_whom.questions(
        estimates() if rows is None else rows, diagnostics() if tests is None else tests, Labels(words())
    )
    (question,) = found
    return question


def by_name(question: Question) -> dict[str, Grouped]:
    return {one.name: one for one in question.modifiers}


def test_groups_stand_in_the_order_of_the_study_whatever_that_of_the_rows() -> None:
    for rows in (estimates(), estimates().iloc[::-1]):
        found = by_name(asked(rows))
        assert list(found) == ["sex", "severity"]
        assert [g.name for g in found["severity"].groups] == ["lowest third", "middle third", "highest third"]
    assert [g.told for g in found["severity"].groups] == [True, False, True]


def test_p_values_are_adjusted_within_their_families() -> None:
    found = by_name(asked())
    wanted = multipletests(list(groups_rows.P.values()), method="holm")[1]
    assert [one.adjusted for one in found.values()] == pytest.approx(list(wanted))
    assert [one.family for one in found.values()] == [2, 2]
    study = words()
    explored = {n: m.model_copy(update={"family": "exploratory"}) for n, m in study.modifiers.items()}
    labels = Labels(study.model_copy(update={"modifiers": explored}))
    (question,) = for_whom.questions(estimates(), diagnostics(), labels)
    wanted = multipletests(list(groups_rows.P.values()), method="fdr_bh")[1]
    assert [one.adjusted_ratio for one in question.modifiers] == pytest.approx(list(wanted))
    apart = {**study.modifiers, "sex": explored["sex"]}
    (question,) = for_whom.questions(estimates(), diagnostics(), Labels(study.model_copy(update={"modifiers": apart})))
    # each alone in its family
    assert [one.adjusted for one in question.modifiers] == pytest.approx(list(groups_rows.P.values()))


def test_differences_are_drawn_to_their_mean_by_how_little_each_is_known() -> None:
    """By hand, by the method of moments: -0.10 (0.04) and -0.02 (0.02)."""
    weight = np.array([1 / 0.04**2, 1 / 0.02**2])
    mean = (weight * [-0.10, -0.02]).sum() / weight.sum()
    q = (weight * (np.array([-0.10, -0.02]) - mean) ** 2).sum()
    spread = (q - 1) / (weight.sum() - (weight**2).sum() / weight.sum())
    weight = 1 / (np.array([0.04, 0.02]) ** 2 + spread)
    mean = (weight * [-0.10, -0.02]).sum() / weight.sum()
    own = spread / (np.array([0.04, 0.02]) ** 2 + spread)
    wanted = own * [-0.10, -0.02] + (1 - own) * mean
    drawn = [g.drawn for g in by_name(asked())["sex"].groups]
    assert [d.value for d in drawn if d] == pytest.approx(list(wanted))
    assert all(d and d.low < d.value < d.high for d in drawn)
    assert -0.10 < drawn[0].value < drawn[1].value < -0.02  # type: ignore[union-attr]


def test_harm_stays_open_where_the_interval_or_rounding_reaches_beyond_the_margin() -> None:
    groups = by_name(asked())["sex"].groups
    # -18 to -2, and -6 to +2
    assert [g.name for g in for_whom.not_excluded(groups, -0.10)] == ["female"]
    assert [g.name for g in for_whom.not_excluded(groups, -0.05)] == ["female", "male"]
    assert [g.name for g in for_whom.not_excluded(groups, 0.01)] == ["male"]
    assert not for_whom.not_excluded(groups, -0.19)
    rounded = by_name(asked(estimates().assign(rounding_error=0.045)))["sex"].groups
    assert [g.name for g in for_whom.not_excluded(rounded, -0.10)] == ["female", "male"]
    assert for_whom.people(groups) == 250
    untold = estimates()
    untold.loc[untold["group"] == "male", "n"] = pd.NA
    assert math.isnan(for_whom.people(by_name(asked(untold))["sex"].groups))


def test_without_tests_or_with_one_group_nothing_is_adjusted_or_drawn() -> None:
    none = diagnostics()
    found = by_name(asked(tests=none[none["group_by"] == "all"]))
    assert [(one.p, one.adjusted) for one in found.values()] == [(None, None)] * 2
    alone = estimates()
    alone = alone[alone["group"] != "male"]
    assert by_name(asked(alone))["sex"].groups[0].drawn is None
    assert Modifier.model_validate(groups_rows.MODIFIERS["sex"]).family == for_whom.PRESPECIFIED
