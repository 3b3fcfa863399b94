"""Which edits reach which steps: the hash of the code that a step uses, and of what it uses of the declared tables."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from iop_outcomes.steps import code, declared, parsed
from iop_outcomes.tables import TABLES, reference

FILES = {
    "__init__.py": "",
    "a.py": "from pack.b import x\n",
    "b.py": "def x():\n    from pack import c\n",
    "c.py": "",
    "d.py": "import pack.c\n",
    "e.py": "from pack.pages import x\n",
    "pages/__init__.py": "",
    "pages/page.html": "<p>",
}


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    """A package with modules a to e, in place of this one."""
    root = tmp_path / "pack"
    (root / "pages").mkdir(parents=True)
    for name, text in FILES.items():
        (root / name).write_text(text)
    monkeypatch.setattr(code, "ROOT", root)
    monkeypatch.setattr(code, "PACKAGE", "pack")
    return root


@pytest.fixture
def reached(package) -> Callable[..., set[str]]:
    """The modules that an edit of a file reaches."""

    def digests() -> dict[str, str]:
        for cached in (code.closure, code.digest, code.read, code._near, code._values, code._references):
            cached.cache_clear()
        return {m: code.digest(m) for m in "abcde"}

    def after(path: Path, text: str) -> set[str]:
        before = digests()
        path.write_text(text)
        return {m for m, d in digests().items() if before[m] != d}

    yield after
    digests()


def test_an_edit_reaches_the_steps_that_use_the_module_and_only_those(package, reached):
    assert reached(package / "c.py", "y = 2\n") == {"a", "b", "c", "d"}
    assert reached(package / "b.py", "def x():\n    from pack import c, d\n") == {"a", "b"}


def test_a_template_counts_for_those_that_use_its_package(package, reached):
    assert reached(package / "pages/page.html", "<div>") == {"e"}


def test_a_reference_table_counts_for_the_modules_that_name_it(package, reached, tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    (tmp_path / "table.csv").write_text("a\n1\n")
    reached(package / "c.py", 'from iop_outcomes import reference\ny = "table.csv"\n')
    assert reached(tmp_path / "table.csv", "a\n2\n") == {"a", "b", "c", "d"}


CODE = """
class A:
    value = 1

    def f(self):
        return "text"
"""
TOLD = """
'''What it is about.'''

class A:
    '''A thing.'''

    value = 1  # why

    def f(self):
        '''Its text.'''

        return "text"
