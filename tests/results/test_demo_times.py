"""Facts of the released demo: times to first use, and weights for loss where nobody is lost."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def demo(release):
    return release("demo")


def test_where_nobody_is_lost_weights_for_loss_change_nothing(demo):
    """Everyone of the demo is followed beyond day 90."""
    own = demo.estimates[(demo.estimates["outcome"] == "unplanned_discharge") & (demo.estimates["horizon_days"] == 90)]
    one, other = (own[own["method"] == m].set_index(["measure", "of"])["estimate"] for m in ("iptw", "iptw_loss"))
    assert len(other) == 4
    assert other.to_numpy() == pytest.approx(one.loc[other.index].to_numpy(), abs=1e-4)


def test_first_use_without_a_model_by_it_and_when_it_became_known(demo):
    """The least share free of use is no greater than the greatest; known later than it happened, it is above both."""
    own = demo.curves[demo.curves["axis"].str.startswith("days_")]
    lines = own.set_index(["method", "arm", "axis", "x"])["estimate"].unstack("axis")
    assert set(lines.index.get_level_values("method")) == {"naive", "overlap"}
    assert (lines["days_earliest"] <= lines["days_latest"]).all()
    assert (lines["days_latest"] <= lines["days_known"]).all()
    assert lines["days_known"].max() > lines["days_latest"].max()
    # each step is of at least as many people as may be shown, of at most 2,200 in an arm
    steps = own.groupby(["method", "arm", "axis"])["estimate"].diff().dropna().abs()
    assert ((steps < 1e-9) | (steps * 2200 >= 11)).all()
