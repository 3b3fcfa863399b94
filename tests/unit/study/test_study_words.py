"""What a study may not say: names that stand for something else, keys and rows twice, covariates that are none."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from iop_outcomes.checks import prepare
from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Question, TableMapping
from iop_outcomes.study import loading, names, sheets
from iop_outcomes.tables import TABLES
from iop_outcomes.tables.canonical import NOT_COVARIATES

CONFIG = Path("config/config.yaml")
DEMO = Path("config/cohorts/demo.yaml")


@pytest.fixture(autouse=True)
def folder(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(project / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(**changes: Any) -> loading.Loaded:
    return loading.load({**loading.read_yaml(CONFIG), **changes}, [CONFIG])


def refused(**changes: Any) -> str:
    with pytest.raises(StudyError) as caught:
        load(**changes)
    said = str(caught.value)
    assert "\n" not in said
    return said


def edited(path: tuple[Any, ...], value: Any, file: Path = DEMO) -> None:
    """The cohort's file with another value at a place; None takes it out."""
    content = yaml.safe_load(file.read_text())
    part = content
    for step in path[:-1]:
        part = part.setdefault(step, {}) if isinstance(part, dict) else part[step]
    part[path[-1]] = value
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def without_groups() -> None:
    """The demo asks of no groups and has no anchors, which are of what is adjusted for."""
    edited(("modifiers",), {})
    edited(("anchors",), [])
    sheet = Path("config/analyses.tsv")
    header = sheet.read_text().splitlines()[0].split("\t")
    cells = [line.split("\t")[: header.index("group_by")] for line in sheet.read_text().splitlines()]
    sheet.write_text("\n".join("\t".join(row) for row in cells) + "\n")


def renamed(old: str, new: str) -> None:
    """A name of the demo's, everywhere where it stands."""
    for file in (DEMO, Path("config/analyses.tsv")):
        file.write_text(file.read_text().replace(old, new))


@pytest.mark.parametrize("arm", sorted(names.ARMS))
@pytest.mark.parametrize("side", ["first", "second"])
def test_an_arm_has_no_name_that_means_something_else_in_the_results(arm, side):
    edited(("contrasts", "iop_vs_residential", side, "name"), arm)
    said = refused()
    assert f"an arm is named '{arm}', which stands for" in said
    assert "demo.yaml" in said


def test_an_arm_alongside_is_held_to_the_same():
    further = {"name": "ratio", "label": "Partial hospitalization", "values": ["2.5"]}
    edited(("contrasts", "iop_vs_residential", "further_arms"), [further])
    assert "named 'ratio'" in refused()


@pytest.mark.parametrize("name", ["all", "con", "nul", "com1"])
def test_a_contrast_has_no_name_that_no_folder_or_result_can_have(name):
    renamed("iop_vs_residential", name)
    assert f"contrasts: '{name}'" in refused()


def test_a_cohort_has_no_name_of_a_device(folder):
    shutil.copy(DEMO, "config/cohorts/aux.yaml")
    assert "device" in refused(cohort="aux") or "no row for the cohort" in refused(cohort="aux")
    sheet = Path("config/analyses.tsv")
    sheet.write_text(sheet.read_text().replace("\ndemo\t", "\naux\t"))
    assert "'aux' is the name of a device" in refused(cohort="aux")


def test_a_repetition_under_another_classifier_takes_nobody_elses_name():
    content = yaml.safe_load(DEMO.read_text())["contrasts"]["iop_vs_residential"]
    edited(("contrasts", "iop_vs_residential", "classifiers"), ["broad"])
    edited(("contrasts", "iop_vs_residential_by_broad"), {**content, "classifiers": []})
    assert "is named 'iop_vs_residential_by_broad', as another comparison is" in refused()
    edited(("contrasts",), {"iop_vs_residential": {**content, "variant_of": "something"}})
    assert "`variant_of` is set by the workflow" in refused()