"""


def test_comments_layout_and_docstrings_are_no_code(package, reached):
    assert reached(package / "c.py", CODE) == {"a", "b", "c", "d"}
    assert reached(package / "c.py", TOLD) == set()
    assert reached(package / "c.py", TOLD.replace("Its text.", "The text.")) == set()
    assert reached(package / "c.py", TOLD.replace('"text"', '"other text"')) == {"a", "b", "c", "d"}


@pytest.mark.parametrize(
    "line",
    [
        "print(A.__doc__)",
        "from inspect import getdoc",
        "import inspect\ninspect.getsource(A)",
        "A.model_json_schema()",
    ],
)
def test_docstrings_are_code_where_a_module_reads_them(package, reached, line):
    reached(package / "c.py", TOLD)
    assert reached(package / "b.py", f"from pack.c import A\n\n{line}\n") == {"a", "b"}
    # d uses c, and nothing that reads docstrings
    assert reached(package / "c.py", TOLD.replace("Its text.", "The text.")) == {"a", "b"}


def test_a_string_that_is_no_docstring_is_code(package, reached):
    reached(package / "c.py", "x = 1\n'''one'''\n")
    assert reached(package / "c.py", "x = 1\n'''two'''\n") == {"a", "b", "c", "d"}


# ------------------------------------------------------------------------------------------------------ declared tables
def test_a_table_is_told_by_what_it_holds_and_by_its_sentences_only_where_they_are_read():
    table = TABLES["dose"]
    column = table.columns["window_days"]
    said = dataclasses.replace(
        table, meaning="Else.", columns=table.columns | {"window_days": dataclasses.replace(column, meaning="else")}
    )
    wider = dataclasses.replace(table, columns=table.columns | {"window_days": dataclasses.replace(column, low=0)})
    assert said.digest() == table.digest() != wider.digest()
    assert said.digest(meanings=True) != table.digest(meanings=True)


def test_a_rule_depends_on_the_tables_of_its_files_and_raw_ones_on_what_they_become():
    assert list(declared.of(["people", "raw_stays", "notes", "report"])) == ["people", "raw_stays", "stays"]


def test_a_module_that_reads_what_columns_mean_is_known():
    assert code.meanings("cli")
    modules = ("steps.runner", "sources", "clean", "design", "analyses.retention", "release", "figures", "report")
    # the data dictionary is written beside the report
    assert [m for m in modules if code.meanings(m)] == ["report"]


def test_tables_taken_by_name_count():
    assert "persons" in code.tables("cohort.population")
    assert not code.tables("report.words") & {"raw_stays", "quarantine"}


def test_modules_that_declare_tables_are_in_no_closure():
    files = {p.relative_to(code.ROOT).as_posix() for p in code.closure("report")}
    assert "tables/declare.py" in files
    assert not files & {"tables/__init__.py", "tables/canonical.py", "tables/outcomes.py", "tables/results.py"}


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("tables.canonical.LEVELS", ("1", "2.1")),
        ("tables.bands.EDGES", {("under 6",): (0.0,)}),
        ("tables.canonical.CANONICAL", (TABLES["persons"],)),
        ("tables.canonical.DAY", TABLES["dose"].columns["window_days"]),
    ],
)
def test_what_is_taken_from_a_declaring_module_is_known_by_its_value(monkeypatch, name, changed):
    declared.value.cache_clear()
    before = declared.value(name)
    monkeypatch.setattr(f"iop_outcomes.{name}", changed)
    declared.value.cache_clear()
    assert declared.value(name) != before
    declared.value.cache_clear()


def remembering(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[parsed.Notes, list[str]]:
    """Notes in a file as a process finds them, and the texts that it parses."""
    texts: list[str] = []
    whole = parsed.parsed
    monkeypatch.setattr(parsed, "parsed", lambda text, package: (texts.append(text), whole(text, package))[1])
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return parsed.Notes(path), texts


def test_what_was_parsed_once_is_remembered_until_a_byte_changes(tmp_path, monkeypatch):
    text, path = "from pack.b import x\nT = TABLES['people'].meaning\n", tmp_path / "new/notes.json"
    notes, texts = remembering(path, monkeypatch)
    first = notes.module(text.encode(), "pack")
    notes.keep()
    assert (first.imports, first.tables, first.meanings) == ((("b", "x"),), ("people",), True)
    again, texts = remembering(path, monkeypatch)
    assert again.module(text.encode(), "pack") == first
    assert texts == []
    assert again.module(text.encode(), "other").imports == ()
    assert again.module(text.replace("x", "y").encode(), "pack").imports == (("b", "y"),)
    assert len(texts) == 2
    assert [p.name for p in path.parent.iterdir()] == ["notes.json"]


@pytest.mark.parametrize("spoilt", ["", "{", "[1]"])
def test_spoilt_notes_of_code_are_no_notes(tmp_path, monkeypatch, spoilt):
    (tmp_path / "notes.json").write_text(spoilt)
    notes, texts = remembering(tmp_path / "notes.json", monkeypatch)
    assert notes.module(b"import pack.c\n", "pack").imports == (("c",),)
    assert texts == ["import pack.c\n"]


def test_only_what_was_read_last_is_kept_of_too_many_notes(tmp_path, monkeypatch):
    monkeypatch.setattr(parsed, "MOST_NOTES", 2)
    for texts in (("a = 1", "a = 2"), ("a = 3",)):
        notes, _ = remembering(tmp_path / "notes.json", monkeypatch)
        for text in texts:
            notes.module(text.encode(), "pack")
        notes.keep()
    assert len(parsed.Notes(tmp_path / "notes.json").known) == 1


def test_notes_do_not_count_as_code_of_their_package(package, reached):
    (package / "pages/__pycache__").mkdir()
    assert reached(package / "pages/__pycache__/parsed.json", "{}") == set()
