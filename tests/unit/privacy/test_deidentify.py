"""De-identification: what is kept exactly, what is not there any more, and what is refused."""

from __future__ import annotations

import datetime
import secrets
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes import cli
from iop_outcomes.errors import StudyError
from iop_outcomes.files import plain_csv
from iop_outcomes.privacy import deidentify, identifiers
from iop_outcomes.privacy.deidentify import Key, Options, command, dates, keys

SECRET = b"0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdef"
OTHER = SECRET[::-1]

STAYS = """MRN,Patient Name,stay_id,site_id,admit_date,discharge_date,level,hours,notes
1001,Mary Marker,S1,North,01/15/2024,02/20/2024,2.1,9.5,did well
1001,Mary Marker,S2,North,03/01/2024 10:30,03/28/2024,1,3,
1002,Bob Smith,S1,South,2024-02-10,,3.5,40,call 212-555-0187
,Nobody Knows,S4,South,02/13/2024,,3.5,40,
"""
PERSONS = """MRN,dob,age,zip,sex,email,ssn
1001,03/25/1931,92,02118,female,mj@example.org,219-09-9999
1002,12/05/1990,33,03601-1234,male,,457-55-5462
1003,02/29/1992,190,,male,,
"""


@pytest.fixture
def export(tmp_path: Path) -> list[Path]:
    (tmp_path / "stays.csv").write_text(STAYS, encoding="utf-8")
    (tmp_path / "persons.csv").write_text(PERSONS, encoding="utf-8")
    return [tmp_path / "stays.csv", tmp_path / "persons.csv"]


def made(paths: list[Path], out: Path, secret: bytes = SECRET, **options: object) -> dict[str, pd.DataFrame]:
    deidentify.run(paths, out, Key(secret), Options(**{"persons": ["MRN"], **options}))  # type: ignore[arg-type]
    return {p.stem: plain_csv.read_csv(out / p.name) for p in paths}


def test_what_becomes_of_an_export(export: list[Path], tmp_path: Path) -> None:
    tables = made(export, tmp_path / "out")
    stays, persons = tables["stays"], tables["persons"]
    assert list(stays) == ["person_id", "stay_id", "site_id", "admit_date", "discharge_date", "level", "hours"]
    assert list(persons) == ["person_id", "age_at_first_record", "age", "zip3", "sex"]
    # rows keep their order
    assert stays["level"].tolist() == ["2.1", "1", "3.5", "3.5"]
    assert stays["hours"].tolist() == ["9.5", "3", "40", "40"]
    assert persons["age"].tolist() == ["90", "33", "190"]
    assert persons["age_at_first_record"].tolist() == ["90", "33", None]
    # 036 has 20,000 people or fewer
    assert persons["zip3"].tolist() == ["021", "000", None]
    # one person has one pseudonym in every file; a row without a person has none, and no date
    assert stays["person_id"].tolist() == [*persons["person_id"][[0, 0, 1]], None]
    assert stays["admit_date"].isna().tolist() == [False, False, False, True]
    assert stays["stay_id"].nunique() == 3


@pytest.mark.parametrize("written", ["1001.0", " 1001 ", "\uff11\uff10\uff10\uff11", "1,001", "1.001E+03"])
def test_a_person_written_in_two_ways_has_one_pseudonym(export: list[Path], tmp_path: Path, written: str) -> None:
    text = STAYS.replace("1001,", f'"{written}",').replace("1002,", "1002.0,")
    plain = made(export, tmp_path / "plain")
    export[0].write_text(text, encoding="utf-8")
    other = made(export, tmp_path / "other")
    assert other["stays"]["person_id"].tolist() == plain["stays"]["person_id"].tolist()
    assert set(other["stays"]["person_id"].dropna()) <= set(other["persons"]["person_id"])


def test_relative_days_count_from_the_first_date_in_any_file(export: list[Path], tmp_path: Path) -> None:
    (tmp_path / "screens.csv").write_text("MRN,collected_date\n1001,2024-01-10\n1002,10-Mar-2024\n", encoding="utf-8")
    tables = made([*export, tmp_path / "screens.csv"], tmp_path / "out", relative=True)
    assert tables["stays"]["admit_date"].tolist() == ["5", "51", "0", None]
    assert tables["stays"]["discharge_date"].tolist() == ["41", "78", None, None]
    assert tables["screens"]["collected_date"].tolist() == ["0", "29"]


