"""The section on the records: its sentences and tables, from released counts made by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from parsed_page import Page
from records_counts import cells
from released_study import counts, diagnostics, empty, study, typed
from rounded_release import rounded

from iop_outcomes.protocol import AsRun
from iop_outcomes.report import cohort, material, page, published, records, sections
from iop_outcomes.report.parts import Part
from iop_outcomes.tables import reference

NARROW = "\u202f"


@pytest.fixture(scope="module")
def parts() -> dict[str, Part]:
    return {p.heading: p for p in records.parts(counts(), diagnostics(), study())}


def of(rows: list[dict[str, Any]], whole: AsRun | None = None) -> dict[str, Part]:
    table = typed("counts", rows)
    return {p.heading: p for p in records.parts(table, empty()["diagnostics"], whole or study())}


def lines(part: Part, table: int = 0) -> dict[str, tuple[str, ...]]:
    return {line.label: line.cells for block in part.tables[table].blocks for line in block.lines}


def test_the_parts_come_in_order(parts: dict[str, Part]) -> None:
    assert list(parts) == [
        "What came in",
        "How complete they are",
        "Stays linked into episodes",
        "Levels of care, by label and by hours",
        "Hours and days, delivered against planned",
        "Moves between levels of care",
        "What could be observed",
    ]


# ------------------------------------------------------------------------------------------------------------- came in


def intake(table: str, rows: dict[str, int | None]) -> list[dict[str, Any]]:
    named = {what: what.partition(": ") for what in rows}
    return [
        {**row, "analysis": "cohort", "level": named[row["level"]][0], "detail": named[row["level"]][2]}
        for row in cells("rows", rows, group_by="table", group=table)
    ]


def test_codes_that_the_mapping_does_not_list_are_told_beside_the_rows() -> None:
    def codes(
        table: str, column: str, rows: dict[tuple[str, str], int], outcome: str = "codes"
    ) -> list[dict[str, Any]]:
        key = {"analysis": "cohort", "variable": column, "group_by": "table", "group": table}
        told = [cells(outcome, {level: n}, **key, detail=detail) for (level, detail), n in rows.items()]
        return [row for some in told for row in some]

    strange = "not listed, taken for other", "PROB"
    stays = {("listed", ""): 60, ("empty", ""): 0, strange: 40}
    found = of(
        intake("stays", {"kept": 100})
        + codes("stays", "discharge_reason", stays)
        + codes("persons", "sex", {("listed", ""): 100})
        + codes("stays", "discharge_reason", {("never found", "9"): 0}, "codes_never_found")
    )["What came in"]
    assert "Listed by the mapping, and in no record: stays.discharge_reason (9)." in found.said
    (block,) = found.tables[1].blocks
    assert block.heading == "stays.discharge_reason"
    assert {line.label: line.cells for line in block.lines}["Not listed, taken for other: PROB"] == ("40",)
    assert len(of(intake("stays", {"kept": 100}))["What came in"].tables) == 1


def test_what_became_of_rows_is_told_with_every_reason() -> None:
    found = of(
        intake("stays", {"kept": 980, "merged: exact duplicate": 12, "quarantined: ends before it starts": 8})
        + intake("persons", {"kept": 400, "excluded: under 12 years": 100})
        + intake("screens", {"kept": None, "quarantined: unknown result": None})
    )["What came in"]
    assert found.said[1] == f"Kept were 98.0{NARROW}% of 1{NARROW}000 stays and 80.0{NARROW}% of 500 records of people."
    shown = lines(found)
    assert shown["Merged: exact duplicate"] == ("12",)
    assert shown["Set aside: ends before it starts"] == ("8",)
    assert shown["Left out: under 12 years"] == ("100",)
    assert shown["Set aside: unknown result"] == ("withheld",)


def test_rows_that_the_source_left_out_are_called_so() -> None:
    table = cohort.records(typed("counts", intake("stays", {"kept": 5, "excluded: another_year": 2})))
    assert [line.label for block in table.blocks for line in block.lines] == ["Kept", "Left out: another year"]


# -------------------------------------------------------------------------------------------------------- completeness


def test_completeness_in_words(parts: dict[str, Part]) -> None:
    assert parts["How complete they are"].said == (
        f"Least often known, of all people: stable housing (75.0{NARROW}%) and any urine screen (about 98{NARROW}%).",
        "Known throughout: age.",
        "Not in these records: any session.",
        "Known of fewer than half at a site: stable housing (B).",
    )
    assert parts["How complete they are"].figures == ("completeness",)


def test_without_a_gap_there_is_no_grid() -> None:
    found = of(cells("completeness", variable="age", people={"known": 400}))["How complete they are"]
    assert found.said == ("Known throughout: age.",)
    assert found.figures == ()


def test_of_many_sites_a_few_are_named() -> None:
    rows = cells("completeness", variable="sex", people={"known": 100, "not_known": 500})
    for i in range(7):
        rows += cells(
            "completeness", variable="sex", people={"known": 10, "not_known": 60}, group_by="site", group=f"S{i}"
        )
    assert "sex (S0, S1, S2, S3, S4 and 2 more)." in of(rows)["How complete they are"].said[-1]


@pytest.mark.parametrize(("floor", "named"), [(0.0, True), (0.25, True), (0.5, False), (0.75, False)])
def test_a_withheld_share_is_under_half_only_where_its_quarter_is(floor: float, named: bool) -> None:
    rows = cells("completeness", variable="sex", people={"known": 100, "not_known": 100})
    rows += cells("completeness", variable="sex", people={"known": None, "not_known": None}, group_by="site", group="A")
    told = {
        "analysis": "records", "contrast": "all", "method": "release", "quantity": "known_share_from",
        "outcome": "completeness", "variable": "sex", "group_by": "site", "group": "A", "value": floor,
        "status": "info",
    }  # fmt: skip
    found = records.parts(typed("counts", rows), typed("diagnostics", [told]), study())
    said = " ".join(s for p in found for s in p.said)
    assert ("fewer than half at a site: sex (A)" in said) is named


# ------------------------------------------------------------------------------------------------------------- linking


def test_episodes_by_gap_in_words(parts: dict[str, Part]) -> None:
    found = parts["Stays linked into episodes"]
    assert found.said == (
        "Stays no more than 14 days apart were linked into one episode of care. People with more than one: "
        f"5.0{NARROW}%; 10.0{NARROW}% under 7 days and no one under 30 days.",
    )
    assert lines(found)["7 days"] == ("360", "30", "withheld")


def test_no_one_with_a_second_episode_is_one_sentence() -> None:
    rows = [r for gap in (7, 14) for r in cells("episodes", {"1": 400}, group_by="gap_days", group=f"{gap}")]
    found = of(rows)["Stays linked into episodes"]
    assert found.said[0].endswith("Under no rule from 7 to 14 days does anyone have more than one episode.")
    assert not found.tables


def test_stays_of_a_source_without_persons_are_not_said_to_be_linked() -> None:
    whole = study(source={"kind": "tedsd"})
    assert "Stays linked into episodes" not in of(cells("episodes", {"1": 400}, group_by="gap_days", group="14"), whole)


# ---------------------------------------------------------------------------------------------------- levels and hours


def test_agreement_in_words(parts: dict[str, Part]) -> None:
    assert parts["Levels of care, by label and by hours"].said == (
        f"By ASAM's thresholds for scheduled hours, 82.6{NARROW}% of the people at ambulatory levels are in the class "
        "that their program names (kappa 0.58, moderate).",
        f"With 6 to 30 scheduled hours a week taken as intensive, it is 95.7{NARROW}% (kappa 0.86, almost perfect).",
        f"By ASAM's thresholds again, 62.5{NARROW}% are in one class by the hours that were scheduled and by those "
        "that were delivered.",
        "The largest group apart: 30 people in intensive outpatient by label, between outpatient and intensive by "
        "hours.",
        "The words for kappa are those of Landis and Koch (Biometrics 1977;33:159).",
    )


def test_hours_and_days_in_words(parts: dict[str, Part]) -> None:
    found = parts["Hours and days, delivered against planned"]
    assert found.said == (
        "Attended at least three quarters of the scheduled hours, by level at the start: "
        f"75.0{NARROW}% in intensive outpatient.",
        f"Stayed as long as planned, or longer, by level at the start: 75.0{NARROW}% in intensive outpatient.",
    )
    assert found.figures == ("hours",)
    assert lines(found)["Intensive outpatient"] == ("45", "135", "20")
    assert lines(found, 1)["Residential 3.5"] == ("0", "withheld", "withheld")


def test_records_without_hours_and_plans_say_so() -> None:
    found = of(cells("completeness", variable="age", people={"known": 400}))
    part = found["Hours and days, delivered against planned"]
    assert part.said == ("Neither hours a week nor planned days are in these records.",)
    assert (part.figures, part.tables) == ((), ())
    assert "Levels of care, by label and by hours" not in found


def test_records_without_sessions_say_so() -> None:
    part = of(
        cells("hours", variable="scheduled", group_by="level_of_care", people={"9 to under 20": 50}, group="2.1")
    )["Hours and days, delivered against planned"]
    assert part.said == ("These records hold no sessions, so that delivered hours are not known.",)


# ------------------------------------------------------------------------------------------------------ moves and days


def test_moves_in_words(parts: dict[str, Part]) -> None:
    found = parts["Moves between levels of care"]
    assert found.said == (
        f"Of those starting in residential 3.5, 50.0{NARROW}% went on to another level, most of them to intensive "
        f"outpatient; 30.0{NARROW}% completed care there; 20.0{NARROW}% left unplanned.",
        f"Of those starting in intensive outpatient, 60.0{NARROW}% completed care there; 40.0{NARROW}% left unplanned.",
        "Moves of a few people are not told as numbers nor drawn; shares are of the moves that are shown.",
    )
    assert found.figures == ("transitions",)


def test_where_no_one_moved_on_there_is_no_diagram() -> None:
    found = of(
        cells("transition", variable="1", group_by="from", people={"completed": 120, "unplanned": 80}, group="3.5")
    )["Moves between levels of care"]
    assert found.figures == ()


def test_maturity_in_words(parts: dict[str, Part]) -> None:
    assert parts["What could be observed"].said == (
        f"Within observation lies day 30 of 100.0{NARROW}% and day 90 of 75.0{NARROW}% of the people. For the others "
        "observation ended before: they are not counted as failures on that day.",
        "Beyond observation for everyone who entered then: day 90 (2024Q2).",
    )


def test_days_that_all_were_observed_on_need_one_sentence() -> None:
    rows = [r for day in (30, 90) for r in cells("maturity", {"mature": 400}, horizon_days=day)]
    found = of(rows)["What could be observed"]
    assert found.said == ("Every day that is asked about, up to day 90, lies within the observation of all people.",)
    assert found.figures == ()


# ------------------------------------------------------------------------------------------------------------ rounding


@pytest.mark.parametrize(("base", "said"), [(5, "nearest 5"), (10, "nearest 10"), (1, "")])
def test_rounding_is_told_where_there_is_any(base: int, said: str) -> None:
    found = records.rounded(rounded(counts(), base))
    assert said in found
    assert bool(found) is bool(said)


# ----------------------------------------------------------------------------------------------------------- published


@pytest.fixture
def national(monkeypatch: pytest.MonkeyPatch) -> AsRun:
    """A study of the national file, with invented figures in place of the published ones."""
    rows = [
        {"service": s, "total": n, "completed": c, "transferred": t, "url": "https://example.org/then"}
        for s, n, c, t in (
            ("intensive outpatient", "1000", "400", "100"),
            ("detoxification", "500", "300", "50"),
            ("hospital rehabilitation", "200", "150", "10"),
        )
    ]
    monkeypatch.setattr(reference, "rows", lambda name: rows if name == published.FILE else [])
    return study(source={"kind": "tedsd"})


def completion() -> pd.DataFrame:
    rows = cells(
        "completion", group_by="service", people={"completed": 60, "otherwise": 140}, group="intensive outpatient"
    )
    rows += cells(
        "completion",
        group_by="service",
        people={"completed": 30, "otherwise": 30},
        group="detoxification, hospital inpatient",
    )
    rows += cells(
        "completion",
        group_by="service",
        people={"completed": 20, "transferred": 20},
        group="detoxification, residential",
    )
    rows += cells("completion", group_by="service", people={"completed": 90, "otherwise": None}, group="outpatient")
    return typed("counts", rows)


def part_of(people: int, share: int) -> str:
    return f"{people} ({share}.0{NARROW}%)"


def test_completion_stands_beside_the_published_figures(national: AsRun) -> None:
    part = published.beside(completion(), national)
    assert part is not None
    assert lines(part) == {
        "Intensive outpatient": (
            "200",
            part_of(60, 30),
            part_of(0, 0),
            f"1{NARROW}000",
            part_of(400, 40),
            part_of(100, 10),
        ),
        # the kinds of detoxification are one service there
        "Detoxification": ("100", part_of(50, 50), part_of(20, 20), "500", part_of(300, 60), part_of(50, 10)),
        "Hospital rehabilitation": ("\u2013", "\u2013", "\u2013", "200", part_of(150, 75), part_of(10, 5)),
        "Outpatient": ("withheld", "withheld", "withheld", "\u2013", "\u2013", "\u2013"),
    }
    assert "not compared" in part.said[0]
    assert "https://example.org/then" in part.said[1]


def test_other_sources_have_no_published_figures() -> None:
    assert published.beside(completion(), study()) is None


def test_the_national_file_without_a_count_has_none(national: AsRun) -> None:
    assert published.beside(empty()["counts"], national) is None


# ---------------------------------------------------------------------------------------------------------------- page


def test_the_section_is_on_the_page_and_a_figure_that_was_not_drawn_is_not() -> None:
    tables = {"counts": counts(), "estimates": empty()["estimates"], "diagnostics": diagnostics()}
    made = page.render(sections.document(material.Sources(tables, study())))
    found = Page(made)
    assert "records" in {a.get("id") for a in found.of("section")}
    assert {"href": "#records"} in found.of("a")
    assert not found.of("img")
    assert "Stays linked into episodes" in found.text
