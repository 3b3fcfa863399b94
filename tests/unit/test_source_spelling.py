"""An export that writes its values two ways gives the same tables, or is refused; what `other` swallows is counted."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from iop_outcomes import clean, sources
from iop_outcomes.errors import StudyError
from iop_outcomes.tables import TABLES, check
from iop_outcomes.tables.canonical import CANONICAL

Frames = dict[str, pd.DataFrame]
Respell = Callable[[str], str]

N = 60
PEOPLE = [str(1001 + i) for i in range(N)]
STAYS = pd.DataFrame(
    {
        "PID": PEOPLE,
        "FAC": [("11", "12")[i % 2] for i in range(N)],
        "LOC": [("IOP", "RES")[i % 2] for i in range(N)],
        "ADMIT": pd.date_range("2023-01-01", periods=N).strftime("%Y-%m-%d"),
        "DISCH": pd.date_range("2023-02-15", periods=N).strftime("%Y-%m-%d"),
        "WHY": [("2", "1", "2", "3", "2")[i % 5] for i in range(N)],
        "KIND": ["void" if i % 10 == 9 else "ok" for i in range(N)],
        "PLAN": [("30", "60", "999")[i % 3] for i in range(N)],
    }
)
PERSONS = pd.DataFrame(
    {
        "PID": PEOPLE,
        "AGE": [str(20 + i % 40) for i in range(N)],
        "SEX": [("M", "F")[i // 2 % 2] for i in range(N)],
        "DRUG": [("Alcohol", "Opioids")[i % 2] for i in range(N)],
    }
)
SCREENS = pd.DataFrame({"PID": PEOPLE, "DAY": STAYS["ADMIT"], "RES": [("NEG", "POS")[i % 2] for i in range(N)]})
MAPPING: dict[str, Any] = {
    "kind": "mapping",
    "dates": "calendar",
    "extract_date": "2024-12-31",
    "missing_values": ["999", "NA"],
    "tables": {
        "stays": {
            "files": "stays*.csv",
            "columns": {
                "person_id": "PID", "site_id": "FAC", "start_day": "ADMIT",
                "level_of_care": {"column": "LOC", "codes": {"IOP": "2.1", "RES": "3.5"}},
                 "end_day": "DISCH", "planned_days": "PLAN",
                "discharge_reason": {
                    "column": "WHY", "other": "other",
                    "codes": {"1": "completed", "2": "unplanned", "3": "transferred"},
                },
                "program_type": {"value": "substance_use"},
            },
            "where": [{"column": "KIND", "not_in": ["void"]}],
        },
        "persons": {
            "files": "persons.csv",
            "columns": {
                "person_id": "PID", "age": {"column": "AGE", "age_at": "day_zero"},
                "sex": {"column": "SEX", "codes": {"M": "male", "F": "female"}, "other": "unknown"},
                "primary_drug": "DRUG",
            },
        },
        "screens": {
            "files": "screens.csv",
            "columns": {
                "person_id": "PID", "day": "DAY", "substance": {"value": "any"},
                "result": {"column": "RES", "codes": {"NEG": "negative", "POS": "positive"}},
            },
        },
    },
}  # fmt: skip


def run(folder: Path, source: dict[str, Any] = MAPPING, **frames: pd.DataFrame) -> Frames:
    """The tables of `sources.run` over the export, with some of its files written otherwise."""
    files = {"stays": STAYS, "persons": PERSONS, "screens": SCREENS, **frames}
    for old in folder.glob("*.csv"):
        old.unlink()
    for name, frame in files.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    found = sources.run({**source, "path": str(folder)}, {"limited_dataset": True})
    check(TABLES["readings"], found["readings"])
    return found


def changed(*places: tuple[str, Any]) -> dict[str, Any]:
    """The mapping with changes at dotted places under `tables`."""
    source = copy.deepcopy(MAPPING)
    for place, value in places:
        *path, last = place.split(".")
        part = source["tables"]
        for step in path:
            part = part[step]
        part[last] = value
    return source


def same(one: Frames, other: Frames) -> None:
    for table in CANONICAL:
        pd.testing.assert_frame_equal(one[f"raw_{table.name}"], other[f"raw_{table.name}"])
    pd.testing.assert_frame_equal(one["arrivals"], other["arrivals"])
    assert other["quarantine"].empty


def cells(respell: Respell) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """A file in which every cell but dates is written otherwise."""
    dated = ("ADMIT", "DISCH", "DAY")
    return lambda f: f.assign(**{c: f[c].map(respell) for c in f if c not in dated})


def digits(respell: Respell) -> Respell:
    return lambda cell: respell(cell) if cell.isdigit() else cell


RESPELT: dict[str, Respell] = {
    "float": digits(lambda c: f"{c}.0"),
    "trailing blanks": lambda c: f"{c}  ",
    "no-break spaces": lambda c: f"\u00a0{c}\u00a0",
    "full width": lambda c: "".join(chr(ord(m) + 0xFEE0) if m.isascii() and m.isalnum() else m for m in c),
    "unseen characters": lambda c: f"{c}\u200b",
    "plus": digits(lambda c: f"+{c}"),
    "decimal comma": digits(lambda c: c if int(c) in (*range(20, 61), 999) else f"{c},0"),
    "apostrophe": digits(lambda c: c if int(c) in range(20, 61) else f"'{c}"),
    "formula": digits(lambda c: c if int(c) in range(20, 61) else f'="{c}"'),
    "wide float": lambda c: f"{c}.0".translate({i: i + 0xFEE0 for i in range(48, 58)}) if c.isdigit() else c,
}


@pytest.mark.parametrize("how", RESPELT)
def test_respelling_a_whole_export_changes_no_table(tmp_path: Path, how: str) -> None:
    plain = run(tmp_path)
    files = {"stays": STAYS, "persons": PERSONS, "screens": SCREENS}
    same(plain, run(tmp_path, **{name: cells(RESPELT[how])(frame) for name, frame in files.items()}))


IDS = {
    "float": lambda c: f"{c}.0",
    "zeros": lambda c: c.zfill(8),
    "thousands": lambda c: f"{int(c):,}",
    "exponent": lambda c: f"{int(c) / 1000:.3f}E+03",
    "blanks": lambda c: f" {c}\u00a0",
}


@pytest.mark.parametrize("how", IDS)
@pytest.mark.parametrize("table", ["stays", "persons", "screens"])
def test_identifiers_of_one_table_may_be_written_otherwise(tmp_path: Path, table: str, how: str) -> None:
    plain = run(tmp_path)
    files = {"stays": STAYS, "persons": PERSONS, "screens": SCREENS}
    other = run(tmp_path, **{table: files[table].assign(PID=files[table]["PID"].map(IDS[how]))})
    assert [len(other[f"raw_{t}"]) for t in files] == [54, 54, 54]
    assert set(other["raw_persons"]["person_id"]) == set(other["raw_stays"]["person_id"])
    for name in files:
        frame = other[f"raw_{name}"].drop(columns=["person_id", "stay_id"], errors="ignore")
        pd.testing.assert_frame_equal(frame, plain[f"raw_{name}"][list(frame)])


CODES: dict[str, Respell] = {
    "float": lambda c: f"{c}.0",
    "zero": lambda c: f"0{c}",
    "exponent": lambda c: f"{c}e0",
    "blank": lambda c: f"{c}\u00a0",
}


@pytest.mark.parametrize("how", CODES)
@pytest.mark.parametrize("half", [False, True], ids=["all", "second file"])
def test_codes_are_what_the_mapping_lists_whatever_a_program_made_of_them(tmp_path: Path, how: str, half: bool) -> None:
    plain, other = run(tmp_path), STAYS.assign(WHY=STAYS["WHY"].map(CODES[how]))
    files = {"stays": STAYS[:30], "stays_more": other[30:]} if half else {"stays": other}
    found = run(tmp_path, **files)
    same(plain, found)
    # blanks at the ends of cells are left out when a file is read
    assert ("stays.discharge_reason (column 'WHY'): values that differ in" in found["notes"]) == (how != "blank")


def test_letters_of_codes_and_filters_may_change_their_case(tmp_path: Path) -> None:
    plain = run(tmp_path)
    lower = STAYS.assign(LOC=STAYS["LOC"].str.lower(), KIND=STAYS["KIND"].str.upper())
    upper = PERSONS.assign(SEX=PERSONS["SEX"].str.lower())
    same(plain, run(tmp_path, stays=lower, persons=upper))


def unplanned_by(tables: Frames, level: str, day: int) -> float:
    """The share of first stays at a level that ended unplanned within so many days, of all; crude."""
    own = tables["stays"][tables["stays"]["level_of_care"] == level]
    left = (own["discharge_reason"] == "unplanned") & (own["end_day"] <= day)
    return round(float(left.mean()), 3)


def cleaned(found: Frames) -> Frames:
    raw = {name: frame for name, frame in found.items() if name not in ("readings", "notes")}
    return clean.run(**raw, gap_days=14, gap_sensitivity_days=[], max_quarantined_share=1.0)


@pytest.mark.parametrize("how", ["whole", *CODES])
def test_risks_are_those_of_whole_number_codes(tmp_path: Path, how: str) -> None:
    # of 57 in intensive outpatient care 25 left unplanned by day 90 (0.439), of 39 in residential care 18 (0.462)
    arms = [("IOP", 25, 57), ("RES", 18, 39)]
    rows = [(level, "2" if i < left else "1") for level, left, n in arms for i in range(n)]
    stays = pd.DataFrame(
        {
            "PID": [f"q{i}" for i in range(len(rows))], "FAC": "A", "LOC": [level for level, _ in rows],
            "ADMIT": "2023-01-01", "DISCH": "2023-03-01", "WHY": [CODES.get(how, str)(why) for _, why in rows],
            "KIND": "ok", "PLAN": "30",
        }
    )  # fmt: skip
    persons = pd.DataFrame({"PID": stays["PID"], "AGE": "30", "SEX": "F", "DRUG": "x"})
    screens = pd.DataFrame({"PID": stays["PID"], "DAY": "2023-01-05", "RES": "NEG"})
    tables = cleaned(run(tmp_path, stays=stays, persons=persons, screens=screens))
    assert (unplanned_by(tables, "2.1", 90), unplanned_by(tables, "3.5", 90)) == (0.439, 0.462)


def test_the_shared_case_of_codes_with_fractions_reads_as_with_whole_numbers(shared: Path, tmp_path: Path) -> None:
    case = shared / "cases" / "float_codes"
    if not case.is_dir():
        pytest.skip("needs cases/float_codes of the shared folder")
    columns = copy.deepcopy(MAPPING["tables"]["stays"]["columns"])
    names = {
        "person_id": "client_id", "site_id": "site", "start_day": "admit_date", "end_day": "discharge_date",
        "planned_days": "planned",
    }  # fmt: skip
    columns |= names
    columns["level_of_care"]["column"], columns["discharge_reason"]["column"] = "loc", "dis"
    file = {"files": "stays.csv", "ignore_others": True}
    sex = {"column": "gender", "codes": {"M": "male", "F": "female"}}
    persons = {"columns": {"person_id": "client_id", "age": "age", "sex": sex}, "first_by": "admit_date", **file}
    source = {**MAPPING, "tables": {"stays": {"columns": columns, **file}, "persons": persons}, "path": str(case)}
    tables = cleaned(sources.run(source, {"limited_dataset": True}))
    text = pd.read_csv(case / "stays.csv", dtype=str)
    assert set(text["dis"].dropna()) == {"1.0", "2.0", "3.0"}
    text.assign(dis=text["dis"].str.removesuffix(".0")).to_csv(tmp_path / "stays.csv", index=False)
    whole = cleaned(sources.run({**source, "path": str(tmp_path)}, {"limited_dataset": True}))
    pd.testing.assert_frame_equal(tables["stays"], whole["stays"])
    for level, code in (("2.1", "IOP"), ("3.5", "RES")):
        own = text[text["loc"] == code]
        days = (pd.to_datetime(own["discharge_date"]) - pd.to_datetime(own["admit_date"])).dt.days
        assert unplanned_by(tables, level, 90) == round(((own["dis"] == "2.0") & (days <= 90)).mean(), 3) > 0.4


def test_a_category_in_two_cases_is_one(tmp_path: Path) -> None:
    drug = PERSONS["DRUG"].where(PERSONS.index % 6 > 0, "ALCOHOL ")
    found = run(tmp_path, persons=PERSONS.assign(DRUG=drug))["raw_persons"]["primary_drug"]
    assert sorted(set(found)) == ["Alcohol", "Opioids"]


def test_both_spellings_in_one_file_are_refused_with_both_and_accepted_where_they_are_listed(tmp_path: Path) -> None:
    both = STAYS.assign(WHY=STAYS["WHY"].where(STAYS.index % 4 > 0, "0" + STAYS["WHY"]))
    with pytest.raises(StudyError, match="discharge_reason") as caught:
        run(tmp_path, stays=both)
    assert "'1' and '01'" in str(caught.value) or "'2' and '02'" in str(caught.value)
    codes = {"1": "completed", "2": "unplanned", "3": "transferred"}
    listed = {"column": "WHY", "other": "other", "codes": {**codes, **{f"0{c}": v for c, v in codes.items()}}}
    same(run(tmp_path), run(tmp_path, changed(("stays.columns.discharge_reason", listed)), stays=both))
    # listed with meanings of their own, they stay two
    listed["codes"] = {**codes, "01": "died", "02": "died", "03": "died"}
    told = run(tmp_path, changed(("stays.columns.discharge_reason", listed)), stays=both)
    assert set(told["raw_stays"]["discharge_reason"]) == {"completed", "unplanned", "transferred", "died"}


def test_identifiers_in_two_spellings_in_one_file_are_refused_and_not_shown(tmp_path: Path) -> None:
    both = pd.concat([STAYS, STAYS[:5].assign(PID="0" + STAYS["PID"][:5])])
    with pytest.raises(StudyError, match=r"stays\.person_id") as caught:
        run(tmp_path, stays=both)
    assert not any(person in str(caught.value) for person in PEOPLE)
    found = run(tmp_path, {**MAPPING, "as_written": ["person_id"]}, stays=both)
    assert len(found["raw_stays"]) == 59


def test_sites_that_few_share_are_told_by_their_pattern(tmp_path: Path) -> None:
    few = STAYS.assign(FAC=STAYS["FAC"].where(STAYS.index > 3, "011"))
    with pytest.raises(StudyError, match="digits with zeros before them") as caught:
        run(tmp_path, stays=few)
    assert "'011'" not in str(caught.value)
    many = STAYS.assign(FAC=["011", "11"] * 30)
    with pytest.raises(StudyError, match="'011' and '11'"):
        run(tmp_path, stays=many)
    kept = run(tmp_path, {**MAPPING, "as_written": ["stays.site_id"]}, stays=many)
    assert set(kept["raw_stays"]["site_id"]) == {"011", "11"}


def readings(found: Frames, column: str) -> dict[tuple[str, str | None], tuple[int, int | None]]:
    own = found["readings"]
    own = own[own["column"] == column].astype(object).where(lambda f: f.notna(), None)
    return {(r.outcome, r.code): (r.rows, r.people) for r in own.itertuples()}


def test_what_other_swallows_is_counted_and_adds_up_to_the_rows_read(tmp_path: Path) -> None:
    why = STAYS["WHY"].replace("3", "PROB").where(STAYS.index != 4)
    found = run(tmp_path, stays=STAYS.assign(WHY=why))
    told = readings(found, "discharge_reason")
    assert told["other", "PROB"] == (12, 12)
    assert told["never found", "3"] == (0, 0)
    assert told["empty", None][0] == 1
    rows = sum(n for (outcome, _), (n, _) in told.items() if outcome in ("listed", "other", "kept as it is", "empty"))
    gone = found["arrivals"].query("table == 'stays' and outcome.str.startswith('excluded: KIND')")["rows"].sum()
    read = found["arrivals"].query("table == 'stays' and outcome == 'read'")["rows"].sum()
    assert rows == read - gone == 54


def test_rows_are_accounted_for_with_what_other_swallows_beside(tmp_path: Path) -> None:
    found = run(tmp_path, stays=STAYS.assign(WHY=STAYS["WHY"].replace("3", "PROB")))
    told, _ = found.pop("readings"), found.pop("notes")
    made = clean.run(**found, gap_days=14, gap_sensitivity_days=[], max_quarantined_share=1.0)
    read = found["arrivals"].query("outcome == 'read'").set_index("table")["rows"].to_dict()
    assert made["intake"].groupby("table")["rows"].sum().to_dict() == read
    swallowed = told.query("table == 'stays' and outcome == 'other'")["rows"].sum()
    assert (made["stays"]["discharge_reason"] == "other").sum() == swallowed == 12


def test_listed_codes_of_filters_that_never_occur_are_named(tmp_path: Path) -> None:
    where = [{"column": "KIND", "not_in": ["VOID ", "test"]}]
    assert readings(run(tmp_path, changed(("stays.where", where))), "where KIND") == {("never found", "test"): (0, 0)}


@settings(
    max_examples=12, deadline=None, phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(st.data())
def test_any_cells_written_otherwise_change_nothing_or_are_refused(tmp_path: Path, data: st.DataObject) -> None:
    """Some columns of some files, all of their cells or some."""
    plain = run(tmp_path)
    ways = {**RESPELT, "zeros": digits(lambda c: c.zfill(5)), "swapped case": str.swapcase}
    written = {"stays": STAYS, "persons": PERSONS, "screens": SCREENS}
    for name, frame in written.items():
        for column in ("PID", "WHY", "KIND", "LOC", "SEX", "RES", "PLAN"):
            how = data.draw(st.sampled_from(["", *ways])) if column in frame else ""
            if how:
                some = frame.index % data.draw(st.integers(1, 3)) == 0
                written[name] = frame = frame.assign(
                    **{column: frame[column].where(~some, frame[column].map(ways[how]))}
                )
    try:
        found = run(tmp_path, **written)
    except StudyError as wrong:
        refused = str(wrong)
        found = {}
    if not found:
        assert not any(person in refused for person in PEOPLE)
        return
    assert found["quarantine"].empty
    for table in ("stays", "persons", "screens"):
        before, after = plain[f"raw_{table}"], found[f"raw_{table}"]
        names = [c for c in before if c not in ("person_id", "stay_id")]
        pd.testing.assert_frame_equal(before[names], after[names])
        assert before["person_id"].nunique() == after["person_id"].nunique()
    assert set(found["raw_screens"]["person_id"]) == set(found["raw_persons"]["person_id"])


TABLE_STAYS = pd.DataFrame(
    {
        "person_id": ["1", "2", "3"], "stay_id": ["1", "2", "3"], "site_id": ["North", "North", "South"],
        "level_of_care": ["2.1", "1", "3.5"], "start_day": [0, 0, 0], "end_day": [30, 20, 10],
        "discharge_reason": ["completed", "unplanned", "completed"], "program_type": ["substance_use"] * 3,
    }
)  # fmt: skip
TABLE_PERSONS = pd.DataFrame(
    {"person_id": ["1", "2", "3"], "observed_to_day": [365] * 3, "age": [30] * 3, "sex": ["male", "female", "male"]}
)


def tables(folder: Path, stays: pd.DataFrame, persons: pd.DataFrame, **source: Any) -> Frames:
    stays.to_csv(folder / "stays.csv", index=False)
    persons.to_csv(folder / "persons.csv", index=False)
    return sources.run({"kind": "tables", "path": str(folder), **source}, {})


def test_canonical_tables_are_read_however_their_values_are_written(tmp_path: Path) -> None:
    plain = tables(tmp_path, TABLE_STAYS, TABLE_PERSONS)
    stays = TABLE_STAYS.assign(
        person_id=["1.0", "2.0", "3.0"], stay_id=["1.0", "2.0", "3.0"], site_id=["North", "NORTH ", "south"],
        level_of_care=["2.10", "1.0", "3.5\u00a0"], discharge_reason=["Completed", "UNPLANNED", "completed "],
        program_type=["Substance use", "substance-use", "substance_use"], start_day=["0.0", "-0", "０"],
    )  # fmt: skip
    found = tables(tmp_path, stays, TABLE_PERSONS.assign(sex=["Male ", "FEMALE", "male\u200b"]))
    for name in ("persons", "stays"):
        one, other = plain[f"raw_{name}"], found[f"raw_{name}"]
        if name == "stays":
            assert other["site_id"].str.casefold().tolist() == ["north", "north", "south"]
            assert other["site_id"].nunique() == 2
            one, other = one.drop(columns="site_id"), other.drop(columns="site_id")
        pd.testing.assert_frame_equal(one, other)
    assert "stays.discharge_reason: values that differ in capital and small letters" in found["notes"]


def test_canonical_tables_with_unclear_identifiers_are_refused(tmp_path: Path) -> None:
    persons = pd.concat([TABLE_PERSONS, TABLE_PERSONS[:1].assign(person_id="01")])
    with pytest.raises(StudyError, match=r"persons\.person_id"):
        tables(tmp_path, TABLE_STAYS, persons)
    assert len(tables(tmp_path, TABLE_STAYS, persons, as_written=["person_id"])["raw_persons"]) == 4


@pytest.mark.parametrize(("column", "other"), [("PROC", "REV_CD"), ("PROC", "X2"), ("REV_CD", "PROC")])
def test_levels_that_another_column_tells_otherwise_are_counted(tmp_path: Path, column: str, other: str) -> None:
    codes = {"PROC": ["H2036", "H0015", "H2036"] * 20, "REV_CD": ["1002", "0906", ""] * 20}
    codes["X2"] = codes["REV_CD"]
    stays = STAYS.assign(**{column: codes[column], other: codes[other]}).drop(columns="LOC")
    system = "procedure" if column == "PROC" else "revenue"
    source = changed(
        ("stays.columns.level_of_care", {"column": column, "crosswalk": system, "other": "1"}),
        ("stays.ignore", [other]),
    )
    told = run(tmp_path, source, stays=stays)["readings"].query("outcome in ('several levels', 'another column')")
    found = {(r.outcome, r.code): (r.meaning, r.instead, r.rows, r.people) for r in told.itertuples()}
    kept = 54
    both = int((stays.loc[stays["KIND"] == "ok", column].isin(["H2036", "1002"]) & stays[other].ne("")).sum())
    chosen, beside = ("2.5", "3.5") if column == "PROC" else ("3.5", "2.5")
    assert found["another column", other] == (chosen, beside, both, both)
    code = "H2036" if column == "PROC" else "1002"
    rows = int((stays.loc[stays["KIND"] == "ok", column] == code).sum())
    assert found["several levels", code][2:] == (rows, rows)
    assert 0 < both <= rows < kept
    # an empty cell has no level that another column could contradict
    assert told.query("outcome == 'another column'")["rows"].sum() == both


def test_levels_of_every_crosswalk_that_might_be_others_are_counted(tmp_path: Path) -> None:
    stays = STAYS.assign(LOC=["06", "04"] * 30)
    source = changed(("stays.columns.level_of_care", {"column": "LOC", "crosswalk": "teds_services"}))
    told = run(tmp_path, source, stays=stays)["readings"].query("outcome == 'several levels'")
    found = {(r.code, r.meaning, r.instead, r.rows) for r in told.itertuples()}
    assert found == {("6", "2.1", "2.5", 30), ("4", "3.5", "3.7", 24)}


def test_codes_that_the_mapping_decides_are_no_choice(tmp_path: Path) -> None:
    stays = STAYS.assign(LOC=["H2036", "H0015"] * 30)
    level = {"column": "LOC", "crosswalk": "procedure", "codes": {"h2036": "3.5"}}
    found = run(tmp_path, changed(("stays.columns.level_of_care", level)), stays=stays)
    assert set(found["raw_stays"]["level_of_care"]) == {"3.5", "2.1"}
    assert "several levels" not in set(found["readings"]["outcome"])
