"""The step runner: what it checks, what it writes, what it says."""

from __future__ import annotations

import subprocess
import sys
import types
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest

from iop_outcomes.errors import StudyError, TableError
from iop_outcomes.protocol import Eligibility, Population
from iop_outcomes.steps import runner, store
from iop_outcomes.tables import RAW, TABLES, Column, Table, check

ATTRITION = pd.DataFrame({"position": [0, 1], "rule": ["all", "young"], "excluded": [0, 3], "remaining": [10, 7]})


@pytest.fixture
def module(monkeypatch):
    """A module of the package made up on the spot; returns a function that sets its `run`."""
    made = types.ModuleType("iop_outcomes.made_up")
    monkeypatch.setitem(sys.modules, "iop_outcomes.made_up", made)

    def give(function):
        made.run = function
        return "made_up"

    return give


def run(name, inputs, outputs, tmp_path, **settings):
    return runner.main(name, inputs, outputs, settings, str(tmp_path / "step.log"))


def test_a_step_reads_checks_calls_and_writes(module, tmp_path):
    store.write("attrition", ATTRITION, tmp_path / "attrition.parquet")
    name = module(lambda attrition, more: {"attrition": attrition.assign(excluded=attrition["excluded"] + more)})
    out = tmp_path / "out.csv"
    assert run(name, {"attrition": str(tmp_path / "attrition.parquet")}, {"attrition": str(out)}, tmp_path, more=1) == 0
    assert store.read("attrition", [out])["excluded"].tolist() == [1, 4]


def test_several_files_of_a_table_are_read_as_one(tmp_path):
    for i in (0, 1):
        store.write("attrition", ATTRITION.iloc[[i]], tmp_path / f"{i}.parquet")
    both = store.read("attrition", [tmp_path / "0.parquet", tmp_path / "1.parquet"])
    pd.testing.assert_frame_equal(both, ATTRITION)


def test_a_result_that_breaks_its_declaration_is_not_written(module, tmp_path, capsys):
    name = module(lambda: {"attrition": ATTRITION.assign(excluded=[0.5, 3.0])})
    out = tmp_path / "out.parquet"
    assert run(name, {}, {"attrition": str(out)}, tmp_path) == 1
    assert not out.exists()
    assert list(tmp_path.glob(".*part")) == []
    assert "excluded: has type float64, expected int64" in capsys.readouterr().err


def test_nothing_is_coerced_past_ingest():
    with pytest.raises(TableError, match="excluded"):
        check(TABLES["attrition"], ATTRITION.assign(excluded=["0", "3"]))


def test_an_unexpected_error_keeps_its_text_to_itself(module, tmp_path, capsys):
    def fail():
        raise KeyError("P123456")

    assert run(module(fail), {}, {}, tmp_path) == 1
    said = capsys.readouterr().err + (tmp_path / "step.log").read_text()
    assert "KeyError" in said
    assert "P123456" not in said


def test_a_study_error_is_said_as_it_is(module, tmp_path, capsys):
    def fail():
        raise StudyError("The arm is empty. Do this.")

    assert run(module(fail), {}, {}, tmp_path) == 1
    assert "The arm is empty. Do this." in capsys.readouterr().err


def test_messages_on_tables_hold_no_value(tmp_path):
    table = Table(
        "t", "t", {"person_id": Column("text", "who", identifies=True), "age": Column("whole", "age", high=120)}
    )
    frame = pd.DataFrame({"person_id": ["P77777"], "age": [987654]})
    with pytest.raises(TableError) as caught:
        check(table, frame)
    assert "age: a value above 120 (1 row)" in str(caught.value)
    assert "987654" not in str(caught.value)
    assert "P77777" not in str(caught.value)


def test_blind_steps_get_no_outcome_column(module, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "BLIND", ("made_up",))
    store.write("retention", TABLES["retention"].empty(), tmp_path / "retention.parquet")
    seen = []
    name = module(lambda retention: seen.extend(retention.columns) or {})
    assert run(name, {"retention": str(tmp_path / "retention.parquet")}, {}, tmp_path) == 0
    assert seen == ["person_id", "follows"]


def asks(rows: Sequence[Eligibility], population: Population | None, days: Mapping[str, Sequence[int]], word: str):
    """A step's function: its annotations say what its settings are."""
    return {"attrition": ATTRITION.assign(rule=[rows[0].label, type(population).__name__])}


