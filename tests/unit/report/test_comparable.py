"""Equipoise by preference scores, and for whom weighted estimates speak, from released tables alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from released_study import plain_study, typed

from iop_outcomes.estimators.causal.balance import weighted_means
from iop_outcomes.presentation.told import Told
from iop_outcomes.protocol import AsRun
from iop_outcomes.report import comparable
from iop_outcomes.tables.bands import SCORES

NAME = "iop_vs_res"


def study() -> AsRun:
    return AsRun.model_validate(plain_study())


def contrast() -> tuple[str, tuple[str, str]]:
    asked = study()
    name = next(iter(asked.contrasts))
    return name, (asked.contrasts[name].first.name, asked.contrasts[name].second.name)


def counts(bins: dict[str, tuple[int, int]], **more: Any) -> Any:
    """Released counts of two arms: bins of the score, and who has a home, 60 and 40 of 100."""
    name, arms = contrast()
    same = {"analysis": "design", "contrast": name, "variable": "all", "group_by": "all", "group": "all", "detail": "",
            "status": "ok", "rounded_to": 1}  # fmt: skip
    rows = []
    for at, arm in enumerate(arms):
        people = [(("propensity", "all"), level, n[at]) for level, n in bins.items()]
        people += [
            (("covariate", "stable_housing"), "yes", (60, 40)[at]),
            (("covariate", "stable_housing"), "no", (40, 60)[at]),
        ]
        for (outcome, variable), level, n in people:
            own = {
                "outcome": outcome,
                "variable": variable,
                "level": level,
                "count": n,
                "count_low": n,
                "count_high": n,
            }
            rows.append({**same, "arm": arm, **own, **more})
    return typed("counts", rows)


def test_with_arms_of_one_size_preference_is_the_score() -> None:
    bins = {name: Told(10.0, 10.0, 10.0) for name in SCORES}
    # 0.30 to 0.70 are eight of twenty bins, and no border cuts one
    assert comparable.between(bins, 0.5, 200) == pytest.approx((0.4, 0.4))


def test_with_uneven_arms_borders_move_and_cut_bins() -> None:
    """Of a first arm of three in four .3 and .7 are scores of .5625 and .875: of 0.60-0.85 all, of 0.55-0.90 some."""
    bins = {name: Told(10.0, 10.0, 10.0) for name in SCORES}
    assert comparable.between(bins, 0.75, 200) == pytest.approx((5 * 10 / 200, 7 * 10 / 200))
    unsure = {**bins, "0.70-0.75": Told(None, 1.0, 10.0)}
    assert comparable.between(unsure, 0.75, 200) == pytest.approx((41 / 200, 70 / 200))


@pytest.mark.parametrize(
    ("bins", "words"),
    [
        ({"0.40-0.45": (80, 80), "0.90-0.95": (20, 20)}, "are in equipoise by that rule"),
        ({"0.40-0.45": (80, 20), "0.90-0.95": (20, 80)}, "not in equipoise"),
        ({"0.40-0.45": (80, 40), "0.90-0.95": (20, 60)}, "not in equipoise"),
    ],
)
def test_the_arm_with_fewer_decides(bins: dict[str, tuple[int, int]], words: str) -> None:
    assert words in comparable.equipoise(counts(bins), study(), contrast()[0])


def test_nothing_is_said_without_scores_or_sizes() -> None:
    assert not comparable.equipoise(counts({}), study(), contrast()[0])
    hidden = counts({"0.40-0.45": (80, 80), "0.90-0.95": (20, 20)}, status="suppressed", count=None)
    assert not comparable.equipoise(hidden, study(), contrast()[0])


def test_everyone_stands_beside_those_for_whom_the_weights_speak() -> None:
    name, arms = contrast()
    every = dict.fromkeys(("arm", "outcome", "group_by", "group"), "all")
    same = {"analysis": "design", "contrast": name, "missing_rule": "none", "status": "info", **every}
    plain = {"method": "unweighted", "quantity": "mean", "variable": "age", "level": "all"}
    whom = {"method": "overlap", "quantity": "weighted_mean"}
    rows = [
        {**same, **whom, "variable": "stable_housing", "level": "no", "value": 0.42},
        {**same, **whom, "variable": "age", "level": "all", "value": 38.0},
        *({**same, **plain, "arm": arm, "value": v} for arm, v in zip(arms, (40.0, 36.0), strict=True)),
    ]
    table = comparable.generalisability(counts({}), typed("diagnostics", rows), study(), name)
    assert table is not None
    numbers, homes = table.blocks
    assert numbers.lines[0].cells == ("38.00", "38.00", "0.00")
    (line,) = homes.lines
    assert [cell.replace("\u202f", " ") for cell in line.cells] == ["50.0 %", "42.0 %", "\u22128.0"]
    assert comparable.generalisability(counts({}), typed("diagnostics", rows[2:]), study(), name) is None


def test_means_of_those_for_whom_overlap_weights_speak() -> None:
    """By hand: of scores .8, .5, .2, the people count by e (1 - e)."""
    score = np.array([0.8, 0.8, 0.5, 0.5, 0.2, 0.2])
    arm, x = np.array([1, 0] * 3), np.array([1.0, 1, 0, 0, 2, 2])[:, None]
    weight = np.where(arm == 1, 1 - score, score)
    first = (0.2 * 1 + 0.8 * 2) / 1.5
    second = (0.8 * 1 + 0.2 * 2) / 1.5
    assert weighted_means(x, arm, weight) == pytest.approx([(first + second) / 2])
