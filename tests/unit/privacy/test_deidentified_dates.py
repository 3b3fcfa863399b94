"""De-identified dates and words of the calendar: what is carried with each person, and mappings that do not fit."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from iop_outcomes import cli
from iop_outcomes.errors import StudyError
from iop_outcomes.files import formats
from iop_outcomes.privacy import deidentify, identifiers
from iop_outcomes.privacy.deidentify import Key, Options
from iop_outcomes.privacy.shifted import NOTE
from iop_outcomes.protocol import Study
from iop_outcomes.sources import mapping
from iop_outcomes.sources.draft import draft

SECRET = b"0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdef"
EXTRACT = datetime.date(2024, 6, 30)
PEOPLE = 12
LEVELS = ("2.1", "3.5")


def date(days: int) -> str:
    return (datetime.date(2023, 1, 1) + datetime.timedelta(days=days)).isoformat()


def export(folder: Path, mark: str = ",") -> list[Path]:
    """Stays, people and interviews due after 180 days, some of them after the extract."""
    folder.mkdir()
    begin = {i: 37 * i for i in range(PEOPLE)}
    stays = [f"M{i}{mark}{date(d)}{mark}{date(d + 30 + i)}{mark}{LEVELS[i % 2]}" for i, d in begin.items()]
    persons = [f"M{i}{mark}{20 + i}{mark}{date(d - 3)}" for i, d in begin.items()]
    held = {i: (date(d + 182), "0") if i % 3 and d < 360 else ("", "") for i, d in begin.items()}
    due = [mark.join((f"M{i}", date(d + 180), *held[i])) for i, d in begin.items()]
    written = {
        "stays": (f"MRN{mark}admit_date{mark}discharge_date{mark}level", stays),
        "persons": (f"MRN{mark}age{mark}referred", persons),
        "interviews": (f"MRN{mark}target_date{mark}interview_date{mark}days_used", due),
    }
    for name, (header, lines) in written.items():
        (folder / f"{name}.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return [folder / f"{name}.csv" for name in written]


def settings(folder: Path, person: str = "person_id", observed: str | None = None, **source: Any) -> dict[str, Any]:
    persons: dict[str, Any] = {"person_id": person, "age": "age", "sex": {"value": "unknown"}}
    persons |= {"observed_to_day": observed} if observed else {}
    stay = {
        "person_id": person, "site_id": {"value": "S1"}, "level_of_care": "level", "start_day": "admit_date",
        "end_day": "discharge_date", "discharge_reason": {"value": "completed"},
        "program_type": {"value": "substance_use"},
    }  # fmt: skip
    interview = {
        "person_id": person, "target_day": "target_date", "day": "interview_date", "lookback_days": {"value": "30"},
        "days_used": "days_used",
    }  # fmt: skip
    tables = {"stays": stay, "persons": persons, "followups": interview}
    names = {"stays": "stays.csv", "persons": "persons.csv", "followups": "interviews.csv"}
    return {
        "kind": "mapping", "path": str(folder), "dates": "calendar",
        "tables": {n: {"files": names[n], "columns": c, "ignore_others": True} for n, c in tables.items()},
        "privacy": {"limited_dataset": True},
        **source,
    }  # fmt: skip


def moved(paths: list[Path], out: Path, **options: Any) -> Path:
    deidentify.run(paths, out, Key(SECRET), Options(["MRN"], **{"extract": EXTRACT, **options}))
    return out


def tables(found: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Canonical tables without what names people, in the order of the files."""
    return {
        n: found[n].drop(columns=["person_id", "stay_id"], errors="ignore") for n in ("stays", "persons", "followups")
    }


@pytest.fixture
def fixed(tmp_path: Path) -> dict[str, pd.DataFrame]:
    paths = export(tmp_path / "raw")
    named = [Path(p) for p in paths]
    # the same people under the same key, with their dates as they were
    for path in named:
        path.write_text(path.read_text().replace("MRN", "person_id"))
    found = mapping.read(settings(tmp_path / "raw", extract_date=EXTRACT.isoformat()))
    for path in named:
        path.write_text(path.read_text().replace("person_id", "MRN"))
    return found


