from __future__ import annotations

import itertools
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import workbooks
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes import cli, sources, study
from iop_outcomes.errors import StudyError
from iop_outcomes.sources import draft
from iop_outcomes.sources.draft import codes, exports, reads, recognise, synonyms
from iop_outcomes.tables import TABLES
from iop_outcomes.vocabulary.causes import LEAVING

N = 61  # a prime: each code meets many people
PEOPLE = [f"zq{i:04}x" for i in range(N)]
FAMILY = ("Smith", "Garcia", "Nguyen", "Johnson", "Miller", "Lopez", "Brown", "Davis")


def cycle(values: Sequence[object], n: int) -> list[object]:
    return list(itertools.islice(itertools.cycle(values), n))


def days(n: int, layout: str, step: int = 3, begin: str = "2022-01-05") -> list[str]:
    return [d.strftime(layout) for d in pd.date_range(begin, periods=n, freq=f"{step}D")]


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stays with semicolons, people with identifiers, sessions of two years, screens in a workbook, and a letter."""
    folder = tmp_path_factory.mktemp("export")
    n = 180
    pd.DataFrame(
        {
            "ClientID": cycle(PEOPLE, n),
            "Program": cycle(["Lakeside", "North House", "Main"], n),
            "LOC": cycle(["IOP", "PHP", "Residential", "Detox", "OP"], n),
            "Admit_Dt": days(n, "%m/%d/%Y"),
            "Dischrge_Dte": days(n, "%m/%d/%Y", begin="2022-02-01"),
            "Disch Reason": cycle(
                ["Completed", "AMA", "Transferred to detox", "Administrative discharge", "Jail", "7"], n - 1
            )
            + ["zq-rare-reason"],
            "Sched Hrs/Wk": cycle(["9,5", "12,0", "20,0"], n),
            "Auth": cycle(["zqa", "zqb", "zqc"], n),
        }
    ).to_csv(folder / "episodes.csv", index=False, sep=";")
    pd.DataFrame(
        {
            "client_id": PEOPLE,
            "Last Name": cycle(FAMILY, N),
            "DOB": days(N, "%m/%d/%Y", 90, "1960-01-05"),
            "Age": cycle(range(19, 64), N),
            "Gender": cycle(["F", "M"], N),
            "Drug of Choice": cycle(["Alcohol", "Opioids", "Meth"], N),
            "Court Ordered": cycle(["Y", "N"], N),
            "Home Phone": [f"617-555-{1000 + i}" for i in range(N)],
            "Vet": cycle(["1", "0", "NA"], N),
            "Notes": [f"He said on the phone that he would call again on the {i}th about the matter" for i in range(N)],
        }
    ).to_csv(folder / "clients.csv", index=False)
    for year in (2022, 2023):
        pd.DataFrame(
            {
                "ClientID": cycle(PEOPLE, 240),
                "Service Date": days(240, "%Y-%m-%d", 1, f"{year}-01-01"),
                "Proc Code": cycle(["H0015", "H0018", "H0004"], 240),
                "Duration": cycle([60, 90, 180], 240),
                "Telehealth": cycle(["video", "in person"], 240),
            }
        ).to_csv(folder / f"sessions_{year}.csv", index=False)
    screens = [[p, f"{m:02}/{d:02}/2022", t, r] for p, m, d, t, r in zip(
        cycle(PEOPLE, 240), cycle(range(1, 13), 240), cycle(range(1, 12), 240), cycle(["THC", "opiates"], 240),
        cycle(["NEG", "POS", "No show"], 240), strict=True)]  # fmt: skip
    workbooks.write_ods(folder / "uds.ods", [["PatID", "Collected", "Panel", "Result"], *screens])
    (folder / "letter.txt").write_text("Dear all,\nthis is; our, export | zq-letter\n")
    return folder


@pytest.fixture(scope="module")
def drafted(messy: Path) -> str:
    return draft.draft([messy])


def written(*paths: Path, **options: object) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(draft.draft(paths, options))
    return content


def test_a_messy_export_is_recognised(messy: Path, drafted: str) -> None:
    source = yaml.safe_load(drafted)["source"]
    assert source["kind"] == "mapping"
    assert (source["path"], source["dates"], source["missing_values"]) == (str(messy), "calendar", ["NA"])
    tables = source["tables"]
    assert {name: table["files"] for name, table in tables.items()} == {
        "stays": ["episodes.csv"],
        "persons": ["clients.csv"],
        "sessions": ["sessions_2022.csv", "sessions_2023.csv"],
        "screens": ["uds.ods"],
    }
    assert tables["stays"]["columns"] == {
        "person_id": "ClientID",
        "site_id": "Program",
        "level_of_care": {
            "column": "LOC",
            "codes": {"Detox": "detox", "IOP": "2.1", "OP": "1", "PHP": "2.5", "Residential": "3.5"},
        },
        "start_day": {"column": "Admit_Dt", "date_format": "%m/%d/%Y"},
        "end_day": {"column": "Dischrge_Dte", "date_format": "%m/%d/%Y"},
        "discharge_reason": {
            "column": "Disch Reason",
            "codes": {
                "7": "TODO",
                "AMA": "unplanned",
                "Administrative discharge": "unplanned",
                "Completed": "completed",
                "Jail": "other",
                "Transferred to detox": "transferred",
            },
        },
        "scheduled_hours_per_week": {"column": "Sched Hrs/Wk", "decimal": "comma", "unit": "hours_per_week"},
        "program_type": {"value": "TODO"},
    }
    assert tables["persons"]["columns"] == {
        "person_id": "client_id",
        "age": "Age",
        "sex": {"column": "Gender", "codes": {"F": "female", "M": "male"}},
        "legal_mandate": {"column": "Court Ordered", "codes": {"N": "no", "Y": "yes"}},
        "primary_drug": "Drug of Choice",
        "veteran": {"column": "Vet", "codes": {"0": "no", "1": "yes"}},
    }
    assert tables["sessions"]["columns"] == {
        "person_id": "ClientID",
        "day": "Service Date",
        "minutes": {"column": "Duration", "unit": "minutes"},
        "level_of_care": {"column": "Proc Code", "crosswalk": "procedure"},
        "modality": {"column": "Telehealth", "codes": {"in person": "in_person", "video": "virtual"}},
    }
    # 05/06/2022 in every row: two readings, for a person to decide
    assert tables["screens"]["columns"]["day"] == {"column": "Collected", "date_format": "TODO"}
    assert "100% as %m/%d/%Y, 100% as %d/%m/%Y" in " ".join(drafted.replace("#", "").split())
    assert tables["stays"]["ignore"] == ["Auth"]
    assert "TODO: not read: letter.txt" in drafted


def test_identifiers_are_told_by_rule(drafted: str) -> None:
    ignored = yaml.safe_load(drafted)["source"]["tables"]["persons"]["ignore"]
    assert ignored == ["Last Name", "DOB", "Home Phone", "Notes"]
    for column, rule in {
        '"Last Name"': "person names",
        "DOB": "birth dates",
        '"Home Phone"': "telephone numbers",
        "Notes": "free text",
    }.items():
        assert f"- {column} # looks like {rule}: remove it" in drafted


def test_nothing_of_the_contents_is_shown(messy: Path, drafted: str) -> None:
    shown = {
        "NA", "Detox", "IOP", "OP", "PHP", "Residential", "AMA", "Jail", "Completed", "Administrative discharge",
        "Transferred to detox", "NEG", "POS", "No show", "video", "in person",
    }  # fmt: skip
    for export in exports.collect([messy]).exports:
        for column in export.columns:
            for value in {*column.counts.index} - shown:
                # the text itself has two-digit numbers
                assert len(value) < 3 or value not in drafted, column.name
    assert "zq" not in drafted
    assert "1 code is not shown" in drafted


def filled(content: dict[str, Any]) -> dict[str, Any]:
    source = content["source"]
    source["extract_date"] = "2024-06-30"
    tables = source["tables"]
    tables["stays"]["columns"]["program_type"]["value"] = "substance_use"
    tables["stays"]["columns"]["discharge_reason"]["codes"]["7"] = "other"
    tables["screens"]["columns"]["day"]["date_format"] = "%m/%d/%Y"
    content["privacy"]["limited_dataset"] = True
    return content


def test_the_study_is_refused_until_it_is_decided_and_then_reads(
    messy: Path, tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    export = shutil.copytree(messy, tmp_path / "export")
    clients = pd.read_csv(messy / "clients.csv", dtype=str, keep_default_na=False)
    clients.drop(columns=["Last Name", "DOB", "Home Phone", "Notes"]).to_csv(export / "clients.csv", index=False)
    shutil.copytree(project / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "config" / "cohorts" / "ours.yaml"
    assert cli.main(["draft-mapping", str(export), "--out", str(place)]) == 0
    config = {**study.read_yaml(tmp_path / "config" / "config.yaml"), "cohort": "ours"}
    with pytest.raises(StudyError, match="TODO"):
        study.load(config)
    content = filled(yaml.safe_load(place.read_text()))
    place.write_text(yaml.safe_dump(content))
    loaded = study.load(config).study
    tables = sources.read("mapping", {**loaded.source.model_dump(), "privacy": loaded.privacy.model_dump()})
    assert set(tables["stays"]["level_of_care"].dropna()) == {"detox", "1", "2.1", "2.5", "3.5"}
    assert set(tables["persons"]["sex"]) == {"female", "male"}
    assert set(tables["sessions"]["minutes"]) == {60, 90, 180}
    assert set(tables["screens"]["result"]) == {"negative", "positive", "missing"}
    # the one code that was not shown stays as it is, and breaks a rule of the cleaning
    unknown = set(tables["stays"]["discharge_reason"].dropna()) - set(LEAVING)
    assert unknown == {"zq-rare-reason"}
    assert tables["quarantine"].empty
    assert cli.main(["draft-mapping", str(export), "--out", str(place)]) == 1
    assert "exists already" in capsys.readouterr().err


def one_table(folder: Path, **columns: Sequence[object]) -> Path:
    path = folder / "stays.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def test_one_file_of_admissions_feeds_stays_and_persons(tmp_path: Path) -> None:
    n = 120
    path = one_table(
        tmp_path,
        person_id=cycle(PEOPLE, n),
        start_day=cycle(range(0, 300, 7), n),
        end_day=cycle(range(30, 330, 7), n),
        level_of_care=cycle(["2.1", "3.5"], n),
        discharge_reason=cycle(["completed", "unplanned"], n),
        site_id=cycle(["A", "B"], n),
        age=cycle(["18-29", "30-49", "-9"], n),
        sex=cycle(["female", "male"], n),
    )
    content = written(path)
    source = content["source"]
    assert source["dates"] == "relative"
    assert "extract_date" not in source
    assert "privacy" not in content
    stays, persons = source["tables"]["stays"], source["tables"]["persons"]
    assert stays["columns"] == {
        **{c: c for c in ("person_id", "site_id", "level_of_care", "start_day", "end_day", "discharge_reason")},
        "program_type": {"value": "TODO"},
    }
    assert stays["ignore"] == ["age", "sex"]
    assert persons["first_by"] == "start_day"
    # what puts rows in order is used, and not ignored as well
    assert "start_day" not in persons["ignore"]
    assert persons["columns"] == {
        "person_id": "person_id",
        "observed_to_day": {"value": "TODO"},
        "age": {"value": ""},
        "age_group": {"column": "age", "missing": ["-9"]},
        "sex": "sex",
    }


def test_codes_of_a_column_with_a_name_of_its_own_are_not_taken_for_levels(tmp_path: Path) -> None:
    n = 120
    path = one_table(
        tmp_path,
        CLIENT_ID=cycle(PEOPLE, n),
        ADM_DT=cycle([f"{m:02}/{d}/2023" for m in range(1, 13) for d in (14, 25)], n),
        DISCH_DT=cycle([f"{m:02}/{d}/2024" for m in range(1, 13) for d in (14, 25)], n),
        SERVICES=cycle(["06", "04", "05"], n),
        LIVARAG=cycle(["01", "02", "03"], n),
    )
    tables = written(path)["source"]["tables"]
    assert tables["stays"]["columns"]["level_of_care"] == {"column": "SERVICES", "crosswalk": "teds_services"}
    assert "level_at_discharge" not in tables["stays"]["columns"]
    assert tables["persons"]["columns"]["living_arrangement"] == "LIVARAG"


def column(*values: object, name: str = "x") -> exports.Column:
    (found,) = exports._columns(pd.DataFrame({name: [str(v) for v in values]}, dtype=object))
    return found


@pytest.mark.parametrize(
    ("values", "layout"),
    [
        (["2024-03-01", "2024-12-13", "soon"], "iso"),
        (["2024-03-01T10:00:00"] * 2, "iso"),
        (["03/04/2024", "12/31/2024"], "%m/%d/%Y"),
        (["03/04/2024", "31/12/2024"], "%d/%m/%Y"),
        (["03/04/2024", "05/06/2024"], "undecided"),
        (["13/04/2024", "04/13/2024"], "undecided"),
        (["20240301", "20241231"], "%Y%m%d"),
        (["01MAR2024", "31DEC2024"], "%d%b%Y"),
        (["3/4/24", "5/6/24"], "undecided"),
        (["45352", "45360"], "excel"),
        (["0", "-30", "120"], "days"),
        (["a", "b"], ""),
        ([""], ""),
    ],
)
def test_how_dates_read(values: list[str], layout: str) -> None:
    assert reads.dates(column(*values)).layout == layout


def test_a_few_typing_errors_do_not_make_a_format_doubtful() -> None:
    right = days(300, "%m/%d/%Y")
    assert reads.dates(column(*right, "13/01/2024")).layout == "%m/%d/%Y"
    # one late day among many that read both ways may be the error itself
    assert reads.dates(column(*["03/04/2024", "05/06/2023", "07/08/2023"] * 40, "01/13/2024")).layout == "undecided"


def test_moments_with_an_offset_ask_for_a_time_zone(tmp_path: Path) -> None:
    n = N
    path = one_table(
        tmp_path,
        client_id=PEOPLE,
        admit_date=[f"{d}T10:00:00-05:00" for d in days(n, "%Y-%m-%d")],
        discharge_date=days(n, "%Y-%m-%d", begin="2022-03-01"),
    )
    assert written(path)["source"]["time_zone"] == "TODO"


@pytest.mark.parametrize(
    ("name", "values", "unit"),
    [
        ("minutes", [60, 90, 180], "minutes"),
        ("minutes", [1.5, 3, 2], "TODO"),
        ("session_hours", [1.5, 3, 2], "hours"),
        ("session_hours", [60, 90, 180], "TODO"),
        ("duration", [60, 90, 180], "minutes"),
        ("duration", [1, 3, 2], "hours"),
        ("duration", [12, 15, 18], "TODO"),
        ("units", [4, 6, 8], "quarter_hours"),
    ],
)
def test_minutes_or_hours(tmp_path: Path, name: str, values: list[float], unit: str) -> None:
    path = one_table(tmp_path, person_id=PEOPLE, session_date=days(N, "%Y-%m-%d"), **{name: cycle(values, N)})
    found = written(path)["source"]["tables"]["sessions"]["columns"]
    assert found["minutes"] == {"column": name, "unit": unit}


def test_a_unit_that_changes_is_told(tmp_path: Path) -> None:
    path = one_table(tmp_path, person_id=PEOPLE, session_date=days(N, "%Y-%m-%d"), minutes=cycle([60, 90, 180, 1.5], N))
    assert "a unit may change within the column" in draft.draft([path])


@pytest.mark.parametrize(
    ("kind", "meanings"),
    [
        ("level", {"IOP": "2.1", "Intensive Outpatient (IOP)": "2.1", "intensive_outpatient": "2.1", "PHP": "2.5",
                   "Partial Hospitalization": "2.5", "Outpatient": "1", "Residential Detox": "detox", "Lakeside": None,
                   "Residential - Short Term": "3.5", "Inpatient": "3.7", "Halfway House": "3.1"}),
        ("discharge_reason", {"Completed treatment": "completed", "Did not complete": "unplanned", "Deceased": "died",
                              "Unsuccessful": "unplanned", "Left AMA": "unplanned", "Step-down to IOP": "transferred",
                              "Incarcerated": "other", "Dropped out": "unplanned", "3": None}),
        ("sex", {"F": "female", "Male": "male", "Unknown": "unknown", "1": None}),
        ("result", {"NEG": "negative", "Not detected": "negative", "Detected": "positive", "refused": "missing"}),
        ("modality", {"Tele-health": "virtual", "Face to face": "in_person", "11": "in_person"}),
        ("yes_no", {"Y": "yes", "0": "no", "2": None, "Not Hispanic": "no"}),
        ("program_type", {"SUD": "substance_use", "Mental Health": "mental_health", "ED": "eating_disorder"}),
    ],
)  # fmt: skip
def test_what_codes_suggest(kind: str, meanings: dict[str, str | None]) -> None:
    assert {code: codes.meaning(code, kind)[0] for code in meanings} == meanings


def test_suggestions_are_canonical_values() -> None:
    from iop_outcomes import reference

    kinds = {
        s.content.removeprefix("codes:"): (s.table, s.column) for s in synonyms.slots() if s.content[:6] == "codes:"
    }
    rows = reference.rows(codes.FILE)
    assert {row["set"] for row in rows} == set(kinds)
    for row in rows:
        table, name = kinds[row["set"]]
        assert row["value"] in (TABLES[table].columns[name].allowed or ("yes", "no", "unknown"))
    assert all(slot.column in TABLES[slot.table].columns for slot in synonyms.slots())


@pytest.mark.parametrize(
    ("codes_", "name", "system"),
    [
        (["2.1", "3.5", "3.7-WM"], "code", "asam3"),
        (["II.1", "III.5"], "code", "asam3"),
        (["1.7", "2.7"], "code", "asam4"),
        (["H0015", "H0018"], "code", "procedure"),
        (["0906", "1002"], "code", "revenue"),
        (["1", "5", "6", "7"], "SERVICES", "teds_services"),
        (["1", "4"], "code", None),
        (["1", "4"], "asam_level", "asam3"),
        (["x", "y"], "loc", None),
    ],
)
def test_systems_of_levels(codes_: list[str], name: str, system: str | None) -> None:
    assert codes.system_of(column(*codes_, name=name)) == system


def test_codes_are_shown_only_when_many_people_share_them(tmp_path: Path) -> None:
    def shown(reasons: list[object], people: list[str], **more: Sequence[object]) -> frozenset[str]:
        frame = pd.DataFrame({"person_id": people, "reason": reasons, **more}, dtype=object)
        export = exports.Export(("x",), {}, frame, tuple(exports._columns(frame)))
        return codes.shareable(export, export.columns[1], "person_id")

    many = cycle(["AMA", "Completed"], N)
    assert shown(many, PEOPLE) == {"AMA", "Completed"}
    assert shown([*many[:-1], "rare"], PEOPLE) == {"AMA", "Completed"}
    assert shown(many, ["one"] * N) == set()  # sixty rows of one person
    assert shown(cycle([f"code {i}" for i in range(31)], 600), cycle(PEOPLE, 600)) == set()
    assert shown(cycle(["x" * 41, "Completed"], N), PEOPLE) == {"Completed"}
    assert shown(cycle(["Mary Smith", "John Garcia", "Linda Brown"], N), PEOPLE) == set()


def test_codes_that_tell_need_no_name(tmp_path: Path) -> None:
    path = one_table(
        tmp_path,
        client_id=PEOPLE,
        start_date=days(N, "%Y-%m-%d"),
        q7=cycle(["Completed", "AMA", "Transferred"], N),
        q8=cycle(["IOP", "Residential"], N),
        q9=cycle([3, 4], N),
    )
    stays = written(path)["source"]["tables"]["stays"]
    assert stays["columns"]["discharge_reason"]["column"] == "q7"
    assert stays["columns"]["level_of_care"]["column"] == "q8"
    assert stays["ignore"] == ["q9"]
    assert stays["columns"]["end_day"] == {"value": "TODO"}


def test_a_workbook_with_sheets_gives_a_table_each(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["client_id", "age", "sex"])
    stays = book.create_sheet("stays")
    stays.append(["client_id", "admit_date", "discharge_date"])
    for person, first, last in zip(PEOPLE, days(N, "%Y-%m-%d"), days(N, "%Y-%m-%d", 4), strict=True):
        book.active.append([person, 40, "F"])
        stays.append([person, first, last])
    book.save(tmp_path / "x.xlsx")
    tables = written(tmp_path / "x.xlsx")["source"]["tables"]
    assert {name: table["sheet"] for name, table in tables.items()} == {"stays": 2, "persons": 1}


def test_options_are_written_for_the_files_that_take_them(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    lines = [f"{p}~{d}~{d}~Qu\xe9bec" for p, d in zip(PEOPLE, days(N, "%Y-%m-%d"), strict=True)]
    path.write_bytes("\n".join(["client_id~admit_date~end_date~site", *lines]).encode("cp1252"))
    stays = written(path, delimiter="~", encoding="cp1252")["source"]["tables"]["stays"]
    assert (stays["delimiter"], stays["encoding"]) == ("~", "cp1252")
    with pytest.raises(StudyError, match=r"None of the files could be read\. x\.csv: .*encoding: cp1252"):
        draft.draft([path])


def test_an_unknown_export_gives_an_empty_mapping(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("foo,bar\n1,secret\n")
    (tmp_path / "b.csv").write_text("id;x\n1;2;3\n4;5;6\n7;8;9\n")
    text = draft.draft([tmp_path])
    source = yaml.safe_load(text)["source"]
    assert [source["tables"][t]["files"] for t in ("stays", "persons")] == [["TODO"], ["TODO"]]
    assert set(source["tables"]["stays"]["columns"]) >= {"person_id", "start_day", "end_day"}
    assert "no table was recognised" in text
    assert "not read: b.csv" in text
    assert "secret" not in text


def test_of_many_columns_that_are_not_recognised_none_is_listed(tmp_path: Path) -> None:
    many = {f"q{i}": PEOPLE for i in range(70)}
    path = one_table(
        tmp_path,
        client_id=PEOPLE,
        admit_date=days(N, "%Y-%m-%d"),
        disch_date=days(N, "%Y-%m-%d", 4),
        DOB=PEOPLE,
        **many,
    )
    stays = written(path)["source"]["tables"]["stays"]
    assert (stays["ignore_others"], stays["ignore"]) == (True, ["DOB"])


def test_a_person_told_by_a_record_number_is_told(tmp_path: Path) -> None:
    path = one_table(
        tmp_path, MRN=range(4_000_000, 4_000_000 + N), admit_date=days(N, "%Y-%m-%d"), disch_date=days(N, "%Y-%m-%d", 4)
    )
    path.write_text(path.read_text() + "one,cell,too,many\n")
    text = draft.draft([path])
    assert yaml.safe_load(text)["source"]["tables"]["stays"]["columns"]["person_id"] == "MRN"
    said = " ".join(text.replace("#", "").split())
    assert "looks like medical record numbers: `iop-outcomes deidentify` replaces it by pseudonyms" in said
    assert "not read: stays.csv: some rows (more cells than the header), which are set aside" in said


def test_names_that_may_be_values_are_not_shown(tmp_path: Path) -> None:
    header = "client_id,admit_date,discharge_date,call 617-555-1234"
    rows = [f"{p},{a},{b},x" for p, a, b in zip(PEOPLE, days(N, "%Y-%m-%d"), days(N, "%Y-%m-%d", 4), strict=True)]
    (tmp_path / "a.csv").write_text("\n".join([header, *rows]))
    text = draft.draft([tmp_path])
    assert yaml.safe_load(text)["source"]["tables"]["stays"]["ignore_others"] is True
    assert "617" not in text


def test_teds_d_has_a_reader_of_its_own(tmp_path: Path) -> None:
    path = one_table(
        tmp_path, **{c: cycle([1, 2], 40) for c in ("DISYR", "CASEID", "SERVICES", "REASON", "LOS", "STFIPS")}
    )
    assert "`kind: tedsd`" in draft.draft([path])


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="does not exist"):
        draft.draft([tmp_path / "nowhere.csv"])
    with pytest.raises(StudyError, match="holds no file of a known format"):
        draft.draft([tmp_path])


def test_each_name_has_one_best_column() -> None:
    for slot in synonyms.slots():
        assert synonyms.named(slot.column, slot.synonyms)[0] > synonyms.JOINED, slot
    frame = pd.DataFrame(
        {"person_id": ["a"], "Admission Date": ["2024-01-01"], "admit_dt": ["2024-01-01"]}, dtype=object
    )
    export = exports.Export(("x",), {}, frame, tuple(exports._columns(frame)))
    stays = recognise.matched(export)["stays"]
    assert stays["start_day"].column.name == "Admission Date"


NAMES = [
    "client_id",
    "ID",
    "admit_date",
    "dc date",
    "LOC",
    "reason",
    "age",
    "sex",
    "minutes",
    "DOB",
    "result",
    "x",
    "SERVICES",
]
CELLS = [
    "",
    "NA",
    "-9",
    "1",
    "2.1",
    "IOP",
    "F",
    "AMA",
    "03/04/2024",
    "2024-03-04",
    "45352",
    "7,5",
    "zq\u00e9",
    "'",
    "#",
    ": y",
]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.sampled_from(NAMES), min_size=2, max_size=8, unique=True).flatmap(
        lambda names: st.tuples(
            st.just(names),
            st.lists(st.lists(st.sampled_from(CELLS), min_size=len(names), max_size=len(names)), max_size=15),
        )
    )
)
def test_any_export_gives_a_mapping_or_a_reason(tmp_path: Path, made: tuple[list[str], list[list[str]]]) -> None:
    names, rows = made
    path = tmp_path / "x.csv"
    pd.DataFrame(rows, columns=names).to_csv(path, index=False)
    try:
        said = draft.draft([path])
    except StudyError as wrong:
        said = str(wrong)
    else:
        assert yaml.safe_load(said)["source"]["kind"] == "mapping"
    assert "zq" not in said


def test_codes_lose_what_programs_add_and_ages_are_cautioned(tmp_path: Path) -> None:
    n = 120
    stays = pd.DataFrame(
        {
            "client_id": [f"zq{i:04}x" for i in range(n)],
            "program": cycle(["Lakeside", "Main"], n),
            "loc": cycle(["IOP", "RES"], n),
            "admit_date": days(n, "%Y-%m-%d"),
            "discharge_date": days(n, "%Y-%m-%d", begin="2023-02-01"),
            "disch_reason": cycle(["1.0", "2.0", "3.0", ""], n),
            "age": cycle(range(19, 64), n),
            "asam_version": cycle(["3.0", "3.1"], n),
        }
    )
    stays.to_csv(tmp_path / "stays.csv", index=False)
    read = exports.collect([tmp_path / "stays.csv"]).exports[0].frame
    assert set(read["disch_reason"].dropna()) == {"1", "2", "3"}
    # beside other fractions .0 may carry meaning
    assert set(read["asam_version"]) == {"3.0", "3.1"}
    drafted = draft.draft([tmp_path / "stays.csv"])
    assert '"1": ' in drafted
    assert '"1.0"' not in drafted
    assert "taken for the age on day 0" in " ".join(drafted.replace("#", " ").split())
    pd.concat([stays, stays]).to_csv(tmp_path / "stays.csv", index=False)
    several = " ".join(draft.draft([tmp_path / "stays.csv"]).replace("#", " ").split())
    assert "taken for the age on the day of the row" in several
