"""Numbers and codes by their shape, whatever their header; headers that tell of numbers; single cells; what passes."""

from __future__ import annotations

import datetime
import random

import pandas as pd
import pyarrow as pa
import pytest

from iop_outcomes.errors import StudyError
from iop_outcomes.privacy import identifiers
from iop_outcomes.privacy.deidentify import Options, roles
from iop_outcomes.privacy.identifiers import contents, scan

R = random.Random(3)
LETTERS = "ABCDEFGHJKLMRSTW"
DAYS = [datetime.date(2022, 1, 1) + datetime.timedelta(days=R.randrange(1000)) for _ in range(200)]
BIRTHS = [datetime.date(1950, 1, 1) + datetime.timedelta(days=R.randrange(20_000)) for _ in range(200)]
COUNTIES = [(R.choice((6, 25, 36, 48)), R.randrange(1, 99, 2), R.randrange(100, 980_000)) for _ in range(60)]


def rules(name: str, cells: list[object], **others: list[object]) -> set[str]:
    """The rules that stop a column as text and as numbers; both must be the same where it may be numbers."""
    texts = [str(c) for c in cells]
    frame = pd.DataFrame({name: pd.Series(texts, dtype=object), **{n: pd.Series(v) for n, v in others.items()}})
    found = {f.rule for f in identifiers.findings(frame) if f.column == name}
    if all(t.isdigit() for t in texts):
        columns = {name: [int(t) for t in texts], **others}
        assert {f.rule for f in identifiers.findings(pa.table(columns)) if f.column == name} == found
    return found