def test_shifted_dates_and_the_end_that_is_carried_give_what_fixed_dates_gave(
    tmp_path: Path, fixed: dict[str, pd.DataFrame]
) -> None:
    out = moved([tmp_path / "raw" / p for p in ("stays.csv", "persons.csv", "interviews.csv")], tmp_path / "out")
    found = mapping.read(settings(out, observed="observed_to_shifted"))
    before, after = tables(fixed), tables(found)
    assert (before["followups"]["target_day"] > 0).all()
    assert (before["persons"]["observed_to_day"] < 180).any()
    for name, table in before.items():
        pd.testing.assert_frame_equal(table.drop(columns="entry_period", errors="ignore"),
                                      after[name].drop(columns="entry_period", errors="ignore"))  # fmt: skip
    # a quarter of a shifted day is no quarter of the calendar
    assert "entry_period" not in after["persons"]
    assert before["persons"]["entry_period"].notna().all()
    assert mapping.notes(settings(out, observed="observed_to_shifted")) == [mapping.moved.NO_PERIOD]


def test_relative_days_and_the_end_that_is_carried_keep_every_length(
    tmp_path: Path, fixed: dict[str, pd.DataFrame]
) -> None:
    out = moved([tmp_path / "raw" / p for p in ("stays.csv", "persons.csv", "interviews.csv")], tmp_path / "out",
                relative=True)  # fmt: skip
    found = mapping.read(settings(out, observed="observed_to_relative", dates="relative"))
    before, after = tables(fixed), tables(found)
    # the first date of each person is that of referral, three days before the first stay
    assert (after["stays"]["start_day"] == 3).all()
    for name, column in (("persons", "observed_to_day"), ("followups", "target_day"), ("stays", "end_day")):
        assert (after[name][column] - 3).tolist() == before[name][column].tolist()


def test_the_true_period_of_entry_is_carried_where_that_is_asked_for(
    tmp_path: Path, fixed: dict[str, pd.DataFrame]
) -> None:
    paths = [tmp_path / "raw" / p for p in ("stays.csv", "persons.csv", "interviews.csv")]
    for which, form in (("year", r"\d{4}"), ("quarter", r"\d{4}Q[1-4]")):
        out = moved(paths, tmp_path / which, entry_period=which)
        asked = settings(out, observed="observed_to_shifted")
        asked["tables"]["persons"]["columns"]["entry_period"] = "entry_period"
        periods = mapping.read(asked)["persons"]["entry_period"]
        assert periods.str.fullmatch(form).all()
        assert mapping.notes(asked) == []
        # of the day of referral
        true = pd.to_datetime(pd.read_csv(tmp_path / "raw" / "persons.csv")["referred"])
        assert periods.tolist() == true.dt.to_period(which[0].upper()).astype(str).tolist()


@pytest.mark.parametrize("note", [True, False])
@pytest.mark.parametrize(
    ("words", "named"),
    [
        ({"extract_date": "2024-06-30"}, "`extract_date`"),
        ({"enrolment": {"from": "2023-01-01"}}, "`enrolment`"),
        ({"enrolment": {"to": "2024-01-01"}, "extract_date": "2024-06-30"}, "`extract_date` and `enrolment`"),
    ],
)
def test_words_of_the_calendar_beside_shifted_dates_are_refused(
    tmp_path: Path, words: dict[str, Any], named: str, note: bool
) -> None:
    out = moved(export(tmp_path / "raw"), tmp_path / "out")
    if not note:  # the files were moved without the note beside them
        (out / NOTE).unlink()
    with pytest.raises(StudyError, match=named) as refused:
        mapping.read(settings(out, observed="observed_to_shifted", **words))
    said = str(refused.value)
    assert "persons.observed_to_day: observed_to_shifted" in said
    assert "\n" not in said
    assert date(0) not in said


def test_relative_days_that_are_read_as_dates_are_refused(tmp_path: Path) -> None:
    out = moved(export(tmp_path / "raw"), tmp_path / "out", relative=True)
    for extra in ({}, {"extract_date": "2024-06-30"}):
        with pytest.raises(StudyError, match="Say `dates: relative`"):
            mapping.read(settings(out, observed="observed_to_relative", **extra))


