"""`iop-outcomes check`: what it tells of a study and its records, and what would stop a run."""

from __future__ import annotations

import pytest
from checked_folder import folder, records, told, with_column

from iop_outcomes import cli
from iop_outcomes.checks import codes, numbers
from iop_outcomes.release import POLICIES

__all__ = ["folder"]


def test_it_tells_rows_arms_and_which_questions_can_be_answered(folder):
    records(folder, sites=1)
    found = told(folder)
    assert not found.stops
    text = found.text()
    assert "stays: kept 40" in text
    assert "sessions: no delivered hours" in text
    assert "Intensive outpatient 20, Residential 20; both arms in 1 of 1 sites" in text
    # everyone has left by day 90, whether observed until then or not
    assert "unplanned_discharge on day 90: 40 of 40 can be known by then" in text
    assert "abstinent: cannot be answered without followups" in text


def test_too_many_broken_rows_are_told_as_what_stops_a_run(folder, capsys):
    records(folder, broken=12)
    found = told(folder)
    assert "30.0% of the rows of stays broke a rule" in found.stops[0]
    assert "quarantined: ends before it starts 12" in found.text()
    assert cli.main(["check", "--cohort", "ours", "--data", str(folder / "records")]) == 1
    assert "This stops a run" in capsys.readouterr().out


def test_small_counts_are_told_as_the_policy_lets_them_be_seen(folder):
    records(folder, broken=2)
    text = told(folder).text()
    assert "ends before it starts fewer than 11" in text
    assert numbers.shown(10, POLICIES["cms"]) == "fewer than 11"
    assert numbers.shown(0, POLICIES["cms"]) == "0"
    assert numbers.shown(1234, POLICIES["opensafely"]) == "1,235"


def test_a_missing_folder_stops_with_a_paragraph(folder):
    found = told(folder)
    assert "does not exist" in found.stops[0]


def test_a_definition_that_fails_is_told_before_records_are_read(folder):
    people = folder / "config/people/ours.yaml"
    people.write_text("people:\n  - { name: Nobody with a stay, expect: { eligible: true } }\n")
    cohort = folder / "config/cohorts/ours.yaml"
    cohort.write_text(cohort.read_text() + "\npeople: config/people/ours.yaml\n")
    records(folder)
    found = told(folder)
    assert "expected to be eligible, but excluded by treated" in found.stops[0]
    assert "Rows" not in found.told


def test_a_table_whose_rows_are_all_set_aside_was_in_the_records(folder):
    records(folder)
    sessions = ["person_id,day,level_of_care,minutes,modality", *(f"p{i:02d},1,2.1,long,in_person" for i in range(40))]
    (folder / "records/sessions.csv").write_text("\n".join(sessions) + "\n")
    text = told(folder).text()
    assert "Read, but no row of it is left" in text
    absent = text.split("Not in the records")[1].split("Read, but no row")[0]
    assert "sessions:" not in absent
    assert "screens:" in absent


def test_open_stays_reasons_and_lengths_are_told_beside_what_is_usual(folder):
    records(folder)
    text = told(folder).text()
    assert "2.1: 20 stays, 0% open; ended: completed 100%; half of them within: completed 55 days" in text
    assert "usual, intensive outpatient: ended: completed 38%, transferred 18%, unplanned 37%, other 7%" in text
    assert "half of them within: completed 50 days, dropped out 26 days" in text
    assert "usual, short-term residential: ended: completed 61%" in text
    assert "Look at: every ended stay at 3.5 has the reason 'completed'." in text
    assert "tables 2.5, 4.11, 5.11, 6.4" in text


def test_stays_that_are_open_for_long_are_pointed_out(folder):
    records(folder)
    path = folder / "records/stays.csv"
    path.write_text(path.read_text().replace(",55,completed,", ",,,"))
    found = told(folder)
    assert "2.1: 20 stays, 100% open" in found.text()
    # of the twenty, six are observed for 60 days only
    assert "begun more than 180 days before observation ended" not in found.text()
    persons = folder / "records/persons.csv"
    persons.write_text(persons.read_text().replace(",60,", ",365,"))
    assert "of the stays at 2.1 begun more than 180 days before observation ended, 100% are open" in told(folder).text()


