"""Shares of people in states from frames: the same as from arrays, and what is wrong with a frame in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import iop_outcomes as iop
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.survival.courses import course
from iop_outcomes.estimators.survival.multistate import days_in_states, occupancy

COLUMNS = ("id", "from", "to", "state", "then")


@pytest.fixture(scope="module")
def stretches() -> pd.DataFrame:
    """Invented people in bed, in the program or out, in two groups; a third are lost on the way."""
    rng = np.random.default_rng(5)
    rows = []
    for person in range(160):
        day, state, group = 0, str(rng.choice(["bed", "program"])), "ab"[person % 2]
        weight, site = round(float(rng.uniform(0.5, 2)), 2), f"S{person % 7}"
        last = int(rng.integers(30, 120))
        while day < last:
            end = day + int(rng.integers(5, 40))
            then = None if end >= last else str(rng.choice([s for s in ("bed", "program", "out") if s != state]))
            rows.append((f"p{person:03d}", day, min(end, last), state, then, group, weight, site))
            day, state = end, then or state
    return pd.DataFrame(rows, columns=[*COLUMNS, "group", "weight", "site"])


def test_frames_and_arrays_say_the_same(stretches):
    found = iop.states_over_time(stretches, *COLUMNS, [10, 25], weight="weight")
    states = ("bed", "out", "program")
    _, first, at = np.unique(stretches["id"], return_index=True, return_inverse=True)
    code = {name: i for i, name in enumerate(states)}
    made = course(
        states, at, stretches["from"], stretches["to"], stretches["state"].map(code),
        stretches["then"].map(code).fillna(-1),
    )  # fmt: skip
    weights = stretches["weight"].to_numpy()[first]
    arrays = occupancy(made, [10, 25], weights)
    assert found["state"].tolist() == [*states, *states]
    assert found["time"].tolist() == [10] * 3 + [25] * 3
    np.testing.assert_allclose(found["estimate"], arrays.value)
    np.testing.assert_allclose(found["std_error"], arrays.standard_error())
    assert ((found["conf_low"] > 0) & (found["conf_high"] < 1)).all()
    days = iop.states_over_time(stretches, *COLUMNS, [25], told="days", weight="weight")
    np.testing.assert_allclose(days["estimate"], days_in_states(made, 25, weights).value)
    there = stretches[(stretches["from"] < 25) & (stretches["to"] >= 25)]
    assert found.query("time == 25").set_index("state")["people"].to_dict() == there["state"].value_counts().to_dict()
    shuffled = iop.states_over_time(stretches.sample(frac=1, random_state=1), *COLUMNS, [10, 25], weight="weight")
    pd.testing.assert_frame_equal(shuffled, found)


def test_groups_are_apart_and_their_difference_has_both_errors(stretches):
    found = iop.states_over_time(stretches, *COLUMNS, [25], by="group", difference=("a", "b"))
    alone = {g: iop.states_over_time(stretches[stretches["group"] == g], *COLUMNS, [25]) for g in "ab"}
    for group, own in alone.items():
        rows = found[found["group"] == group]
        np.testing.assert_allclose(rows[["estimate", "std_error"]], own[["estimate", "std_error"]])
        assert rows["estimate"].sum() == pytest.approx(1)
    gap = found[found["of"] == "difference"]
    assert set(gap["group"]) == {"a against b"}
    np.testing.assert_allclose(gap["estimate"], alone["a"]["estimate"] - alone["b"]["estimate"])
    np.testing.assert_allclose(gap["std_error"], np.hypot(alone["a"]["std_error"], alone["b"]["std_error"]))


def test_moves_are_told_from_state_to_state(stretches):
    found = iop.states_over_time(stretches, *COLUMNS, [10, 25], told="moves")
    pairs = [(a, b) for a in ("bed", "out", "program") for b in ("bed", "out", "program") if a != b]
    assert list(zip(found["state"], found["next_state"], strict=True)) == [*pairs, *pairs]
    # nobody is lost before day 30, so that the mean number is that of the people who are there
    moved = stretches[(stretches["to"] <= 25) & stretches["then"].notna()]
    counted = moved.groupby(["state", "then"]).size() / 160
    own = found[found["time"] == 25].set_index(["state", "next_state"])["estimate"]
    np.testing.assert_allclose(own, counted.reindex(own.index, fill_value=0))


def test_people_of_a_site_are_taken_together(stretches):
    alone = iop.states_over_time(stretches, *COLUMNS, [25])
    together = iop.states_over_time(stretches, *COLUMNS, [25], cluster="site")
    np.testing.assert_allclose(together["estimate"], alone["estimate"])
    assert not np.allclose(together["std_error"], alone["std_error"])


def test_what_is_wrong_with_a_frame_is_said(stretches):
    def asked(frame: pd.DataFrame = stretches, **more: object) -> None:
        iop.states_over_time(frame, *COLUMNS, [25], **more)

    with pytest.raises(EstimationError, match="`told` is one of 'share', 'days', 'moves'"):
        asked(told="hours")
    with pytest.raises(EstimationError, match="say by which column"):
        asked(difference=("a", "b"))
    with pytest.raises(EstimationError, match="no row of 'group' is 'c'"):
        asked(by="group", difference=("a", "c"))
    with pytest.raises(EstimationError, match="has no column 'groop'"):
        asked(by="groop")
    with pytest.raises(EstimationError, match="has no column 'then'"):
        asked(stretches.drop(columns="then"))
    with pytest.raises(EstimationError, match="not the same in all rows of a person"):
        asked(weight="from")
    with pytest.raises(EstimationError, match="overlap"):
        asked(stretches.assign(**{"from": 0}))
