"""The rules of the identifier gate: what each of them stops, and what ordinary records let through."""

from __future__ import annotations

import datetime
import hashlib
import random
import re
import uuid
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from gate_cells import CELLS, PEOPLE, hits, text

from iop_outcomes import sources
from iop_outcomes.errors import StudyError
from iop_outcomes.privacy import identifiers
from iop_outcomes.privacy.identifiers import digits, names, rules

ZIPS = [f"0{n}" for n in (*range(2108, 2138), *range(1001, 1012))]


def card(prefix: str) -> str:
    return next(prefix + str(d) for d in range(10) if digits.luhn(np.array([int(prefix + str(d))]))[0])


NAMED = {
    "person names": ["first_name", "LAST_NAME", "PatientName", "name", "Maiden Name", "emergency_contact", "initials"],
    "street addresses": ["Address", "street", "home_address_1", "latitude", "mailing_addr"],
    "places smaller than a state": ["city", "County", "res_county_fips", "census_tract", "PatientCity", "ciudad"],
    "ZIP codes": ["zip", "ZIPCODE", "patient_zip5", "postal_code"],
    "birth dates": ["dob", "DOB", "birth_date", "DateOfBirth", "pt_dob"],
    "dates": ["admission_date", "DISCH_DT", "date_of_service", "admitdate", "StartDate"],
    "telephone numbers": ["phone", "Home Phone", "telephone_number", "cell_phone", "mobile"],
    "fax numbers": ["fax", "fax_number"],
    "e-mail addresses": ["email", "E-mail", "EmailAddress", "contact_email"],
    "social security numbers": ["ssn", "SSN", "social_security_number", "SocSecNo", "ssn_last4"],
    "medical record numbers": ["mrn", "MedicalRecordNumber", "med_rec_no", "chart_number"],
    "health plan numbers": ["member_id", "Medicaid ID", "subscriber_number", "policy_no", "health_plan_beneficiary_id"],
    "account numbers": ["account_number", "acct_no", "patient_account", "iban", "credit_card"],
    "certificate or license numbers": ["license_number", "drivers_license", "certificate_no"],
    "vehicle identifiers": ["vin", "license_plate", "vehicle_id", "plate_number"],
    "device identifiers": ["device_id", "DeviceSerialNumber", "imei", "mac_address"],
    "web addresses": ["url", "website", "profile_url"],
    "IP addresses": ["ip_address", "IPAddr", "client_ip", "ipv4"],
    "biometric identifiers": ["fingerprint", "voice_print", "retina_scan", "biometric_template"],
    "photographs": ["photo", "patient_photo", "face_image", "headshot"],
    "other identifying codes": ["passport_number", "inmate_id", "employee_no", "tattoos"],
    "free text": ["notes", "progress_note", "comments", "free_text", "other_specify"],
}


@pytest.mark.parametrize(("rule", "column"), [(r, c) for r, columns in NAMED.items() for c in columns])
def test_a_column_is_known_by_its_name(rule: str, column: str) -> None:
    assert hits(text(person_id=["a", "b"], **{column: ["qx", "zj"]})) == {(column, rule, "name")}


@pytest.mark.parametrize(("rule", "cell"), [(r, c) for r, cells in CELLS.items() for c in cells])
def test_one_telling_cell_is_enough(rule: str, cell: str) -> None:
    column = [f"ok {i % 7}" for i in range(300)]
    column[137] = cell
    found = {f.rule for f in identifiers.findings(text(person_id=range(300), hours=column))}
    assert rule in found
    # a date next to a name of a rule, a postal code within an address: what is said may be more, but not of all kinds
    assert len(found) <= 2