def luhn(text: str) -> bool:
    doubled = [int(c) * (1 + place % 2) for place, c in enumerate(reversed(text))]
    return sum(n // 10 + n % 10 for n in doubled) % 10 == 0


def npi() -> str:
    start = f"1{R.randrange(10**8):08d}"
    return next(f"{start}{d}" for d in range(10) if luhn(f"80840{start}{d}"))


def dea() -> str:
    d = [R.randrange(10) for _ in range(6)]
    check = (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10
    return f"{R.choice('ABFM')}{R.choice(LETTERS)}{''.join(map(str, d))}{check}"


def seconds(day: datetime.date) -> int:
    return (day - datetime.date(1970, 1, 1)).days * 86_400


def initials(length: int) -> str:
    return "".join(R.choices(LETTERS, k=length))


PLACE, OTHER, LICENSE = "places smaller than a state", "other identifying codes", "certificate or license numbers"
SHAPES: dict[str, tuple[str, list[object]]] = {
    "providers": (LICENSE, [npi() for _ in range(8)]),
    "prescribers": (LICENSE, [dea() for _ in range(8)]),
    "yymmdd": ("dates", [f"{d:%y%m%d}" for d in DAYS]),
    "mmddyy": ("dates", [f"{d:%m%d%y}" for d in DAYS]),
    "ddmmyy": ("dates", [f"{d:%d%m%y}" for d in DAYS]),
    "yyyymm": ("dates", [f"{d:%Y%m}" for d in DAYS]),
    "yyyyddd": ("dates", [f"{d:%Y%j}" for d in DAYS]),
    "yyddd": ("dates", [f"{d:%y%j}" for d in DAYS]),
    "epoch": ("dates", [seconds(d) + R.randrange(86_400) for d in DAYS]),
    "epoch in ms": ("dates", [1000 * (seconds(d) + R.randrange(86_400)) for d in DAYS]),
    "epoch of births": ("dates", [seconds(d) for d in BIRTHS if seconds(d) > 0]),
    "counties": (PLACE, [f"{s:02d}{c:03d}" for s, c, _ in COUNTIES]),
    "counties of a state": (PLACE, [f"25{c:03d}" for c in range(1, 28, 2)]),
    "tracts": (PLACE, [f"{s:02d}{c:03d}{t:06d}" for s, c, t in COUNTIES]),
    "block groups": (PLACE, [f"{s:02d}{c:03d}{t:06d}1" for s, c, t in COUNTIES]),
    "blocks": (PLACE, [f"{s:02d}{c:03d}{t:06d}1002" for s, c, t in COUNTIES]),
    "initials, yyyymmdd": (OTHER, [f"{initials(2)}{d:%Y%m%d}" for d in BIRTHS]),
    "initials, mmddyy": (OTHER, [f"{initials(3)}{d:%m%d%y}" for d in BIRTHS]),
    "mmddyyyy, initials": (OTHER, [f"{d:%m%d%Y}{initials(2)}" for d in BIRTHS]),
    "initials-yymmdd": (OTHER, [f"{initials(2)}-{d:%y%m%d}" for d in BIRTHS]),
    "initials, mmddyy, sex": (OTHER, [f"{initials(4)}{d:%m%d%y}{R.choice('MF')}" for d in BIRTHS]),
    "mmddyyyy, initials, four digits": (OTHER, [f"{d:%m%d%Y}{initials(2)}{R.randrange(10**4):04d}" for d in BIRTHS]),
    "cases": (OTHER, [f"{y}-CR-{R.randrange(10**6):06d}" for y in range(2015, 2025)]),
    "cases in one": (OTHER, [f"{y}CV{R.randrange(10**4):04d}" for y in range(15, 25)]),
    "cases, kind first": (OTHER, [f"CR-{y}-{R.randrange(10**6):06d}" for y in range(2015, 2025)]),
    "federal cases": (OTHER, [f"1:{y}-cv-{R.randrange(10**5):05d}" for y in range(15, 25)]),
}


@pytest.mark.parametrize(
    # five digits in a column of codes may be anything
    ("shape", "name"),
    [(s, n) for s in SHAPES for n in ("col_7", "person_id") if (s, n) != ("yyddd", "person_id")],
)
def test_most_of_a_column_tells(shape: str, name: str) -> None:
    rule, cells = SHAPES[shape]
    assert rule in rules(name, cells)


@pytest.mark.parametrize("form", ["%y%m%d", "%m%d%y", "%Y%j", "%Y%m%d", "epoch"])
def test_dates_of_birth_among_dates_of_service(form: str) -> None:
    births = [day.replace(year=day.year + 23) if form == "epoch" else day for day in BIRTHS if day.year < 1985]
    cells = [seconds(d) if form == "epoch" else d.strftime(form) for d in births]
    service = [f"{d:%Y-%m-%d}" for d in DAYS[: len(cells)]]
    frame = pd.DataFrame({"a": pd.Series([str(c) for c in cells]), "b": pd.Series(service)})
    found = {(f.column, f.rule) for f in identifiers.findings(frame)}
    assert found == {("a", "birth dates"), ("b", "dates")}
    with pytest.raises(StudyError, match="'a' looks like birth dates"):
        identifiers.examine(frame.rename(columns={"b": "age"}).assign(age=service), "x", {"limited_dataset": True})


# a single cell among words, and among small numbers
CELLS = {
    "ZIP codes": [
        "02118", "02118-1234", "Boston 02118", "lives in Worcester, 01608", "Chicago 60614", "MA 02118",
        "zip 02118-1234",         "ZIP=02118",
    ],
    "telephone numbers": [
        "2125550187", "call 2125550187", "(212)555-0187", "212 5550187", "1-212-555-0187", "+12125550187",
        "call 555-0187",         "212/555-0187", "cell: 2125550187.",
    ],
    OTHER: ["DOC# 123456", "2023-CR-001234", "see 23-CV-00123", "booking no 445566"],
    LICENSE: ["NPI 1234567893", "DEA: AB1234563"],
    PLACE: ["tract 25025010405", "FIPS code 25025"],
}  # fmt: skip


@pytest.mark.parametrize(("rule", "cell"), [(r, c) for r, cells in CELLS.items() for c in cells])
@pytest.mark.parametrize("among", ["words", "numbers"])
def test_one_telling_cell_is_enough(rule: str, cell: str, among: str) -> None:
    cells: list[object] = [f"ok {i % 7}" if among == "words" else i % 40 for i in range(300)]
    cells[137] = cell
    frame = pd.DataFrame({"hours": pd.Series([str(c) for c in cells], dtype=object)})
    assert {f.rule for f in identifiers.findings(frame)} == {rule}


def test_a_telephone_number_among_numbers() -> None:
    assert rules("hours", [*range(40), 2_125_550_187]) == {"telephone numbers"}


def test_a_local_number_among_words() -> None:
    assert rules("contact_day", [*["weekday", "evening", "never"] * 9, "555-0187"]) == {"telephone numbers"}


def digits(width: int) -> list[object]:
    return ["".join(R.choices("123456789", k=width)) for _ in range(50)]


NUMBERS = {
    LICENSE: {
        "BILL_NPI": 10, "REND_NPI": 10, "NPI_NBR": 10, "DEA_NUM": 7, "PRSCRBR_DEA": 7, "DL_NUM": 8,
        "DriversLicenseNo": 9,
    },
    OTHER: {
        "INMATE_NUM": 6, "Inmate No": 6, "DOC_NUM": 6, "BOOKING_ID": 7, "JAIL_NO": 5, "FBI_NO": 8, "COURT_CASE_NO": 6,
        "CRT_CASE": 6, "CAUSE_NUM": 6, "DKT_NBR": 6, "EMPLOYEE_NBR": 5, "BADGE_NO": 5, "offender id": 7,
    },
    "telephone numbers": {
        "PT_PHONE_1": 10, "HM_PHN": 10, "CELL_NBR": 10, "TELEFONO": 9, "WorkPh": 10, "telefonnummer": 9,
    },
    "ZIP codes": {"MBR_ZIP": 5, "ZIP_PLUS4": 4, "PT_ZIP9": 9, "codigo postal": 5, "PLZ": 5},
    PLACE: {"TRACT": 6, "CENSUS_TRACT_2010": 6, "GEOID": 11, "GEOID10": 11, "FIPS_CD": 5, "CNTY_FIPS": 3, "CNTY_CD": 3},
    "social security numbers": {"SOC_SEC": 9, "MBR_SSN": 9, "num_seguro_social": 9},
    "medical record numbers": {"CHART_NBR": 6, "MEDREC_NO": 6, "historia clinica": 7},
    "health plan numbers": {"HIC_NBR": 9, "MCAID_ID": 9, "MEDICAID_NBR": 9},
}  # fmt: skip


@pytest.mark.parametrize(("rule", "name", "width"), [(r, n, w) for r, own in NUMBERS.items() for n, w in own.items()])
def test_the_words_of_a_header_tell_what_its_numbers_are(rule: str, name: str, width: int) -> None:
    assert rule in rules(name, digits(width))


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("MBR_DOB", ["19800304"]), ("BRTH_DT", ["03041980"]), ("DOB_JUL", ["1980064"]),
        ("FECHA_NACIMIENTO", ["04/03/1980"]),
        ("date de naissance", ["04/03/1980"]), ("Geburtsdatum", ["04.03.1980"]), ("birthdt", ["29284"]),
    ],
)  # fmt: skip
def test_dates_of_birth_in_several_languages(name: str, cells: list[object]) -> None:
    assert rules(name, cells) == {"birth dates"}


