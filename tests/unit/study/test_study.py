"""The study as data: what is accepted, and how errors read."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import jsonschema
import pytest

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Endpoint
from iop_outcomes.protocol.schemas import schemas
from iop_outcomes.study import loading
from iop_outcomes.vocabulary.causes import LEAVING

COHORTS = ("demo", "uis", "ctn0094")


@pytest.fixture
def folder(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(project / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(**changes):
    file = Path("config/config.yaml")
    return loading.load({**loading.read_yaml(file), **changes}, [file])


def refused(**changes) -> str:
    with pytest.raises(StudyError) as caught:
        load(**changes)
    return str(caught.value)


def edit(path: str, old: str, new: str) -> None:
    file = Path(path)
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("cohort", COHORTS)
def test_the_cohorts_that_ship_are_well_formed(folder, cohort):
    loaded = load(cohort=cohort)
    assert loaded.study.cohort == cohort
    assert {a.cohort for a in loaded.analyses} == {cohort}
    assert {a.outcome for a in loaded.analyses} <= set(loaded.endpoints)


def test_a_cohort_is_laid_over_the_protocol_key_by_key(folder):
    assert load().study.population.washout_days == 60
    uis = load(cohort="uis").study
    assert uis.population.washout_days == 0
    assert uis.population.minimum_age == 18


def test_data_takes_the_place_of_the_path(folder):
    assert load(cohort="uis", data="elsewhere.csv").study.source.path == "elsewhere.csv"


def test_an_unknown_key_is_named_with_line_and_suggestion(folder):
    edit("config/config.yaml", "gap_days: 14", "gap_day: 14")
    said = refused()
    line = next(i for i, t in enumerate(Path("config/config.yaml").read_text().splitlines(), 1) if "gap_day:" in t)
    assert f"config.yaml, line {line}" in said
    assert "`care.gap_day` is not a known key" in said
    assert "`gap_days`" in said


def test_a_value_out_of_range_is_named_with_file_and_line(folder):
    edit("config/cohorts/uis.yaml", "spline_knots: 3", "spline_knots: 9")
    said = refused(cohort="uis")
    assert "uis.yaml, line" in said
    assert "adjustment.spline_knots" in said


def test_an_unknown_level_of_care_lists_the_codes(folder):
    edit("config/cohorts/demo.yaml", '"2.1"', '"2.9"')
    said = refused()
    assert "2.9 is not a level of care" in said
    assert "2.5" in said


def test_arms_that_share_a_value_are_refused(folder):
    edit("config/cohorts/demo.yaml", '["2.1"]', '["2.1", "3.5"]')
    assert "share no value" in refused()


def test_an_unknown_cohort_lists_those_there_are(folder):
    said = refused(cohort="dmo")
    assert "config/cohorts/dmo.yaml" in said
    assert all(name in said for name in (*COHORTS, "template", "template_mapping"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("iop_vs_residential\tabstinent", "iop_vs_residental\tabstinent", "Did you mean 'iop_vs_residential'"),
        ("iop_vs_residential\tabstinent", "iop_vs_residential\tabstinence", "Did you mean 'abstinent'"),
        (
            "\tcrude, iptw, entropy_balancing, aipw\tmissing",
            "\tcrude, ipwt, entropy_balancing, aipw\tmissing",
            "column method: .*Did you mean 'iptw'",
        ),
        ("\t30, 60, 90, 180\t", "\t30, 60, 90, 60\t", "column horizon_days: '60' stands twice in the list"),
        ("\t30, 60, 90, 180\t", "\t30, 60,, 180\t", "column horizon_days: .*valid integer"),
        ("missing_is_using, observed_only", "none, observed_only", "it stands alone"),
        ("retained\t30, 60, 90, 180\trisk", "retained\t90\thazard_ratio", "cannot be a 'hazard_ratio'"),
        ("retained_gap_7\t90\trisk\toverlap", "retained_gap_7\t90\trisk\tcrude", "a few people away"),
        ("horizon_days", "horizon", "Unknown: horizon; missing: horizon_days"),
    ],
)
def test_a_wrong_word_in_the_sheet_is_named(folder, old, new, expected):
    edit("config/analyses.tsv", old, new)
    assert re.search(expected, refused())


def test_a_gap_under_which_no_stays_are_linked_is_refused(folder):
    edit("config/config.yaml", "gap_sensitivity_days: [7, 30, 60]", "gap_sensitivity_days: [30, 60]")
    assert "asks for gaps of 7 days, under which no stays are linked" in refused()


def add(row: str) -> None:
    """One more row of the sheet."""
    sheet = Path("config/analyses.tsv")
    sheet.write_text(sheet.read_text() + row.replace(" ", "\t") + "\n")


def test_an_event_that_the_source_does_not_hold_is_refused(folder):
    add("demo od retention iop_vs_residential overdose 180 risk overlap none secondary")
    said = refused()
    assert "'overdose'" in said
    assert "the column 'overdose_day' of persons, which the source 'synthetic' does not hold. Take the row out" in said
    add("demo work abstinence iop_vs_residential employed_at_discharge 180 risk overlap observed_only secondary")
    edit("config/analyses.tsv", "demo\tod\tretention", "nobody\tod\tretention")
    assert "the column 'employment_at_discharge' of stays" in refused()


def test_what_is_not_about_use_is_not_read_as_use(folder):
    contrast, rest = "iop_vs_short_residential", "90 risk overlap missing_is_using secondary"
    add(f"tedsd w abstinence {contrast} employed_at_discharge {rest}")
    assert "is not about use" in refused(cohort="tedsd")


def test_amounts_are_asked_for_as_they_can_be_answered(folder):
    """Each time the row that was refused is taken out again."""
    sheet = Path("config/analyses.tsv")
    whole, demo = sheet.read_text(), "demo a abstinence iop_vs_residential"
    # of a window that would reach beyond time zero
    library = Path("config/endpoints.tsv").read_text().rstrip("\n").split("\n")
    named = {"outcome": "recent", "kind": "days_abstinent", "label": "Recent", "definition": "Of the last 500 days."}
    library.append("\t".join((named | {"window_days": "500"}).get(name, "") for name in library[0].split("\t")))
    Path("config/endpoints.tsv").write_text("\n".join(library) + "\n")
    add(f"{demo} percent_days_abstinent 180 mean_share iptw worst_case,best_case secondary")
    add(f"{demo} longest_abstinence 180 mean_number aipw observed_only secondary")
    assert load().rows("abstinence")
    change = "change_in_abstinent_days"
    for row, said in {
        "percent_days_abstinent 90 mean_share iptw imputed": "missing_is_using or observed_only or worst_case or best_",
        "percent_days_abstinent 90 mean_share iptw none": "needs the missing_rule missing_is_using or observed_only",
        "percent_days_abstinent 90 mean_share crude observed_only": "does not answer a 'mean_share'",
        "percent_days_abstinent 90 mean_number iptw observed_only": "Possible measures: mean_share",
        f"{change} 90 mean_change aipw observed_only": "does not answer a 'mean_change'",
        "recent 180 mean_share iptw observed_only": "looks at the 500 days before the horizon, day 180, some of which",
        f"{change} 20 adjusted_change iptw observed_only": "30 days before the horizon, day 20, some of which lie",
    }.items():
        sheet.write_text(whole)
        add(f"{demo} {row} secondary")
        assert said in refused()


@pytest.mark.parametrize(
    ("kind", "measure", "pattern"),
    [
        ("pattern_answer", "risk", "statistic = longest_run | counts = negative | at_least = 3"),
        ("pattern_share", "mean_share", "statistic = share | counts = negative | missed = left_out"),
        ("pattern_share", "mean_share", "Rd_fiellin_2006"),
        ("pattern_number", "mean_number", "Rd_zaks_1972"),
    ],
)
def test_what_reads_missed_tests_itself_knows_no_reading_that_would_change_nothing(folder, kind, measure, pattern):
    kept = Path("config/endpoints.tsv").read_text().splitlines()
    own = ["own", kind, "Own", "An outcome.", *[""] * 3, "opioid", *[""] * 6, pattern]
    Path("config/endpoints.tsv").write_text("\n".join([*kept, "\t".join(own)]) + "\n")
    whole = Path("config/analyses.tsv").read_text()
    for rule in ("worst_case", "missing_is_using", "imputed"):
        Path("config/analyses.tsv").write_text(whole)
        add(f"demo o abstinence iop_vs_residential own 84 {measure} iptw {rule} secondary")
        said = refused()
        assert f"part of the definition of 'own', so that the missing_rule '{rule}' would change nothing" in said
        assert "not about use" not in said
    Path("config/analyses.tsv").write_text(whole)
    add(f"demo o abstinence iop_vs_residential own 84 {measure} iptw observed_only secondary")
    assert load().rows("abstinence")
    if kind == "pattern_answer":
        Path("config/analyses.tsv").write_text(whole)
        add("demo o abstinence iop_vs_residential own 84 risk iptw none secondary")
        assert refused().endswith("needs the missing_rule observed_only.")


@pytest.mark.parametrize(
    ("kind", "definition", "measure", "said"),
    [
        ("answer", "statistic = count | counts = negative | at_least = 400", "risk", "column at_least: 400 cannot be"),
        ("answer", "statistic = longest_run | counts = negative | at_least = 13", "risk", "no more than 12"),
        ("answer", "statistic = longest_run | counts = negative | at_least = 12", "risk", ""),
        ("answer", "statistic = count | counts = negative | at_least = 9 | start = 4", "risk", ""),
        ("answer", "statistic = count | counts = negative | at_least = 10 | start = 4", "risk", "no more than 9"),
        (
            "number",
            "statistic = count | counts = negative | retained = 8 | otherwise = 40",
            "mean_number",
            "rwise: 40",
        ),
    ],
)
def test_numbers_of_an_endpoint_of_use_patterns_can_be_by_the_day_asked_about(
    folder, kind, definition, measure, said
) -> None:
    """Day 84 is of twelve weeks, from the day after time zero on."""
    sheet = Path("config/endpoints.tsv").read_text().rstrip("\n")
    cells = ["own", f"pattern_{kind}", "Own", "An answer.", *[""] * 3, "opioid", *[""] * 6, definition]
    Path("config/endpoints.tsv").write_text(sheet + "\n" + "\t".join(cells) + "\n")
    add(f"demo o abstinence iop_vs_residential own 84 {measure} iptw observed_only secondary")
    if not said:
        assert load()
        return
    told = refused()
    assert said in told
    assert "'own' on day 84 is of 12 weeks: column" in told
    assert told.endswith("Correct the number, or the window. Or ask on a later day.")


def test_a_return_to_care_has_no_doubly_robust_estimate(folder):
    add("demo back retention iop_vs_residential readmitted 180 risk aipw none secondary")
    said = refused()
    assert "Possible methods: crude, iptw," in said
    assert "aipw" not in said.split("Possible methods")[1]


def test_an_endpoint_says_all_that_its_kind_needs_and_no_more():
    common = {"outcome": "o", "label": "O", "definition": "An outcome."}
    assert Endpoint(kind="engaged", sessions=2, **common).followed == "o"
    for wrong in (
        {"kind": "engaged"},
        {"kind": "in_care", "sessions": 2},
        {"kind": "run_of_screens", "substance": "opioid"},
        {"kind": "interview", "run": 4},
        {"kind": "state_at_discharge"},
        {"kind": "state_at_interview", "column": "arrests_at_discharge"},
    ):
        with pytest.raises(ValueError, match="which needs"):
            Endpoint(**wrong, **common)


def test_completion_as_success_under_another_gap_rule_is_a_companion_too():
    common = {"outcome": "o", "kind": "in_care_or_completed", "label": "O", "definition": "An outcome."}
    assert not Endpoint(**common).companion
    assert Endpoint(gap_days=30, **common).companion


def test_the_template_knows_partial_hospitalization_as_a_third_arm(folder):
    contrasts = loading.read_yaml(Path("config/cohorts/template.yaml"))["contrasts"]
    arms = {name: (c["first"]["name"], c["second"]["name"]) for name, c in contrasts.items()}
    assert set(arms.values()) == {
        ("iop", "residential"), ("iop", "partial_hospitalization"), ("partial_hospitalization", "residential"),
    }  # fmt: skip


def test_the_same_estimand_twice_is_refused(folder):
    sheet = Path("config/analyses.tsv")
    lines = sheet.read_text().splitlines()
    sheet.write_text("\n".join([*lines, lines[1]]) + "\n")
    assert "the same row twice" in refused()


def test_yaml_that_cannot_be_read_is_refused_with_its_line(folder):
    edit("config/cohorts/demo.yaml", "source:\n", "source: [\n")
    assert "this is not YAML" in refused()


def test_the_schemas_in_the_repository_are_those_of_the_code(project):
    for name, schema in schemas().items():
        kept = json.loads((project / "workflow/schemas" / f"{name}.schema.json").read_text())
        assert kept == schema, "run `make schemas`"
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_merged_study_keeps_to_its_schema(folder):
    check = {name: jsonschema.Draft202012Validator(schema) for name, schema in schemas().items()}
    for cohort in COHORTS:
        merged = load(cohort=cohort).merged()
        merged["contrasts"] |= merged.pop("variants")
        del merged["companions"]  # worked out from the sheets
        for key in ("analyses", "endpoints", "eligibility"):
            for row in merged.pop(key):
                check[key].validate(row)
        check["study"].validate(merged)


def test_the_merged_study_names_no_folder_of_the_machine(folder):
    merged = load(cohort="uis", data="/somewhere/of/mine/uis.csv").merged()
    assert "/somewhere" not in json.dumps(merged)
    assert merged["source"]["path"] is None  # named by whoever runs it, and not by the study


def test_only_figures_that_can_be_filled_are_drawn(folder):
    assert "intensity" in load().figures()
    assert "intensity" not in load(cohort="uis").figures()


def test_the_causes_of_endpoints_are_discharge_reasons():
    causes = set(Endpoint.model_json_schema()["properties"]["cause"]["enum"]) - {""}
    assert causes == set(LEAVING)


MAPPED = """
source:
  kind: mapping
  database: {database}
  tables:
    stays:
      files: stays.csv
      columns:
        person_id: {{ colum: PID }}
    persons:
      files: persons.csv
      where:
        - {{ column: A, within: [1] }}
      columns: {{ person_id: PID, age: AGE, sex: SEX, observed_to_day: LAST }}
"""


def test_errors_in_a_mapping_name_the_key_however_deep_and_show_no_url(folder):
    text = Path("config/cohorts/demo.yaml").read_text()
    begin, end = text.index("source:"), text.index("\nadjustment:")
    url = "postgresql://me:secret@host/db"
    Path("config/cohorts/demo.yaml").write_text(text[:begin] + MAPPED.format(database=url) + text[end:])
    said = refused()
    assert "`source.tables.stays.columns.person_id.colum` is not a known key. Did you mean `column`?" in said
    assert "`source.tables.persons.where.0.within` is not a known key" in said
    assert "Known here: column, in, not_in" in said
    assert "`source.database`" in said
    assert "secret" not in said