def test_the_result_passes_the_gate(export: list[Path], tmp_path: Path) -> None:
    for table in made(export, tmp_path / "relative", relative=True).values():
        assert identifiers.examine(table, "x", {"limited_dataset": False}) == []
    shifted = made(export, tmp_path / "shifted")
    for table in shifted.values():
        assert identifiers.examine(table, "x", {"limited_dataset": True}) == []
    with pytest.raises(StudyError, match="'admit_date' looks like dates"):
        identifiers.examine(shifted["stays"], "x", {"limited_dataset": False})


def test_the_same_key_gives_the_same_bytes_and_another_key_other_pseudonyms(export: list[Path], tmp_path: Path) -> None:
    made(export, tmp_path / "one")
    made(list(reversed(export)), tmp_path / "two")
    for path in export:
        assert (tmp_path / "one" / path.name).read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    one, other = plain_csv.read_csv(tmp_path / "one" / "stays.csv"), made(export, tmp_path / "other", OTHER)["stays"]
    for column in ("person_id", "stay_id", "site_id"):
        assert not set(one[column].dropna()) & set(other[column].dropna())
    assert one["admit_date"].tolist() != other["admit_date"].tolist()


def test_a_result_can_go_through_again_and_passes(export: list[Path], tmp_path: Path) -> None:
    made(export, tmp_path / "one")
    again = made([tmp_path / "one" / p.name for p in export], tmp_path / "two", persons=["person_id"])
    assert again["persons"]["zip3"].tolist() == ["021", "000", None]
    assert again["persons"]["age"].tolist() == ["90", "33", "190"]
    assert identifiers.examine(again["stays"], "x", {"limited_dataset": True}) == []


days = st.integers(0, 3000).map(lambda n: datetime.date(2015, 1, 1) + datetime.timedelta(days=n))
rows = st.lists(st.tuples(st.integers(1, 4), st.one_of(st.none(), days), days), min_size=1, max_size=12)


