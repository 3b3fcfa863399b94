"""The tables of codes: complete, agreed with SAMHSA's facts, and every shift between years worked by hand."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path

import pytest

from iop_outcomes.codebooks.tedsd import codes
from iop_outcomes.tables import TABLES, reference

COLUMNS = {(c.table, c.name): c for c in codes.columns()}
YEARS = {"2006-2014": (2006, 2010, 2014), **{str(y): (y,) for y in range(2015, 2023)}}


def meaning(year: int, column: str, code: int) -> str | None:
    """What a code of a year becomes in a canonical column; KeyError for a code that is not in the year's list."""
    found = next(c for (_, name), c in COLUMNS.items() if name == column)
    values = codes.code_list(codes.variables()[found.variable], codes.span(year)).values
    place = int(codes.lookup(found, codes.span(year))[code - codes.LOW])
    values[code]
    return codes.vocabulary(found)[place]


# column, year, code, what it becomes
SHIFTS = """
age_group|2014|2|12-14
age_group|2015|1|12-14
age_group|2014|4|18-20
age_group|2015|4|21-24
age_group|2014|12|55 or older
age_group|2015|11|55-64
age_group|2019|12|65 or older
age|2014|2|12
age|2015|2|15
age|2014|12|55
age|2022|11|55
age|2022|12|65
hispanic|2014|4|yes
hispanic|2015|4|no
hispanic|2014|5|no
hispanic|2015|5|yes
hispanic|2014|6|yes
hispanic|2019|-9|unknown
race|2014|13|Asian
race|2015|6|Asian
race|2014|20|other single race
race|2015|7|other single race
race|2014|21|two or more races
race|2015|8|two or more races
race|2014|23|Native Hawaiian or other Pacific Islander
race|2015|9|Native Hawaiian or other Pacific Islander
prior_treatment|2014|0|no
prior_treatment|2014|3|yes
prior_treatment|2014|5|yes
prior_treatment|2015|0|no
prior_treatment|2015|1|yes
use_frequency|2014|1|none
use_frequency|2014|3|some
use_frequency|2014|5|daily
use_frequency|2015|2|some
use_frequency|2015|3|daily
use_at_discharge|2015|1|none
use_at_discharge|2019|2|some
use_at_discharge|2019|3|daily
use_at_discharge|2019|-9|unknown
employment_at_discharge|2019|1|full-time
employment_at_discharge|2015|2|part-time
employment_at_discharge|2019|-9|unknown
arrests_at_discharge|2014|0|none
arrests_at_discharge|2019|2|twice or more
waiting_days|2014|0|0
waiting_days|2014|4|1-7
waiting_days|2014|8|8-14
waiting_days|2014|30|15-30
waiting_days|2014|31|31 or more
waiting_days|2014|996|31 or more
waiting_days|2015|4|31 or more
waiting_days|2015|1|1-7
payer|2014|8|no charge
payer|2015|6|no charge
payer|2014|9|other
payer|2015|7|other
payer|2014|3|Medicare or workers' compensation
payer|2015|3|Medicare
income_source|2014|20|other
income_source|2015|4|other
income_source|2014|21|none
income_source|2015|5|none
primary_drug|2014|20|other
primary_drug|2015|19|other
primary_drug|2014|1|none
primary_drug|2019|1|none
primary_drug|2019|5|heroin
primary_drug|2019|7|other opioids
primary_drug|2019|6|other opioids
primary_drug|2019|12|methamphetamine and other stimulants
primary_drug|2019|-9|unknown
route_of_use|2014|20|other
route_of_use|2015|5|other
route_of_use|2019|4|injection
first_use_age|2014|7|30 or older
first_use_age|2014|12|30 or older
first_use_age|2015|7|30 or older
first_use_age|2014|6|25-29
injection_use|2014|-8|unknown
injection_use|2014|0|not recent
injection_use|2015|-9|unknown
injection_use|2015|0|not recent
injection_use|2014|1|recent
discharge_reason|2010|2|unplanned
discharge_reason|2019|2|unplanned
discharge_reason|2019|3|unplanned
discharge_reason|2019|1|completed
discharge_reason|2019|4|transferred
discharge_reason|2019|5|other
discharge_reason|2019|6|died
discharge_reason|2019|7|other
discharge_reason|2014|-9|
legal_mandate|2019|7|yes
legal_mandate|2019|1|no
legal_mandate|2019|-9|unknown
stable_housing|2019|1|no
stable_housing|2019|2|yes
stable_housing|2022|3|yes
stable_housing|2022|-9|unknown
health_insurance|2019|4|none
health_insurance|2019|-9|unknown
arrests|2019|0|none
arrests|2019|-9|unknown
level_of_care|2019|1|detox
level_of_care|2019|3|4
level_of_care|2019|4|3.5
level_of_care|2019|5|3.1
level_of_care|2019|6|2.1
level_of_care|2019|7|1
level_of_care|2019|8|detox
level_of_care|2010|-9|
diagnosis|2014|20|other condition
diagnosis|2019|-9|unknown
sex|2023|1|male
sex|2023|2|female
sex|2023|-9|unknown
"""