def test_shifted_and_fixed_dates_in_one_mapping_are_refused(tmp_path: Path) -> None:
    paths = export(tmp_path / "raw")
    out = moved(paths[:2], tmp_path / "out")
    (out / "interviews.csv").write_text(paths[2].read_text().replace("MRN", "person_id"))
    with pytest.raises(StudyError, match=r"those of interviews\.csv \(interview_date, target_date\) were not"):
        mapping.read(settings(out, observed="observed_to_shifted"))
    # a column that was kept as it was
    kept = moved(paths, tmp_path / "kept", keep=["interview_date"])
    with pytest.raises(StudyError, match=r"those of interviews\.csv \(interview_date\) were not"):
        mapping.read(settings(kept, observed="observed_to_shifted"))


def test_files_of_two_keys_are_refused(tmp_path: Path) -> None:
    paths = export(tmp_path / "raw")
    one, other = moved(paths[:2], tmp_path / "one"), tmp_path / "other"
    deidentify.run(paths[2:], other, Key(SECRET[::-1]), Options(["MRN"], extract=EXTRACT))
    asked = settings(tmp_path, observed="observed_to_shifted")
    for name, folder in (("stays", one), ("persons", one), ("followups", other)):
        asked["tables"][name]["files"] = f"{folder.name}/{asked['tables'][name]['files']}"
    with pytest.raises(StudyError, match="under different keys"):
        mapping.read(asked)


def test_the_note_says_what_became_of_dates_and_nothing_of_people(tmp_path: Path) -> None:
    out = moved(export(tmp_path / "raw"), tmp_path / "out")
    text = (out / NOTE).read_text()
    assert json.loads(text)["files"] == {
        "interviews.csv": ["interview_date", "observed_to_shifted", "target_date"],
        "persons.csv": ["observed_to_shifted", "referred"],
        "stays.csv": ["admit_date", "discharge_date", "observed_to_shifted"],
    }  # fmt: skip
    assert "M1" not in text
    assert SECRET.decode() not in text
    again = moved(export(tmp_path / "again"), tmp_path / "twice")
    assert (again / NOTE).read_text() == text
    # without the day there is nothing to carry, and the command says so
    bare = moved(export(tmp_path / "third"), tmp_path / "bare", extract=None)
    assert json.loads((bare / NOTE).read_text())["observed_to"] is None
    assert "observed_to_shifted" not in (bare / "persons.csv").read_text()


def test_what_is_carried_passes_the_gate(tmp_path: Path) -> None:
    out = moved(export(tmp_path / "raw"), tmp_path / "out", relative=True, entry_period="year")
    for path in sorted(out.glob("*.csv")):
        assert identifiers.examine(formats.read(path).frame, "x", {"limited_dataset": False}) == []


@pytest.mark.parametrize("relative", [False, True])
def test_a_drafted_mapping_names_what_was_carried_and_no_date_of_the_calendar(tmp_path: Path, relative: bool) -> None:
    out = moved(export(tmp_path / "raw"), tmp_path / "out", relative=relative, entry_period="year")
    text = draft([out])
    source = yaml.safe_load(text)["source"]
    assert source["dates"] == ("relative" if relative else "calendar")
    assert "extract_date" not in source
    carried = "observed_to_relative" if relative else "observed_to_shifted"
    assert source["tables"]["persons"]["columns"]["observed_to_day"] == carried
    assert source["tables"]["persons"]["columns"]["entry_period"] == "entry_period"
    bare = moved(export(tmp_path / "second"), tmp_path / "bare", relative=relative, extract=None)
    source = yaml.safe_load(draft([bare]))["source"]
    assert "extract_date" not in source
    assert source["tables"]["persons"]["columns"]["observed_to_day"] == {"value": "TODO"}


# ------------------------------------------------------------------------------------------------------------- formats


