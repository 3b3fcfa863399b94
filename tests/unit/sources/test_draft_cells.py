"""What a draft makes of cells: dates, units, codes and levels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from drafts import PEOPLE, N, cycle, days, one_table, written

from iop_outcomes.sources import draft
from iop_outcomes.sources.draft import codes, exports, reads, synonyms
from iop_outcomes.tables import TABLES


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
        ("test_reason", {"No show": "no_show", "Refused": "refused", "Lab error": "laboratory_error", "QNS": "unable",
                         "Specimen leaked in transit": "laboratory_error", "In jail": "in_jail", "Random": None,
                         "Out of town": "excused", "Clinic closed": "not_offered", "hospitalized": "in_hospital"}),
        ("modality", {"Tele-health": "virtual", "Face to face": "in_person", "11": "in_person"}),
        ("yes_no", {"Y": "yes", "0": "no", "2": None, "Not Hispanic": "no"}),
        ("program_type", {"SUD": "substance_use", "Mental Health": "mental_health", "ED": "eating_disorder"}),
    ],
)  # fmt: skip
def test_what_codes_suggest(kind: str, meanings: dict[str, str | None]) -> None:
    assert {code: codes.meaning(code, kind)[0] for code in meanings} == meanings


def test_suggestions_are_canonical_values() -> None:
    from iop_outcomes.tables import reference

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


TESTS = 4 * N


def screens_of(folder: Path, **columns: Sequence[object]) -> dict[str, object]:
    """The columns of screens in the draft of a table of tests."""
    when, what = days(TESTS, "%Y-%m-%d"), cycle(["opioid"], TESTS)
    path = one_table(folder, person_id=cycle(PEOPLE, TESTS), collection_date=when, substance=what, **columns)
    found: dict[str, object] = written(path)["source"]["tables"]["screens"]["columns"]
    return found


def test_reasons_for_missing_tests_are_suggested_from_a_column_or_from_the_results(tmp_path: Path) -> None:
    """A reason for which a test was ordered is none for which it is missing."""
    result = cycle(["NEG", "POS", "NEG", "Not done"], TESTS)
    why = cycle(["", "", "", "No show", "", "", "", "Lab error"], TESTS)
    for name in ("Reason not done", "NT code"):
        found = screens_of(tmp_path, result=result, **{name: why})
        assert found["reason"] == {"column": name, "codes": {"Lab error": "laboratory_error", "No show": "no_show"}}
    ordered = screens_of(tmp_path, result=result, reason=cycle(["Random", "For cause", "Intake"], TESTS))
    assert "reason" not in ordered
    told = screens_of(tmp_path, result=cycle(["NEG", "POS", "No show", "Lab error"], TESTS))
    assert told["reason"] == {
        "column": "result", "codes": {"Lab error": "laboratory_error", "No show": "no_show"}, "other": "",
    }  # fmt: skip