@pytest.mark.parametrize("label", ["Residential", " residential ", ""])
def test_arms_have_labels_of_their_own(label):
    edited(("contrasts", "iop_vs_residential", "second", "label"), "Residential")
    edited(("contrasts", "iop_vs_residential", "first", "label"), label)
    said = refused()
    assert "two arms have the label" in said or "label`" in said


def test_arms_do_not_share_a_value_in_other_capitals():
    edited(("contrasts", "long_vs_short", "first", "values"), ["long", "Short "], Path("config/cohorts/uis.yaml"))
    assert "the value 'short' belongs to two arms" in refused(cohort="uis")


@pytest.mark.parametrize("analysis", sorted(names.ANALYSES))
def test_an_analysis_is_not_named_as_what_the_workflow_adds(analysis):
    sheet = Path("config/analyses.tsv")
    sheet.write_text(sheet.read_text().replace("demo\tleaving_early\t", f"demo\t{analysis}\t", 1))
    assert f"is named '{analysis}'" in refused()


@pytest.mark.parametrize("outcome", ["index", "care", "continuum", "care_gap_7"])
def test_an_event_is_not_named_as_what_is_followed(outcome):
    sheet = Path("config/endpoints.tsv")
    sheet.write_text(sheet.read_text().replace("\ndeath\t", f"\n{outcome}\t"))
    assert f"the outcome '{outcome}' of the kind death" in refused()


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        ("a: 1\nb: 2\na: 3\n", "a", (1, 3)),
        ("a:\n  b: 1\n  c: 2\n  b: 1\n", "b", (2, 4)),
        ("a: [{b: 1}, {c: 1, c: 2}]\n", "c", (1, 1)),
        ('codes:\n  1: completed\n  "1": unplanned\n', "1", (2, 3)),
        ('codes: {yes: a, "yes": b}\n', "yes", (1, 1)),
        ("a: {b: 1}\n'a': {c: 1}\n", "a", (1, 2)),
    ],
)
def test_a_key_twice_is_refused_in_any_yaml(text, key, lines, tmp_path):
    file = tmp_path / "any.yaml"
    file.write_text(text)
    with pytest.raises(StudyError) as caught:
        loading.read_yaml(file)
    assert f"any.yaml, line {lines[1]}: `{key}` stands in line {lines[0]} already" in str(caught.value)


def test_the_same_key_in_two_places_an_anchor_and_a_merge_are_no_key_twice(tmp_path):
    file = tmp_path / "any.yaml"
    file.write_text("base: &b {x: 1, y: 2}\none: {<<: *b, x: 3}\nlist: [*b, *b]\nother: {x: 1}\n")
    assert loading.read_yaml(file)["one"] == {"x": 3, "y": 2}


def test_a_key_twice_is_refused_in_the_protocol_the_cohort_and_the_invented_people():
    content = loading.read_yaml(CONFIG)  # as Snakemake hands it on: the last one has won by then
    CONFIG.write_text(CONFIG.read_text() + "\ncohort: uis\n")
    with pytest.raises(StudyError, match="`cohort` stands in line"):
        loading.load(content, [CONFIG])
    DEMO.write_text(DEMO.read_text() + "\ntitle: again\n")
    with pytest.raises(StudyError, match=r"demo\.yaml.*`title` stands in line"):
        loading.load(content, [])
    from iop_outcomes.checks import definition

    people = Path("config/people/demo.yaml")
    people.write_text(people.read_text() + "\npeople: []\n")
    with pytest.raises(StudyError, match="`people` stands in line"):
        definition.read(people)


PERSONS = TABLES["persons"].columns
NUMERIC = ("whole", "number")


@pytest.mark.parametrize("room", ["continuous", "categorical"])
@pytest.mark.parametrize(
    "name", [*NOT_COVARIATES, *(n for n, c in PERSONS.items() if c.outcome), "no_such_column", "site_id", "left_index"]
)
def test_a_covariate_is_a_baseline_column(room, name):
    edited(("adjustment",), {"continuous": [], "categorical": [], room: [name]})
    said = refused()
    assert f"demo.yaml, adjustment.{room}" in said
    assert f"'{name}'" in said


