"""What the finished report of the HELP panel must say. Samet and others, Addiction 2003;98:509-516."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def panel(release, shared):
    return release("help", f"data={shared / 'data' / 'help'}")


def test_a_unit_is_a_period_that_a_person_told_of(panel):
    _, eligible = panel.flow()
    assert eligible == 1002
    assert sum(panel.cells(analysis="cohort", outcome="rows", group="periods").values()) == 1002
    assert sum(panel.cells(analysis="cohort", outcome="rows", group="persons").values()) == 470


@pytest.mark.parametrize(
    ("contrast", "arm", "abstinent", "known", "percent"),
    [
        ("residential_vs_outpatient", "residential", 207, 326, 63),
        ("residential_vs_none", "residential", 207, 326, 63),
        ("residential_vs_outpatient", "outpatient", 61, 165, 37),
        ("residential_vs_none", "none", 164, 458, 36),
    ],
)
def test_crude_abstinence_by_reported_care(panel, contrast, arm, abstinent, known, percent):
    row = panel.estimate(contrast=contrast, measure="risk", of=arm, method="crude", outcome="abstinent")
    assert (row["events"], row["n"], round(100 * row["estimate"])) == (abstinent, known, percent)
    cells = panel.cells(analysis="abstinence", contrast=contrast, arm=arm)
    assert (cells["abstinent"], cells["abstinent"] + cells["using"]) == (abstinent, known)


@pytest.mark.parametrize(("arm", "employed", "known"), [("residential", 197, 323), ("outpatient", 88, 163)])
def test_employment_as_told_at_the_interview(panel, arm, employed, known):
    """A13 of the file: full or part time, among those who answered it at the end of a period."""
    row = panel.estimate(
        contrast="residential_vs_outpatient", measure="risk", of=arm, method="crude", outcome="employed_at_interview"
    )
    assert (row["events"], row["n"]) == (employed, known)


def test_adjusted_comparisons_are_shown_where_the_design_holds_and_stopped_where_not(panel):
    adjusted = panel.estimates[panel.estimates["method"].isin(["iptw", "overlap"])]
    shown = adjusted.groupby(["contrast", "method"])["status"].agg(lambda s: s.iloc[0])
    assert shown[("residential_vs_none", "overlap")] == "ok"
    assert shown[("day_vs_outpatient", "iptw")] == "gated"
    primary = panel.estimates.query(
        "contrast == 'residential_vs_outpatient' and measure == 'risk' and of == 'difference'"
    )
    primary = primary[primary["outcome"] == "abstinent"]
    primary = primary.set_index("method")
    # a few baseline answers are missing, so that imputing them moves next to nothing
    assert primary.loc["overlap_imputed", "status"] == "ok"
    assert abs(primary.loc["overlap_imputed", "estimate"] - primary.loc["overlap", "estimate"]) < 0.005
    assert (adjusted["estimate"].isna() == (adjusted["status"] == "gated")).all()


def test_change_in_use_is_that_of_the_file_and_regression_to_the_mean_is_said(panel, shared):
    """Of periods since an interview that was held: the share of the last 30 days without use, less that of the 30
    before the period. As it is, and by least squares with the time before held.
    """
    rows = pd.read_csv(shared / "data" / "help" / "HELP_panel_treatment_use.csv")
    use = rows[["H1_30", "H3_30", "H8_30"]]
    share = 1 - use.max(axis=1).where(use.notna().all(axis=1) | (use > 0).any(axis=1)) / 30
    now = rows.assign(after=share)[["ID", "TIME", "NUM_INTERVALS", "E4A", "E5A", "E7A", "after"]]
    now = now[(now["TIME"] > 0) & (now["NUM_INTERVALS"] == 1)].assign(TIME=lambda d: d["TIME"] - 6)
    both = now.merge(rows.assign(before=share)[["ID", "TIME", "before"]], on=["ID", "TIME"]).dropna(subset="before")
    residential = (both["E4A"] == 1) & (both["E5A"] == 0)
    outpatient = (both["E4A"] == 0) & (both["E5A"] == 0) & (both["E7A"] == 1)
    own = both[(residential | outpatient) & both["after"].notna()].assign(
        arm=residential, change=both["after"] - both["before"]
    )
    means = own.groupby("arm")["change"].mean()
    asked = {"outcome": "change_in_abstinent_days", "method": "naive"}
    found = {of: panel.estimate(measure="mean_change", of=of, **asked) for of in ("residential", "outpatient")}
    assert found["residential"]["n"] + found["outpatient"]["n"] == len(own)
    assert found["residential"]["estimate"] == pytest.approx(means[True])
    assert found["outpatient"]["estimate"] == pytest.approx(means[False])
    design = np.column_stack([np.ones(len(own)), own["arm"], own["before"]]).astype(float)
    slope = np.linalg.lstsq(design, own["change"].to_numpy(), rcond=None)[0]
    held = panel.estimate(measure="adjusted_change", of="difference", **asked)["estimate"]
    assert held == pytest.approx(slope[1])
    assert slope[2] < -0.3  # whoever began worse gained more
    text = panel.report.read_text(encoding="utf-8")
    assert "regression to the mean" in text
    assert "had both begun alike" in text
    assert "Change in percent days abstinent, day 180: observed only, with the time before held" in text
