"""A cohort so small that nothing may be told of it: the report says so, and shows the design of the study."""

from __future__ import annotations

import csv
import html
import re
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow
IN_AN_ARM = 8


@pytest.fixture(scope="module")
def tiny(snakemake, project, tmp_path_factory) -> Path:
    """The finished release of a few people of the UIS trial, under eleven in each arm, as if they were not public."""
    folder = tmp_path_factory.mktemp("tiny")
    for part in ("config", "data"):
        shutil.copytree(project / part, folder / part, ignore=shutil.ignore_patterns("raw"))
    records = folder / "data/uis/uis.csv"
    head, *lines = records.read_text(encoding="utf-8").splitlines(keepends=True)
    place = head.strip().split(",").index('"TREAT"')
    arms = [[line for line in lines if line.split(",")[place] == arm][:IN_AN_ARM] for arm in ("0", "1")]
    records.write_text("".join([head, *arms[0], *arms[1]]), encoding="utf-8")
    cohort = folder / "config/cohorts/uis.yaml"
    text = cohort.read_text(encoding="utf-8")
    assert "policy: none" in text
    cohort.write_text(text.replace("policy: none", "policy: cms"), encoding="utf-8")
    done = snakemake(folder, "--config", "cohort=uis")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "results/uis/release"


def section(page: str, name: str) -> str:
    """The text of a section of the report, or ''."""
    found = re.search(rf'<section[^>]* id="{name}".*?</section>', page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", found[0])).split()) if found else ""


def test_the_report_of_a_tiny_cohort_says_so_and_shows_its_design(tiny):
    page = (tiny / "report.html").read_text(encoding="utf-8")
    assert "may be told of this cohort: its people are so few" in section(page, "summary")
    design = section(page, "asked")
    for told in (
        "People",
        "Time zero",
        "A long against a short planned stay",
        "Outcomes",
        "No number of 1 to 10 people",
    ):
        assert told in design
    assert "percentage points more" not in section(page, "summary")


def test_no_number_of_a_few_people_is_released(tiny):
    with open(tiny / "counts.csv", encoding="utf-8", newline="") as rows:
        counted = [row["count"] for row in csv.DictReader(rows)]
    assert counted
    assert not [n for n in counted if n and 0 < int(n) < 11]
    with open(tiny / "estimates.csv", encoding="utf-8", newline="") as rows:
        assert not [row for row in csv.DictReader(rows) if row["estimate"]]


def test_every_figure_of_a_tiny_cohort_is_drawn_or_says_why_not(tiny):
    figures = sorted((tiny / "figures").glob("*.svg"))
    assert len(figures) > 5
    for path in figures:
        described = re.search(r"<desc>(.*?)</desc>", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert described is not None
        assert "nan" not in described[1].split()
        if path.stem in ("staying", "leaving", "duration", "overlap"):
            assert "cannot be drawn" in described[1] or "may not be" in described[1] or "too few" in described[1]