@pytest.mark.parametrize("line", SHIFTS.split("\n")[1:-1])
def test_a_code_means_what_it_meant_in_its_year(line: str) -> None:
    column, year, code, becomes = line.split("|")
    assert meaning(int(year), column, int(code)) == (becomes or None)


@pytest.mark.parametrize(
    ("variable", "year", "code"),
    [
        ("AGE", 2014, 1), ("AGE", 2019, -9), ("RACE", 2015, 13), ("SUB1", 2015, 20), ("SUB1", 2014, 19),
        ("PRIMPAY", 2015, 8), ("PRIMINC", 2015, 20), ("NOPRIOR", 2015, 2), ("FREQ1", 2015, 4), ("DAYWAIT", 2015, 5),
        ("DAYWAIT", 2014, 997), ("REASON", 2015, -9), ("LOS", 2017, -9), ("LOS", 2016, 38), ("ROUTE1", 2014, 5),
        ("DETCRIM", 2014, 2), ("DETNLF", 2014, 4), ("SERVICES", 2015, -9), ("SERVICES", 2019, 9), ("IDU", 2015, -8),
        ("STFIPS", 2019, 3),
    ],
)  # fmt: skip
def test_a_code_of_another_year_is_unknown(variable: str, year: int, code: int) -> None:
    assert codes.known(variable, codes.span(year))[code - codes.LOW] == 0


def test_columns_cover_every_value_and_hold_only_what_the_canonical_tables_allow() -> None:
    for column in codes.columns():
        rows = [r for r in reference.rows("tedsd/codes.csv") if r["codes"] == codes.variables()[column.variable]]
        assert rows, column.variable
        outcomes = {column.outcome(row["value"]) for row in rows}
        allowed = TABLES[column.table].columns[column.name].allowed
        assert not allowed or outcomes <= {*allowed, None}, column.name
        assert len(codes.vocabulary(column)) < 127


def test_names_of_every_year_are_recognised() -> None:
    names = {
        "servsetd": "SERVICES_D",
        "ETHNICITY": "ETHNIC",
        "ethnic": "ETHNIC",
        "Gender": "GENDER",
        "SEX": "GENDER",
        "CBSA2020": "CBSA2020",
    }
    assert {n: codes.variable(n) for n in names} == names
    assert codes.variable("PATIENT_NAME") is None


def test_labels_of_other_years_and_spellings_find_the_code_of_the_year() -> None:
    ages = codes.code_list("AGE", codes.span(2021)).labels
    assert [ages[codes.normal(t)] for t in ("12–14 years", "12-14 YEARS OLD", "55 - 64", "65 Years and Older")] == [
        1,
        1,
        11,
        12,
    ]
    assert codes.code_list("AGE", codes.span(2010)).labels[codes.normal("12-14 years old")] == 2
    assert codes.code_list("LIVARAG", codes.span(2019)).labels[codes.normal("Experiencing homelessness")] == 1


def test_lists_are_those_of_samhsa(shared: Path) -> None:
    facts = json.loads((shared / "data/tedsd/tedsd_codebook.json").read_text(encoding="utf-8"))
    # 0 is printed together with -8, and -9 is the missing code of every year; lists of days are printed in part
    more = {("IDU", "2006-2014"): {0, -9}, ("DAYWAIT", "2006-2014"): set(range(50, 997))}
    seen = 0
    for name, fact in facts.items():
        variable = codes.variable({"SEX_OR_GENDER": "GENDER"}.get(name, name))
        if name.startswith("_") or not variable or not codes.variables()[variable]:
            continue
        for period, book in fact["by_year"].items():
            expected = {int(c) for c in book["values"]} | more.get((variable, period), set())
            if variable in ("SERVICES", "SERVICES_D") and period == "2006-2014":
                expected |= {-9}
            for year in YEARS[period]:
                assert set(codes.code_list(codes.variables()[variable], codes.span(year)).values) == expected, (
                    name,
                    year,
                )
                seen += 1
    assert seen > 350


def test_margins_are_those_of_samhsa(shared: Path) -> None:
    def counts(rows: list[dict[str, str]], year: str, code: str, count: str) -> dict[tuple[str, str], dict[str, int]]:
        found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        for row in rows:
            if row[code] != "other":
                found[row[year], row["variable"]][row[code]] = int(row[count])
        return found

    with open(shared / "data/tedsd/tedsd_marginals_2006_2019.csv", encoding="utf-8", newline="") as lines:
        facts = counts(list(csv.DictReader(lines)), "year", "value", "n")
    assert counts(reference.rows("tedsd/margins.csv"), "years", "code", "count") == facts


def test_completion_in_2004_is_as_published() -> None:
    rows = {r["service"]: r for r in reference.rows("tedsd/published_2004.csv")}
    pair = {
        s: (int(rows[s]["completed"]), int(rows[s]["total"]))
        for s in ("intensive outpatient", "short-term residential")
    }
    assert pair == {"intensive outpatient": (43119, 114440), "short-term residential": (48222, 78423)}
    for row in rows.values():
        parts = ("completed", "transferred", "dropped_out", "terminated", "other")
        assert sum(int(row[p]) for p in parts) == int(row["total"])
        assert row["url"].startswith("https://")
