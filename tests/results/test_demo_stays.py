"""What the finished report of the default cohort must say of how long to stay: simulated people with a known truth."""

from __future__ import annotations

import pandas as pd
import pytest

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def demo(release):
    return release("demo")


def test_staying_is_worth_what_the_simulation_says_and_the_naive_comparison_says_more(demo, project):
    """Of everyone staying at least 13 weeks against everyone leaving in week 4 the interval holds the truth; that of
    those who did so lies above it. From the landmark, adjusted for the start, differences are smaller than naive ones.
    """
    truth = pd.read_csv(project / "data/reference/truth_demo.csv")
    truth = truth[(truth["estimand"] == "started") & (truth["of"] == "difference")].set_index("contrast")["truth"]
    own = demo.estimates[(demo.estimates["analysis"] == "how_long") & (demo.estimates["of"] == "difference")]
    for contrast in ("stay_13_or_leave_4", "stay_13_or_leave_by_4"):
        known = truth[contrast]
        rows = own[own["contrast"] == contrast].set_index("method")
        assert (rows.loc["crude", "conf_low"] > known).all()
        weighted = rows.loc["clone_censor_weight"].dropna(subset=["estimate"])
        assert ((weighted["conf_low"] < known) & (known < weighted["conf_high"])).all()
        assert len(weighted) == (2 if contrast == "stay_13_or_leave_4" else 0)
    gaps = demo.estimates[demo.estimates["of"] == "difference"]
    landmark, naive = (gaps[gaps["method"] == method] for method in ("landmark_adjusted", "crude"))
    assert set(landmark["contrast"]) == {"stay_14", "stay_30", "stay_60", "stay_90"}
    both = landmark.merge(naive, on=["contrast", "outcome", "horizon_days", "missing_rule"])
    assert (both["estimate_x"] < both["estimate_y"]).all()
    assert (both["n_x"] == both["n_y"]).all()
