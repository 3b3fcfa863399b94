"""The same question under another rule: copies of contrasts and rows, and what of them is let out."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from parts import endpoint
from release_rows import LEAVING, four, settings
from results_rows import made as table

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Analysis, Companions, Contrast
from iop_outcomes.release import run
from iop_outcomes.study import variants

CONTRAST = Contrast.model_validate(
    {
        "title": "t", "column": "index_level", "classifiers": ["asam", "broad"],
        "first": {"name": "iop", "label": "IOP", "values": ["2.1"]},
        "second": {"name": "residential", "label": "Residential", "values": ["3.5"]},
    }
)  # fmt: skip


def row(**changes) -> Analysis:
    return Analysis.model_validate(
        {
            "cohort": "k", "analysis": "a", "step": "retention", "contrast": "c", "outcome": "o", "horizon_days": 90,
            "measure": "risk", "estimand": "ATO", "method": "overlap", "family": "primary", **changes,
        }
    )  # fmt: skip


def test_each_classifier_gets_a_copy_whose_arms_are_read_by_hours():
    found = variants.contrasts({"c": CONTRAST})
    assert list(found) == ["c", "c_by_asam", "c_by_broad"]
    assert [found[n].column for n in found] == ["index_level", "level_asam", "level_broad"]
    assert [found[n].variant_of for n in found] == [None, "c", "c"]
    assert not found["c_by_asam"].required


def test_a_contrast_by_hours_is_asked_again_by_label():
    by_hours = Contrast.model_validate({**CONTRAST.model_dump(), "column": "level_asam", "classifiers": ["label"]})
    found = variants.contrasts({"c": by_hours})
    assert [found[n].column for n in found] == ["level_asam", "index_level"]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("level_asam", "read by 'asam' already"),
        ("assigned_arm", "need a `column` of index_level, level_asam, level_broad"),
    ],
)
def test_what_repeats_nothing_is_refused(column, said):
    with pytest.raises(ValueError, match=said):
        Contrast.model_validate({**CONTRAST.model_dump(), "column": column})


def test_primary_adjusted_rows_are_asked_again_as_sensitivity():
    asked = SimpleNamespace(contrasts={"c": CONTRAST})
    rows = [row(), row(family="secondary"), row(method="crude", estimand="as_observed")]
    found = variants.analyses(rows, asked)  # type: ignore[arg-type]
    assert [(r.contrast, r.family) for r in found if r.contrast != "c"] == [
        ("c_by_asam", "sensitivity"), ("c_by_broad", "sensitivity"),
    ]  # fmt: skip


def released(policy: str, companions: dict[str, list[str]], method: str = "overlap"):
    """A question, and the same one under another rule that moves three people."""
    again = {"outcome": "retained_gap_7", "analysis": "again"}
    moved = [{**r, **again, "count": r["count"] + 3 * (r["cause"] == "unplanned")} for r in LEAVING]
    key = {"outcome": "retained_gap_7", "analysis": "again", "missing_rule": "none", "horizon_days": 90}
    asked = four(number=0.4, method=method, **key) + four(
        number=0.4, method="overlap", outcome="unplanned_discharge", analysis="leaving", missing_rule="none",
        horizon_days=90,
    )  # fmt: skip
    frames = {n: table(n, []) for n in ("counts", "curves", "diagnostics")}
    endpoints = {
        "retained_gap_7": endpoint("retained_gap_7", "in_care", gap_days=7),
        "unplanned_discharge": endpoint("unplanned_discharge", "left_index", cause="unplanned"),
    }
    return run(
        **frames, life_tables=table("life_tables", LEAVING + moved), estimates=table("estimates", asked),
        **settings(policy, endpoints=endpoints, companions=Companions.model_validate(companions)),
    )  # fmt: skip


def test_a_companion_keeps_its_counts_and_curves_back_and_its_adjusted_estimates_stay():
    found = released("cms", {"contrasts": [], "outcomes": ["retained_gap_7"]})
    assert set(found["counts"]["outcome"]) == {"unplanned_discharge"}
    assert set(found["curves"]["analysis"]) == {"leaving"}
    own = found["estimates"][found["estimates"]["outcome"] == "retained_gap_7"]
    assert own["estimate"].eq(0.4).all()
    assert own[["n", "events", "n_effective"]].isna().all(axis=None)
    other = found["estimates"][found["estimates"]["outcome"] == "unplanned_discharge"]
    assert other["n"].notna().all()


def test_without_the_rule_the_difference_of_three_people_would_be_there_for_subtraction():
    found = released("cms", {"contrasts": [], "outcomes": []})
    assert {"retained_gap_7", "unplanned_discharge"} == set(found["counts"]["outcome"])


def test_a_policy_that_lets_everything_out_lets_companions_out():
    found = released("none", {"contrasts": [], "outcomes": ["retained_gap_7"]})
    assert "retained_gap_7" in set(found["counts"]["outcome"])


def test_a_crude_estimate_of_a_companion_is_refused():
    with pytest.raises(StudyError, match="would give a few people away"):
        released("cms", {"contrasts": [], "outcomes": ["retained_gap_7"]}, method="crude")
