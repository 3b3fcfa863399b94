"""The workflow itself, on the smallest cohort (uis): what runs, what reruns, what is refused."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from released_bytes import UIS, hashes

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def finished(finished_run) -> Path:
    return finished_run("uis")


def planned(snakemake, folder: Path, *arguments: str) -> set[str]:
    """The rules that a run would execute."""
    done = snakemake(folder, "--dry-run", *(arguments or UIS))
    assert done.returncode == 0, done.stderr
    lines = (line.split() for line in (done.stdout + done.stderr).splitlines())
    return {w[0] for w in lines if len(w) == 2 and w[1].isdigit()} - {"total", "all"}


def test_the_release_holds_what_is_promised(finished, project):
    released = {p for p in hashes(finished / "results/uis/release") if not p.startswith("figures/")}
    told = yaml.safe_load((project / "INTERFACE.yaml").read_text())["outputs"]
    assert released == {Path(told[name]["path"]).name for name in set(told) - {"figure"}}
    assert released == {
        "report.html", "counts.csv", "estimates.csv", "curves.csv", "diagnostics.csv", "dictionary.csv",
        "verdicts.csv", "ledger.csv", "manifest.json", "ro-crate-metadata.json", "study.yaml", "notes.txt",
        "target_trials.csv",
    }  # fmt: skip
    figures = {p.name for p in (finished / "results/uis/release/figures").iterdir()}
    assert {f"duration.{kind}" for kind in ("svg", "png", "csv")} <= figures
    assert not [f for f in figures if f.startswith(".")]
    assert (finished / "results/uis/private/run.json").is_file()


def test_the_estimates_have_the_promised_columns(finished):
    header = (finished / "results/uis/release/estimates.csv").read_text().splitlines()[0]
    assert header == (
        "analysis,cohort,contrast,outcome,horizon_days,estimand,measure,of,method,missing_rule,group_by,"
        "group,from_day,to_day,delta_first,delta_second,hours_per_week,weeks_of_care,estimate,std_error,conf_low,conf_high,p_value,n,events,"
        "n_effective,status,reason,rounding_error"
    )


def test_the_manifest_ties_every_released_file_and_names_no_time_or_place(finished):
    release = finished / "results/uis/release"
    manifest = json.loads((release / "manifest.json").read_text())
    found = hashes(release)
    del found["manifest.json"], found["ro-crate-metadata.json"]
    assert {n: f["sha256"] for n, f in manifest["files"].items()} == found
    assert manifest["inputs"] == {"uis.csv": hashlib.sha256((finished / "data/uis/uis.csv").read_bytes()).hexdigest()}
    assert str(finished) not in json.dumps(manifest)


def test_a_second_run_does_nothing(snakemake, finished):
    assert planned(snakemake, finished) == set()


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    """A finished run of one's own to change."""
    return Path(shutil.copytree(finished, tmp_path / "copy"))


@pytest.mark.parametrize(
    ("lost", "rules"),
    [
        ("figures/duration.csv", {"figures", "report", "provenance_manifest"}),
        ("estimates.csv", {"release", "figures", "report", "provenance_manifest"}),
        ("study.yaml", {"report", "provenance_manifest"}),
    ],
)
def test_a_released_file_that_is_not_there_is_made_again(snakemake, copy, lost, rules):
    (copy / "results/uis/release" / lost).unlink()
    assert planned(snakemake, copy) == rules


def test_a_released_file_that_was_edited_is_refused_and_not_built_upon(snakemake, copy):
    edited = copy / "results/uis/release/estimates.csv"
    edited.write_bytes(edited.read_bytes().replace(b"0.", b"1.", 1))
    done = snakemake(copy, "--dry-run", *UIS)
    assert done.returncode != 0
    assert "results/uis/release/estimates.csv is not as released" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_input_is_known_by_its_content_and_not_by_its_time(snakemake, copy):
    records = copy / "data/uis/uis.csv"
    there = records.stat()
    records.touch()
    assert planned(snakemake, copy) == set()
    # as `cp -p`, an archive or a synchronised folder would put another file in its place
    content = records.read_bytes()
    records.write_bytes(content.replace(b"188,1,5.2", b"189,1,5.2", 1))
    assert records.read_bytes() != content
    os.utime(records, ns=(there.st_atime_ns, there.st_mtime_ns))
    assert {"sources", "clean", "analyses_retention", "report", "provenance_manifest"} <= planned(snakemake, copy)


@pytest.mark.parametrize("given", [("cohort=uis", "data=2024_11"), ("cohort=uis", "data=my data/false")])
def test_a_path_is_taken_as_it_was_typed(snakemake, tmp_path, given):
    records = tmp_path / given[1].removeprefix("data=")
    done = snakemake(tmp_path, "--dry-run", "--config", *given)
    assert f"{records.relative_to(tmp_path)} does not exist" in done.stderr.replace('"', "")
    records.parent.mkdir(exist_ok=True)
    shutil.copy(tmp_path / "data/uis/uis.csv", records)
    assert "sources" in planned(snakemake, tmp_path, "--config", *given)