RULE = {"cohort": "*", "rule": "age", "column": "age", "keep": "at_least", "value": "18", "label": "Under 18"}
SETTINGS = {"rows": [RULE], "population": {"minimum_age": 21}, "days": {"o": [90]}, "word": "w"}


def test_settings_become_what_the_annotations_of_the_step_name(module, tmp_path):
    out = tmp_path / "out.csv"
    assert run(module(asks), {}, {"attrition": str(out)}, tmp_path, **SETTINGS) == 0
    assert store.read("attrition", [out])["rule"].tolist() == ["Under 18", "Population"]
    built = runner.arguments(asks, {**SETTINGS, "population": None})
    assert (built["population"], built["days"], built["word"]) == (None, {"o": [90]}, "w")
    # what is built already stays as it is
    assert runner.arguments(asks, {**SETTINGS, "rows": built["rows"]})["rows"][0] is built["rows"][0]


def test_a_setting_that_is_not_what_the_step_takes_is_a_defect_and_said_by_its_place(module, tmp_path, capsys):
    wrong = {**SETTINGS, "rows": [RULE, {**RULE, "keep": "perhaps"}]}
    assert run(module(asks), {}, {}, tmp_path, **wrong) == 1
    said = capsys.readouterr().err
    assert "The setting 'rows.1.keep' is not what its step takes" in said
    assert "This is a defect" in said


def test_a_step_with_plain_settings_loads_no_models():
    program = (
        "import sys; from iop_outcomes.steps import runner; runner.arguments(lambda n: n, {'n': 1}); "
        "from iop_outcomes.analyses import describe; runner.arguments(describe.run, {'cohort': 'c', 'fewest': 11}); "
        "print('pydantic' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_every_column_has_a_meaning_and_every_raw_table_the_columns_of_its_own():
    for table in TABLES.values():
        assert table.meaning.endswith(".")
        assert all(c.meaning for c in table.columns.values())
    for raw in RAW:
        assert list(raw.columns) == list(TABLES[raw.name.removeprefix("raw_")].columns)


def test_released_tables_hold_no_column_about_single_people():
    for name in ("counts", "estimates", "curves", "diagnostics"):
        assert not any(c.identifies for c in TABLES[name].columns.values())


def test_a_released_table_survives_the_way_out_and_back(tmp_path):
    row = {
        "analysis": "a", "cohort": "c", "contrast": "x", "arm": "iop", "outcome": "o", "variable": "all",
        "horizon_days": 90, "group_by": "all", "group": "all", "level": "event", "detail": "", "position": None,
        "count": None, "status": "suppressed", "rounded_to": None, "count_low": None, "count_high": None,
    }  # fmt: skip
    frame = pd.DataFrame([row]).astype({n: c.dtype for n, c in TABLES["counts"].columns.items()})
    store.write("counts", frame, tmp_path / "counts.csv")
    pd.testing.assert_frame_equal(store.read("counts", [tmp_path / "counts.csv"]), frame)


@pytest.mark.parametrize("threads", ["1", "2"])
def test_files_are_the_same_whether_or_not_they_are_written_beside_the_work(module, tmp_path, monkeypatch, threads):
    monkeypatch.setenv("IOP_OUTCOMES_THREADS", threads)
    outputs = {"attrition": str(tmp_path / "private/a.parquet"), "notes": str(tmp_path / "private/n.txt")}
    assert run(module(lambda: {"attrition": ATTRITION, "notes": "said"}), {}, outputs, tmp_path) == 0
    assert Path(outputs["attrition"]).read_bytes() == written(tmp_path / "alone.parquet")
    assert Path(outputs["notes"]).read_text() == "said"


def written(path: Path) -> bytes:
    store.write("attrition", ATTRITION, path)
    return path.read_bytes()


@pytest.mark.parametrize("threads", ["1", "2"])
def test_what_cannot_be_written_ends_the_step(module, tmp_path, monkeypatch, threads):
    monkeypatch.setenv("IOP_OUTCOMES_THREADS", threads)
    (tmp_path / "a.parquet").mkdir()  # a folder stands where the file is to be
    outputs = {"attrition": str(tmp_path / "a.parquet"), "notes": str(tmp_path / "n.txt")}
    assert run(module(lambda: {"attrition": ATTRITION, "notes": "said"}), {}, outputs, tmp_path) == 1
    assert "unexpected" in (tmp_path / "step.log").read_text()
