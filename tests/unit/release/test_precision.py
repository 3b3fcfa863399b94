"""How fine adjusted numbers are: as fine as the cells behind them, and never finer than the people can bear."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from release_rows import ARMS, PLENTY, counts_of, diagnostic, four, only, release, row, settings
from results_rows import made as table

from iop_outcomes.protocol import Companions
from iop_outcomes.release import few_scores, run
from iop_outcomes.release.precision import step, to_digits, to_step

NUMBER = 0.123456789
FEW_SCORES = diagnostic("all", 2.0, quantity="score_patterns", status="info", threshold=None)


@given(st.floats(1e-9, 1e6))
def test_a_step_is_one_two_or_five_times_a_power_of_ten_and_not_too_small(least: float) -> None:
    size = step(least)
    assert least <= size * (1 + 1e-9) < 2.5 * least * (1 + 1e-6)
    assert round(size / 10 ** np.floor(np.log10(size) + 1e-9), 6) in (1, 2, 5)


@given(st.floats(-1e3, 1e3), st.sampled_from([0.001, 0.005, 0.02, 1.0, 50.0]))
def test_a_rounded_number_is_within_half_a_step(value: float, size: float) -> None:
    told = to_step(value, size)
    assert abs(told - value) <= size / 2 + 1e-9
    assert abs(told / size - round(told / size)) < 1e-6


def test_steps_and_digits_by_hand() -> None:
    assert [step(x) for x in (0.0, 0.003, 0.02, 0.021, 7.0)] == [0.0, 0.005, 0.02, 0.05, 10.0]
    assert [to_step(0.3049, 0.01), to_step(0.305, 0.0), to_step(123.0, 50.0)] == [0.3, 0.305, 100.0]
    assert [to_digits(0.012345), to_digits(123.0), to_digits(0.0)] == [0.012, 120.0, 0.0]


def adjusted(**more: Any) -> list[dict[str, Any]]:
    return four(number=NUMBER, method="overlap", estimand="ATO", **more)


def test_where_cells_are_exact_all_digits_are_kept() -> None:
    found = release(counts=PLENTY, estimates=adjusted())["estimates"]
    assert found["estimate"].eq(NUMBER).all()
    assert found["rounding_error"].eq(0).all()


def test_where_cells_are_rounded_numbers_are_rounded_to_a_step_of_as_many_people() -> None:
    found = release("opensafely", counts=PLENTY, estimates=adjusted())["estimates"]
    one = only(found, of="iop")
    # 5 of 125 people are 0.04, which is told as 0.05
    assert (one.estimate, one.rounding_error) == (0.1, 0.025)
    assert only(found, of="residential").rounding_error == 0.025
    assert found["rounding_error"].gt(0).all()
    steps = found[found["of"] != "ratio"][["estimate", "conf_low", "conf_high"]].to_numpy() / 0.05
    np.testing.assert_allclose(steps, steps.round(), atol=1e-9)
    assert found["std_error"].ne(NUMBER).all()
    assert found["p_value"].eq(0.12).all()


def test_a_number_whose_cell_is_withheld_for_another_is_told_to_twice_the_minimum_at_most() -> None:
    few = counts_of("iop", {"abstinent": 160, "using": 11, "missing": 3}) + PLENTY[4:]
    found = release(counts=few, estimates=adjusted() + four())["estimates"]
    told = found[(found["of"] == "iop") & (found["method"] == "overlap")].iloc[0]
    cells = release(counts=few)["counts"].query("arm == 'iop' and level == 'abstinent'").iloc[0]
    if cells["status"] == "suppressed":
        assert told["rounding_error"] >= 11 / 174
    else:
        assert told["rounding_error"] >= (cells["rounded_to"] > 1) * cells["rounded_to"] / 2 / 174


def test_hazard_ratios_mean_days_and_errors_follow_as_well() -> None:
    asked = [row("hazard_ratio", "ratio", 1.23456, method="overlap", estimand="ATO")]
    asked += four("mean_days", 61.23456, method="overlap", estimand="ATO")
    found = release("opensafely", counts=PLENTY, estimates=asked)["estimates"]
    ratio = only(found, measure="hazard_ratio")
    # 5 of the 45 or 60 events are up to 0.11 of the ratio
    assert (ratio.estimate, ratio.rounding_error) == (1.2, 0.1)
    days = only(found, measure="mean_days", of="iop")
    # 5 of 125 people for 180 days are 7.2 days
    assert (days.estimate, days.rounding_error) == (60.0, 5.0)


def test_companions_and_scores_of_few_values_are_rounded_though_counts_are_exact() -> None:
    plain = {n: table(n, []) for n in ("life_tables", "curves")}
    frames = {**plain, "counts": table("counts", PLENTY), "estimates": table("estimates", adjusted())}
    of_few = run(**frames, diagnostics=table("diagnostics", [FEW_SCORES]), **settings())
    assert of_few["counts"]["status"].eq("ok").all()
    assert of_few["estimates"].query("of == 'iop'")["rounding_error"].item() >= 11 / 125
    assert "score_patterns" not in set(of_few["diagnostics"]["quantity"])
    again = settings(companions=Companions(outcomes=["abstinent"]))
    companion = run(**frames, diagnostics=table("diagnostics", []), **again)
    assert companion["counts"].empty
    assert companion["estimates"].query("of == 'iop'")["rounding_error"].item() > 2 / 125


def solutions(
    told: float, error: float, weights: tuple[float, float], people: tuple[int, int]
) -> list[tuple[int, int]]:
    """Events by sex that an adjusted risk may be of, for an intruder who knows the weights and the people."""
    size = weights[0] * people[0] + weights[1] * people[1]
    every = product(range(people[0] + 1), range(people[1] + 1))
    return [e for e in every if abs((weights[0] * e[0] + weights[1] * e[1]) / size - told) <= error + 1e-12]


@pytest.mark.parametrize("seed", range(20))
def test_events_by_sex_are_not_solved_from_an_adjusted_risk(seed: int) -> None:
    """A score on sex alone: at full digits there is one solution in whole numbers, as released there are many."""
    rng = np.random.default_rng(seed)
    men, women = int(rng.integers(60, 200)), int(rng.integers(30, 90))
    events = int(rng.integers(20, 40)), int(rng.integers(1, 11))
    share = float(rng.uniform(0.35, 0.65)), float(rng.uniform(0.2, 0.8))
    weights = 1 / share[0], 1 / share[1]
    risk = (weights[0] * events[0] + weights[1] * events[1]) / (weights[0] * men + weights[1] * women)
    assert solutions(risk, 1e-12, weights, (men, women)) == [events]
    cells = counts_of("iop", {"event": sum(events), "no_event": men + women - sum(events)})
    cells += counts_of("residential", {"event": 60, "no_event": 90})
    asked = [row("risk", arm, risk, method="iptw") for arm in ARMS]
    found = release(counts=cells, estimates=asked, diagnostics=[FEW_SCORES])["estimates"]
    own = only(found, of="iop")
    left = solutions(own.estimate, own.rounding_error, weights, (men, women))
    known = [e for e in left if sum(e) == sum(events)]
    assert events in known
    assert len({e[1] for e in known}) >= 5


def test_of_a_score_of_few_values_one_way_to_weigh_people_is_told() -> None:
    """Two ways are two lines through the same events by sex: both told beside a step they would leave few."""
    ways = ("overlap", "iptw", "aipw")
    asked = [row("risk", of, 0.5, method=method) for method in ways for of in (*ARMS, "difference")]
    asked += [row("risk", arm, 0.4, method="iptw", horizon_days=90) for arm in ARMS]
    cells = [*PLENTY, *(cell | {"horizon_days": 90} for cell in PLENTY)]
    of_few, of_many = (
        release(counts=cells, estimates=asked, diagnostics=diagnostics)["estimates"]
        for diagnostics in ([FEW_SCORES], [])
    )
    assert (of_many["status"] == "ok").all()
    told = of_few[of_few["status"] == "ok"]
    one = told.loc[told["horizon_days"] == 180, "method"].unique()
    assert len(one) == 1
    # the other horizon has but one
    assert set(told.loc[told["horizon_days"] == 90, "method"]) == {"iptw"}
    held = of_few[of_few["status"] != "ok"]
    assert set(held["method"]) == set(ways) - set(one)
    assert held["estimate"].isna().all()
    assert set(held["reason"]) == {few_scores.REASON}
    open_ = release("none", counts=cells, estimates=asked, diagnostics=[FEW_SCORES])["estimates"]
    assert (open_["status"] == "ok").all()
