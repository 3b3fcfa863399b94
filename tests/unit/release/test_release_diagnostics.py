"""Which diagnostics are let out, and with what else they go."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from release_rows import IN_ORDER, PLENTY, counts_of, diagnostic, four, only, release


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
        ("unweighted", "sex", "female"): False,
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
    for people, expected in ((counts_of("iop", {"with_counterpart": 100}, **size), True), ([], False)):
        both = counts + people + counts_of("residential", {"with_counterpart": 100}, **size)
        row = only(release(counts=both, diagnostics=asked, arms=IN_ORDER)["diagnostics"])
        assert row.status == ("info" if expected else "suppressed")
        # 0.2 and 0.2 in the bins that are shown, and what is left in both arms where a bin is hidden or rounded
        assert 0.43 <= row.value <= 0.6 if expected else pd.isna(row.value)


def test_a_detectable_difference_goes_with_its_estimate() -> None:
    asked = diagnostic(
        "all", 0.07, analysis="abstinence", outcome="abstinent", horizon_days=180, method="iptw",
        missing_rule="missing_is_using", quantity="detectable_difference", threshold=None, status="info",
    )  # fmt: skip
    for status, expected in (("ok", "info"), ("gated", "suppressed")):
        found = release(counts=PLENTY, estimates=four(number=0.25, method="iptw", status=status), diagnostics=[asked])[
            "diagnostics"
        ]
        told = only(found, quantity="detectable_difference")
        assert told.status == expected
        # 2.8 of the released standard error, and no finer: nothing of the private value but that it is there
        if expected == "info":
            assert told.value == pytest.approx(2.801585 * 0.25, abs=0.005)


def test_weighted_shares_are_as_fine_as_the_cells_of_their_category() -> None:
    sex = {"analysis": "design", "outcome": "covariate", "variable": "sex", "horizon_days": None}
    counts = counts_of("iop", {"female": 40, "male": 60, "unknown": 0}, **sex)
    counts += counts_of("residential", {"female": 38, "male": 50, "unknown": 3}, **sex)
    asked = [
        diagnostic(
            "sex", 0.43217, level=level, method="overlap", quantity="weighted_mean", threshold=None, status="info"
        )
        for level in ("female", "unknown")
    ]
    found = release(counts=counts, diagnostics=asked)["diagnostics"].set_index("level")
    assert found.loc["female", "value"] == 0.432
    assert found.loc["unknown", "status"] == "suppressed"
    coarse = release("opensafely", counts=counts, diagnostics=asked)["diagnostics"].set_index("level")
    assert abs(coarse.loc["female", "value"] - 0.43217) > 0.002  # forty are told to five