def test_cells_that_cannot_be_true_are_counted_by_name_and_a_column_of_them_stops_a_run(folder):
    records(folder)
    with_column(folder, "severity", ["999"] * 12 + ["0.5"])
    found = told(folder)
    assert "persons: kept 28; kept: out of range severity 12" in found.text()
    assert "Eligible\n  40" in found.text()
    assert not found.stops
    records_path = folder / "records/persons.csv"
    records_path.write_text(records_path.read_text().replace(",0.5", ",370.5"))
    stops = told(folder).stops
    assert "28 of 28 known values of persons.severity (100.0%) cannot be true" in stops[0]
    assert "370.5" not in stops[0]


def test_deaths_after_the_end_of_observation_are_told(folder):
    records(folder)
    with_column(folder, "death_day", ["5000"] * 12 + [""])
    assert "persons: kept 28; kept: death after the end of observation 12" in told(folder).text()


def readings(*rows):
    import pandas as pd

    from iop_outcomes.tables import TABLES, check

    columns = list(TABLES["readings"].columns)
    frame = pd.DataFrame([dict(zip(columns, row, strict=True)) for row in rows], columns=columns)
    return check(TABLES["readings"], frame.astype({"rows": "int64", "people": "Int64"}))


def test_codes_that_the_mapping_does_not_list_are_counted_and_named_where_many_share_them():
    told = codes.told(
        readings(
            ("stays", "discharge_reason", "listed", None, None, None, 100, None),
            ("stays", "discharge_reason", "other", "PROB", "other", None, 40, 30),
            ("stays", "discharge_reason", "other", "RARE", "other", None, 12, 2),
            ("stays", "discharge_reason", "never found", "9", "died", None, 0, 0),
            ("persons", "sex", "listed", None, None, None, 0, None),
            ("persons", "sex", "other", "f", "unknown", None, 5, 5),
        ),
        POLICIES["cms"],
    )
    assert told["Codes"] == [
        "stays.discharge_reason: 52 rows in 2 codes that the mapping does not list became 'other', beside 100 rows "
        "with a listed code: PROB 40",
        "stays.discharge_reason: listed and never found: 9",
        "persons.sex: fewer than 11 rows that the mapping does not list became 'unknown', beside 0 rows with a listed "
        "code",
        "persons.sex: none of the listed codes occurs. Hold the list against the documentation of the export",
    ]
    assert "RARE" not in str(told)


def test_levels_and_ages_that_might_be_others_are_told_with_the_choice():
    told = codes.told(
        readings(
            ("sessions", "level_of_care", "several levels", "H2036", "2.5", "3.1 3.5", 400, 35),
            ("sessions", "level_of_care", "another column", "REV", "2.5", "3.5", 300, 4),
            ("persons", "age", "age not said", None, None, None, 41, 41),
        ),
        POLICIES["cms"],
    )
    several, beside = told["Levels of care that might be others"]
    assert "400 rows of 35 people with H2036" in several
    assert "became level 2.5; it may be 3.1, 3.5 as well" in several
    assert "300 rows of fewer than 11 people became level 2.5" in beside
    assert "would be level 3.5 by 'REV'" in beside
    assert "41 people have a record half a year or more before" in told["Age"][0]


