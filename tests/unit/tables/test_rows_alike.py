"""Rows grouped by their keys as pandas groups them, and frames cast to their declaration as pandas casts them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.tables import TABLES
from iop_outcomes.tables.rows import alike, counted


def counts(people: list[int | None], **columns: list[object]) -> pd.DataFrame:
    """Rows of counts with all columns, as plain objects."""
    declared = TABLES["counts"].columns
    return pd.DataFrame({n: pd.Series(columns.get(n, [None] * len(people)), dtype=object) for n in declared}).assign(
        count=pd.Series(people, dtype=object)
    )


def test_groups_come_in_the_order_of_their_first_rows_and_keep_the_order_within() -> None:
    rows = [{"arm": a, "day": d, "at": at} for at, (a, d) in enumerate([("b", 1), ("a", 1), ("b", 2), ("b", 1)])]
    found = alike(rows, ("arm", "day"))
    assert {key: [r["at"] for r in own] for key, own in found.items()} == {
        ("b", 1): [0, 3],
        ("a", 1): [1],
        ("b", 2): [2],
    }
    assert list(found) == [("b", 1), ("a", 1), ("b", 2)]
    assert alike([], ("arm",)) == {}


def test_what_is_missing_is_one_key_however_it_is_written() -> None:
    rows = [{"day": None}, {"day": float("nan")}, {"day": 3}, {"day": np.float64("nan")}]
    assert {key: len(own) for key, own in alike(rows, ("day",)).items()} == {(None,): 3, (3,): 1}


def test_groups_are_those_of_pandas() -> None:
    rng = np.random.default_rng(3)
    frame = TABLES["counts"].cast(
        counts(
            rng.integers(0, 99, 60).tolist(),
            arm=rng.choice(["iop", "residential"], 60).tolist(),
            horizon_days=rng.choice(np.array([30, 90, None], dtype=object), 60).tolist(),
        )
    )
    keys = ["arm", "horizon_days"]
    theirs = {
        tuple(None if pd.isna(part) else part for part in key): own["count"].tolist()
        for key, own in frame.groupby(keys, sort=False, dropna=False)
    }
    ours = {key: [r["count"] for r in own] for key, own in alike(counted(frame), keys).items()}
    assert ours == theirs
    assert list(ours) == list(theirs)


@pytest.mark.parametrize("name", ["counts", "estimates", "curves", "diagnostics"])
def test_a_frame_is_cast_as_pandas_does_and_left_as_it_was(name: str) -> None:
    table = TABLES[name]
    texts = {n: ["x", "y"] if c.kind == "text" else [1, 2] for n, c in table.columns.items()}
    given = pd.DataFrame({n: pd.Series(values, dtype=object) for n, values in texts.items()}).assign(more=[True, False])
    before = given.copy()
    found = table.cast(given)
    pd.testing.assert_frame_equal(found, given.astype({n: c.dtype for n, c in table.columns.items()}))
    pd.testing.assert_frame_equal(given, before)
    pd.testing.assert_frame_equal(table.cast(found), found)


def test_a_copy_is_cast_so_that_a_change_of_it_changes_nothing_else() -> None:
    table = TABLES["counts"]
    first = table.cast(counts([1, 2], position=[1, 2]))
    second = table.cast(first)
    second.loc[0, "count"] = 7
    assert first["count"].tolist() == [1, 2]


def test_what_cannot_be_cast_is_refused() -> None:
    table = TABLES["counts"]
    with pytest.raises((TypeError, ValueError)):
        table.cast(counts(["few", 2]))  # type: ignore[list-item]
    with pytest.raises(KeyError):
        table.cast(counts([1, 2]).drop(columns="arm"))
