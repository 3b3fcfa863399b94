"""CSV that people open in a spreadsheet: no cell is a formula, and our own readers get back what was written."""

from __future__ import annotations

import csv
import io
import itertools
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from results_rows import made

from iop_outcomes.files import csv_text, formats, plain_csv
from iop_outcomes.privacy.deidentify import Key, Options
from iop_outcomes.privacy.deidentify import run as deidentify
from iop_outcomes.steps import store

SIGNS = ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\u2212"]
BEFORE = ["", " ", '"', "  ", "\u00a0", "\ufeff", '" ', "\u201c"]
FORMULAS = [
    f"{before}{sign}{rest}" for before, sign, rest in itertools.product(BEFORE, SIGNS, ("cmd|' /C calc'!A0", "A1"))
]
FORMULAS += [
    "\tx",
    "\rx",
    "\nx",
    "=1+1",
    '=HYPERLINK("http://example.org","x")',
    "-2+3",
    "+1 day",
    "@SUM(1)",
    "--x",
    "-",
]
NUMBERS = ["-5", "+3.25", "-1e-3", "-.5", " -7 ", "0", "12", "-1234.5", "+0"]
PLAIN = ["completed", "2.1", "a=b", "x - y", "", "'quoted'", "it's", "North-West", "a@example.org", "5-10"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_like_a_formula_is_text(text: str) -> None:
    cell = csv_text.shielded(text)
    assert cell == f"'{text}"
    assert csv_text.restored(cell) == text


@pytest.mark.parametrize("text", [*NUMBERS, *PLAIN])
def test_numbers_and_other_text_stay(text: str) -> None:
    assert csv_text.shielded(text) == text
    assert csv_text.restored(text) == text


@given(text=st.one_of(st.text(), st.text(alphabet="'\"=+-@ \t\n5.eA\uff1d\ufeff")))
@example("'=x")
@example("''=x")
@example("'-5")
@example("'")
@example("' -5")
def test_the_way_back_is_exact(text: str) -> None:
    cell = csv_text.shielded(text)
    assert csv_text.restored(cell) == text
    assert csv_text.shielded(cell) != text or cell == text
    if cell != text:
        assert csv_text.may_hold(cell.encode("utf-8", "surrogatepass"))


def test_a_frame_goes_out_and_comes_back() -> None:
    frame = pd.DataFrame(
        {"=name": ["=1+1", None, "'=x", "-5"], "n": [-1.5, 2.0, None, 0.25], "@c": ["a", "-b", "+", "+1"]}
    )
    text = csv_text.write(frame)
    assert text == (
        "'=name,n,'@c\n'=1+1,-1.5,a\n,2.0,'-b\n''=x,,'+\n-5,0.25,+1\n"
    )  # fmt: skip
    back = csv_text.read(pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False))
    assert list(back) == list(frame)
    assert back["=name"].tolist() == ["=1+1", "", "'=x", "-5"]
    assert back["@c"].tolist() == frame["@c"].tolist()


def released(label: str) -> pd.DataFrame:
    row = {
        "analysis": "a", "cohort": "c", "contrast": "x", "arm": "iop", "outcome": "o", "horizon_days": 90,
        "level": label, "count": 3, "status": "ok",
    }  # fmt: skip
    return made("counts", [row])


@pytest.mark.parametrize("label", [*FORMULAS[::7], "=cmd", *NUMBERS, *PLAIN[:4]])
def test_a_released_table_shows_text_and_reads_back_identically(label: str, tmp_path: Path) -> None:
    frame = released(label)
    store.write("counts", frame, tmp_path / "counts.csv")
    with open(tmp_path / "counts.csv", encoding="utf-8", newline="") as lines:
        cell = next(csv.DictReader(lines))
    assert cell["level"] == csv_text.shielded(label)
    assert cell["count"].startswith("3")
    pd.testing.assert_frame_equal(store.read("counts", [tmp_path / "counts.csv"]), frame)


def test_data_behind_a_figure_are_shielded() -> None:
    from types import SimpleNamespace
    from unittest import mock

    from iop_outcomes.figures import style

    figure = SimpleNamespace(plot=None, data=released("=1+1"), alt="")
    with (
        mock.patch.object(style, "_rendered", return_value=(b"<svg></svg>", b"")),
        mock.patch.object(style, "_described"),
    ):
        made = style.files(figure, "f", "t")["csv"].decode()  # type: ignore[arg-type]
    assert ",'=1+1," in made


def test_what_deidentify_writes_is_read_back_by_every_reader(tmp_path: Path) -> None:
    kept = ["=north", "-south", "'=west", "+east", "-5", "@home", "plain"]
    pd.DataFrame({"client": [f"c{i}" for i in range(7)], "=site": kept}).to_csv(tmp_path / "a.csv", index=False)
    deidentify([tmp_path / "a.csv"], tmp_path / "out", Key(bytes(range(40))), Options(["client"], keep=["=site"]))
    text = (tmp_path / "out/a.csv").read_text(encoding="utf-8")
    assert [line.split(",")[1] for line in text.splitlines()] == [
        "'=site", "'=north", "'-south", "'=west", "'+east", "-5", "'@home", "plain",
    ]  # fmt: skip
    for read in (plain_csv.read_csv(tmp_path / "out/a.csv"), formats.read(tmp_path / "out/a.csv", {}).frame):
        # the export itself held an apostrophe before a sign, which stood for text already
        assert read["=site"].tolist() == ["=north", "-south", "=west", "+east", "-5", "@home", "plain"]