def test_a_changed_parameter_reruns_only_what_it_feeds(snakemake, copy):
    config = copy / "config/config.yaml"
    config.write_text(config.read_text().replace("min_events: 10", "min_events: 12"))
    rerun = planned(snakemake, copy)
    assert {"analyses_retention", "analyses_dose", "release", "report"} <= rerun
    # events are no part of the design, which sees none
    assert not rerun & {"sources", "clean", "cohort_population", "cohort_outcomes", "design"}


def test_a_changed_word_reruns_no_estimate(snakemake, copy):
    cohort = copy / "config/cohorts/uis.yaml"
    cohort.write_text(cohort.read_text().replace("title: A long against a short", "title: The long against the short"))
    assert planned(snakemake, copy) <= {"figures", "report", "provenance_manifest"}
    assert "report" in planned(snakemake, copy)


# an edit of the package: file, what stands there, what then stands there, the rules that rerun, and some that do not
EDITS = [
    # of code
    (
        "cohort/retention.py", "def _rows(", "EDITED = 1\n\n\ndef _rows(",
        {"cohort_outcomes", "analyses_retention", "analyses_dose", "release", "report"},
        {"sources", "clean", "cohort_population", "design"},
    ),
    # of one figure
    (
        "figures/duration.py", "def draw(", "EDITED = 1\n\n\ndef draw(",
        {"figures", "report", "provenance_manifest"}, {"analyses_dose", "release"},
    ),
    # of a column's kind, in a table that only the first steps and the end share
    (
        "tables/outcomes.py", '"window_days": Column("whole", ', '"window_days": Column("number", ',
        {"cohort_outcomes", "analyses_dose"}, {"sources", "clean", "cohort_population", "design"},
    ),
    # of the sentence of a released column, which the data dictionary tells
    (
        "tables/results.py", "standard error", "edited standard error",
        {"report", "provenance_manifest"}, {"design", "analyses_retention", "release", "figures"},
    ),
]  # fmt: skip
# of words that no step reads: a comment, docstrings, the sentence of a column
WORDS = [
    ("cohort/retention.py", "def _rows(", "# edited\ndef _rows("),
    ("release/__init__.py", '"""', '"""Edited. '),
    ("release/suppression.py", '    """', '    """Edited. '),
    ("steps/runner.py", '"""', '"""Edited. '),
    ("tables/intake.py", "pseudonym", "edited pseudonym"),
    ("tables/canonical.py", "pseudonym of the person", "edited pseudonym of the person"),
]


@pytest.fixture
def edited(project, finished, tmp_path):
    """The rules that a finished run would execute after an edit of the package; the edit is taken back."""
    sources = Path(shutil.copytree(project / "src", tmp_path / "src"))
    shutil.copytree(project / "data/reference", tmp_path / "data/reference")
    shutil.copy(project / "uv.lock", tmp_path / "uv.lock")
    environment = {**os.environ, "PYTHONPATH": str(sources)}
    copy = Path(shutil.copytree(finished, tmp_path / "copy"))
    command = [
        sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run",
        "--workflow-profile", str(project / "workflow/profiles/default"),
        "--snakefile", str(project / "workflow/Snakefile"), "--directory", str(copy), *UIS,
    ]  # fmt: skip

    def rules(*edits: tuple[str, str, str]) -> set[str]:
        before = {}
        for name, old, new in edits:
            file = sources / "iop_outcomes" / name
            text = file.read_text()
            before.setdefault(file, text)
            assert old in text
            file.write_text(text.replace(old, new, 1))
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=copy, check=True)
        for file, text in before.items():
            file.write_text(text)
        lines = (line.split() for line in (done.stdout + done.stderr).splitlines())
        # the lock file lies elsewhere, and the manifest names the code, of which every byte counts there
        return {w[0] for w in lines if len(w) == 2 and w[1].isdigit()} - {"total", "all"}

    return rules


def test_an_edited_module_reruns_the_steps_that_use_it_and_only_those(edited):
    assert edited() <= {"provenance_manifest"}
    for name, old, new, some, none in EDITS:
        rerun = edited((name, old, new))
        assert some <= rerun, name
        assert not rerun & none, name


def test_words_rerun_no_analysis_and_no_figure(edited):
    """The report is asked again, as the data dictionary is written beside it."""
    assert edited(*WORDS) <= {"report", "provenance_manifest"}


OUTSIDE = """
configfile: "mine/config.yaml"

module iop_outcomes:
    snakefile: "{snakefile}"
    config: config

use rule * from iop_outcomes as iop_*

rule headline:
    default_target: True
    input:
        rules.iop_all.input,
        "mine/results/tiny/release/estimates.csv",
    output:
        "headline.txt",
    shell:
        "wc -l < {{input[2]}} > {{output}}"
"""

TINY = """
title: A tiny cohort of somebody else
source: {kind: tables, path: mine/records}
disclosure: {policy: none, public: these people are invented}
inference: {cluster: person}
adjustment: {continuous: [age], categorical: [sex], site_effects: false, spline_knots: 3}
trials: {all: {assignment: Every other person is placed in either; nothing is known but age and sex.}}
contrasts:
  iop_vs_residential:
    title: IOP against residential care
    column: index_level
    first: {name: iop, label: Intensive outpatient, values: ["2.1"]}
    second: {name: residential, label: Residential, values: ["3.5"]}
"""


