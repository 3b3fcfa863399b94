"""What `iop-outcomes check` tells of tests and interviews: codes that are not known, none that can be read, days that
nobody reaches.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import parts
import pytest
from checked_folder import folder, records, told

from iop_outcomes import clean, sources
from iop_outcomes.checks import answerable
from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Use
from iop_outcomes.release import POLICIES

__all__ = ["folder"]


def screens(folder: Path, result=lambda person, week: "negative") -> None:
    """Eight weekly tests of everybody."""
    rows = [f"p{i:02d},{7 * week},opioid,{result(i, week)}" for i in range(40) for week in range(1, 9)]
    (folder / "records/screens.csv").write_text("\n".join(["person_id,day,substance,result", *rows]) + "\n")


def followups(folder: Path, lookback: int) -> None:
    rows = [f"p{i:02d},90,90,{lookback},0" for i in range(40)]
    head = "person_id,target_day,day,lookback_days,days_used"
    (folder / "records/followups.csv").write_text("\n".join([head, *rows]) + "\n")


def asked(
    folder: Path, outcome: str, day: int, measure: str = "risk", rule: str = "observed_only", method: str = "crude"
) -> None:
    with (folder / "config/analyses.tsv").open("a") as sheet:
        sheet.write(
            f"ours\tq2\tabstinence\tiop_vs_residential\t{outcome}\t{day}\t{measure}\t{method}\t{rule}\tsecondary\n"
        )


def run(folder: Path) -> None:
    """The steps of the workflow that read and clean."""
    raw = sources.run({"kind": "tables", "path": str(folder / "records")}, {})
    tables = {name: table for name, table in raw.items() if name not in ("readings", "notes")}
    clean.run(**tables, gap_days=14, gap_sensitivity_days=[], max_quarantined_share=0.05)


def test_result_codes_that_are_not_known_stop_check_and_run_with_the_codes_that_are(folder):
    records(folder)
    screens(folder, lambda i, week: ("negative", "pos", "Neg.", "9", "9")[(i + week) % 5])
    wanted = (
        "80.0% of the rows of screens broke a rule; `care.max_quarantined_share` allows 5.0%. Rules: unknown result "
        "(256). screens.result holds 3 codes that are none of negative, positive, inconclusive, missing. Nearest to "
        "them: positive, negative. Say what each means: in a mapping under `codes`, else in the file."
    )
    assert any(stop.startswith(wanted) for stop in told(folder).stops)
    with pytest.raises(StudyError) as caught:
        run(folder)
    assert str(caught.value).startswith(wanted)
    assert "Neg." not in str(caught.value)


def test_a_few_codes_that_are_not_known_are_set_aside_and_counted(folder):
    records(folder)
    screens(folder, lambda i, week: "lost" if week == 8 and i < 12 else "negative")
    found = told(folder)
    assert not found.stops
    assert "screens: kept 308; quarantined: unknown result 12" in found.text()
    assert "screens.result holds 1 code that is none of negative, positive, inconclusive, missing." in found.text()
    run(folder)


def test_interviews_of_which_too_many_break_a_rule_stop_a_run(folder):
    records(folder)
    followups(folder, lookback=9000)
    assert any("100.0% of the rows of followups broke a rule" in stop for stop in told(folder).stops)
    with pytest.raises(StudyError, match=r"rows of followups .*out of range lookback_days \(40\)"):
        run(folder)


def test_without_a_test_that_can_be_read_no_endpoint_of_tests_is_answered_and_nothing_stops(folder):
    records(folder)
    screens(folder, lambda i, week: "lost")
    cohort = folder / "config/cohorts/ours.yaml"
    cohort.write_text(cohort.read_text() + "\ncare: { max_quarantined_share: 1.0 }\n")
    with (folder / "config/endpoints.tsv").open("a") as sheet:
        for kind in ("answer", "time"):
            first = "statistic = first | counts = positive | at_least = 1"
            definition = first if kind == "time" else "statistic = count | counts = negative | at_least = 4"
            cells = [f"of_{kind}s", f"pattern_{kind}", kind, "Tests.", *[""] * 3, "opioid", *[""] * 6, definition]
            sheet.write("\t".join(cells) + "\n")
    asked(folder, "of_answers", 56)
    found = told(folder)
    assert not found.stops
    assert "screens: no abstinence by screens" in found.text().split("Read, but no row of it is left")[1]
    assert "of_answers: cannot be answered without screens" in found.text()


def test_a_day_that_nobody_reaches_is_told_with_the_longest_that_can_be_asked_about(folder):
    records(folder)
    followups(folder, lookback=30)
    asked(folder, "abstinent", 700)
    assert (
        "abstinent on day 700: 0 of 40 can be known by then; the longest day that can be asked about is day 365: 11 "
        "people or more are followed to it"
    ) in told(folder).text()


def test_the_longest_day_is_that_of_enough_people_and_of_no_single_one() -> None:
    observed = np.array([400, *range(100, 130)])
    cms, none = POLICIES["cms"], POLICIES["none"]
    assert answerable.longest_day(observed, 90, cms) == ""
    # 31 people, the eleventh longest of whom is followed to day 120
    assert "is day 120: 11 people" in answerable.longest_day(observed, 390, cms)
    assert "is day 400: 1 person or more" in answerable.longest_day(observed, 500, none)
    assert answerable.longest_day(observed[:5], 500, cms) == ""


def test_the_longest_window_is_that_of_enough_people_and_of_no_single_one() -> None:
    weeks = np.array([85, *range(10, 40)])
    cms, none = (answerable.longest_window(weeks, POLICIES[name]) for name in ("cms", "none"))
    assert cms == " The longest window that 11 people or more are followed to ends with week 30."
    assert none == " The longest window that 1 person or more are followed to ends with week 85."
    assert answerable.longest_window(weeks[:5], POLICIES["cms"]) == ""


def test_tests_that_disagree_and_tests_before_care_are_counted(folder):
    records(folder)
    screens(folder)
    tests = folder / "records/screens.csv"
    more = [f"p{i:02d},7,opioid,positive" for i in range(12)] + [f"p{i:02d},-3,opioid,positive" for i in range(15)]
    tests.write_text(tests.read_text() + "\n".join(more) + "\n")
    # twelve people have two tests of day 7
    assert ("screens: kept 308; kept: another test of the day disagrees 24; kept: before the first stay 15") in told(
        folder
    ).text()


def test_tests_of_another_substance_answer_no_endpoint_of_tests(folder):
    records(folder)
    screens(folder)
    tests = folder / "records/screens.csv"
    tests.write_text(tests.read_text().replace("opioid", "alcohol"))
    library = folder / "config/endpoints.tsv"
    library.write_text(library.read_text() + "of_opioids\tscreen\tOpioids\tA test.\t\t\t\topioid\t14\n")
    asked(folder, "of_opioids", 56)
    assert "of_opioids: cannot be answered, as no test is of opioid" in told(folder).text()


def prevalence(folder: Path, window: int) -> str:
    library = folder / "config/endpoints.tsv"
    names = library.read_text().splitlines()[0].split("\t")
    cells = {
        "outcome": "point", "kind": "point_prevalence", "label": "Point", "definition": "No use.", "substance": "any",
        "tolerance_days": "14", "window_days": str(window),
    }  # fmt: skip
    library.write_text(library.read_text() + "\t".join(cells.get(n, "") for n in names) + "\n")
    asked(folder, "point", 90)
    return told(folder).text()


def test_a_window_that_no_interview_asks_about_is_refused_with_what_to_do(folder):
    records(folder)
    followups(folder, lookback=90)
    text = prevalence(folder, 30)
    assert "point: cannot be answered: no interview asks about 30 days, give or take 3, and there is no test." in text
    assert "Set `window_days` to the look-back of the interviews" in text


def test_interviews_of_another_length_than_the_window_are_counted(folder):
    records(folder)
    followups(folder, lookback=90)
    held = folder / "records/followups.csv"
    rows = held.read_text().splitlines()
    held.write_text("\n".join([*rows[:-15], *(row.replace(",90,90,90,", ",90,90,30,") for row in rows[-15:])]) + "\n")
    # twelve people are observed to day 60
    assert re.search(r"point: 1\d of 28 interviews ask about another number of days than 30", prevalence(folder, 30))


def test_an_interview_that_was_not_held_needs_no_look_back(folder):
    records(folder)
    followups(folder, lookback=30)
    held = folder / "records/followups.csv"
    held.write_text(held.read_text().replace(",90,90,30,0", ",90,,,", 15))
    found = told(folder)
    assert not found.stops
    assert "followups: kept 40" in found.text()
    held.write_text(held.read_text().replace(",90,90,30,0", ",90,90,,0", 15))
    assert any("held without a look-back (15)" in stop for stop in told(folder).stops)


def test_who_can_be_known_by_a_day_is_counted_from_where_the_clock_starts() -> None:
    """Of twenty people observed for 100 days half are in residential care to day 59, and have 40 days after it."""
    names = [f"p{i:02d}" for i in range(20)]
    who = pd.DataFrame({"person_id": names, "record_id": names, "index_start_day": 0, "observed_days": 100})
    living = pd.DataFrame({"person_id": names, "death_day": pd.array([None] * 20, dtype="Int64")})
    inside = pd.DataFrame({"person_id": names[:10], "level_of_care": "3.5", "start_day": 0})
    stays = inside.assign(end_day=pd.array([59] * 10, dtype="Int64"))
    tests = pd.DataFrame({"person_id": names, "day": 90, "substance": "opioid", "result": "negative"})
    tables = {"persons": living, "stays": stays, "screens": tests}
    for clock, by_then in (("admission", 20), ("community", 10)):
        endpoint = parts.endpoint("home", "screen", substance="any", tolerance_days=7, clock=clock)
        loaded = SimpleNamespace(
            horizons=lambda: {"home": [60]}, endpoints={"home": endpoint}, study=SimpleNamespace(use=Use())
        )
        (line,) = answerable.questions(loaded, tables, who, pd.DataFrame(), pd.DataFrame(), POLICIES["none"])  # type: ignore[arg-type]
        assert f"{by_then} of 20 can be known by then" in line


def test_a_substance_that_is_misspelt_stops_a_run_whatever_kind_of_endpoint_names_it(folder):
    records(folder)
    screens(folder)
    followups(folder, lookback=30)
    library = folder / "config/endpoints.tsv"
    rows = {"of_answers": ("interview", "opiod"), "of_tests": ("screen", "Opioid"), "right": ("screen", "opioid")}
    for name, (kind, substance) in rows.items():
        library.write_text(library.read_text() + f"{name}\t{kind}\tOne\tUse.\t\t\t\t{substance}\t14\n")
        asked(folder, name, 56)
    said = [stop for stop in told(folder).stops if "no test is of the substance" in stop]
    assert [(one.split(":")[0], "opioid" in one.split("class.")[1]) for one in said] == [
        ("of_answers", True),
        ("of_tests", True),
    ]


def test_a_misspelt_substance_stops_a_run_where_there_is_no_test_at_all(folder):
    records(folder)
    followups(folder, lookback=30)
    library = folder / "config/endpoints.tsv"
    for name, substance in (("typo", "opiod"), ("rare", "xylazine"), ("right", "opioid")):
        library.write_text(library.read_text() + f"{name}\tinterview\tOne\tUse.\t\t\t\t{substance}\t14\n")
        asked(folder, name, 90)
    (stop,) = (one for one in told(folder).stops if "no test is of" in one)
    assert stop.startswith("typo: no test is of the substance 'opiod', and it is no class. Did you mean 'opioid'?")


def test_a_site_of_the_schedule_that_no_one_is_of_stops_a_run_whatever_is_asked(folder):
    records(folder)
    cohort = folder / "config/cohorts/ours.yaml"
    text = cohort.read_text()
    schedule = "\nuse: {{ schedule: {{ kind: regular, every_days: 7, sites: {{ {}: 14 }} }} }}\n"
    cohort.write_text(text + schedule.format("site1"))
    assert not told(folder).stops
    cohort.write_text(text + schedule.format("site9"))
    (stop,) = told(folder).stops
    assert stop.startswith("`use.schedule.sites` names 1 site(s) that no one in the cohort is of.")


@pytest.mark.parametrize(("run", "said"), [(8, "followed for at most 90 days"), (9, "cannot be answered, as its run")])
@pytest.mark.parametrize("kind", ["run_of_screens", "pattern_time"])
def test_a_run_longer_than_anyones_tests_is_told_with_the_longest_that_there_could_be(folder, kind, run, said):
    """Everybody has eight weekly tests, all negative, and is followed for longer."""
    records(folder)
    screens(folder)
    columns = {"outcome": "relapse_9", "kind": kind, "label": "Run", "definition": "Tests.", "substance": "opioid"}
    columns |= (
        {"run": str(run), "counts": "positive"}
        if kind == "run_of_screens"
        else {"pattern": f"statistic = first | counts = positive | at_least = {run - 2} | within = {run}"}
    )
    library = folder / "config/endpoints.tsv"
    names = library.read_text().splitlines()[0].split("\t")
    library.write_text(library.read_text() + "\t".join(columns.get(name, "") for name in names) + "\n")
    asked(folder, "relapse_9", 90, "hazard_ratio", "none", "naive")
    text = told(folder).text()
    assert f"relapse_9: {'times to an event, ' * (run == 8)}{said}" in text
    longest = "The longest that can be asked about is of 8: 11 people or more had so many"
    assert (longest in text) == (run == 9)


def test_medications_that_explain_no_test_are_named_where_enough_people_share_them(folder):
    records(folder)
    given = ["naltrexone 50 mg"] * 12 + ["methadone hydrochloride 80 mg"] * 12 + ["a rare one"]
    rows = [f"p{i:02d},{name},0," for i, name in enumerate(given)]
    head = "person_id,medication,start_day,end_day"
    (folder / "records/medications.csv").write_text("\n".join([head, *rows]) + "\n")
    text = told(folder).text()
    assert "13 of 25 rows name none that a test could find (naltrexone 50 mg 12);" in text
    assert "rare" not in text


@pytest.mark.parametrize("day", [29, 30])
def test_an_interview_that_looks_back_beyond_the_start_is_told(folder, day):
    records(folder)
    followups(folder, lookback=30)
    held = folder / "records/followups.csv"
    held.write_text(held.read_text().replace(",90,90,", f",30,{day},"))
    asked(folder, "abstinent", 30)
    early = "of 40 interviews 40 ask about days before its clock starts as well"
    assert (early in told(folder).text()) == (day == 29)


@pytest.mark.parametrize(
    ("substance", "every", "told_of"),
    [("alcohol", 7, "320 of 320"), ("alcohol", 3, ""), ("opioid", 7, ""), ("etg", 7, "")],
)  # fmt: skip
def test_tests_that_tell_of_no_interval_are_counted(folder, substance: str, every: int, told_of: str) -> None:
    """One test of ethanol a week tells of no week, whatever it found; more of them do, and so does its metabolite."""
    records(folder)
    rows = [f"p{i:02d},{day},{substance},{'positive' if i % 3 else 'negative'}" for i in range(40)
            for day in range(2, 57, every)]  # fmt: skip
    (folder / "records/screens.csv").write_text("\n".join(["person_id,day,substance,result", *rows]) + "\n")
    wanted = "opioid" if substance == "opioid" else "alcohol"
    with (folder / "config/endpoints.tsv").open("a") as sheet:
        cells = ["dry", "weekly_screens", "Dry", "A negative week.", *[""] * 3, wanted, *[""] * 6, ""]
        sheet.write("\t".join(cells) + "\n")
    asked(folder, "dry", 56, "share_of_weeks", method="iptw")
    text = told(folder).text()
    assert ("Tests that tell of no interval" in text) == bool(told_of)
    if told_of:
        assert (
            f"alcohol: {told_of} tests with a result, whatever it is, as what they look for is found for less than 10% "
            "of 7 days (`use.least_covered`)"
        ) in text


def test_tests_of_hair_are_counted_as_telling_of_no_interval(folder) -> None:
    records(folder)
    rows = [f"p{i:02d},{day},opioid,positive,{'hair' if day == 30 else ''}" for i in range(40) for day in (9, 16, 30)]
    (folder / "records/screens.csv").write_text("\n".join(["person_id,day,substance,result,specimen", *rows]) + "\n")
    text = told(folder).text().split("Tests that tell of no interval")[1]
    assert "hair: 40 of 120 rows of screens. What is found in it was used in some one of the months before" in text