def test_a_window_longer_than_anyone_is_followed_stops_a_run_with_the_longest_that_there_is(folder):
    records(folder)
    rows = [f"p{i:02d},{7 * week},opioid,negative" for i in range(40) for week in range(1, 8)]
    (folder / "records/screens.csv").write_text("\n".join(["person_id,day,substance,result", *rows]) + "\n")
    with (folder / "config/endpoints.tsv").open("a") as sheet:
        for name, definition in (
            ("whole", "statistic = share | counts = negative | end = 20"),
            ("short", "statistic = share | counts = negative | end = 4"),
            ("typo", "statistic = share | counts = negative | end = 4"),
        ):
            substance = "opiod" if name == "typo" else "opioid"
            cells = [name, "pattern_share", name, "A share.", *[""] * 3, substance, *[""] * 6, definition]
            sheet.write("\t".join(cells) + "\n")
        sheet.write("\t".join(["week", "weekly_screens", "week", "A week.", *[""] * 3, "opiods"]) + "\n")
    with (folder / "config/analyses.tsv").open("a") as sheet:
        sheet.write(
            "ours\tw\tabstinence\tiop_vs_residential\tweek\t84\tshare_of_weeks\tnaive\tobserved_only\tsecondary\n"
        )
        for name in ("whole", "short", "typo"):
            sheet.write(
                f"ours\tt\tabstinence\tiop_vs_residential\t{name}\t84\tmean_share\tnaive\tobserved_only\tsecondary\n"
            )
    unknown, weekly, stop = told(folder).stops
    assert weekly.startswith("week: no test is of the substance 'opiods'")
    assert unknown.startswith("typo: no test is of the substance 'opiod', and it is no class. Did you mean 'opioid'?")
    assert stop.startswith("whole: The endpoint 'whole' (own) asks for a window to week 20")
    assert stop.endswith("The longest window that 11 people or more are followed to ends with week 12.")


GOING_ON = """
starting:
  down: {title: Down, leaves: ["3.5"], starts: %s, left_as: [%s]}
"""


@pytest.mark.parametrize(
    ("starts", "way", "onward", "said"),
    [
        ('["1"]', "completed", 12, "12 started outpatient care within 14 days, and fewer than 11 did not"),
        ('["1"]', "completed", 20, "everybody started outpatient care within 14 days, so that there is nothing"),
        ('["2.5"]', "completed", 12, "nobody started partial hospitalization care within 14 days"),
        ('["1"]', "transferred", 12, "nobody left residential 3.5 alive, as transferred, after 3 days or more"),
    ],
)
def test_who_left_and_went_on_is_told_and_what_cannot_be_asked_is_named(folder, starts, way, onward, said):
    records(folder)
    residents = [f"p{i:02d}" for i in range(0, 40, 2)]
    with (folder / "records/stays.csv").open("a") as file:
        file.writelines(f"{n},o{n},site0,1,25,60,completed,substance_use\n" for n in residents[:onward])
    with (folder / "config/cohorts/ours.yaml").open("a") as file:
        file.write(GOING_ON % (starts, way))
    with (folder / "config/analyses.tsv").open("a") as sheet:
        sheet.write("ours\tq\tdose\tdown\tabstinent\t90\trisk\tcrude\tobserved_only\tsecondary\n")
    found = told(folder).text()
    assert said in found
    assert "starting.down: only those who happened to do so are compared" in found


def test_where_people_who_went_no_further_are_not_asked_about_everybody_goes_on_and_check_says_why(folder):
    records(folder)
    residents = [f"p{i:02d}" for i in range(0, 40, 2)]
    with (folder / "records/stays.csv").open("a") as file:
        file.writelines(f"{n},d{n},site0,detox,-5,-1,completed,substance_use\n" for n in residents)
    with (folder / "config/cohorts/ours.yaml").open("a") as file:
        file.write(GOING_ON.replace('["3.5"]', "[detox]") % ('["2.1", "3.5"]', "completed"))
    with (folder / "config/analyses.tsv").open("a") as sheet:
        sheet.write("ours\tq\tdose\tdown\tabstinent\t90\trisk\tcrude\tobserved_only\tsecondary\n")
    found = told(folder).text()
    assert "of those who left detoxification, everybody started" in found
    assert "or set `care.detoxification: as_index`" in found
