"""Fine-Gray regression against R's cmprsk::crr, and finegray followed by coxph."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iop_outcomes.estimators.cox import subdistribution
from iop_outcomes.estimators.cox.fine_gray import FineGrayFit, fine_gray
from iop_outcomes.estimators.cox.subdistribution import CensoringGroup

KNOWN = {"censoring": "known", "events_first": True}


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    """Of r/fine_gray.R: invented people and R's numbers."""
    found = json.loads((Path(__file__).parent / "references" / "fine_gray.json").read_text())
    return {"data": {k: np.array(v, dtype=float) for k, v in found["data"].items()}, "values": found["values"]}


def mgus2(reference_data: Any, which: int, **options: Any) -> FineGrayFit:
    d = reference_data("mgus2_cr")
    x = np.column_stack([d.age, d.sex == "M"]).astype(float)
    return fine_gray(x, d.etime, d.event, which, ("age", "sexM"), **options)


@pytest.mark.parametrize(("key", "which"), [("crr_pcm", 1), ("crr_death", 2)])
def test_crr(key: str, which: int, oracle: Any, reference_data: Any, agree: Any) -> None:
    entry = oracle("FINE_GRAY_mgus2")
    expected, tolerance = entry["values"][key], entry["tolerance"]
    fit = mgus2(reference_data, which, censoring="crr")
    agree(fit.estimate.value, list(expected["coef"].values()), tolerance)
    agree(fit.estimate.standard_error(), list(expected["se"].values()), tolerance)
    agree(fit.log_likelihood, expected["loglik"], tolerance)
    # the derivative itself differs where people are censored at the time of an event, by less than a thousandth here
    plain = mgus2(reference_data, which)
    agree(plain.estimate.standard_error(), list(expected["se"].values()), 1e-3)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_finegray(ties: str, oracle: Any, reference_data: Any, agree: Any) -> None:
    entry = oracle("FINE_GRAY_mgus2")
    expected, tolerance = list(entry["values"][f"finegray_{ties}"].values()), entry["tolerance"]
    fit = mgus2(reference_data, 1, ties=ties, **KNOWN)
    agree(fit.estimate.value, [row["coef"] for row in expected], tolerance)
    agree(fit.estimate.standard_error(), [row["robust se"] for row in expected], tolerance)
    agree(np.sqrt(np.diag(np.linalg.inv(fit.information))), [row["se(coef)"] for row in expected], tolerance)


def test_predicted_incidence(oracle: Any, reference_data: Any, agree: Any) -> None:
    entry = oracle("FINE_GRAY_mgus2")
    values = entry["values"]
    predicted = mgus2(reference_data, 1).cumulative_incidence([[70, 0], [70, 1]], ("female", "male"), values["times"])
    agree(predicted.value, values["predict_age70_female"] + values["predict_age70_male"], entry["tolerance"])
    assert predicted.names[:2] == ("female:12", "female:60")


@pytest.mark.parametrize(
    ("key", "time", "options"),
    [
        ("one_group", "time", {}),
        ("one_group_days", "days", {}),
        ("groups", "time", {"groups": True}),
        ("groups_days", "days", {"groups": True}),
        ("weighted_days", "days", {"weight": "weight"}),
        ("weighted_groups", "time", {"groups": True, "weight": "weight"}),
        ("finegray_days", "days", {"ties": "efron", **KNOWN}),
        ("finegray_weighted", "time", {"weight": "weight", **KNOWN}),
        ("finegray_weighted_days", "days", {"weight": "weight", **KNOWN}),
        ("by_hand_days", "days", {"groups": True, "ties": "efron", "censoring": "known"}),
        ("by_hand_weighted", "time", {"groups": True, "weight": "share", "ties": "efron", "censoring": "known"}),
        ("by_hand_weighted_days", "days", {"groups": True, "weight": "share", "ties": "efron", "censoring": "known"}),
    ],
)
def test_groups_and_weights(
    key: str, time: str, options: dict[str, Any], reference: dict[str, Any], agree: Any
) -> None:
    d, expected = reference["data"], reference["values"][key]
    given = {"censoring": "crr", **{k: v for k, v in options.items() if k not in ("groups", "weight")}}
    fit = fine_gray(
        np.column_stack([d["age"], d["male"]]),
        d[time],
        d["cause"],
        1,
        ("age", "male"),
        weight=d[options["weight"]] if "weight" in options else None,
        censoring_groups=d["arm"] if "groups" in options else None,
        **given,
    )
    agree(fit.estimate.value, expected["coef"], 1e-8)
    # crr repeats people where we weight them; with several groups see the next test
    if key.startswith(("finegray", "by_hand", "one_group")):
        agree(fit.estimate.standard_error(), expected["se"], 1e-7)
    elif "weight" not in options:
        agree(fit.estimate.standard_error(), expected["se"], 0.02)


def test_what_crr_leaves_out_with_several_groups(
    reference: dict[str, Any], agree: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its standard errors follow once the error in a group's G counts at events of the group alone."""
    d = reference["data"]
    events = np.flatnonzero(d["cause"] == 1)
    arm_at_event = d["arm"][events[np.argsort(d["time"][events])]]
    through = subdistribution._through_group

    def own_events_only(group: CensoringGroup, *rest: Any) -> np.ndarray:
        same = arm_at_event == d["arm"][group.rows[0]]
        return through(replace(group, curve=group.curve * same), *rest)

    monkeypatch.setattr(subdistribution, "_through_group", own_events_only)
    x = np.column_stack([d["age"], d["male"]])
    options = {"censoring_groups": d["arm"], "censoring": "crr"}
    fit = fine_gray(x, d["time"], d["cause"], 1, ("age", "male"), **options)
    agree(fit.estimate.standard_error(), reference["values"]["groups"]["se"], 1e-8)


def test_frequency_is_crr_on_everyone(reference: dict[str, Any], agree: Any) -> None:
    d, expected = reference["data"], reference["values"]["weighted_days"]
    x = np.column_stack([d["age"], d["male"]])
    fit = fine_gray(x, d["days"], d["cause"], 1, ("age", "male"), frequency=d["weight"], censoring="crr")
    agree(fit.estimate.value, expected["coef"], 1e-8)
    agree(fit.estimate.standard_error(), expected["se"], 1e-7)
    agree(fit.log_likelihood, expected["loglik"], 1e-9)
