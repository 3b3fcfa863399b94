from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.errors import StudyError
from iop_outcomes.files import delimited, formats, sweep
from iop_outcomes.files.text_cells import BLANKS

Frame = dict[str, list[str | None]]


def written(folder: Path, content: bytes | str, name: str = "export.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(
    folder: Path, content: bytes | str, name: str = "export.csv", **options: object
) -> tuple[Frame, dict[int, str]]:
    cells = formats.read(written(folder, content, name), options)
    assert cells.where == name
    assert set(cells.frame.dtypes.astype(str)) == {"object"}
    return cells.frame.to_dict("list"), cells.broken.to_dict()


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["export.csv", "export.tsv", "EXPORT.TXT", "export.dat"])
def test_the_delimiter_is_told_from_the_first_lines(tmp_path: Path, sign: str, name: str) -> None:
    lines = ["id", "site", "note"], ["a1", "North", '"9.5"'], ["a2", "", f'"x{sign}y"']
    frame, broken = read(tmp_path, "\n".join(sign.join(row) for row in lines) + "\n", name)
    assert frame == {"id": ["a1", "a2"], "site": ["North", None], "note": ["9.5", f"x{sign}y"]}
    assert broken == {}


@pytest.mark.parametrize(
    ("content", "options", "frame"),
    [
        ("id;hours\na;2,5\nb;9,0\n", {}, {"id": ["a", "b"], "hours": ["2,5", "9,0"]}),
        ("sep=~\nid~hours\na~2\n", {}, {"id": ["a"], "hours": ["2"]}),
        ("id^hours\na^2\n", {"delimiter": "^"}, {"id": ["a"], "hours": ["2"]}),
        ("id§hours\na§2\n", {"delimiter": "§"}, {"id": ["a"], "hours": ["2"]}),
        ("id,hours;\na,2;\n", {"delimiter": "tab"}, {"id,hours;": ["a,2;"]}),
        ("id\na\n\nb\n", {}, {"id": ["a", "b"]}),
        ("id,hours\n", {}, {"id": [], "hours": []}),
        ("id,hours", {}, {"id": [], "hours": []}),
        ("\n\nid,hours\r\na,2\r\n\r\n  \r\n", {}, {"id": ["a"], "hours": ["2"]}),
        ("id,hours\ra,2\r", {}, {"id": ["a"], "hours": ["2"]}),
        ("id,hours,\na,2,\nb,3,\n", {}, {"id": ["a", "b"], "hours": ["2", "3"]}),
        ("id,hours\na,2,\nb,3,,\n", {}, {"id": ["a", "b"], "hours": ["2", "3"]}),
        (' "id","start\nof care"\na, "x, y"\n', {}, {"id": ["a"], "start of care": ["x, y"]}),
        ('id,note\na,"line\n""two"""\nb, \xa0\n', {}, {"id": ["a", "b"], "note": ['line\n"two"', None]}),
        ('id,height\na,5"\nb,5" 6\n', {}, {"id": ["a", "b"], "height": ['5"', '5" 6']}),
        ("id,note\na,NA\nb,NULL\n", {}, {"id": ["a", "b"], "note": ["NA", "NULL"]}),
        ("id,hours\na,2\n\x1a", {}, {"id": ["a"], "hours": ["2"]}),
    ],
)
def test_what_cells_become(tmp_path: Path, content: str, options: dict[str, object], frame: Frame) -> None:
    assert read(tmp_path, content, **options) == (frame, {})


def test_cells_may_be_long(tmp_path: Path) -> None:
    long = "x" * 200_000
    assert read(tmp_path, f'id,note\na,{long}\nb,"{long}\n"\n')[0]["note"] == [long, long]


@pytest.mark.parametrize(
    ("encoding", "options"),
    [
        ("utf-8", {}),
        ("utf-8-sig", {}),
        ("utf-16", {}),
        ("cp1252", {"encoding": "cp1252"}),
        ("latin-1", {"encoding": "latin-1"}),
        ("utf-16-le", {"encoding": "utf-16-le"}),
        ("utf-8-sig", {"encoding": "cp1252"}),  # the mark is stronger than the study
    ],
)
def test_encodings(tmp_path: Path, encoding: str, options: dict[str, object]) -> None:
    content = "id,\xe9tat\na,Qu\xe9bec\nb,\xc5rhus\n".encode(encoding)
    expected = ({"id": ["a", "b"], "\xe9tat": ["Qu\xe9bec", "\xc5rhus"]}, {})
    assert read(tmp_path, content, **options) == expected
    assert read(tmp_path, gzip.compress(content), "export.csv.gz", **options) == expected


def test_a_row_in_another_encoding_is_kept_and_reported(tmp_path: Path) -> None:
    good = "id,town\na,Qu\xe9bec\nb,x\n".encode()
    frame, broken = read(tmp_path, good + "c,Qu\xe9bec\n".encode("cp1252") + b"d,y\n")
    assert frame == {"id": ["a", "b", "c", "d"], "town": ["Qu\xe9bec", "x", "Qu\ufffdbec", "y"]}
    assert broken == {2: "not UTF-8"}
    # a byte that cp1252 does not have
    frame, broken = read(tmp_path, b"id,town\na,x\nb,\x81\n", encoding="cp1252")
    assert broken == {1: "not cp1252"}