@settings(max_examples=8, deadline=None)
@given(rows=rows, other=rows, relative=st.booleans(), secret=st.integers(0, 2**200))
def test_every_interval_within_a_person_is_kept(
    rows: list[tuple[int, datetime.date | None, datetime.date]],
    other: list[tuple[int, datetime.date | None, datetime.date]],
    relative: bool,
    secret: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("intervals")
    paths = [folder / "a.csv", folder / "b.parquet"]
    first, second = (pd.DataFrame(r, columns=["MRN", "start", "end"]) for r in (rows, other))
    first.to_csv(paths[0], index=False)
    second.assign(start=pd.to_datetime(second["start"]), end=pd.to_datetime(second["end"])).to_parquet(paths[1])
    key = Key(SECRET + str(secret).encode())
    deidentify.run(paths, folder / "out", key, Options(["MRN"], dates={"start": None, "end": None}, relative=relative))
    after = [plain_csv.read_csv(folder / "out" / "a.csv"), pd.read_parquet(folder / "out" / "b.parquet")]

    def spans(frames: list[pd.DataFrame], who: str) -> dict[object, list[float]]:
        long = pd.concat([f.melt(who, ["start", "end"]) for f in frames], ignore_index=True)
        if relative and who == "person_id":
            value = pd.to_numeric(long["value"]).astype("float64")
        else:
            value = (pd.to_datetime(long["value"]) - pd.Timestamp(2000, 1, 1)).dt.days
        return {w: (v - v.min()).fillna(-1).tolist() for w, v in value.groupby(long[who], sort=False)}

    assert list(spans([first, second], "MRN").values()) == list(spans(after, "person_id").values())
    if relative:
        everyone = pd.concat([f.melt("person_id", ["start", "end"]) for f in after])
        assert set(pd.to_numeric(everyone["value"]).groupby(everyone["person_id"]).min()) == {0}
    else:
        moved = pd.to_datetime(after[0]["end"]) - pd.to_datetime(first["end"])
        assert moved.dt.days.between(-365, 365).all()
        assert (moved.dt.days != 0).all()


def test_shifts_are_uniform_and_never_nothing() -> None:
    shifts = np.array([Key(SECRET).shift(str(i)) for i in range(20_000)])
    assert (shifts.min(), shifts.max()) == (-365, 365)
    assert not (shifts == 0).any()
    counts = np.bincount(np.digitize(shifts, np.linspace(-365, 366, 11)), minlength=11)[1:]
    # ten classes of 2000: within five standard deviations
    assert np.abs(counts - 2000).max() < 5 * np.sqrt(2000 * 0.9) + 30


def test_pseudonyms_have_one_form_and_a_domain() -> None:
    names = {Key(SECRET).pseudonym("person", str(i)) for i in range(1000)}
    assert len(names) == 1000
    assert all(len(n) == 20 and set(n) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for n in names)
    assert Key(SECRET).pseudonym("stay_id", "1") not in names
    assert identifiers.findings(pd.DataFrame({"person_id": sorted(names)})) == []


def test_the_key_is_nowhere(export: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pickle

    (tmp_path / "key").write_bytes(SECRET + b"\n")
    arguments = ["deidentify", *map(str, export), "--out", str(tmp_path / "out"), "--id", "MRN"]
    assert cli.main([*arguments, "--key-file", str(tmp_path / "key")]) == 0
    assert cli.main([*arguments, "--key-file", str(tmp_path / "key")]) == 1
    said = capsys.readouterr()
    everything = said.out + said.err + "".join(p.read_text() for p in (tmp_path / "out").iterdir()) + repr(Key(SECRET))
    assert SECRET.decode() not in everything
    assert SECRET.decode()[:12] not in everything
    with pytest.raises(StudyError):
        pickle.dumps(Key(SECRET))


def test_the_command_says_what_became_of_each_column_and_quotes_nothing(
    export: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_KEY", SECRET.decode())
    arguments = ["--out", str(tmp_path / "out"), "--key-env", "STUDY_KEY", "--id", "MRN", "--relative"]
    assert cli.main(["deidentify", *map(str, export), *arguments]) == 0
    said = capsys.readouterr().out
    assert "stays.csv: 4 rows" in said
    assert "Patient Name: dropped: person names (4 cells)" in said
    assert "notes: dropped: free text, telephone numbers (2 cells)" in said
    assert "MRN: pseudonyms of persons, as 'person_id' (3 cells)" in said
    assert "zip: three-digit ZIP codes" in said
    marks = ("Marker", "1001", "219-09", "example.org", "02118", "1931", "North", "555")
    assert not [m for m in marks if m in said]
    written = "".join(p.read_text() for p in (tmp_path / "out").iterdir())
    assert not [m for m in marks if m in written]


def test_options_decide_and_what_is_undecided_is_dropped(tmp_path: Path) -> None:
    rows = range(40)
    frame = pd.DataFrame(
        {
            "client": [f"c{i}" for i in rows],
            "encounter": [f"E{i * 7919}X" for i in rows],
            "referral_code": [f"R{i * 31}Q" for i in rows],
            "ticket": [f"T{i * 13}Z" for i in rows],
            "seen": ["03/04/24"] * 40,
            "score": [f"{i / 7:.3f}" for i in rows],
            "phone": ["212-555-0187"] * 40,
        }
    )
    frame.to_csv(tmp_path / "a.csv", index=False)
    options = Options(
        ["client"], identifiers=["encounter"], dates={"seen": "%m/%d/%y"}, keep=["ticket", "phone"], relative=True
    )
    summary = deidentify.run([tmp_path / "a.csv"], tmp_path / "out", Key(SECRET), options)[0]
    became = {c.column: c.became for c in summary.columns}
    result = plain_csv.read_csv(tmp_path / "out" / "a.csv")
    assert list(result) == ["client", "encounter", "ticket", "seen", "score", "phone"]
    assert became["referral_code"] == "dropped: undecided: nearly every row has a value of its own"
    assert became["phone"].startswith("kept as asked, although it looks like telephone numbers")
    assert result["ticket"].tolist() == frame["ticket"].tolist()
    assert result["score"].tolist() == frame["score"].tolist()
    assert result["encounter"].str.len().eq(20).all()
    assert result["seen"].tolist() == ["0"] * 40


def test_parquet_keeps_types_and_tells_nothing_of_its_maker(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {
            "pid": [7, 7, None],
            "when": [datetime.datetime(2024, 1, 5, 9), datetime.datetime(2024, 3, 1, 23, 59), None],
            "age": pa.array([95, 40, None], pa.int8()),
            "n": pa.array([1, None, 3], pa.int16()),
            "zip": [2118, 3601, None],
            "blob": [b"x", b"y", None],
        }
    ).replace_schema_metadata({"made by": "Mary Marker"})
    pq.write_table(table, tmp_path / "a.parquet")
    deidentify.run([tmp_path / "a.parquet"], tmp_path / "out", Key(SECRET), Options(["pid"], relative=True))
    result = pq.read_table(tmp_path / "out" / "a.parquet")
    assert result.column_names == ["pid", "when", "age", "n", "zip3"]
    assert result["when"].to_pylist() == [0, 56, None]
    assert result["age"].to_pylist() == [90, 40, None]
    assert result["n"].to_pylist() == [1, None, 3]
    assert result["zip3"].to_pylist() == ["021", "000", None]
    assert b"Marker" not in (tmp_path / "out" / "a.parquet").read_bytes()
    # the same person in a CSV file
    assert result["pid"][0].as_py() == Key(SECRET).pseudonym("person", "7")


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (["2024-01-15", "2024-01-15 23:59", "2024-01-15T00:00:00Z", "20240115", "15JAN2024:10:00"], [19737] * 5),
        (["01/15/2024", "03/04/2024"], [19737, 19786]),
        (["15/01/2024", "03/04/2024"], [19737, 19816]),
        (["15.01.2024", "Jan 15, 2024", "15-Jan-2024", "soon", None], [19737] * 3 + [None] * 2),
        (["02/02/2024"], [19755]),
    ],
)
def test_dates_are_read_as_written(cells: list[str | None], read: list[int | None]) -> None:
    found = dates.days(pd.Series(cells, dtype=object), "x")
    assert [None if pd.isna(v) else int(v) for v in found] == read


def test_formats_that_are_said() -> None:
    assert dates.days(pd.Series(["03/04/2024"]), "x", "%d/%m/%Y").tolist() == [19816]
    # serial 45306 is 15 January 2024
    assert dates.days(pd.Series(["45306", "45306.75"]), "x", "excel").tolist() == [19737, 19737]
    assert command.formats(["a", "b=%d/%m/%Y", "c=excel"]) == {"a": None, "b": "%d/%m/%Y", "c": "excel"}
    with pytest.raises(StudyError, match="--date expects"):
        command.formats(["a=day first"])


@pytest.mark.parametrize("cells", [["03/04/2024"], ["15/01/2024", "01/15/2024"]])
def test_dates_that_read_both_ways_are_refused(cells: list[str]) -> None:
    with pytest.raises(StudyError, match=r"a\.csv, 'start': days and months cannot be told apart") as caught:
        dates.days(pd.Series(cells), "a.csv, 'start'")
    assert "2024" not in str(caught.value)


def test_ages_in_completed_years() -> None:
    def day(*of: int) -> int:
        return (datetime.date(*of) - datetime.date(1970, 1, 1)).days

    born = pd.Series([day(1992, 2, 29), day(1992, 2, 29), day(1950, 12, 31), np.nan])
    on = pd.Series([day(2024, 2, 28), day(2024, 2, 29), day(2024, 12, 30), day(2024, 1, 1)])
    assert dates.years_between(born, on).tolist()[:3] == [31, 32, 73]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"persons": ["client"]}, r"stays\.csv has none of the columns of person identifiers: client"),
        ({"persons": ["MRN", "stay_id"]}, r"stays\.csv has 2 of the columns"),
        ({"drop": ["notse"]}, "No file has a column called notse"),
        ({"drop": ["notes"], "keep": ["notes"]}, "more than one role to notes"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    export: list[Path], tmp_path: Path, change: dict[str, list[str]], said: str
) -> None:
    with pytest.raises(StudyError, match=said):
        made(export, tmp_path / "out", **change)
    assert not (tmp_path / "out").exists()