@pytest.mark.parametrize("name", [n for n, c in PERSONS.items() if not c.outcome and n not in NOT_COVARIATES])
def test_every_baseline_column_is_a_covariate_of_its_kind_and_of_no_other(name):
    right = "continuous" if PERSONS[name].kind in NUMERIC else "categorical"
    wrong = "categorical" if right == "continuous" else "continuous"
    empty: dict[str, list[str]] = {"continuous": [], "categorical": []}
    without_groups()
    edited(("adjustment",), {**empty, right: [name]})
    load()
    edited(("adjustment",), {**empty, wrong: [name]})
    assert f"Name it under `adjustment.{right}` instead" in refused()


def test_the_schedule_of_a_site_says_nothing_beside_a_term_for_each():
    without_groups()
    edited(("adjustment",), {"continuous": ["tests_of_site"], "site_effects": True})
    edited(("use",), {"schedule": {"kind": "regular", "sites": {"S01": 14}}})
    assert "says nothing beside a term for each site" in refused()
    edited(("adjustment",), {"continuous": ["tests_of_site", "tests_before"], "site_effects": False})
    load()


@pytest.mark.parametrize(
    ("schedule", "counts", "refuses"),
    [
        ({"kind": "regular"}, "positive,inconclusive,missing", True),
        ({"kind": "regular"}, "positive,inconclusive", False),
        ({"kind": "recorded"}, "positive,inconclusive,missing", False),
    ],
)
def test_a_run_of_missed_tests_is_refused_where_the_records_do_not_hold_them(schedule, counts, refuses):
    """Under a regular schedule a missed test is on no record; a run that reads records would find no relapse."""
    sheet = Path("config/endpoints.tsv")
    sheet.write_text(sheet.read_text().replace("positive,inconclusive,missing", counts))
    edited(("use",), {"schedule": schedule})
    asked = Path("config/analyses.tsv")
    head = asked.read_text().splitlines()[0].split("\t")
    cells = {
        "cohort": "demo", "analysis": "run", "step": "abstinence", "contrast": "iop_vs_residential",
        "outcome": "relapse", "horizon_days": "180", "measure": "hazard_ratio", "method": "naive",
        "missing_rule": "none", "family": "secondary",
    }  # fmt: skip
    with asked.open("a") as lines:
        lines.write("\t".join(cells.get(name, "") for name in head) + "\n")
    if not refuses:
        load()
        return
    said = refused()
    assert "'relapse' (run_of_screens) counts tests that the records call missing" in said
    assert "at_least = 4" in said