HARMLESS: dict[str, list[object]] = {
    "state_fips": [25, 36, 48] * 20,
    "stfips": ["01", "25", "36"] * 20,
    "visit_key": [2_024_000_001 + i for i in range(60)],
    "record_id": [R.randrange(10**9, 10**10) for _ in range(60)],
    "running": [20_190_000_001 + i for i in range(400)],
    "seven_digits": [R.randrange(10**6, 10**7) for _ in range(60)],
    "six_digits": [R.randrange(10**5, 10**6) for _ in range(60)],
    "five_digits": [R.randrange(10**4, 10**5) for _ in range(60)],
    "token_id": ["".join(R.choices("abcdefghijklmnopqrstuvwxyz", k=R.randrange(6, 10))) for _ in range(60)],
    "base32": ["".join(R.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=12)) for _ in range(60)],
    "study_no": [f"{R.choice('ABC')}-{R.randrange(1000):03d}" for _ in range(60)],
    "person_id": [f"WC{100_000 + i}" for i in range(60)],
    "income_band": ["under 10000", "10000 to 24999", "over 50000"] * 20,
    "cpt": ["90834", "90837", "99213", "H0015", "none"] * 12,
    "rent": ["none", "12000", "900", "14400"] * 15,
    "case_no": ["C0001", "C0002", "C0003"] * 20,
    "court_type": ["drug", "mental health"] * 30,
    "npi_type": ["1", "2"] * 30,
    "phone_reminder": ["text", "call", "none"] * 20,
    "doc": ["Alcohol", "Heroin", "Cocaine"] * 20,
    "birth_weight": [2900, 3100, 3400] * 20,
    "ndc": ["12496-1208-03", "50242-040-62", "0054-0176-13"] * 20,
    "loinc": ["3426-4", "19659-2", "3397-7"] * 20,
    "seconds_in_care": [86_400 * n for n in range(1, 61)],
}


@pytest.mark.parametrize("name", HARMLESS)
def test_codes_pseudonyms_and_amounts_pass(name: str) -> None:
    assert rules(name, HARMLESS[name]) == set()


@pytest.mark.parametrize("shape", SHAPES)
def test_deidentify_keeps_none_of_them(shape: str) -> None:
    cells = [str(c) for c in SHAPES[shape][1]]
    columns = list(contents.columns(pd.DataFrame({"col_7": pd.Series(cells, dtype=object)})))
    (role,) = roles.decide(columns, scan.scan(columns), Options(["person_id"]))
    assert role.kind in ("drop", "date", "zip")


def test_zip_codes_that_read_as_days_of_years_stay_zip_codes() -> None:
    near = [f"{15_000 + n}" for n in range(1, 300, 9)]
    assert rules("MBR_ZIP", near) == {"ZIP codes"}  # type: ignore[arg-type]


def test_repeated_rows_and_their_order_change_nothing() -> None:
    for rule, cells in SHAPES.values():
        assert rule in rules("col_7", [c for c in reversed(cells) for _ in range(3)])


