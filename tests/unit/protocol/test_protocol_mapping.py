"""The mapping file as data: what is accepted, and what is refused with which words."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import yaml
from parts import at_places
from pydantic import ValidationError

from iop_outcomes.protocol import Source
from iop_outcomes.protocol.schemas import schemas

MAPPING = """
kind: mapping
dates: calendar
extract_date: 2024-12-31
enrolment: { from: 2022-01-01 }
missing_values: [-9, NA]
tables:
  stays:
    files: stays_*.csv
    columns:
      person_id: PID
      site_id: { value: ours }
      level_of_care: { column: LOC, codes: { 1: 2.1, 2: "3.5" }, other: "" }
      start_day: ADMIT
      end_day: { column: DISCH, date_format: "%m/%d/%Y" }
      discharge_reason: { column: WHY, codes: { 1: completed, 9: null } }
      program_type: { value: substance_use }
    where:
      - { column: PROGRAM, in: [1, null] }
  persons:
    files: [people.csv]
    first_by: ADMIT
    columns:
      person_id: PID
      age: AGE
      sex: SEX
      stable_housing: { column: HOME, codes: { 1: yes, 2: no } }
"""


def source(*changes: tuple[str, Any]) -> Source:
    """The mapping above with values at dotted places changed; a value of None takes the key away."""
    return Source.model_validate(at_places(yaml.safe_load(MAPPING), *changes))


def test_a_plain_string_is_a_column_and_yaml_numbers_and_truths_are_codes() -> None:
    stays, persons = source().tables["stays"], source().tables["persons"]
    assert stays.columns["person_id"].column == "PID"
    assert stays.files == ["stays_*.csv"]
    assert stays.columns["level_of_care"].codes == {"1": "2.1", "2": "3.5"}
    assert stays.columns["discharge_reason"].codes["9"] is None
    assert stays.where[0].in_ == ["1", None]
    assert persons.columns["stable_housing"].codes == {"1": "yes", "2": "no"}
    assert persons.first_by is not None
    assert persons.first_by.column == "ADMIT"
    assert source().missing_values == ["-9", "NA"]


def test_what_is_written_beside_the_results_is_read_back_the_same() -> None:
    plain = source().model_dump(mode="json")
    assert plain["enrolment"]["from"] == "2022-01-01"
    assert plain["tables"]["stays"]["where"][0]["in"] == ["1", None]
    assert Source.model_validate(json.loads(json.dumps(plain))) == source()
    schema = schemas()["study"]
    jsonschema.validate(plain, {**schema["$defs"]["Source"], "$defs": schema["$defs"]})


COLUMNS = "tables.stays.columns"


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("tables.persons", None, "`tables` needs persons"),
        ("tables.visits", {"columns": {"person_id": "PID"}}, "`visits` is no canonical table; tables: stays, persons"),
        (f"{COLUMNS}.day", "ADMIT", "stays has no column day; columns: person_id"),
        (f"{COLUMNS}.program_type", None, "stays needs program_type; map a column of the file, or give every row"),
        ("extract_date", None, "persons needs observed_to_day"),
        (f"{COLUMNS}.level_of_care.codes", {1: "IOP"}, "stays.level_of_care cannot be IOP; expected detox, 0.5"),
        (f"{COLUMNS}.program_type.value", "rehab", "stays.program_type cannot be rehab; expected substance_use"),
        (f"{COLUMNS}.level_of_care", {"codes": {1: 2.1}}, "either the file's `column` or a `value`"),
        (f"{COLUMNS}.site_id", {"value": "a", "codes": {1: "b"}}, "takes no `codes`"),
        (f"{COLUMNS}.site_id", {"column": "S", "other": "b"}, "list some under `codes`"),
        (f"{COLUMNS}.site_id", {"column": "S", "codes": {True: "b"}}, "in quotation marks"),
        (f"{COLUMNS}.site_id", {"column": "S", "crosswalk": "asam3"}, "no level of care: `crosswalk` does not fit"),
        (f"{COLUMNS}.site_id", {"column": "S", "decimal": "comma"}, "holds no numbers: `decimal` does not fit"),
        (f"{COLUMNS}.site_id", {"column": "S", "excel_serial": True}, "holds no dates"),
        (f"{COLUMNS}.site_id", {"column": "S", "dates": "relative"}, "holds no days"),
        (f"{COLUMNS}.start_day", {"column": "S", "dates": "relative"}, "day 0 is found from its dates"),
        (f"{COLUMNS}.planned_days", {"column": "P", "unit": "hours"}, "in hours; possible: days, weeks, months"),
        (f"{COLUMNS}.end_day", {"column": "D", "date_format": "%m/%d/%y"}, r"two-digit years \(%y\) are not read"),
        (f"{COLUMNS}.end_day", {"column": "D", "date_format": "%d/%m"}, r"names year \(%Y\), month"),
        (f"{COLUMNS}.end_day", {"column": "D", "date_format": "%d %q"}, "%q is not known"),
        ("date_format", "%Y-%d-%d", "names each part once"),
        ("time_zone", "America/Nowhere", "no time zone has this name"),
        ("enrolment.to", "2021-01-01", "ends before it begins"),
        ("dates", "relative", "`extract_date`, `enrolment`: only with `dates: calendar`"),
        ("database", "postgresql://me:secret@host/db", "should match pattern"),
        ("kind", "uis", "are for `kind: mapping`"),
        ("tables.stays.files", "/etc/*.csv", "no absolute path"),
        ("tables.stays.files", "../*.csv", "no absolute path"),
        ("tables.stays.query", "select 1", "either `files` or a `query`"),
        ("tables.stays.delimiter", "||", "a delimiter is one character"),
        ("tables.stays.encoding", "utf-99", "encoding is not known"),
        ("tables.stays.ignore", ["PID", "NOTE"], "used and ignored: PID"),
        ("tables.stays.first_by", "ADMIT", "`first_by` is for persons"),
        ("tables.stays.where", [{"column": "PROGRAM"}], "either `in` or `not_in`"),
        ("tables.stays.columns.person_id", {"colum": "PID"}, "Extra inputs are not permitted"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_was_expected(place: str, value: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        source((place, value))


def test_a_query_needs_the_name_of_a_variable() -> None:
    changes = [("tables.stays.files", None), ("tables.stays.query", "select * from stays")]
    with pytest.raises(ValidationError, match="needs `database`"):
        source(*changes)
    assert source(*changes, ("database", "COHORT_URL")).database == "COHORT_URL"


def test_days_from_day_zero_need_no_dates_and_an_end_of_observation() -> None:
    changes = [("dates", None), ("extract_date", None), ("enrolment", None), (f"{COLUMNS}.end_day", "END")]
    with pytest.raises(ValidationError, match="persons needs observed_to_day"):
        source(*changes)
    assert source(*changes, ("tables.persons.columns.observed_to_day", "LAST")).dates == "relative"