def tiny_records(folder: Path, people: int = 200) -> None:
    """Stays and persons of invented people, without sessions, screens or interviews."""
    folder.mkdir(parents=True)
    stays = ["person_id,stay_id,site_id,level_of_care,start_day,end_day,discharge_reason,program_type"]
    persons = ["person_id,observed_to_day,age,sex"]
    for i in range(people):
        level, reason = ("2.1", "unplanned") if i % 2 else ("3.5", "completed")
        reason = "unplanned" if i % 5 == 0 else reason
        stays.append(f"p{i},s{i},S{i % 4},{level},0,{7 + (i * 37) % 120},{reason},substance_use")
        persons.append(f"p{i},365,{20 + (i * 13) % 50},{'female' if i % 3 else 'male'}")
    (folder / "stays.csv").write_text("\n".join(stays) + "\n")
    (folder / "persons.csv").write_text("\n".join(persons) + "\n")


@pytest.fixture
def outside(project, tmp_path) -> Path:
    """The folder of a workflow that imports this one, with its own config, sheets, records and folder of results."""
    mine = tmp_path / "mine"
    tiny_records(mine / "records")
    (mine / "cohorts").mkdir()
    (mine / "cohorts/tiny.yaml").write_text(TINY)
    header, *rows = (project / "config/analyses.tsv").read_text().splitlines()
    own = [r.replace("demo\t", "tiny\t", 1) for r in rows if r.startswith("demo\t") and "\tretention\t" in r]
    (mine / "analyses.tsv").write_text("\n".join([header, *own]) + "\n")
    for sheet in ("endpoints", "eligibility"):
        shutil.copy(project / f"config/{sheet}.tsv", mine / f"{sheet}.tsv")
    sheets = "".join(f"{name}: mine/{name}.tsv\n" for name in ("analyses", "endpoints", "eligibility"))
    (mine / "config.yaml").write_text(f"cohort: tiny\ncohorts: mine/cohorts\nresults: mine/results\n{sheets}")
    (tmp_path / "config").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "Snakefile").write_text(OUTSIDE.format(snakefile=project / "workflow/Snakefile"))
    return tmp_path


def test_another_workflow_imports_this_one_with_its_own_config_and_cohort(snakemake, outside):
    done = snakemake(outside, snakefile=outside / "Snakefile")
    assert done.returncode == 0, done.stderr
    assert int((outside / "headline.txt").read_text()) > 20
    assert (outside / "mine/results/tiny/release/report.html").is_file()
    assert not (outside / "results").exists()


def test_the_interface_names_what_another_workflow_may_give_and_take(snakemake, project, outside):
    said = yaml.safe_load((project / "INTERFACE.yaml").read_text())
    assert set(yaml.safe_load((outside / "mine/config.yaml").read_text())) <= set(said["config"])
    values = {"cohort": "tiny", "figure": "staying"}
    assert set(values) == set(said["wildcards"])
    paths = {
        name: output["path"].replace("<results>", "mine/results").format(**values)
        for name, output in said["outputs"].items()
    }
    done = snakemake(outside, "--summary", *paths.values(), snakefile=outside / "Snakefile")
    assert done.returncode == 0, done.stderr
    made = dict(line.split("\t")[0:3:2] for line in done.stdout.splitlines() if "\t" in line)
    assert {name: made.get(path) for name, path in paths.items()} == {
        name: f"iop_{output['rule']}" for name, output in said["outputs"].items()
    }


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("config/config.yaml", "gap_days", "gap_day", "config.yaml, line"),
        ("config/cohorts/uis.yaml", "values: [long]", "values: [lnog]", "no eligible person is in the arm 'long'"),
        ("config/cohorts/uis.yaml", "injection_use, race", "injection_use, rase", "'rase'"),
        ("config/analyses.tsv", "long_vs_short\tno_return", "long_vs_shrt\tno_return", "Did you mean 'long_vs_short'"),
        ("data/uis/uis.csv", "LEN.T", "LENT", "LEN.T"),
        ("data/uis/uis.csv", "188,1,5.2", "when,1,5.2", "TIME"),
    ],
)  # fmt: skip
def test_bad_input_stops_with_a_paragraph_and_leaves_nothing_half_written(
    snakemake, project, tmp_path, file, old, new, said
):
    for part in ("config", "data"):
        shutil.copytree(project / part, tmp_path / part, ignore=shutil.ignore_patterns("raw"))
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1))
    done = snakemake(tmp_path, *UIS)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "results/uis/release/report.html").exists()
    assert not list(tmp_path.rglob(".*.part"))


def test_missing_data_are_named_before_the_first_job(snakemake, tmp_path):
    done = snakemake(tmp_path, "--config", "cohort=ctn0094", f"data={tmp_path / 'nowhere'}")
    assert done.returncode != 0
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()