def test_many_rows_are_judged_as_few_are() -> None:
    days = [f"{DAYS[i % 200]:%y%m%d}" for i in range(60_000)]
    assert rules("col_7", days) == {"dates"}  # type: ignore[arg-type]
    providers = [npi() for _ in range(60_000)]
    assert rules("col_7", providers) == {LICENSE}  # type: ignore[arg-type]
    assert rules("col_7", [R.randrange(10**9, 10**10) for _ in range(60_000)]) == set()


STEMS = (
    "Vlahov", "Nkeme", "Thistle", "Haver", "Kowalc", "Dlamin", "Okonkw", "Papado", "Lindqv", "Yamagu",
    "Mwangi", "Castel", "Dubois", "Trembl", "Oduyal", "Zielin", "Marche", "Farouk", "Hossei", "Pritch",
    "Loxley", "Bramwe", "Sorens", "Yazzie", "Begayo", "Mensah", "Adeyem", "Chukwu", "Njorog", "Keahim",
)  # fmt: skip
NUMBERED = {
    "birth year": [f"{s[:5].upper()}{d.year}" for s, d in zip(STEMS, BIRTHS, strict=False)],
    "login": [f"{s.lower()}{R.randrange(10, 99)}" for s in STEMS],
    "initial, name": [f"{initials(1).lower()}.{s.lower()}{R.randrange(10)}" for s in STEMS],
    "number in brackets": [f"{s} ({R.randrange(1000, 9999)})" for s in STEMS],
}


@pytest.mark.parametrize("cells", NUMBERED.values(), ids=NUMBERED)
@pytest.mark.parametrize("name", ["uid", "field_8", "person_key"])
def test_names_with_digits_behind_are_names(name: str, cells: list[object]) -> None:
    assert "person names" in rules(name, cells)


def test_random_codes_and_numbered_categories_are_no_names() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    codes = ["".join(R.choices(letters, k=6)) + f"{R.randrange(10**3):03d}" for _ in range(200)]
    rooms = [f"{R.choice(('BED', 'ROOM', 'UNIT', 'WARD'))}{R.randrange(400)}" for _ in range(200)]
    assert not rules("uid", codes)
    assert not rules("field_8", rooms)


FOREIGN: dict[str, tuple[str, list[object]]] = {
    "masked": ("social security numbers", [f"***-**-{R.randrange(1, 9999):04d}" for _ in range(20)]),
    "masked, x": ("social security numbers", [f"XXX-XX-{R.randrange(1, 9999):04d}" for _ in range(20)]),
    "cpf": (
        "social security numbers",
        [f"{R.randrange(100, 999)}.{R.randrange(100, 999)}.{R.randrange(100, 999)}-07"] * 5,
    ),
    "date, serial": ("social security numbers", [f"{d:%y%m%d}-{R.randrange(10**4):04d}" for d in BIRTHS]),
    "date, serial, letter": ("social security numbers", [f"{d:%d%m%y}-{R.randrange(900):03d}T" for d in BIRTHS]),
    "British phones": ("telephone numbers", [f"07{R.randrange(10**3):03d} {R.randrange(10**6):06d}" for _ in DAYS]),
    "French phones": (
        "telephone numbers",
        [f"06 {R.randrange(10, 99)} {R.randrange(10, 99)} 12 3{i % 10}" for i in range(30)],
    ),
    "British postcodes": ("ZIP codes", [f"{R.choice(('SW', 'LS', 'M'))}{i % 19 + 1} {i % 9 + 1}AB" for i in range(60)]),
    "Canadian postcodes": (
        "ZIP codes",
        [f"{R.choice('KLMNP')}{i % 9 + 1}A {i % 8 + 1}B{i % 7 + 1}" for i in range(60)],
    ),
}


@pytest.mark.parametrize(("rule", "cells"), FOREIGN.values(), ids=FOREIGN)
def test_masked_numbers_and_those_of_other_countries(rule: str, cells: list[object]) -> None:
    assert rule in rules("field_8", cells)


@pytest.mark.parametrize("form", ["%m/%d/%y", "%d.%m.%y", "%d-%b-%y", "%m-%d-%y"])
def test_birth_dates_with_two_digits_of_the_year_are_birth_dates(form: str) -> None:
    """A limited data set lets dates of service in, not these."""
    service = [d.strftime(form) for d in DAYS]
    assert "birth dates" in rules("field_8", [d.strftime(form) for d in BIRTHS], admitted=service)
    assert rules("field_8", service, admitted=service) == {"dates"}


def test_a_count_of_reminders_is_no_address() -> None:
    assert not rules("email_reminders", [str(n) for n in range(12)])
    assert "e-mail addresses" in rules("email_home", ["jdoe at clinic dot org", "asmith at clinic dot org"])
