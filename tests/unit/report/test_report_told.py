"""A rounded release in the report: every count and share to the digits that it has, what rounding costs, the policy."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from parsed_page import Page
from released_study import NARROW, counts, diagnostics, empty, estimates, released, study, words
from rounded_release import rounded, with_error

from iop_outcomes import figures, report
from iop_outcomes.figures import style
from iop_outcomes.report import cohort, document, material, page, protection, results, sections, states

ABOUT = f"\u2248{NARROW}"


def whole(**tables: pd.DataFrame) -> document.Document:
    found = {"counts": counts(), "estimates": estimates(), "diagnostics": diagnostics(), **tables}
    return sections.document(material.Sources(found, study()))


def text(made: document.Document) -> str:
    return " ".join(Page(page.render(made)).text)


def cells(table: document.Table) -> list[str]:
    return [cell for block in table.blocks for line in block.lines for cell in line.cells]


def test_rounded_counts_are_shown_and_said_to_be_rounded() -> None:
    table = rounded(counts(), 10)
    made = cohort.table_one(table, diagnostics(), study(), "iop_vs_res")
    assert made is not None
    assert made.columns[1] == f"Intensive outpatient ({ABOUT}200)"
    assert f"150 (75{NARROW}%)" in cells(made)
    # 150 of 200 may be from 145 of 209 to 154 of 190
    assert made.note == (
        "Counts are rounded to the nearest 10. Rounding may have moved shares by up to 6.1 percentage points."
    )
    said = text(whole(counts=table))
    assert "Counts are rounded to the nearest 10." in said
    exact = cohort.table_one(counts(), diagnostics(), study(), "iop_vs_res")
    assert exact is not None
    assert f"150 (75.0{NARROW}%)" in cells(exact)
    assert exact.note == ""


def test_a_range_stands_in_place_of_a_small_count() -> None:
    table = counts()
    small = (table["outcome"] == "abstinent") & (table["level"] == "missing")
    table.loc[small, ["count", "count_low", "count_high"]] = 6
    found = states.tables(rounded(table, 1, most=10), study(), "iop_vs_res", "abstinence")
    assert "1 to 10" in cells(found[0])
    assert "withheld" in cells(found[0])  # that of another state, as before
    assert "\u20181 to 10\u2019: one of these numbers" in text(whole(counts=rounded(table, 1, most=10)))


def test_estimates_have_the_digits_that_their_rounding_leaves() -> None:
    table = with_error(estimates(), 0.005)
    shown = cells(results.of_contrast(table, diagnostics(), study(), "iop_vs_res", "abstinence")[0])
    assert f"33{NARROW}%" in shown
    assert not [c for c in shown if re.search(rf"\.\d{NARROW}%", c)]
    sentence = next(s for s in text(whole(estimates=table)).split("<p>") if "percentage points" in s)
    assert f"33{NARROW}% of those" in sentence


def test_what_rounding_costs_is_said_once_a_table_and_the_largest() -> None:
    table = estimates()
    risk = (table["measure"] == "risk") & table["estimate"].notna()
    table.loc[risk & (table["of"] == "iop"), "rounding_error"] = 0.0061
    table.loc[risk & (table["of"] == "res"), "rounding_error"] = 0.004
    table.loc[risk & (table["of"] == "difference"), "rounding_error"] = 0.01
    found = results.of_contrast(table, diagnostics(), study(), "iop_vs_res", "abstinence")[0]
    assert "shares by up to 0.7 percentage points and differences by up to 1.0 percentage points" in found.note
    assert protection.of_estimates(estimates()) == ""
    days = table[table["measure"] == "mean_days"].assign(rounding_error=0.24)
    said = protection.of_estimates(days)
    assert "days by up to 0.3 days" in said
    assert "ratios by up to 0.24" in said


@pytest.mark.parametrize("name", figures.TITLES)
def test_figures_of_a_rounded_release_show_its_numbers(name: str) -> None:
    table = rounded(counts(), 5, most=10)
    tables = style.Tables(**released(counts=table, estimates=with_error(estimates(), 0.005)))
    figure = figures.importlib.import_module(f"iop_outcomes.figures.{name}").draw(tables, words())
    assert "nan" not in figure.alt
    if name == "flow":
        drawing = style.files(figure, name, figures.TITLES[name])["svg"].decode()
        assert "Counts are rounded to the nearest 5" in drawing
        assert f"Intensive outpatient {ABOUT}200" in figure.alt
    if name == "abstinence":
        assert f"{NARROW}%" not in figure.alt
        assert "\u22125 (\u22128 to \u22122)" in figure.alt


@pytest.mark.parametrize(
    ("policy", "said"), [("none", "No disclosure control"), ("cms", "no number of 1 to 10 people")]
)
def test_the_policy_stands_on_every_page(policy: str, said: str) -> None:
    made = report.run(**released(), figures=[], study=study(disclosure={"policy": policy}), protocol="")["report"]
    assert isinstance(made, str)
    style_sheet = made.split("<style>")[1].split("</style>")[0]
    margin = re.search(r'@bottom-left \{ content: "([^"]*)"', style_sheet)
    assert margin is not None
    assert said.lower() in re.sub(r"\\[0-9a-f]+ ", "", margin[1]).lower()
    assert said.lower() in made.split("</header>")[0].split("<header>")[1].lower()


def test_what_stands_in_the_style_cannot_end_it() -> None:
    assert page.quoted('a"b\\c</style>') == '"a\\22 b\\5c c\\3c \\2f style\\3e "'


def test_where_nothing_may_be_released_the_design_is_told() -> None:
    nothing = {name: table for name, table in empty().items() if name != "curves"}
    table = counts()
    hidden = table.assign(status="suppressed")
    for column in ("count", "rounded_to", "count_low", "count_high"):
        hidden[column] = pd.array([pd.NA] * len(hidden), dtype="Int64")
    withheld = estimates().assign(status="suppressed", reason="fewer than 11 people in a cell")
    for column in ("estimate", "std_error", "conf_low", "conf_high", "p_value", "n_effective", "rounding_error"):
        withheld[column] = float("nan")
    said = text(whole(**{**nothing, "counts": hidden, "estimates": withheld}))
    assert "Nothing may be told of this cohort" in said
    assert "What was asked" in said
    assert said.index("Starting in day care against a ward") < said.index("What this report does not do")
    some = text(whole(**{**nothing, "counts": counts(), "estimates": withheld}))
    assert "No result may be told of this cohort" in some
    assert "may be told of this cohort" not in text(whole())
    assert "What was asked" not in text(whole())


def test_without_any_row_the_design_is_told() -> None:
    said = text(whole(**{name: table for name, table in empty().items() if name != "curves"}))
    assert "Nothing was estimated" in said
    assert said.index("What was asked") < said.index("Methods")