# most of a column, with nothing in its name
MOST = {
    "person names": [
        PEOPLE, [p.lower() for p in PEOPLE], ["Mary", "Jose", "Kevin", "Zoltan", "Sarah"],
        ["Garcia", "Smith", "Nguyen", "Abiodun"],
        [f"{a}, {b}" for a in ("Tran-Ota", "Quispe", "Xhaka", "Ozdemir", "Aalto") for b in ("Q.", "Ri", "Wu", "Ye")],
    ],
    "ZIP codes": [ZIPS, [f"{z}-{1000 + i}" for i, z in enumerate(ZIPS)], [int(f"1{z[1:]}") for z in ZIPS]],
    "places smaller than a state": [
        ["Lowell, MA", "Natick, MA", "Troy, NY"], ["Essex County", "Kings County", "Erie County"],
        [f"{state}{county:03d}" for state in (25, 36) for county in range(1, 12, 2)],
    ],
    "dates": [
        ["20240115", "20231231", "20230704"], [20240115, 20231231, 20230704], ["01/15/24", "12/31/23"],
        ["2024-01", "2023-12"], ["Jan 2024", "Dec 2023"], ["01152024", "12312023"],
        ["20240115093000", "20231231235959"], [datetime.date(2024, 1, 15)], [datetime.datetime(2024, 1, 15, 9)],
    ],
    "telephone numbers": [
        [f"{212 + i}{555 + i}0{100 + i}" for i in range(12)], [2125550100 + 100_130_001 * i for i in range(12)],
    ],
    "social security numbers": [["123456789", "078051120", "401223344"], [219099999, 457555462, 123456789]],
    "health plan numbers": [["1EG4TE5MK73", "2AC4TE5MK79"]],
    "account numbers": [[card(f"4{i}1111111111{i:03d}") for i in range(4)]],
    "device identifiers": [[card(f"49{i}15420323{i:03d}") for i in range(4)]],
    "vehicle identifiers": [["1HGCM82633A004352", "1M8GDM9AXKP042788"]],
    "free text": [[f"Client {w} arrived late to the group and said little of the week" for w in "abcdefgh"]],
    "street addresses": [[f"{i} Elm Court" for i in range(9)]],
}  # fmt: skip


@pytest.mark.parametrize(("rule", "values"), [(r, v) for r, columns in MOST.items() for v in columns])
def test_most_of_a_column_tells_whatever_its_name(rule: str, values: list[object]) -> None:
    frame = pd.DataFrame({"person_id": range(len(values)), "col_7": pd.Series(values)})
    assert hits(frame) == {("col_7", rule, "contents")}
    assert hits(pa.Table.from_pandas(frame, preserve_index=False)) == {("col_7", rule, "contents")}


def test_the_rules_stand_for_all_eighteen_items() -> None:
    assert {rule.item for rule in rules.RULES} == set("ABCDEFGHIJKLMNOPQR")
    assert {rule for rule, _ in rules.TABLE} == set(rules.BY_NAME)
    assert set(NAMED) | {"ages over 89"} == set(rules.BY_NAME)


