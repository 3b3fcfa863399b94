"""Which age a column holds is part of the mapping, and ages are those of day 0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from iop_outcomes import sources
from iop_outcomes.cohort import units
from iop_outcomes.protocol import Source

# age 17 at the first record, in 2019; day 0 in 2022
STAYS = "PID,LOC,ADMIT,DISCH\n" + "".join(
    f"p{i},{level},{admitted},{left}\n"
    for i in range(30)
    for level, admitted, left in (("OP", "2019-03-01", "2019-04-01"), ("IOP", "2022-03-01", "2022-05-01"))
)


def source(age: Any, **more: Any) -> dict[str, Any]:
    return {
        "kind": "mapping", "dates": "calendar", "extract_date": "2024-12-31",
        "enrolment": {"from": "2022-01-01"},
        "tables": {
            "stays": {
                "files": "stays.csv",
                "columns": {
                    "person_id": "PID", "site_id": {"value": "x"}, "discharge_reason": {"value": "other"},
                    "level_of_care": {"column": "LOC", "codes": {"IOP": "2.1", "OP": "1"}}, "start_day": "ADMIT",
                    "end_day": "DISCH", "program_type": {"value": "substance_use"},
                },
            },
            "persons": {
                "files": "persons.csv", "ignore_others": True,
                "columns": {"person_id": "PID", "age": age, "sex": {"value": "unknown"}}, **more,
            },
        },
        "privacy": {"limited_dataset": True},
    }  # fmt: skip


def run(folder: Path, settings_: dict[str, Any], persons: str) -> dict[str, Any]:
    (folder / "stays.csv").write_text(STAYS)
    (folder / "persons.csv").write_text(persons)
    return sources.run({**settings_, "path": str(folder)}, settings_["privacy"] | {"allow": settings_.get("allow", [])})


def aged(found: dict[str, Any]) -> set[float]:
    return set(found["raw_persons"]["age"].astype("float64"))


@pytest.mark.parametrize(
    ("at", "column", "cell", "expected"),
    [
        ("day_zero", "AGE", "17", 17),
        ("first_record", "AGE", "17", 20),
        ("2019-03-01", "AGE", "17", 20),
        ("2024-12-31", "AGE", "23", 20),  # at the extract, nearly three years later
        ({"column": "WHEN"}, "AGE", "17", 18),  # in 2021
        ("birth_year", "BORN", "2001", 20),  # of March: most of 2001 are 20
    ],
)
def test_an_age_is_brought_to_day_zero(tmp_path: Path, at: Any, column: str, cell: str, expected: int) -> None:
    persons = f"PID,{column},WHEN\n" + "".join(f"p{i},{cell},2021-02-01\n" for i in range(30))
    given_ = source({"column": column, "age_at": at})
    given_["allow"] = [{"column": "BORN", "rule": "ages over 89", "reason": "years of birth of adults under 90"}]
    found = run(tmp_path, given_, persons)
    assert aged(found) == {expected}
    moved = found["readings"].query("outcome == 'age moved'")["people"].tolist()
    assert moved == ([30] if int(cell) != expected else [])
    assert ("some are off by one year" in found["notes"]) == (int(cell) != expected)


def test_without_a_word_an_age_stays_and_the_people_whom_it_concerns_are_counted(tmp_path: Path) -> None:
    found = run(tmp_path, source("AGE"), "PID,AGE\n" + "".join(f"p{i},17\n" for i in range(30)))
    assert aged(found) == {17}
    assert found["readings"].query("outcome == 'age not said'")["people"].tolist() == [30]


def test_of_several_rows_each_holds_the_age_of_its_own_day(tmp_path: Path) -> None:
    rows = "PID,AGE,ADMIT\n" + "".join(f"p{i},17,2019-03-01\np{i},20,2022-03-01\n" for i in range(30))
    found = run(tmp_path, source("AGE", first_by="ADMIT"), rows)
    assert aged(found) == {20}
    assert "age moved" not in set(found["readings"]["outcome"])
    # the last before day 0 stands where there is none on it, three years older by then
    before = "PID,AGE,ADMIT\n" + "".join(f"p{i},17,2019-03-01\n" for i in range(30))
    assert aged(run(tmp_path, source("AGE", first_by="ADMIT"), before)) == {20}


def test_one_age_on_rows_years_apart_is_not_that_of_the_row(tmp_path: Path) -> None:
    rows = "PID,AGE,ADMIT\n" + "".join(f"p{i},17,2019-03-01\np{i},17,2022-03-01\n" for i in range(30))
    caution = "most people have one age on rows more than a year apart"
    assert caution in run(tmp_path, source("AGE", first_by="ADMIT"), rows)["notes"]
    found = run(tmp_path, source({"column": "AGE", "age_at": "first_record"}, first_by="ADMIT"), rows)
    assert aged(found) == {20}
    assert caution not in found["notes"]
    assert len(found["raw_persons"]) == 30


@settings(max_examples=100, deadline=None)
@given(
    st.dates(pd.Timestamp("1935-01-01").date(), pd.Timestamp("2003-01-01").date()),
    st.dates(pd.Timestamp("2015-01-01").date(), pd.Timestamp("2024-12-31").date()),
    st.dates(pd.Timestamp("2020-01-01").date(), pd.Timestamp("2024-12-31").date()),
)
def test_an_age_moved_is_off_by_one_year_at_most(born: Any, known: Any, zero: Any) -> None:
    from iop_outcomes.protocol.mapping import ColumnMapping
    from iop_outcomes.sources.mapping import ages
    from iop_outcomes.sources.mapping.columns import Canonical

    def on(day: Any) -> int:
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    def number(day: Any) -> pd.Series:
        return pd.Series([(pd.Timestamp(day) - pd.Timestamp("1970-01-01")).days], dtype="Int64")

    def read(age: int, **how: Any) -> int:
        frame = pd.DataFrame({"person_id": ["a"], "age": pd.Series([age], dtype="Int64")})
        table = Canonical("persons", frame, pd.Series([None], dtype=object), ())
        held = ages.asked(ColumnMapping.model_validate({"column": "A", **how}), ordered=False)
        start = number(known).set_axis(["a"])
        return int(ages.on_day_zero(table, held, number(zero), None, start).frame["age"].iloc[0])

    assert abs(read(on(known), age_at="first_record") - on(zero)) <= 1
    assert read(on(known), age_at="first_record") == on(zero) or known != zero
    assert abs(read(on(known), age_at=known) - on(zero)) <= 1
    assert abs(read(born.year, age_at="birth_year") - on(zero)) <= 1
    assert read(on(zero), age_at="day_zero") == on(zero)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"age_at": "admission"}, "needs `first_by`"),
        ({"age_at": "sometime"}, "day_zero, admission, first_record, birth_year"),
        ({"age_at": {"value": "2024-01-01"}}, "the `column` that holds the date"),
    ],
)
def test_what_cannot_be_an_age_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Source.model_validate({k: v for k, v in source({"column": "AGE", **change}).items() if k != "privacy"})


def test_later_episodes_have_the_age_of_their_own_time_zero() -> None:
    age, day = pd.Series([17, 17, 17, None], dtype="Int64"), pd.Series([0, 365, 100, 400], dtype="Int64")
    assert units._age_then(age, day).fillna(-1).tolist() == [17, 18, 17, -1]
