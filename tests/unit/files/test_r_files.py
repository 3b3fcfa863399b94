"""Data frames of R as text; the files were made by files/columns.R."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from iop_outcomes.errors import StudyError
from iop_outcomes.files import formats, r_data, r_vectors

FILES = Path(__file__).parents[1] / "data"

AS_TEXT = {
    "id": ["1", "2", "3"],
    "seq_text": ["1001", "1002", "1003"],
    "text": ["1.5", "1e+05", None],
    "whole_text": ["100000", "7", None],
    "sorted": ["a", "b", "c"],
    "date": ["2024-01-05", "1959-12-31", None],
    "whole_date": ["2024-01-05", "1959-12-31", None],
    "utc": ["2024-01-05T10:30:45", "1959-12-31T00:00:00", None],
    "york": ["2024-01-05T22:30:45", "1959-12-31T00:00:00", None],
    "zoneless": ["2024-01-05T10:30:45+00:00", "1970-01-01T00:00:00+00:00", None],
    "parts": ["2024-01-05T22:30:45", "1959-12-31T00:00:00", None],
    "mins": ["01:30:00", "36:15:00", None],
    "hours": ["01:30:00", "36:15:00", None],
    "weeks": ["14", "7", None],
    "hms": ["01:30:00", "36:15:00", None],
    "month": ["2024-01", "1959-12", None],
    "quarter": ["2024Q1", "1959Q4", None],
    "label": ["b", "a", None],
    "flag": ["true", "false", None],
    "number": ["0.5", "-2", None],
}


@pytest.mark.parametrize("name", ["columns.rds", "columns_2.rds", "columns.RData"])
def test_columns_of_r_become_text_by_their_class(name: str) -> None:
    read = formats.read(FILES / name)
    assert read.frame.to_dict("list") == AS_TEXT
    assert read.broken.empty


# R 4.2.2: as.character(x); with options(scipen = 50) the second
@pytest.mark.parametrize(
    ("number", "text", "fixed"),
    [
        (0.0, "0", "0"),
        (1e5, "1e+05", "100000"),
        (123456.0, "123456", "123456"),
        (1e-4, "1e-04", "0.0001"),
        (0.00012345, "0.00012345", "0.00012345"),
        (1e15, "1e+15", "1000000000000000"),
        (0.1 + 0.2, "0.3", "0.3"),
        (1 / 3, "0.333333333333333", "0.333333333333333"),
        (-2.5, "-2.5", "-2.5"),
        (100000.1, "100000.1", "100000.1"),
        (1.2e7, "1.2e+07", "12000000"),
        (1.5e6, "1500000", "1500000"),
        (3e-300, "3e-300", "3e-300"),
        (float("inf"), "Inf", "Inf"),
    ],
)
def test_numbers_become_the_text_that_r_makes_of_them(number: float, text: str, fixed: str) -> None:
    assert r_vectors.shortest(number) == text
    assert r_vectors.shortest(number, 50) == fixed


def test_whole_numbers_of_64_bits() -> None:
    vector = r_vectors.Vector(pa.array([4.94065645841247e-324, 0.0, None]))
    vector.attributes["class"] = r_vectors.Vector(pa.array(["integer64"]), r_vectors.STRINGS)
    assert formats.r_files.written(vector) == ["1", "0", None]


def test_several_data_frames_are_refused() -> None:
    with pytest.raises(StudyError, match=r"two\.RData holds 2 data frames"):
        formats.read(FILES / "two.RData")
    assert list(r_data.vectors(FILES / "two.RData")) == list(AS_TEXT)


def test_what_is_no_table_is_refused_and_not_quoted(tmp_path: Path) -> None:
    whole = gzip.decompress((FILES / "columns.rds").read_bytes())
    for content in (whole[:200], whole[: len(whole) // 2], b"X\n" + b"\0" * 40, b"A\n3\n", b"RDX3\nX\n"):
        (tmp_path / "x.rds").write_bytes(content)
        with pytest.raises(StudyError, match=r"^x\.rds (cannot be read as a file of R|holds no data frame)"):
            formats.read(tmp_path / "x.rds")
    listed = r_vectors.Vector([r_vectors.Vector(pa.array([1]))])
    with pytest.raises(r_vectors.Unknown):
        formats.r_files.written(listed)