def test_a_covariate_is_named_once_and_the_nearest_name_is_offered():
    edited(("adjustment", "continuous"), ["age", "age"])
    assert "age is named twice" in refused()
    edited(("adjustment", "continuous"), ["agee"])
    assert "Did you mean 'age'" in refused()


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("care", "gap_sensitivity_days"), [7, -1], "care.gap_sensitivity_days"),
        (("inference", "hazard_cuts_days"), [60, 30], "must rise"),
        (("intensities", "hours_per_week", "compare"), {"iop": [15, 9]}, "fewer first"),
        (("intensities", "hours_per_week", "compare"), {"iop": [-1, 9]}, "from 0 on"),
        (("intensities", "hours_per_week", "compare"), {"iopp": [9, 15]}, "Did you mean 'iop'"),
        (("intensities", "hours_per_week", "of"), "tests", "needs a `cut`"),
        (("strategies", "stay_13_or_leave_4", "arm"), "iopp", "Did you mean 'iop'"),
        (("thresholds", "sixty_days", "arm"), "iopp", "thresholds.sixty_days: the arm 'iopp' is not known"),
        (("thresholds", "sixty_days", "weeks"), [1, 2, 8, 12, 13], "need week 4 among `weeks`"),
        (("thresholds", "sixty_days", "weeks"), [1, 4, 8, 12, 8], "must rise, each number once"),
        (("thresholds", "sixty_days", "weeks"), [1, 2, 3, 4, 8, 12], "needs two of `weeks` on either side"),
        (("thresholds", "sixty_days", "weeks"), [1, 2, 4, 8, 12, 26], "is not after the weeks that are decided by"),
        (("strategies", "stay_13_or_leave_4", "contrast"), "elsewhere", "the contrast 'elsewhere' is not known"),
        (("strategies", "stay_13_or_leave_4", "first", "name"), "difference", "stands for the difference of the arms"),
        (("strategies", "stay_13_or_leave_4", "second", "weeks"), 20, "leaves in week 20 follows both"),
        (("strategies", "stay_13_or_leave_4", "first", "weeks"), 27, "is not after the weeks that are decided by"),
        (("starting", "step_down_14", "starts"), ["3.5"], "`leaves` and `starts` both name '3.5'"),
        (("starting", "step_down_14", "leaves"), ["ward"], "expected one of 'detox'"),
        (("starting", "step_down_14", "left_as"), ["died"], "expected one of"),
        (("starting", "step_down_14", "within_days"), 91, "less than or equal to 90"),
        (("doses", "hours_by_weeks", "contrast"), "elsewhere", "the contrast 'elsewhere' is not known"),
        (("doses", "hours_by_weeks", "hours"), [9, 6], "`hours` must rise"),
        (("doses", "hours_by_weeks", "weeks"), [4, 4], "`weeks` must rise"),
        (("doses", "hours_by_weeks", "weeks"), [30], "is not after the weeks that are decided by"),
        (("doses", "hours_by_weeks", "compare"), {"iop": [15, 6]}, "must be two of `hours`, fewer first"),
        (("doses", "hours_by_weeks", "compare"), {"iop": [6, 14]}, "must be two of `hours`, fewer first"),
        (("doses", "hours_by_weeks", "compare"), {"iopp": [6, 9]}, "the arm 'iopp' is not known"),
        (("doses", "hours_by_weeks", "fewest_near"), 3, "greater than or equal to 20"),
        (("intensities", "hours_per_week", "cut"), 2, "hours have none"),
        (
            ("intensities", "hours_per_week"),
            {"title": "Tests", "of": "tests", "cut": 2, "contrast": "iop_vs_residential"},
            "'hours_per_week' is of tests, and a 'dose_response' is not. Ask for a 'testing_response'",
        ),
        (("adjustment", "continuous"), ["tests_of_site"], "needs to know how often each site tests"),
        (("adjustment", "categorical"), ["tests_before"], "Name it under `adjustment.continuous` instead"),
        (("cohort",), "uis", "`cohort` has no place in a cohort's file"),
        (("data",), "elsewhere", "`data` has no place in a cohort's file"),
        (("title",), 2024, "YAML reads this as the number 2024. Write it in quotation marks"),
        (("title",), True, "YAML reads this as the truth true"),
        (("contrasts", "iop_vs_residential", "first", "values"), [2.1], "the number 2.1. Write it in quotation marks"),
    ],
)
def test_what_contradicts_itself_is_refused(path, value, said):
    content = yaml.safe_load(DEMO.read_text())
    assert path[0] != "intensities" or path[1] in content["intensities"]
    edited(path, value)
    assert said in refused()


def test_a_horizon_lies_after_the_landmark_the_window_and_the_first_day_that_counts():
    header, *rows = Path("config/analyses.tsv").read_text().splitlines()
    columns = header.split("\t")
    rooms = (
        ("landmark", "durations"),
        ("generalised_propensity", "intensities"),
        ("clone_censor_weight", "strategies"),
        ("clone_censor_weight", "starting"),
        ("g_formula", "doses"),
        ("marginal_structural", "doses"),
    )
    for method, contrast in rooms:
        made = set(yaml.safe_load(DEMO.read_text())[contrast])
        cells = [r.split("\t") for r in rows if r.startswith("demo\t")]
        asks = [r for r in cells if method in r[columns.index("method")]]
        row, named = next(
            (list(r), both) for r in asks if (both := made & set(r[columns.index("contrast")].split(", ")))
        )
        row[columns.index("contrast")] = ", ".join(sorted(named))
        row[columns.index("horizon_days")] = "14"
        Path("config/analyses.tsv").write_text("\n".join([header, *rows, "\t".join(row)]) + "\n")
        assert "the horizon, day 14, is not after the" in refused()