RANDOM = random.Random(7)
HARMLESS: dict[str, Sequence[object]] = {
    "person_id": [f"P{RANDOM.randrange(16**6):06X}" for _ in range(400)],
    "client_id": [hashlib.sha256(bytes([i % 256, i // 256])).hexdigest() for i in range(400)],
    "pseudonym": [str(uuid.UUID(int=RANDOM.getrandbits(128))) for _ in range(400)],
    "code_p": [f"P{i}AB{i % 90 + 10}" for i in range(400)],
    "base32": ["".join(RANDOM.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=20)) for _ in range(400)],
    "CASEID": range(20190000001, 20190000401),
    "row": range(1, 401),
    "record": [str(i) for i in range(10_001, 10_401)],
    "study_number": [100_000_000 + i for i in range(400)],
    "random_5": RANDOM.sample(range(10_000, 100_000), 400),
    "hours": [f"{RANDOM.uniform(0, 40):.2f}" for _ in range(400)],
    "minutes": [RANDOM.randrange(15, 300) for _ in range(400)],
    "start_day": [RANDOM.randrange(-90, 900) for _ in range(400)],
    "admit_date": [str(RANDOM.randrange(-90, 900)) for _ in range(400)],
    "score": [f"{RANDOM.gauss(50, 10):.6f}" for _ in range(400)],
    "charge": [f"{RANDOM.randrange(100, 99999)}" for _ in range(400)],
    "cents": RANDOM.sample(range(1000, 3_000_000), 400),
    "STFIPS": RANDOM.choices(range(1, 57), k=400),
    "county_type": ["urban", "rural"] * 200,
    "fips": RANDOM.choices(("25", "36", "48"), k=400),
    "CBSA2010": [*(RANDOM.randrange(1018, 4974) * 10 for _ in range(399)), -9],
    "procedure": ["H0015", "S9480", "90834", "90837", "99213", "H0018", "80305", "T1006"] * 50,
    "revenue_code": ["0905", "0906", "1001", "1002"] * 100,
    "ndc": ["12496-1208-03", "50242-040-62", "0054-0176-13"] * 130 + ["12496-1208-03"] * 10,
    "icd": ["F11.20", "F10.239", "F14.10", "Z71.41"] * 100,
    "year": RANDOM.choices(range(2006, 2025), k=400),
    "birth_year": RANDOM.choices(range(1937, 2006), k=400),
    "age": [*RANDOM.choices(range(12, 90), k=398), 90, 190],
    "age_group": ["18-24", "25-34", "65+", "90+"] * 100,
    "first_use_age": RANDOM.choices(["11 or younger", "12-14", "30+"], k=400),
    "quarter": ["2024Q1", "2023Q4", "2024-Q2", "2022Q3"] * 100,
    "race": [
        "White",
        "Black or African American",
        "Asian",
        "Native Hawaiian",
        "American Indian",
        "Two or more",
        "Other",
    ]
    * 57
    + ["Other"],
    "hispanic": ["Not Hispanic", "Mexican", "Puerto Rican", "Cuban", "Unknown"] * 80,
    "marital": ["Never married", "Now married", "Separated", "Divorced or widowed"] * 100,
    "employment": ["Full Time", "Part Time", "Unemployed", "Not In Labor Force"] * 100,
    "service": [
        "Outpatient",
        "Intensive Outpatient",
        "Rehab/residential, short term (30 days or fewer)",
        "Detox, 24-hour",
    ]
    * 100,
    "referral": ["Individual", "Court/criminal justice", "Health Care Provider", "School", "90 Day Drug Court"] * 80,
    "program": ["Harbor Light", "North Campus", "Main, north", "Gateway", "Phoenix House"] * 80,
    "site_name": ["Site A", "Site B", "North Campus", "Main Street Clinic"] * 100,
    "drug_name": ["Heroin", "Buprenorphine Naloxone", "MS Contin", "Crystal", "Molly", "Cocaine, Smoked"] * 66
    + ["Heroin"] * 4,
    "medication": ["Suboxone 8mg-2mg", "Vivitrol 380 mg", "methadone 10 mg/mL", "Lucemyra 0.18 mg"] * 100,
    "discharge_reason": ["completed", "unplanned", "transferred", "died"] * 100,
    "state": ["MA", "New York", "North Dakota", "TX"] * 100,
    "region": ["Northeast", "South", "Midwest", "West"] * 100,
    "zip3": ["021", "100", "606", "000"] * 100,
    "legal_mandate": ["yes", "no"] * 200,
    "phone_calls": RANDOM.choices(range(30), k=400),
    "has_email": ["yes", "no"] * 200,
    "vehicle": ["yes", "no", "unknown", "yes"] * 100,
    "license_type": ["LCSW", "LADC", "MD", "RN"] * 100,
    "fax_sent_flag": ["0", "1"] * 200,
    "housing": ["Homeless", "Dependent Living", "Independent Living", "St. Mary House"] * 100,
    "pattern": ["ooo+--+o", "--------", "*---oo-o", "oo_____"] * 100,
    "time_of_day": ["09:00", "14:30", "23:59:59", "00:00"] * 100,
    "blood_pressure": ["120/80", "131/85", "118/76", "140/90"] * 100,
    "ratio": ["1:2", "3:4", "10:1", "1:1"] * 100,
    "version": ["3.1", "2.1", "3.7", "II.5"] * 100,
    "asam": ["ASAM 3.1 Clinically Managed Low-Intensity Residential", "ASAM 2.1 Intensive Outpatient Services"] * 200,
    "age_text": ["18 to 20 years", "21-24 years", "65 years and older", "unknown"] * 100,
    "stay_id": [f"S-{i:08d}" for i in range(400)],
    "visit": ["WK1", "WK2", "BASELINE", "2/3"] * 100,
    "flag": [True, False] * 200,
    "missing": [None] * 400,
}


@pytest.mark.parametrize("column", HARMLESS)
def test_ordinary_treatment_data_pass(column: str) -> None:
    values = list(HARMLESS[column])
    assert len(values) == 400
    assert identifiers.findings(text(**{column: [None if v is None else str(v) for v in values]})) == []
    assert identifiers.findings(pa.table({column: values})) == []


def test_the_columns_of_the_canonical_tables_pass_by_their_names() -> None:
    from iop_outcomes.tables import CANONICAL

    for table in CANONICAL:
        assert identifiers.findings(text(**{column: ["0", "1", "2"] for column in table.columns})) == []


def test_the_synthetic_cohort_would_pass() -> None:
    tables = sources.read("synthetic", {"people": 100, "sites": 4, "seed": 7, "scenario": "base"})
    for name, table in tables.items():
        assert identifiers.examine(table, name, {}) == []


TEDSD = """
ADMYR AGE ALCDRUG ALCFLG AMPHFLG ARRESTS ARRESTS_D BARBFLG BENZFLG CASEID CBSA2010 CBSA2020 COKEFLG DAYWAIT
DETCRIM DETNLF DISYR DIVISION DSMCRIT EDUC EMPLOY EMPLOY_D ETHNIC FREQ1 FREQ1_D FREQ_ATND_SELF_HELP FRSTUSE1
GENDER HALLFLG HERFLG HLTHINS IDU INHFLG LIVARAG LIVARAG_D LOS MARFLG MARSTAT METHFLG METHUSE MTHAMFLG NOPRIOR
OPSYNFLG OTCFLG OTHERFLG PCPFLG PREG PRIMINC PRIMPAY PSOURCE PSYPROB RACE REASON REGION ROUTE1 SEDHPFLG
SERVICES SERVICES_D SEX STFIPS STIMFLG SUB1 SUB1_D TRNQFLG VET
"""


def test_the_national_discharge_file_passes() -> None:
    rng = np.random.default_rng(1)
    table = {c: rng.integers(-9, 13, 500).astype(np.int8) for c in TEDSD.split()}
    table |= {"DISYR": np.full(500, 2019), "CASEID": rng.permutation(np.arange(20190000001, 20190000501))}
    table |= {"CBSA2010": np.where(rng.random(500) < 0.2, -9, rng.integers(1018, 4974, 500) * 10)}
    assert identifiers.findings(pa.table(table)) == []
    assert identifiers.findings(pd.DataFrame(table).astype(str).astype(object)) == []


def test_words_of_a_column_name() -> None:
    for name in ("PatientZIP5", "patient zip 5", "PATIENT_ZIP_5", " Patient-Zip5 "):
        assert names.words(name) == "patient_zip_5"
    assert names.words("SS#") == "ss_no"


@pytest.mark.parametrize(
    ("ages", "hit"),
    [(["89", "90"], False), (["89", "91"], True), (["120"], True), (["121", "190"], False), (["91.5"], True),
     (["90.0"], False), (["92 years"], True), (["95+"], True), (["90+"], False), ([None], False)],
)  # fmt: skip
def test_ages_of_91_to_120_are_hits(ages: list[str], hit: bool) -> None:
    assert {f.rule for f in identifiers.findings(text(age=ages))} == ({"ages over 89"} if hit else set())
    plain = [float(a) if a else None for a in ages if a is None or re.fullmatch("[0-9.]+", a)]
    if len(plain) == len(ages):
        assert bool(identifiers.findings(pa.table({"AGE": plain}))) is hit


def test_three_digit_zip_codes_of_small_places_are_hits() -> None:
    assert hits(text(zip3=["021", "036"])) == {("zip3", "ZIP codes", "name")}
    assert len(rules.small_prefixes()) == len(set(rules.small_prefixes())) == 17


def test_a_year_of_birth_that_tells_an_age_over_89() -> None:
    assert hits(text(birth_year=["1936", "1980"])) == {("birth_year", "ages over 89", "name")}


def test_dates_of_birth_are_told_from_dates_of_service_by_their_years() -> None:
    births = [f"{1950 + 2 * i}-03-04" for i in range(25)]
    service = [f"2024-01-{1 + i:02d}" for i in range(25)]
    assert hits(text(a=births, b=service)) == {("a", "birth dates", "contents"), ("b", "dates", "contents")}
    with pytest.raises(StudyError, match="'a' looks like birth dates") as caught:
        identifiers.examine(text(a=births, b=service, age=["9"] * 25), "x.csv", {"limited_dataset": True})
    assert "'b'" not in str(caught.value)
