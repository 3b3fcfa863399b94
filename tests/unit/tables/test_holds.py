"""The quick look at a frame says what pandera says, of frames of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pandera.errors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.errors import TableError
from iop_outcomes.tables import TABLES, Column, Table, check
from iop_outcomes.tables.enforce import schema
from iop_outcomes.tables.holds import ascending, holds

TABLE = Table(
    "made_up",
    "Every kind of column.",
    {
        "name": Column("text", "a text"),
        "word": Column("text", "one of two, or missing", nullable=True, allowed=("a", "b")),
        "told": Column("text", "one of two", allowed=("a", "b")),
        "day": Column("whole", "a day", low=0, high=9),
        "end": Column("whole", "a day, or missing", nullable=True, low=0, high=9),
        "share": Column("number", "a share, or missing", nullable=True, low=0, high=1),
        "sure": Column("number", "a number"),
        "flag": Column("flag", "true or false"),
        "maybe": Column("flag", "true, false or missing", nullable=True, optional=True),
    },
    key=("name", "day"),
    open_columns=("number", "category"),
)
SOUND: dict[str, Any] = {
    "name": pd.Series(["x", "x", "y"], dtype=object),
    "word": pd.Series(["a", None, "b"], dtype=object),
    "told": pd.Series(["a", "b", "b"], dtype=object),
    "day": pd.Series([0, 1, 0]),
    "end": pd.Series([9, None, 0], dtype="Int64"),
    "share": pd.Series([0.0, np.nan, 1.0]),
    "sure": pd.Series([1.5, -2.5, 0.0]),
    "flag": pd.Series([True, False, True]),
}
# changes to the sound frame: a column, and its values
CHANGES: list[tuple[str, Any]] = [
    ("name", pd.Series(["x", None, "y"], dtype=object)),
    ("name", pd.Series(["x", 1, "y"], dtype=object)),
    ("name", pd.Series(["y", "x", "x"], dtype=object)),
    ("name", pd.Series(["x", "x", "y"], dtype="string")),
    ("name", pd.Series(["x", "x", "y"], dtype="category")),
    ("name", pd.Series([["x"], ["x"], ["y"]], dtype=object)),
    ("word", pd.Series(["a", "c", None], dtype=object)),
    ("word", pd.Series([None, np.nan, None], dtype=object)),
    ("word", pd.Series([["a"], None, None], dtype=object)),
    ("told", pd.Series(["a", None, "b"], dtype=object)),
    ("told", pd.Series(["a", 1.0, "b"], dtype=object)),
    ("day", pd.Series([0, 0, 0])),
    ("day", pd.Series([0, 10, 0])),
    ("day", pd.Series([-1, 1, 0])),
    ("day", pd.Series([0.0, 1.0, 0.0])),
    ("day", pd.Series([1, 0, 0])),
    ("end", pd.Series([None, None, None], dtype="Int64")),
    ("end", pd.Series([10, None, 0], dtype="Int64")),
    ("share", pd.Series([0.0, 1.0001, 0.5])),
    ("share", pd.Series([np.nan, np.nan, np.nan])),
    ("share", pd.Series([np.inf, 0.0, 0.0])),
    ("sure", pd.Series([np.nan, 0.0, 0.0])),
    ("sure", pd.Series([-np.inf, np.inf, 0.0])),
    ("flag", pd.Series([1, 0, 1])),
    ("flag", None),
    ("maybe", pd.Series([True, None, False], dtype="boolean")),
    ("maybe", pd.Series([True, None, False], dtype=object)),
    ("more", pd.Series([0.5, 1.5, 2.5])),
    ("more", pd.Series([0.5, np.nan, 2.5])),
    ("more", pd.Series(["a", "b", "a"], dtype="category")),
    ("more", pd.Series([1, 2, 1], dtype="category")),
    ("more", pd.Series(["a", "b", "a"], dtype=object)),
]


def says(table: Table, frame: pd.DataFrame) -> bool:
    """What pandera says."""
    try:
        schema(table).validate(frame, lazy=True)
    except (pandera.errors.SchemaErrors, TypeError):
        return False
    return True


def changed(*changes: tuple[str, Any]) -> pd.DataFrame:
    columns = {**SOUND, **dict(changes)}
    return pd.DataFrame({n: v for n, v in columns.items() if v is not None})


def test_a_sound_frame_passes_without_pandera(monkeypatch: pytest.MonkeyPatch) -> None:
    assert holds(TABLE, changed())
    monkeypatch.setattr("iop_outcomes.tables.enforce.schema", None)
    check(TABLE, changed())


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(CHANGES), max_size=3), st.permutations(range(3)))
def test_it_says_what_pandera_says(changes: list[tuple[str, Any]], order: list[int]) -> None:
    frame = changed(*changes).iloc[order]
    assert holds(TABLE, frame) is says(TABLE, frame)


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_frame_is_refused_exactly_where_pandera_refuses_it(change: tuple[str, Any]) -> None:
    frame = changed(change)
    assert holds(TABLE, frame) is says(TABLE, frame)
    if (
        not says(TABLE, frame)
        and not isinstance(frame.iloc[0, 0], list)
        and not isinstance(frame["word"].iloc[0], list)
    ):
        with pytest.raises(TableError, match="made_up"):
            check(TABLE, frame)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_an_empty_frame_of_every_table_passes(name: str) -> None:
    frame = TABLES[name].empty()
    assert holds(TABLES[name], frame) is says(TABLES[name], frame) is True


def test_what_pandera_takes_for_the_same_type_is_left_to_pandera() -> None:
    frame = changed(("day", pd.Series([0, 1, 0], dtype="Int64")))
    assert not holds(TABLE, frame)
    assert check(TABLE, frame) is frame


def test_a_column_that_comes_twice_or_has_no_name_is_left_to_pandera() -> None:
    twice = pd.concat([changed(), changed()[["sure"]]], axis=1)
    assert not holds(TABLE, twice)
    assert not holds(TABLE, changed().rename(columns={"sure": 1}))


LONG = Table(
    "long",
    "People in their order, for one thing after the other.",
    {"name": Column("text", "a person"), "thing": Column("text", "a thing"), "day": Column("whole", "a day")},
    key=("name", "thing", "day"),
)


@pytest.mark.parametrize(
    ("names", "things", "days", "sound"),
    [
        ("xyxy", "aabb", [1, 1, 1, 1], True),
        ("xyxy", "aaab", [1, 1, 2, 2], True),
        ("xyxx", "aabb", [1, 1, 1, 1], False),
        # a thing that comes up again may hold someone twice
        ("xyxy", "abba", [1, 1, 1, 1], True),
        ("xyxz", "abaa", [1, 1, 1, 1], False),
        ("yxyx", "aabb", [1, 1, 1, 1], True),
        ("yxyy", "aabb", [1, 1, 1, 1], False),
    ],
)
def test_a_key_is_unique_however_its_rows_are_ordered(names, things, days, sound):
    texts = {"name": pd.Series(list(names), dtype=object), "thing": pd.Series(list(things), dtype=object)}
    frame = pd.DataFrame({**texts, "day": days})
    assert holds(LONG, frame) is sound
    assert sound is not frame.duplicated(list(LONG.key)).any()


@pytest.mark.parametrize(("days", "sound"), [([], True), ([1], True), ([1, 2], True), ([2, 1], False), ([1, 1], False)])
def test_rows_in_the_order_of_their_key(days, sound):
    assert ascending([pd.Series(days, dtype="int64")]) is sound