def test_files_and_folders_that_do_not_fit_are_refused(export: list[Path], tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="not an empty folder"):
        made(export, tmp_path)
    (tmp_path / "empty").mkdir()
    made(export, tmp_path / "empty")
    for paths, said in (
        ([tmp_path / "a.docx"], "expected a CSV or a Parquet file, or another format"),
        ([tmp_path / "a.xlsx"], "does not exist"),
        ([tmp_path / "a.csv"], "does not exist"),
        ([export[0], export[0]], r"Several tables would be written as stays\.csv"),
    ):
        with pytest.raises(StudyError, match=said):
            made(paths, tmp_path / "out")
    (tmp_path / "bad.parquet").write_bytes(b"no")
    with pytest.raises(StudyError, match="is not a whole Parquet file"):
        made([tmp_path / "bad.parquet"], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize(
    ("secret", "said"),
    [(b"short", "has 5 bytes"), (b"a" * 40, "can be guessed"), (b" " * 40 + b"x" * 31, "has 31 bytes")],
)
def test_a_weak_key_is_refused_and_not_shown(tmp_path: Path, secret: bytes, said: str) -> None:
    (tmp_path / "key").write_bytes(secret)
    with pytest.raises(StudyError, match=said) as caught:
        keys.read(str(tmp_path / "key"), None)
    assert secret.decode().strip()[:5] not in str(caught.value)


def test_where_the_key_is_must_be_said_once(tmp_path: Path) -> None:
    for file, variable, said in (
        (None, None, "one of the two"),
        ("a", "B", "one of the two"),
        (None, "NO_SUCH_KEY", "NO_SUCH_KEY is not set"),
        (str(tmp_path / "none"), None, "cannot be read"),
    ):
        with pytest.raises(StudyError, match=said):
            keys.read(file, variable, {})
    text = secrets.token_hex(32)
    (tmp_path / "key").write_text(text + "\n")
    from_file, from_variable = keys.read(str(tmp_path / "key"), None), keys.read(None, "KEY", {"KEY": text})
    assert from_file.pseudonym("person", "1") == from_variable.pseudonym("person", "1")


def test_an_error_that_nobody_foresaw_loses_its_text(
    export: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("Mary Marker")

    monkeypatch.setattr("iop_outcomes.privacy.deidentify.files.write", broken)
    (tmp_path / "key").write_bytes(SECRET)
    arguments = ["--out", str(tmp_path / "out"), "--key-file", str(tmp_path / "key"), "--id", "MRN"]
    assert cli.main(["deidentify", str(export[0]), *arguments]) == 1
    said = capsys.readouterr().err
    assert "Unexpected ValueError" in said
    assert "Marker" not in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", [None, "%d/%m/%Y"])
def test_dates_that_a_spreadsheet_has_half_turned_are_refused(form: str | None) -> None:
    days = [pd.Timestamp("2024-01-01") + pd.Timedelta(days=5 * i) for i in range(30)]
    short = [f"{d.month}/{d.day}/{d.year}" if d.day <= 12 else d.strftime("%d/%m/%Y") for d in days]
    with pytest.raises(StudyError, match="two readings"):
        dates.days(pd.Series(short), "stays.csv, 'admit'", form)
    if form is None:
        iso = [d.strftime("%Y-%d-%m") if d.day <= 12 else d.strftime("%d/%m/%Y") for d in days]
        with pytest.raises(StudyError, match="two readings"):
            dates.days(pd.Series(iso), "stays.csv, 'admit'", form)
    clean = pd.Series([d.strftime("%d/%m/%Y") for d in days])
    assert dates.days(clean, "stays.csv, 'admit'", form).notna().all()
