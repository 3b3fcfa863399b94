"""The identifier gate as a whole: limited data sets, allowances, its messages, and any file at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from gate_cells import CELLS, PEOPLE, hits, text
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.checks import prepare
from iop_outcomes.errors import StudyError
from iop_outcomes.privacy import identifiers
from iop_outcomes.privacy.identifiers import digits, scan
from iop_outcomes.study import loading


def test_dates_of_service_pass_in_a_limited_data_set_only() -> None:
    frame = text(person_id=["a"], start=["2024-01-05"])
    with pytest.raises(StudyError, match=r"limited_dataset: true"):
        identifiers.examine(frame, "x.csv", {"limited_dataset": False})
    assert identifiers.examine(frame, "x.csv", {"limited_dataset": True}) == []
    with pytest.raises(StudyError, match="birth dates"):
        identifiers.examine(frame.rename(columns={"start": "dob"}), "x.csv", {"limited_dataset": True})


def test_a_column_that_is_declared_a_date_is_one_whatever_it_holds() -> None:
    frame = text(person_id=["a"], day_in=["45302"])
    assert identifiers.examine(frame, "x.csv", {}) == []
    with pytest.raises(StudyError, match="'day_in' looks like dates"):
        identifiers.examine(frame, "x.csv", {}, dates=["day_in"])


def allowance(column: str, rule: str, reason: str = "Invented for the tests, no person has it") -> dict[str, object]:
    return {"allow": [{"column": column, "rule": rule, "reason": reason}]}


def test_an_allowance_lets_one_column_through_under_one_rule() -> None:
    frame = text(person_id=["a"], url=["https://example.org"])
    used = identifiers.examine(frame, "x.csv", allowance("url", "web addresses"))
    assert [(u.column, u.rule) for u in used] == [("url", "web addresses")]
    assert identifiers.examine(text(person_id=["a"]), "x.csv", allowance("url", "web addresses")) == []
    with pytest.raises(StudyError, match="'url' looks like web addresses"):
        identifiers.examine(frame, "x.csv", allowance("url", "dates"))


@pytest.mark.parametrize(
    ("privacy", "said"),
    [
        (allowance("url", "web address"), r"no such rule\. Did you mean 'web addresses'"),
        (allowance("c", "dates", "Agreed by jane@example.org in writing"), "hold what looks like e-mail addresses"),
        (allowance("c", "dates", "Dr. Alvarez, 212-555-0187, agreed"), "person names and telephone numbers"),
    ],
)
def test_an_allowance_is_held_to_the_gate_itself(privacy: dict[str, object], said: str) -> None:
    with pytest.raises(StudyError, match=said) as caught:
        identifiers.check_privacy(privacy)
    assert not any(part in str(caught.value) for part in ("jane@", "Alvarez", "555"))


def test_allowances_are_checked_before_the_first_job(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    monkeypatch.chdir(project)
    config = loading.read_yaml(Path("config/config.yaml")) | {
        "privacy": allowance("c", "dates", "As jane@example.org said")
    }
    loaded = loading.load(config, ["config/config.yaml"])
    with pytest.raises(StudyError, match=r"`privacy\.allow`, number 1.*e-mail addresses"):
        prepare.records(loaded.study)
    assert loaded.merged()["privacy"]["limited_dataset"] is False


def test_the_message_names_columns_rules_and_ways_on_but_no_value() -> None:
    marked = {
        "first_name": ["Xanthippe", "Zebulon"],
        "ssn": ["219-09-9999", "457-55-5462"],
        "contact": ["q.marker@example.org", None],
        "hours": ["12", "call 212-555-0187"],
        "age": ["44", "97"],
        "place": ["Markerville, MA", "Markerton, MA"],
    }
    with pytest.raises(StudyError) as caught:
        identifiers.examine(text(person_id=["a", "b"], **marked), "folder/stays.csv", {})
    message = str(caught.value)
    assert message.startswith("folder/stays.csv holds what may identify people")
    assert "'ssn' looks like social security numbers (its name and its contents)" in message
    assert all(f"'{column}'" in message for column in marked if column != "place")
    assert "deidentify" in message
    assert "write 90 for 90 or older" in message
    assert not [v for values in marked.values() for v in values if v and len(v) > 2 and v in message]


@pytest.mark.parametrize(
    "lines",
    [
        [["Xanthippe", "219-09-9999", "44"], ["Zebulon", "457-55-5462", "51"]],
        [["219099999", "male", "44"], ["457555462", "female", "45"], ["123456789", "male", "46"]],
        [["Mary Marker", "male", "x"], ["Zebulon Smith", "male", "y"], ["Linda Jones", "female", "z"]],
    ],
)
def test_a_file_without_a_header_gives_nothing_away(lines: list[list[str]]) -> None:
    frame = pd.DataFrame(lines[1:], columns=lines[0], dtype=object)
    with pytest.raises(StudyError, match=r"column \d looks like") as caught:
        identifiers.examine(frame, "x.csv", {})
    assert not [v for line in lines for v in line if len(v) > 2 and v in str(caught.value).split("x.csv", 1)[1]]


def test_repeated_rows_and_their_order_change_nothing() -> None:
    values = [*PEOPLE, *["qx"] * 5]
    once = identifiers.findings(text(c=values))
    assert once
    assert identifiers.findings(text(c=[v for v in reversed(values) for _ in range(50)])) == once


def test_other_kinds_of_columns() -> None:
    frame = pd.DataFrame(
        {"c": pd.Categorical(["a@example.org", "b@example.org"]), "n": pd.array([1, None], dtype="Int64")}
    )
    assert hits(frame) == {("c", "e-mail addresses", "contents")}
    assert hits(pd.DataFrame({"mixed": [1, "x@example.org", None]})) == {("mixed", "e-mail addresses", "contents")}
    table = pa.table(
        {
            "b": pa.array([b"\x89PNG"]),
            "l": pa.array([["x"]]),
            "d": pa.array([1.5]),
            "e": pa.array([], pa.null()).take(pa.array([None], pa.int64())),
        }
    )
    assert hits(table) == {("b", "free text", "contents"), ("l", "free text", "contents")}


def test_an_empty_frame_is_known_by_its_names() -> None:
    assert hits(text(person_id=[], ssn=[])) == {("ssn", "social security numbers", "name")}
    assert identifiers.findings(pd.DataFrame()) == []


cells = st.one_of(st.none(), st.text(max_size=30), st.sampled_from([c for group in CELLS.values() for c in group]))


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_whatever_a_file_holds_it_passes_or_is_refused_without_a_value(data: st.DataObject) -> None:
    width, rows = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 5))
    header = data.draw(st.lists(cells.map(lambda c: c or ""), min_size=width, max_size=width))
    lines = [data.draw(st.lists(cells, min_size=width, max_size=width)) for _ in range(rows)]
    frame = pd.DataFrame(lines, columns=header, dtype=object)
    message = ""
    try:
        identifiers.examine(frame, "file", {})
    except StudyError as wrong:
        message = str(wrong)
    known = {c for group in CELLS.values() for c in group}
    # headers are named, whatever cells say the same
    own = {str(c) for line in lines for c in line if c and len(c) > 12 and not any(c in name for name in header)}
    held = own | (known & set(header))
    assert not [c for c in held if c in message]
    assert bool(message) == bool(identifiers.findings(frame))


def test_searches_do_not_backtrack() -> None:
    # each would take ages in an engine that backtracks; the rest of the suite would not end
    for cell in ("a" * 50_000 + "@", "1-" * 25_000, "a." * 25_000 + " ", "A b " * 20_000, ": " * 30_000):
        identifiers.findings(text(c=[cell]))
    identifiers.findings(pd.DataFrame([["x"]], columns=["a_" * 40_000]))


def test_check_digits() -> None:
    assert digits.vehicle("1M8GDM9AXKP042788")
    assert not digits.vehicle("1M8GDM9A1KP042788")
    assert digits.luhn(np.array([4111111111111111, 4111111111111112])).tolist() == [True, False]
    numbers = np.array([123456789, 666123456, 900123456, 123006789, 123450000, 123456])
    assert digits.social_security(numbers).tolist() == [True, False, False, False, False, False]
    assert digits.year_first(np.array([20240229, 20241301, 20240230, 18991231])).tolist() == [True, False, False, False]
    assert scan.in_text("nothing of the kind") == []