@pytest.mark.parametrize("mark", [";", "\t", "|", ","])
def test_text_of_any_delimiter_gives_what_commas_give(tmp_path: Path, mark: str) -> None:
    one, other = (
        moved(export(tmp_path / "commas"), tmp_path / "one"),
        moved(export(tmp_path / "raw", mark), tmp_path / "out"),
    )
    for path in sorted(one.iterdir()):
        assert (other / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("suffix", [".xlsx", ".dta", ".sav", ".tsv", ".csv.gz"])
def test_files_of_other_programs_are_read_and_written_as_text(tmp_path: Path, suffix: str) -> None:
    paths = export(tmp_path / "raw")
    frame = pd.read_csv(paths[0], dtype=str)
    dated = frame.assign(**{c: pd.to_datetime(frame[c]) for c in ("admit_date", "discharge_date")})
    path = tmp_path / f"stays{suffix}"
    if suffix == ".xlsx":
        writer = pytest.importorskip("openpyxl")
        book = writer.Workbook()
        for row in [list(frame), *frame.to_numpy().tolist()]:
            book.active.append(row)
        book.save(path)
    elif suffix == ".dta":
        dated.to_stata(path, write_index=False, convert_dates={"admit_date": "td", "discharge_date": "td"})
    elif suffix == ".sav":
        pytest.importorskip("pyreadstat").write_sav(dated, str(path))
    else:
        frame.to_csv(path, sep="\t" if suffix == ".tsv" else ",", index=False)
    (summary,) = deidentify.run([path], tmp_path / "out", Key(SECRET), Options(["MRN"], extract=EXTRACT))
    assert (summary.file, summary.written, summary.rows) == (path.name, "stays.csv", PEOPLE)
    plain = moved([paths[0]], tmp_path / "plain")
    assert (tmp_path / "out" / "stays.csv").read_text() == (plain / "stays.csv").read_text()


def test_what_cannot_be_read_is_said_in_words_that_fit(tmp_path: Path) -> None:
    ragged = tmp_path / "ragged.csv"
    ragged.write_text("MRN;admitted;level\nM1;2024-01-05;2.1\nM2;2024-01-06\nM3;2024-02-06;1\n")
    word = tmp_path / "report.docx"
    word.write_bytes(b"x")
    for path, said in (
        (ragged, "1 of 3 rows cannot be trusted \\(fewer cells than the header\\)"),
        (word, r"or another format that a mapping reads: .*\.xlsx"),
    ):
        with pytest.raises(StudyError, match=said):
            moved([path], tmp_path / "out")
    with pytest.raises(StudyError, match="None of the files takes --sheet"):
        moved(export(tmp_path / "raw"), tmp_path / "out", reading={"sheet": "1"})
    assert not (tmp_path / "out").exists()


def test_the_command_carries_the_end_of_observation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key").write_bytes(SECRET)
    paths = [str(p) for p in export(tmp_path / "raw", ";")]
    named = ["--key-file", str(tmp_path / "key"), "--id", "MRN"]
    assert cli.main(["deidentify", *paths, "--out", str(tmp_path / "a"), *named]) == 0
    assert "Give it as --extract-date" in capsys.readouterr().out
    asked = [*named, "--extract-date", "2024-06-30", "--entry-period", "year", "--delimiter", "semicolon"]
    assert cli.main(["deidentify", *paths, "--out", str(tmp_path / "b"), *asked]) == 0
    said = capsys.readouterr().out
    assert "observed_to_shifted: the end of observation of each person, shifted (12 cells)" in said
    assert "entry_period: the year of the person's first date (12 cells)" in said
    assert "Give it as" not in said
    assert cli.main(["deidentify", *paths, "--out", str(tmp_path / "c"), *named, "--extract-date", "30.06.2024"]) == 1
    assert "expects the last day" in capsys.readouterr().err


def test_a_study_takes_the_mapping(tmp_path: Path) -> None:
    """The carried column is all that the protocol asks for in place of the extract date."""
    asked = settings(tmp_path, observed="observed_to_shifted")
    asked.pop("privacy")
    source = Study.model_fields["source"].annotation.model_validate(asked)  # type: ignore[union-attr]
    assert source.extract_date is None
