"""What diagnostics tell beside the estimates of a question: tests of one ratio, and intervals with few sites."""

from __future__ import annotations

from released_study import estimand, plain_study, study, typed

from iop_outcomes.protocol import AsRun
from iop_outcomes.report import methods, results
from iop_outcomes.tables.results import FEW_SITES_DEGREES, FEW_SITES_HIGH, FEW_SITES_LOW, ONE_RATIO, PROPORTIONAL

MINUS = "\u2212"
KEY = ("leaving", "iop_vs_res", "unplanned", 90)
NONE = typed("diagnostics", [])


def told(quantity: str, value: float, method: str) -> dict[str, object]:
    analysis, contrast, outcome, day = KEY
    return {
        "analysis": analysis, "cohort": "demo", "contrast": contrast, "outcome": outcome, "horizon_days": day,
        "method": method, "quantity": quantity, "value": value, "status": "info",
    }  # fmt: skip


def ratio(method: str, estimand_of: str, measure: str = "hazard_ratio", value: float = 1.4) -> list[dict[str, object]]:
    return estimand((*KEY, estimand_of, method, "none"), {"ratio": (value, 1.1, 1.8)}, measure=measure)


def test_each_test_of_one_ratio_has_a_column_and_stands_beside_its_own_method() -> None:
    rows = typed("estimates", [*ratio("naive", "as_observed"), *ratio("overlap", "ATO")])
    tests = typed("diagnostics", [told(PROPORTIONAL, 0.034, "naive"), told(ONE_RATIO, 0.2, "overlap")])
    (table,) = results.of_contrast(rows, tests, study(), "iop_vs_res", "retention")
    assert table.columns[-2:] == ("Test of one ratio, p", "Proportional hazards, p")
    assert {line.label: line.cells[-2:] for line in table.blocks[0].lines} == {
        "Unadjusted": ("–", "0.034"),
        "Overlap weighting": ("0.20", "–"),
    }
    assert "Grambsch and Therneau" in table.note
    (plain,) = results.of_contrast(rows, NONE, study(), "iop_vs_res", "retention")
    assert len(plain.columns) == len(table.columns) - 2
    assert "Grambsch" not in plain.note


def test_ratios_of_subdistribution_hazards_have_a_table_of_their_own_without_tests() -> None:
    rows = [*ratio("overlap", "ATO"), *ratio("overlap", "ATO", "subdistribution_hazard_ratio", 1.6)]
    tests = typed("diagnostics", [told(ONE_RATIO, 0.2, "overlap")])
    hazards, others = results.of_contrast(typed("estimates", rows), tests, study(), "iop_vs_res", "retention")
    assert hazards.caption.endswith(": hazard ratios")
    assert others.caption.endswith(": subdistribution hazard ratios")
    assert hazards.blocks[0].lines[0].cells[0] == "1.40 (1.10 to 1.80)"
    assert others.blocks[0].lines[0].cells[0] == "1.60 (1.10 to 1.80)"
    assert len(others.columns) == len(hazards.columns) - 1
    assert "order how many leave" in others.note


def test_the_interval_with_few_sites_stands_beside_its_difference() -> None:
    values = {"iop": (0.4, 0.3, 0.5), "res": (0.3, 0.2, 0.4), "difference": (0.1, 0.0, 0.2), "ratio": (1.3, 1.0, 1.7)}
    both = [r for m, e in (("overlap", "ATO"), ("aipw", "ATE")) for r in estimand((*KEY, e, m, "none"), values)]
    numbers = {FEW_SITES_LOW: -0.04, FEW_SITES_HIGH: 0.24, FEW_SITES_DEGREES: 8.36}
    few = typed("diagnostics", [told(name, value, "overlap") for name, value in numbers.items()])
    (table,) = results.of_contrast(typed("estimates", both), few, study(), "iop_vs_res", "retention")
    assert table.columns[-1].startswith("Difference, few sites (95")
    last = {line.label: line.cells[-1] for line in table.blocks[0].lines}
    assert last == {"Overlap weighting": f"{MINUS}4.0 to +24.0 (8.4)", "Doubly robust": "–"}
    assert "fewer than 40 hold people" in table.note
    (plain,) = results.of_contrast(typed("estimates", both), NONE, study(), "iop_vs_res", "retention")
    assert not plain.note


def test_the_methods_say_which_standard_error_few_sites_have() -> None:
    asked = plain_study()

    def uncertainty(cluster: str) -> str:
        given = AsRun.model_validate({**asked, "inference": {**asked["inference"], "cluster": cluster}})
        return {p.heading: p.text for p in methods.describe(given)}["Uncertainty"]

    assert "With fewer than 40 sites the interval of a difference of weighted shares" in uncertainty("site")
    assert "40 sites" not in uncertainty("person")
