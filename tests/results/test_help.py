"""What the finished report of the HELP panel must say. Samet and others, Addiction 2003;98:509-516."""

from __future__ import annotations

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
