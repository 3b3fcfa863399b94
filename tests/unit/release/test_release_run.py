"""The whole room: what comes in, what is let out, and what is withheld with its reason."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from release_rows import (
    ARMS,
    LEAVING,
    NUMBERS,
    PLENTY,
    counts_of,
    diagnostic,
    four,
    life,
    only,
    points,
    release,
    row,
    settings,
)
from results_rows import made as table

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Disclosure
from iop_outcomes.release import run
from iop_outcomes.tables import TABLES


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
    few = counts_of("iop", {"abstinent": 9, "using": 60, "missing": 25, "not_yet_observed": 30})
    found = release(counts=few + PLENTY[4:], estimates=four() + four(missing_rule="observed_only"))["estimates"]
    for of in ("iop", "difference", "ratio"):
        hidden = only(found, measure="risk", of=of, missing_rule="missing_is_using")
        assert (hidden.status, hidden.reason) == ("suppressed", "fewer than 11 people in a cell")
        assert pd.isna([getattr(hidden, n) for n in (*NUMBERS, "rounding_error")]).all()
    assert only(found, measure="risk", of="residential", missing_rule="missing_is_using").status == "ok"


def test_what_is_rounded_for_another_cell_says_by_how_much() -> None:
    few = counts_of("iop", {"abstinent": 60, "using": 40, "missing": 25, "not_yet_observed": 9})
    found = release(counts=few + PLENTY[4:], estimates=four() + four(missing_rule="observed_only"))["estimates"]
    for rule, truth in (("missing_is_using", 60 / 125), ("observed_only", 60 / 100)):
        told = only(found, measure="risk", of="iop", missing_rule=rule)
        if told.status == "ok":
            assert abs(told.estimate - truth) <= told.rounding_error
    assert not found.query("of == 'residential'")["rounding_error"].any()


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
    assert drawn["in_care_or_completed", "iop", 90] == pytest.approx(100 / 130)
    assert drawn["in_care", "iop", 90] == pytest.approx(40 / 130)


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
    rows = [ratio | {"from_day": a, "to_day": b} for a, b in ((None, None), (0, 60), (61, 180))]
    shown = release(life_tables=life_tables, estimates=rows)["estimates"]
    assert shown[["to_day", "status"]].fillna(0).to_numpy().tolist() == [[0, "ok"], [60, "ok"], [180, "suppressed"]]
    assert shown["n"].isna().tolist() == [False, True, True]


def test_life_tables_answer_retention() -> None:
    unplanned = {"analysis": "leaving", "outcome": "unplanned_discharge", "missing_rule": "none"}
    released = release(life_tables=LEAVING, estimates=four(horizon_days=90, **unplanned))
    found = only(released["estimates"], measure="risk", of="iop")
    assert (found.estimate, found.n, found.events) == (pytest.approx(30 / 130), 130, 30)
    cells = released["counts"].set_index(["arm", "level"])["count"]
    assert cells["iop"].to_dict() == {"censored": 0, "completed": 60, "still_at_risk": 40, "unplanned": 30}
    assert cells["residential", "unplanned"] == 12


def test_that_no_one_has_left_yet_is_told_as_it_is() -> None:
    unplanned = {"analysis": "leaving", "outcome": "unplanned_discharge", "missing_rule": "none"}
    early = four(horizon_days=15, **unplanned)
    released = release(life_tables=LEAVING, estimates=early)
    assert only(released["estimates"], measure="risk", of="iop").events == 30
    cell = only(released["counts"], arm="residential", level="unplanned")
    assert (cell.status, cell.count_low, cell.count_high) == ("ok", 0, 0)
    for policy in ("cms", "none"):
        told = release(policy, life_tables=LEAVING, estimates=early)["estimates"]
        assert only(told, measure="risk", of="residential").estimate == 0
        assert only(told, measure="risk", of="ratio").status == "not_possible"
    hidden = release("acro", life_tables=LEAVING, estimates=early)["estimates"]
    assert only(hidden, measure="risk", of="residential").status == "suppressed"


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
    mean, truth = only(found, measure="mean_days", of="iop"), (30 * 10 + 60 * 40 + 40 * 90) / 130
    assert 0 < abs(mean.estimate - truth) <= mean.rounding_error < 7
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


def test_adjusted_numbers_of_few_events_are_withheld() -> None:
    few = counts_of("iop", {"event": 5, "no_event": 100}) + counts_of("residential", {"event": 30, "no_event": 70})
    asked = four(number=0.25, method="iptw") + [row("hazard_ratio", "ratio", 1.5, method="iptw")]
    found = release(counts=few, estimates=asked)["estimates"].set_index(["measure", "of"])
    assert found["status"].to_dict() == {
        # of a ratio of so few no digit would be left
        ("hazard_ratio", "ratio"): "suppressed",
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


def test_a_gate_on_an_arm_without_people_says_that_nobody_is_there() -> None:
    few = "fewer than 11 people without the event in the arm 'residential'"
    stopped = [one | {"status": "gated", "reason": few} for one in four(method="iptw")]
    found = release(counts=PLENTY[:4], estimates=stopped)["estimates"]
    assert set(found["reason"]) == {"no people in the arm 'residential'"}
    assert set(found["status"]) == {"not_possible"}
    # of an arm that people are in, the gate says what it said
    found = release(counts=PLENTY, estimates=stopped)["estimates"]
    assert set(found["status"]) <= {"gated", "suppressed"}


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
    few_told, many_told = run(few, **frames, **settings("cms"))["counts"].itertuples()
    assert (few_told.status, few_told.count_low, few_told.count_high) == ("between", 1, 10)
    # the size of the group, 100, may be known: the other cell leaves half of what the few may be open
    assert (many_told.status, many_told.count_low, many_told.count_high) == ("rounded", 93, 97)
    with pytest.raises(StudyError, match="looser"):
        run(few, **frames, **settings(disclosure=Disclosure(policy="cms", minimum_count=3)))


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
    assert found["counts"].loc[found["counts"]["level"] == "other (few)", "count"].isna().all()
    assert set(release("none", counts=cells)["counts"]["level"]) == set(words)
