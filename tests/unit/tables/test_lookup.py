"""Where people stand among others: the quick ways find what looking up one by one finds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.tables.lookup import LONGEST, positions


def names(*values: object) -> pd.Series:
    return pd.Series(list(values), dtype=object)


def by_name(wanted: pd.Series, there: pd.Series) -> list[int]:
    at = {name: place for place, name in enumerate(there)}
    return [at.get(name, -1) for name in wanted]


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        (names("a", "b", "c"), names("a", "b", "c")),
        (names("b", "c"), names("a", "b", "c", "d")),
        (names("b", "b", "e"), names("a", "b", "c")),  # units of one person, and a stranger
        (names("c", "a", "z"), names("b", "c", "a")),  # no order
        (names("a", "é", "ü"), names("a", "ß", "é", "ü")),  # not plain letters
        (names("a", "a\0"), names("a", "b")),  # bytes would end at the zero
        (names("P10", "P9"), names("P1", "P10", "P9")),
        (names("a", "a" * LONGEST + "b"), names("a" * LONGEST, "a" * LONGEST + "b")),
        (names(), names("a")),
        (names("a", "b"), names()),
        (names(None, "a"), names("a", "b")),
    ],
)
def test_each_is_found_where_it_stands(wanted, there):
    assert positions(wanted, there).tolist() == by_name(wanted, there)


@pytest.mark.parametrize("order", ["as they come", "in another order"])
def test_many_people_are_found_as_one_by_one(order):
    rng = np.random.default_rng(5)
    there = pd.Series([f"p{i:05d}" for i in np.sort(rng.choice(20_000, 5_000, replace=False))], dtype=object)
    wanted = pd.Series(sorted(f"p{i:05d}" for i in rng.integers(0, 20_000, 8_000)), dtype=object)
    if order == "in another order":
        wanted = wanted.sample(frac=1, random_state=6)
    found = positions(wanted, there)
    assert found.tolist() == by_name(wanted, there)
    assert 0 < (found < 0).sum() < len(found)


def test_a_name_that_comes_twice_is_no_place():
    with pytest.raises(pd.errors.InvalidIndexError):
        positions(names("a", "b"), names("a", "a", "b"))