def test_lines_with_more_or_fewer_cells_are_kept_and_reported(tmp_path: Path) -> None:
    frame, broken = read(tmp_path, "id,a,b\n1,2,3\n4,5,6,7\n8,9\n\nx,,\nid,a,b\n,,\n4,5,6\n,,\n,,\n")
    assert frame == {
        "id": ["1", "4", "8", "x", "id", None, "4"],
        "a": ["2", "5", "9", None, "a", None, "5"],
        "b": ["3", "6", None, None, "b", None, "6"],
    }
    assert broken == {
        1: "more cells than the header",
        2: "fewer cells than the header",
        4: "header repeated",
        5: "empty row",
    }


MANY = "".join(f"secret{i},caf\xe9\n" for i in range(12)) + "".join(f"{i},x\n" for i in range(90))


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (b"", {}, "is empty"),
        (b"\xef\xbb\xbf \n\n", {}, "is empty"),
        (b"id,a\nsecret,\0\n", {}, "not a text file"),
        (b"\xff\xfeid,a\nsecret", {}, "is not utf-16-le"),
        ("id,a\nsecret,\xe9\n".encode("cp1252"), {}, "most of its rows are not UTF-8.*encoding: cp1252"),
        (f"id,a\n{MANY}".encode("cp1252"), {}, "12 of its rows are not UTF-8.*encoding: cp1252"),
        ("id,\xe9\nsecret,1\n".encode("cp1252"), {}, "its header is not UTF-8"),
        (b"id,a\nx,1\nx,2\n", {"encoding": "klingon"}, "'klingon' is not known"),
        (b"id,a\nx,1\nx,2\n", {"encoding": "base64"}, "'base64' is not known"),
        (b"id,a\nx,1\nx,2\n", {"delimiter": "ab"}, "must be one sign"),
        (b"id,a\nx,1\nx,2\n", {"sheet": 1}, "only delimiter, encoding. Remove sheet"),
        (b'id,a\nx,1\n"secret,2\ny,3\n', {}, "line 3.* quotation mark"),
        (b'id,a\nx,1\ny,"a\nsecret"2\n', {}, "line 3: .* a quotation mark"),
        (b'id,"a\nsecret,1\n', {}, "line 1.* quotation mark"),
        (b"id,a,id\nsecret,1,2\n", {}, "occur more than once, in columns 1, 3"),
        (b"secret,a,secret\nx,1,2\n", {}, "more than once"),
        (b"id,,a\nsecret,1,2\n", {}, "no name to column 2"),
        (b"secret,2024-01-05,x\nsecret2,2024-01-06,y\n", {}, "looks like data"),
        (b"secret,me@secret.org,x\nb,c,y\n", {}, "looks like data"),
        (b"secret,41,7\nb,42,8\n", {}, "looks like data"),
        (b"secret,female,iop\nb,female,iop\n", {}, "looks like data"),
        (b"secret report\nid;a;b\n1;2;3\n", {}, "cannot be told"),
        (b"id;a,secret\nx;1,5\ny;2,5\n", {}, "cannot be told: comma and semicolon would fit"),
        (b"id,a\nsecret;2\nsecret;3\nsecret;4\n", {}, "cannot be told"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_what_cannot_be_read_is_refused_and_not_quoted(
    tmp_path: Path, content: bytes, options: dict[str, object], said: str, packed: bool
) -> None:
    name = "export.csv.gz" if packed else "export.csv"
    with pytest.raises(StudyError, match=said) as caught:
        read(tmp_path, gzip.compress(content) if packed else content, name, **options)
    assert str(caught.value).startswith(name)
    assert "secret" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_files_that_are_not_there_or_not_whole(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"gone\.csv does not exist"):
        formats.read(tmp_path / "gone.csv")
    with pytest.raises(StudyError, match="not a whole gzip archive"):
        read(tmp_path, gzip.compress(b"id,a\nx,1\n")[:-9], "export.csv.gz")
    with pytest.raises(StudyError, match=r"export\.pdf: its name does not tell a format.*\.csv"):
        read(tmp_path, b"", "export.pdf")


def both(body: bytes, delimiter: str, width: int) -> tuple[pd.DataFrame | None, pd.DataFrame, dict[int, str]]:
    careful, broken = delimited._Text("x", body, delimiter, "UTF-8", width, 1).read()
    return sweep.read(memoryview(body), delimiter, width), careful, broken


@settings(max_examples=200, deadline=None)
@given(st.text('ab1 ",;\n\r\t\xe9\u2003', max_size=60), st.sampled_from(",;\t"))
def test_the_sweep_and_the_careful_reader_agree(text: str, delimiter: str) -> None:
    swept = sweep.read(memoryview(text.encode()), delimiter, 2)
    if swept is not None:
        _, careful, broken = both(text.encode(), delimiter, 2)
        pd.testing.assert_frame_equal(swept, careful)
        assert broken == {}


CELL = st.text('ab1 ",;\n\r\xe9\u2003', max_size=6)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_what_a_program_writes_is_swept(rows: list[list[str]], quoting: int) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=quoting, lineterminator="\r\n").writerows(rows)
    swept, careful, broken = both(text.getvalue().encode(), ",", 3)
    assert swept is not None
    assert swept.to_numpy().tolist() == [[cell.strip(BLANKS) or None for cell in row] for row in rows]
    pd.testing.assert_frame_equal(swept, careful)
    assert broken == {}


def test_quotation_marks_across_the_pieces_that_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "CHUNK", 3)
    assert sweep.quoting(memoryview(b'"a""b",c\n,"d"\n'), ord(",")) is True
    assert sweep.quoting(memoryview(b"a,b\n"), ord(",")) is False
    for wrong in (b'a,"b\n', b'a,b"c"\n', b'"a"b,c\n', b'a, "b"\n'):
        assert sweep.quoting(memoryview(wrong), ord(",")) is None
