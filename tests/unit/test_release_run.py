"""The whole room: what comes in, what is let out, and what is withheld with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from parts import endpoint
from results_rows import made as table

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Companions, Disclosure, Inference
from iop_outcomes.release import run
from iop_outcomes.tables import TABLES

ARMS = ("iop", "residential")
IN_ORDER = {"c": list(ARMS)}
ENDPOINTS = {
    "unplanned_discharge": endpoint("unplanned_discharge", "left_index", cause="unplanned"),
    "retained": endpoint("retained", "in_care"),
    "retained_or_completed": endpoint("retained_or_completed", "in_care_or_completed"),
    "time_in_care": endpoint("time_in_care", "in_care"),
    "abstinent": endpoint("abstinent", "interview"),
}
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "p_value", "n", "events", "n_effective"]
Rows = list[dict[str, Any]]


def counts_of(arm: str, cells: dict[str, int], **key: Any) -> Rows:
    named = {
        "analysis": "abstinence", "cohort": "demo", "contrast": "c", "arm": arm, "outcome": "abstinent",
        "horizon_days": 180, **key,
    }  # fmt: skip
    return [{**named, "level": level, "count": n, "status": "ok"} for level, n in cells.items()]


def life(arm: str, cells: list[tuple[int, str, int]], **key: Any) -> Rows:
    named = {"analysis": "leaving", "cohort": "demo", "contrast": "c", "arm": arm, "outcome": "unplanned_discharge"}
    return [{**named, **key, "day": d, "cause": c, "count": n} for d, c, n in cells]


def row(measure: str, of: str, number: float = np.nan, **key: Any) -> dict[str, Any]:
    numbers = dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high", "p_value", "n_effective"), number)
    return {
        "analysis": "abstinence", "cohort": "demo", "contrast": "c", "outcome": "abstinent", "horizon_days": 180,
        "estimand": "ATE", "measure": measure, "of": of, "method": "crude", "missing_rule": "missing_is_using",
        **numbers, "n": None, "events": None, "status": "ok", "reason": "", **key,
    }  # fmt: skip


def four(measure: str = "risk", number: float = np.nan, **key: Any) -> Rows:
    return [row(measure, of, number, **key) for of in (*ARMS, "difference", "ratio")]


def release(policy: str = "cms", arms: Mapping[str, Any] | None = None, **tables: Rows) -> dict[str, pd.DataFrame]:
    names = ("counts", "life_tables", "estimates", "curves", "diagnostics")
    frames = {name: table(name, tables.get(name, [])) for name in names}
    return run(**frames, **settings(policy, arms=IN_ORDER if arms is None else arms))


def settings(policy: str = "cms", **changes: Any) -> dict[str, Any]:
    """What `run` needs beside the tables: all that protects people."""
    plain = {"arms": IN_ORDER, "endpoints": ENDPOINTS, "groups": {}, "in_care": {}}
    more = {"companions": Companions(), "inference": Inference()}
    return {"disclosure": Disclosure(policy=policy), **plain, **more, **changes}


def only(frame: pd.DataFrame, **where: Any) -> Any:
    for name, value in where.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return next(frame.itertuples())


PLENTY = counts_of("iop", {"abstinent": 60, "using": 40, "missing": 25, "not_yet_observed": 30}) + counts_of(
    "residential", {"abstinent": 45, "using": 45, "missing": 15, "not_yet_observed": 0}
)
LEAVING = life("iop", [(10, "unplanned", 30), (40, "completed", 60), (100, "censored", 40)]) + life(
    "residential", [(20, "unplanned", 12), (30, "completed", 70), (100, "censored", 40)]
)


def test_missing_counts_as_using_or_is_left_out_and_the_unobserved_always_are() -> None:
    asked = four() + four(missing_rule="observed_only")
    found = release(counts=PLENTY, estimates=asked)["estimates"]
    using = only(found, measure="risk", of="iop", missing_rule="missing_is_using")
    assert (using.estimate, using.n, using.events) == (60 / 125, 125, 60)
    seen = only(found, measure="risk", of="iop", missing_rule="observed_only")
    assert (seen.estimate, seen.n, seen.events) == (0.6, 100, 60)
    gap = only(found, measure="risk", of="difference", missing_rule="observed_only")
    assert (gap.estimate, gap.n, gap.events) == (pytest.approx(0.1), 190, 105)


def test_a_hidden_cell_suppresses_the_crude_rows_that_need_it_and_no_others() -> None:
    few = counts_of("iop", {"abstinent": 60, "using": 40, "missing": 25, "not_yet_observed": 9})
    found = release(counts=few + PLENTY[4:], estimates=four() + four(missing_rule="observed_only"))["estimates"]
    # 9 takes the 25 with it: the denominator with the missing is unknown, that without them is not
    assert only(found, measure="risk", of="iop", missing_rule="observed_only").estimate == 0.6
    for of in ("iop", "difference", "ratio"):
        hidden = only(found, measure="risk", of=of, missing_rule="missing_is_using")
        assert (hidden.status, hidden.reason) == ("suppressed", "fewer than 11 people in a cell")
        assert pd.isna([getattr(hidden, n) for n in NUMBERS]).all()
    assert only(found, measure="risk", of="residential", missing_rule="missing_is_using").status == "ok"


def test_the_order_of_the_arms_is_the_one_that_is_given() -> None:
    gap = {"measure": "risk", "of": "difference"}
    assert only(release(counts=PLENTY, estimates=four())["estimates"], **gap).estimate == pytest.approx(
        60 / 125 - 45 / 105
    )
    turned = release(counts=PLENTY, estimates=four(), arms={"c": ["residential", "iop"]})["estimates"]
    assert only(turned, **gap).estimate == pytest.approx(45 / 105 - 60 / 125)


def test_without_the_order_of_the_arms_a_comparison_is_refused() -> None:
    with pytest.raises(StudyError, match=r"order of the arms of contrast 'c' is not known"):
        release(counts=PLENTY, estimates=four(), arms={})


@pytest.mark.parametrize("name", sorted(settings()))
def test_nothing_that_protects_people_may_be_left_out(name: str) -> None:
    given = {n: v for n, v in settings().items() if n != name}
    frames = {n: table(n, []) for n in ("counts", "life_tables", "estimates", "curves", "diagnostics")}
    with pytest.raises(TypeError, match=name):
        run(**frames, **given)


def test_an_adjusted_curve_has_points_on_the_grid_and_on_the_days_that_estimates_tell() -> None:
    tables = [r for a in ("leaving", "again") for r in (dict(r, analysis=a) for r in LEAVING)]
    points = [
        {"analysis": a, "cohort": "demo", "contrast": "c", "arm": "iop", "outcome": "unplanned", "method": "overlap",
         "axis": "days", "x": x, "estimate": 0.2, "std_error": 0.01, "conf_low": 0.1, "conf_high": 0.3, "n_risk": 100,
         "n_effective": 80.0}
        for a in ("leaving", "again") for x in (6, 10, 14, 90)
    ]  # fmt: skip
    key = {"analysis": "leaving", "outcome": "unplanned_discharge", "missing_rule": "none", "horizon_days": 10}
    rows = four(number=0.2, method="overlap", estimand="ATO", **key)
    found = release(life_tables=tables, estimates=rows, curves=points)["curves"]
    kept = found[found["method"] == "overlap"]
    # thirty leave on day 10: the day is told, so that neither drawing waits for day 14, and nothing happens later
    assert kept.groupby("analysis")["x"].apply(list).to_dict() == {"leaving": [10], "again": [10]}


def test_completed_counts_as_retained_where_it_is_asked_so() -> None:
    asked = {"analysis": "a", "missing_rule": "none", "horizon_days": 90}
    outcomes = ("retained", "retained_or_completed")
    tables = [r for o in outcomes for r in (dict(r, analysis="a", outcome=o) for r in LEAVING)]
    found = release(life_tables=tables, estimates=[r for o in outcomes for r in four(outcome=o, **asked)])
    retained, success = (only(found["estimates"], measure="risk", of="iop", outcome=o) for o in outcomes)
    assert (retained.estimate, retained.events) == (pytest.approx(40 / 130), 40)
    assert (success.estimate, success.events) == (pytest.approx(100 / 130), 100)
    assert success.std_error == pytest.approx(np.sqrt(30 * 100 / 130**3))
    drawn = found["curves"].set_index(["outcome", "arm", "x"])["estimate"]
    assert drawn["in_care_or_completed", "iop", 40] == pytest.approx(100 / 130)
    assert drawn["in_care", "iop", 40] == pytest.approx(40 / 130)


def test_a_few_who_completed_are_not_given_back_by_the_two_readings_of_completion() -> None:
    """Nine completed: those still there are enough to be shown, and so are all who succeeded, but not both."""
    few = [r if (r["arm"], r["cause"]) != ("iop", "completed") else {**r, "count": 9} for r in LEAVING]
    asked = {"analysis": "a", "missing_rule": "none", "horizon_days": 90, "method": "overlap", "estimand": "ATO"}
    outcomes = ("retained", "retained_or_completed")
    tables = [r for o in outcomes for r in (dict(r, analysis="a", outcome=o) for r in few)]
    found = release(life_tables=tables, estimates=[r for o in outcomes for r in four(number=0.5, outcome=o, **asked)])[
        "estimates"
    ]
    assert only(found, measure="risk", of="iop", outcome="retained").status == "ok"
    assert only(found, measure="risk", of="iop", outcome="retained_or_completed").status == "suppressed"
    assert only(found, measure="risk", of="difference", outcome="retained_or_completed").status == "suppressed"
    exact = release(
        "none", life_tables=tables, estimates=[r for o in outcomes for r in four(number=0.5, outcome=o, **asked)]
    )["estimates"]
    assert set(exact["status"]) == {"ok"}


def test_ratios_of_a_period_are_withheld_where_either_arm_has_few_events_in_it() -> None:
    key = {"analysis": "leaving", "outcome": "unplanned_discharge", "horizon_days": 180, "missing_rule": "none"}
    cells = [(20, "unplanned", 40), (70, "unplanned", 5), (200, "completed", 155)]
    other = [(20, "unplanned", 60), (70, "unplanned", 40), (200, "completed", 100)]
    life_tables = life("iop", cells, **{k: key[k] for k in ("analysis", "outcome")})
    life_tables += life("residential", other, **{k: key[k] for k in ("analysis", "outcome")})
    ratio = {**four(number=1.2, method="overlap", estimand="ATO", **key)[0], "measure": "hazard_ratio", "of": "ratio"}
    rows = [ratio | {"from_day": a, "to_day": b} for a, b in ((None, None), (1, 60), (61, 180))]
    shown = release(life_tables=life_tables, estimates=rows)["estimates"]
    assert shown[["to_day", "status"]].fillna(0).to_numpy().tolist() == [[0, "ok"], [60, "ok"], [180, "suppressed"]]
    assert shown["n"].isna().tolist() == [False, True, True]


def test_life_tables_answer_retention() -> None:
    unplanned = {"analysis": "leaving", "outcome": "unplanned_discharge", "missing_rule": "none"}
    released = release(life_tables=LEAVING, estimates=four(horizon_days=90, **unplanned))
    found = only(released["estimates"], measure="risk", of="iop")
    assert (found.estimate, found.n, found.events) == (pytest.approx(30 / 130), 130, 30)
    cells = released["counts"].set_index(["arm", "level"])["count"]
    assert cells["iop"].dropna().to_dict() == {"completed": 60, "still_at_risk": 40, "unplanned": 30}
    assert pd.isna(cells["iop", "censored"])
    assert cells["residential", "unplanned"] == 12


def test_no_one_counted_as_gone_yet_is_not_a_zero() -> None:
    unplanned = {"analysis": "leaving", "outcome": "unplanned_discharge", "missing_rule": "none"}
    early = four(horizon_days=15, **unplanned)
    released = release(life_tables=LEAVING, estimates=early)
    assert only(released["estimates"], measure="risk", of="iop").events == 30
    assert only(released["estimates"], measure="risk", of="residential").status == "suppressed"
    assert only(released["counts"], arm="residential", level="unplanned").status == "suppressed"
    exact = release("none", life_tables=LEAVING, estimates=early)
    assert only(exact["estimates"], measure="risk", of="residential").estimate == 0
    assert only(exact["estimates"], measure="risk", of="ratio").status == "not_possible"


def test_counts_of_an_outcome_with_a_life_table_do_not_get_out() -> None:
    # the same people counted exactly would give away those who wait
    exact = counts_of("iop", {"unplanned": 37}, analysis="leaving", outcome="unplanned_discharge", horizon_days=90)
    asked = four(analysis="leaving", outcome="unplanned_discharge", horizon_days=90, missing_rule="none")
    released = release(counts=exact, life_tables=LEAVING, estimates=asked)["counts"]
    assert 37 not in set(released["count"].dropna())


def test_mean_days_and_staying() -> None:
    key = {"analysis": "staying", "missing_rule": "none", "horizon_days": 90}
    tables = [{**r, "analysis": "staying", "outcome": o} for r in LEAVING for o in ("retained", "time_in_care")]
    asked = four(outcome="retained", **key) + four("mean_days", outcome="time_in_care", **key)
    found = release(life_tables=tables, estimates=asked)["estimates"]
    assert only(found, measure="risk", of="iop").estimate == pytest.approx(40 / 130)
    assert only(found, measure="mean_days", of="iop").estimate == pytest.approx((30 * 10 + 60 * 40 + 40 * 90) / 130)
    assert only(found, measure="mean_days", of="iop").events == 40


@pytest.mark.parametrize("status", ["gated", "not_possible"])
def test_a_gated_row_keeps_its_reason_and_no_number(status: str) -> None:
    gated = four(number=0.25, method="iptw", status=status, reason="no overlap", n=190, events=105)
    found = release("none", counts=PLENTY, estimates=gated)["estimates"]
    assert set(found["status"]) == {status}
    assert set(found["reason"]) == {"no overlap"}
    assert found[NUMBERS].isna().all(axis=None)


def test_people_of_adjusted_rows_come_from_released_counts() -> None:
    asked = four(number=0.25, method="iptw", n=1, events=1) + [row("hazard_ratio", "ratio", 1.5, method="iptw")]
    found = release(counts=PLENTY, estimates=asked)["estimates"]
    assert (only(found, measure="hazard_ratio").n, only(found, measure="hazard_ratio").events) == (230, 105)
    assert (
        only(found, measure="risk", of="residential").n,
        only(found, measure="risk", of="residential").estimate,
    ) == (105, 0.25)


def test_an_adjusted_risk_of_few_events_is_withheld_but_a_hazard_ratio_may_stand() -> None:
    few = counts_of("iop", {"event": 5, "no_event": 100}) + counts_of("residential", {"event": 30, "no_event": 70})
    asked = four(number=0.25, method="iptw") + [row("hazard_ratio", "ratio", 1.5, method="iptw")]
    found = release(counts=few, estimates=asked)["estimates"].set_index(["measure", "of"])
    assert found["status"].to_dict() == {
        ("hazard_ratio", "ratio"): "ok",
        ("risk", "difference"): "suppressed",
        ("risk", "iop"): "suppressed",
        ("risk", "ratio"): "suppressed",
        ("risk", "residential"): "ok",
    }
    assert pd.isna(found.loc[("hazard_ratio", "ratio"), "events"])
    assert pd.isna(found.loc[("hazard_ratio", "ratio"), "n_effective"])


@pytest.mark.parametrize("cells", [{"event": 5, "no_event": 100}, {"event": 100, "no_event": 5}])
def test_few_events_or_few_others_in_both_arms_withhold_any_estimate(cells: dict[str, int]) -> None:
    few = counts_of("iop", cells) + counts_of("residential", cells)
    found = release(counts=few, estimates=[row("hazard_ratio", "ratio", 1.5, method="iptw")])["estimates"]
    assert only(found).status == "suppressed"
    assert (
        only(release("none", counts=few, estimates=[row("hazard_ratio", "ratio", 1.5, method="iptw")])["estimates"]).n
        == 210
    )


def test_an_estimate_without_counts_behind_it_is_withheld() -> None:
    asked = [row("hazard_ratio", "ratio", 1.5, method="naive")]
    assert only(release(estimates=asked)["estimates"]).reason == "the people behind it are not counted"
    assert only(release("none", estimates=asked)["estimates"]).estimate == 1.5


def test_a_crude_row_that_nothing_can_answer_is_a_defect() -> None:
    with pytest.raises(StudyError, match="cannot be computed"):
        release(estimates=four())
    with pytest.raises(StudyError, match="crude 'hazard_ratio'"):
        release(counts=PLENTY, estimates=[row("hazard_ratio", "ratio")])


def test_a_level_that_no_estimate_can_be_read_from_is_named() -> None:
    odd = counts_of("iop", {"abstinent": 60, "relapsed": 40})
    with pytest.raises(StudyError, match="relapsed"):
        release(counts=odd, estimates=four())


def test_an_arm_without_people_is_not_possible() -> None:
    found = release(counts=PLENTY[:4], estimates=four())["estimates"]
    assert only(found, measure="risk", of="iop").status == "ok"
    assert only(found, measure="risk", of="difference").reason == "no people in the arm 'residential'"


def points(outcome: str, days: list[int], arm: str = "iop", **key: Any) -> Rows:
    named = {"analysis": "leaving", "cohort": "demo", "contrast": "c", "arm": arm, "outcome": outcome}
    numbers = dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high"), 0.5)
    return [
        {
            **named,
            "method": "iptw",
            "axis": "days",
            "x": float(x),
            **numbers,
            "n_risk": 77,
            "n_effective": 50.12345,
            **key,
        }
        for x in days
    ]


def test_an_adjusted_curve_has_points_only_where_enough_people_had_the_event_since_the_last() -> None:
    cells = [(3, "unplanned", 15), (20, "unplanned", 5), (30, "unplanned", 6), (50, "died", 4), (60, "unplanned", 12)]
    curves = points("unplanned", [7, 14, 21, 28, 30, 35, 63, 70]) + points("died", [7, 56, 63])
    asked = [row("risk", "iop", analysis="leaving", outcome="unplanned_discharge", horizon_days=30)]
    tables = life("iop", [*cells, (90, "censored", 30)])
    found = release(life_tables=tables, curves=curves, estimates=asked)["curves"]
    adjusted = found[found["method"] == "iptw"]
    # 15 by day 7; 11 more only by day 35 (day 30 is off the grid); 12 more by day 63; 4 deaths never
    assert adjusted[["outcome", "x"]].to_numpy().tolist() == [
        ["unplanned", 7.0],
        ["unplanned", 35.0],
        ["unplanned", 63.0],
    ]
    # 72 people; before day 7 the 15 had left, before day 35 eleven more; before day 63 some who died are held back
    assert adjusted["n_risk"].dropna().tolist() == [57, 46]
    assert adjusted["n_effective"].dropna().tolist() == [50.123, 50.123]
    assert len(release("none", life_tables=tables, curves=curves)["curves"].query("method == 'iptw'")) == len(curves)


def test_an_adjusted_curve_ends_where_no_one_is_at_risk() -> None:
    tables = life("iop", [(5, "unplanned", 12), (60, "unplanned", 30)])
    found = release(life_tables=tables, curves=points("unplanned", [7, 63]))["curves"]
    assert found.query("method == 'iptw'")["x"].tolist() == [7]


def test_crude_curves_come_from_the_held_table_and_from_nowhere_else() -> None:
    smuggled = points("unplanned", [5], method="crude")
    found = release(life_tables=LEAVING, curves=smuggled)["curves"]
    assert set(found["method"]) == {"crude"}
    assert 5 not in set(found["x"])
    own = found[(found["arm"] == "iop") & (found["outcome"] == "unplanned")]
    assert own["estimate"].max() == pytest.approx(30 / 130)
    assert set(found["outcome"]) == {"unplanned", "completed", "in_care"}


def test_a_curve_of_staying_comes_from_the_table_that_is_read_so() -> None:
    # one analysis that follows the index level and the whole episode
    index = life("iop", [(10, "unplanned", 60), (100, "censored", 40)])
    care = life("iop", [(50, "unplanned", 20), (100, "censored", 80)], outcome="retained")
    found = release(life_tables=index + care)["curves"].set_index(["outcome", "x"])["estimate"]
    assert found["in_care", 50] == pytest.approx(0.8)
    assert found["unplanned", 10] == pytest.approx(0.6)


def test_points_of_other_curves_with_few_people_are_dropped() -> None:
    hours = points("abstinent", [9, 12], axis="propensity")
    hours[0]["n_risk"] = 10
    found = release(curves=hours)["curves"]
    assert found["x"].tolist() == [12]
    assert release("opensafely", curves=hours)["curves"]["n_risk"].tolist() == [10, 75]


def diagnostic(variable: str, value: float = 0.123456, level: str = "all", **key: Any) -> dict[str, Any]:
    return {
        "analysis": "design", "cohort": "demo", "contrast": "c", "method": "unweighted",
        "quantity": "standardised_difference", "variable": variable, "level": level, "value": value, "threshold": 0.1,
        "status": "failed", **key,
    }  # fmt: skip


def test_differences_that_give_a_small_cell_back_are_suppressed() -> None:
    sex = {"analysis": "design", "outcome": "covariate", "variable": "sex", "horizon_days": None}
    counts = counts_of("iop", {"female": 40, "male": 60, "unknown": 0}, **sex)
    counts += counts_of("residential", {"female": 38, "male": 50, "unknown": 3}, **sex)
    asked = [diagnostic("sex", level=v) for v in ("female", "male", "unknown")]
    asked += [diagnostic("age"), diagnostic("sex", level="unknown", method="overlap")]
    asked.append(diagnostic("all", 97.4567, arm="iop", quantity="effective_sample_size"))
    found = release(counts=counts, diagnostics=asked)["diagnostics"].set_index(["method", "variable", "level"])
    assert found["status"].eq("suppressed").to_dict() == {
        ("overlap", "sex", "unknown"): False,
        ("unweighted", "age", "all"): False,
        ("unweighted", "all", "all"): False,
        ("unweighted", "sex", "female"): True,
        ("unweighted", "sex", "male"): False,
        ("unweighted", "sex", "unknown"): True,
    }
    assert found.loc[("unweighted", "age", "all"), "value"] == 0.123
    assert found["value"].isna().equals(found["status"].eq("suppressed"))
    rounded = release("opensafely", counts=counts, diagnostics=asked)["diagnostics"]
    assert only(rounded, quantity="effective_sample_size").value == 95


def test_a_contrast_with_a_small_arm_shows_no_diagnostics() -> None:
    counts = counts_of("iop", {"event": 6, "no_event": 3}) + counts_of("residential", {"event": 60, "no_event": 30})
    found = release(counts=counts, diagnostics=[diagnostic("age"), diagnostic("age", contrast="d")])["diagnostics"]
    assert found.set_index("contrast")["status"].to_dict() == {"c": "suppressed", "d": "failed"}


def test_groups_that_can_be_differenced_are_told() -> None:
    more = [{**r, "analysis": "other", "count": r["count"] + (r["level"] == "using") * 4} for r in PLENTY]
    found = release(counts=PLENTY + more)["diagnostics"]
    risk = only(found, quantity="difference_risk")
    assert (risk.outcome, risk.group_by, risk.group) == ("abstinent", "other", "c")
    assert (risk.value, risk.status) == (2, "info")


def test_none_lets_counts_adjusted_rows_curves_and_diagnostics_through_as_they_are() -> None:
    asked = four(number=0.25, method="iptw")
    curves, diagnostics = points("unplanned", [3, 9]), [diagnostic("age")]
    released = release("none", counts=PLENTY, estimates=asked, curves=curves, diagnostics=diagnostics)
    key = list(TABLES["counts"].key)
    as_given = table("counts", PLENTY).sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(released["counts"], as_given)
    assert released["estimates"]["estimate"].eq(0.25).all()
    assert len(released["curves"]) == 2
    assert released["diagnostics"]["value"].tolist() == [0.123456]


def test_the_release_does_not_depend_on_the_order_of_counts() -> None:
    given = {"counts": PLENTY, "life_tables": LEAVING, "estimates": four()}
    turned = {**given, "counts": PLENTY[::-1], "life_tables": LEAVING[::-1]}
    again = release(**turned)
    for name, frame in release(**given).items():
        if name in TABLES:
            pd.testing.assert_frame_equal(frame, again[name])


def test_the_config_names_the_policy() -> None:
    frames = {n: table(n, []) for n in ("life_tables", "estimates", "curves", "diagnostics")}
    few = table("counts", counts_of("iop", {"a": 5, "b": 95}))
    shown = run(few, **frames, **settings("none"))
    assert shown["counts"]["count"].tolist() == [5, 95]
    assert run(few, **frames, **settings("cms"))["counts"]["count"].isna().all()
    with pytest.raises(StudyError, match="looser"):
        run(few, **frames, **settings(disclosure=Disclosure(policy="cms", minimum_count=3)))


def share(variable: str, value: float = 0.5, **key: Any) -> dict[str, Any]:
    return diagnostic(variable, value, quantity="share_in_first_arm", threshold=10.0, status="ok", **key)


def test_shares_by_category_come_from_released_counts_and_sites_stay_private() -> None:
    sex = {"analysis": "design", "outcome": "covariate", "variable": "sex", "horizon_days": None}
    counts = counts_of("iop", {"female": 40, "male": 60}, **sex)
    counts += counts_of("residential", {"female": 38, "male": 50, "unknown": 30, "mixed": 20, "other": 3}, **sex)
    asked = [share("sex", 0.1234, level=v) for v in ("female", "unknown", "other", "never")]
    asked += [share("stratum", 1.0, level="S01")]
    asked.append(diagnostic("age", 0.3, quantity="largest_within_site_difference", threshold=None, status="info"))
    found = release(counts=counts, diagnostics=asked, arms=IN_ORDER)["diagnostics"].set_index("level")
    assert "S01" not in found.index
    assert (found.loc["female", "value"], found.loc["female", "status"]) == (round(40 / 78, 3), "ok")
    assert (found.loc["unknown", "value"], found.loc["unknown", "status"]) == (0, "failed")
    assert found.loc[["other", "never", "all"], "status"].eq("suppressed").all()
    assert found.loc[["other", "never", "all"], "value"].isna().all()
    coarse = release("opensafely", counts=counts, diagnostics=asked, arms=IN_ORDER)["diagnostics"].set_index("level")
    assert coarse.loc["female", "value"] == round(40 / 80, 3)  # 38 is shown as 40
    everything = release("none", counts=counts, diagnostics=asked, arms=IN_ORDER)["diagnostics"].set_index("level")
    assert everything.loc["S01", "value"] == 1


def test_the_overlap_of_scores_takes_hidden_bins_for_one() -> None:
    bins = {"analysis": "design", "outcome": "propensity", "horizon_days": None}
    size = {"analysis": "design", "outcome": "people", "horizon_days": None}
    asked = [diagnostic("all", 0.7777, quantity="score_overlap", threshold=None, status="info")]
    counts = counts_of("iop", {"0.40-0.45": 60, "0.45-0.50": 20, "0.50-0.55": 17, "0.55-0.60": 3}, **bins)
    counts += counts_of("residential", {"0.40-0.45": 20, "0.45-0.50": 60, "0.55-0.60": 20}, **bins)
    for people, expected in ((counts_of("iop", {"with_counterpart": 100}, **size), 0.6), ([], None)):
        both = counts + people + counts_of("residential", {"with_counterpart": 100}, **size)
        row = only(release(counts=both, diagnostics=asked, arms=IN_ORDER)["diagnostics"])
        # 0.2 and 0.2 in the bins that are shown, and 0.2 of the 0.2 that are left in each arm
        assert row.status == ("info" if expected else "suppressed")
        assert pd.isna(row.value) if expected is None else row.value == expected


def test_a_detectable_difference_goes_with_its_estimate() -> None:
    asked = diagnostic(
        "all", 0.07, analysis="abstinence", outcome="abstinent", horizon_days=180, method="iptw",
        missing_rule="missing_is_using", quantity="detectable_difference", threshold=None, status="info",
    )  # fmt: skip
    for status, expected in (("ok", "info"), ("gated", "suppressed")):
        found = release(counts=PLENTY, estimates=four(number=0.25, method="iptw", status=status), diagnostics=[asked])[
            "diagnostics"
        ]
        assert only(found, quantity="detectable_difference").status == expected


def test_weights_that_leave_an_arm_as_it_is_are_withheld_where_its_counts_are() -> None:
    shown = release(counts=PLENTY, estimates=four(number=0.25, method="att"))["estimates"]
    assert set(shown["status"]) == {"ok"}
    rounded = release("opensafely", counts=PLENTY, estimates=four(number=0.25, method="att"))["estimates"]
    assert rounded.set_index(["measure", "of"])["status"].to_dict() == {
        ("risk", "iop"): "suppressed", ("risk", "residential"): "suppressed", ("risk", "difference"): "ok",
        ("risk", "ratio"): "suppressed",
    }  # fmt: skip
    usual = release("opensafely", counts=PLENTY, estimates=four(number=0.25, method="overlap"))["estimates"]
    assert set(usual["status"]) == {"ok"}


def test_a_word_that_few_people_bear_stands_nowhere_in_a_release() -> None:
    words = {"working": (60, 50), "looking": (20, 15), "diver": (1, 0), "beekeeper": (3, 4), "unknown": (2, 1)}
    cells = [
        r for at, arm in enumerate(ARMS) for r in counts_of(
            arm, {word: n[at] for word, n in words.items()}, analysis="design", outcome="covariate",
            variable="employment", horizon_days=None,
        )
    ]  # fmt: skip
    told = [
        {"analysis": "design", "cohort": "demo", "contrast": "c", "method": method, "quantity": quantity,
         "variable": "employment", "level": word, "value": 0.05, "threshold": np.nan, "status": "info"}
        for word in words for method in ("unweighted", "overlap") for quantity in ("standardised_difference",)
    ]  # fmt: skip
    found = release(counts=cells, diagnostics=told)
    text = " ".join(frame.to_csv() for name, frame in found.items() if name != "notes")
    assert "diver" not in text
    assert "beekeeper" not in text
    assert "working" in text
    assert set(found["counts"]["level"]) == {"working", "looking", "unknown", "other (few)"}
    assert found["counts"].loc[found["counts"]["level"] == "other (few)", "status"].eq("suppressed").all()
    assert set(release("none", counts=cells)["counts"]["level"]) == set(words)