@pytest.mark.parametrize("name", ["hours_attended", "days_so_far", "in_care_at_end", "last_screen_positive", "minutes"])
def test_a_covariate_measured_after_the_start_is_refused_by_name(name):
    edited(("adjustment", "continuous"), ["age", name])
    said = refused()
    assert f"adjustment.continuous: '{name}', of the table " in said
    assert "is measured after care has begun" in said


def row_of(sheet: str, start: str) -> str:
    return next(line for line in Path(sheet).read_text().splitlines() if line.startswith(start))


@pytest.mark.parametrize(
    ("sheet", "start", "said"),
    [
        ("config/endpoints.tsv", "death\t", "outcome 'death' stands in line"),
        ("config/eligibility.tsv", "*\tage\t", "cohort '*', rule 'age' stands in line"),
        ("config/analyses.tsv", "demo\tleaving_early\t", "the same row twice"),
    ],
)
def test_a_row_twice_is_refused(sheet, start, said):
    file = Path(sheet)
    file.write_text(file.read_text() + row_of(sheet, start) + "\n")
    assert said in refused()


@pytest.mark.parametrize("sheet", ["analyses", "eligibility"])
def test_a_row_of_nearly_this_cohort_is_not_passed_over(sheet):
    file = Path(f"config/{sheet}.tsv")
    start = "demo\t" if sheet == "analyses" else "*\tage\t"
    row = row_of(str(file), start).split("\t")
    file.write_text(file.read_text() + "\t".join(["dmeo", *row[1:]]) + "\n")
    assert "a row is of the cohort 'dmeo', which has no file" in refused()
    file.write_text(file.read_text().replace("dmeo\t", "elsewhere\t"))
    load()


def test_a_header_names_a_column_once_and_a_stray_quotation_mark_takes_no_line_with_it(tmp_path):
    header, first, second, *_ = Path("config/analyses.tsv").read_text().splitlines()
    sheet = tmp_path / "rows.tsv"
    sheet.write_text(f"{header}\tmethod\n{first}\tcrude\n")
    with pytest.raises(StudyError, match="the header has 'method' twice"):
        sheets.read(Question, sheet)
    sheet.write_text(f'{header}\n"{first}\n{second}\n')
    with pytest.raises(StudyError, match="line 2"):
        sheets.read(Question, sheet)


def test_data_are_not_given_to_a_cohort_that_reads_none():
    with pytest.raises(StudyError, match="The data mine are given, but the cohort 'demo' is synthetic"):
        prepare.records(load(data="mine").study)
    assert prepare.records(load().study) == []


def test_data_are_not_given_to_a_cohort_that_only_asks_a_database():
    loaded = load(cohort="uis").study
    asked = {"query": "select 1", "columns": {"person_id": "id"}}
    tables = {"stays": TableMapping.model_validate(asked), "persons": TableMapping.model_validate(asked)}
    source = loaded.source.model_copy(update={"kind": "mapping", "tables": tables, "database": "RECORDS"})
    with pytest.raises(StudyError, match="comes from a database and reads no file"):
        prepare.records(loaded.model_copy(update={"source": source, "data": "mine"}))


def test_ways_of_leaving_under_two_rules_have_analyses_of_their_own():
    row = (
        "demo\tleaving_early\tretention\tiop_vs_residential\tunplanned_within_7\t90\trisk\toverlap\tnone\tsensitivity\n"
    )
    sheet = Path("config/analyses.tsv")
    sheet.write_text(sheet.read_text() + row)
    said = refused()
    assert "asks for 'unplanned_discharge' and 'unplanned_within_7', whose curves would be one" in said
    assert said.endswith("Give the second an analysis name of its own.")
