"""State occupancy: four people by hand, competing risks as a special case, properties, a known world, and refusals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.survival.courses import CENSORED, Course, at_risk, course
from iop_outcomes.estimators.survival.cuminc import cumulative_incidence, survival, time_lost
from iop_outcomes.estimators.survival.multistate import days_in_states, moves, occupancy

STATES = ("bed", "iop", "out")
BED, IOP, OUT = range(3)
# Four people: 0 bed until 2, then the program until 5, then out; 1 bed until 2, then out; 2 bed, last seen on day 3; 3
# in the program until 4, back in bed, last seen on day 6.
ROWS = [
    (0, 0, 2, BED, IOP), (0, 2, 5, IOP, OUT), (1, 0, 2, BED, OUT), (2, 0, 3, BED, CENSORED), (3, 0, 4, IOP, BED),
    (3, 4, 6, BED, CENSORED), (0, 5, 6, OUT, CENSORED), (1, 2, 6, OUT, CENSORED),
]  # fmt: skip


def of(rows: list[tuple[int, int, int, int, int]], states: tuple[str, ...] = STATES) -> Course:
    return course(states, *np.array(rows, dtype=float).T)


@pytest.fixture(scope="module")
def four() -> Course:
    return of(ROWS)


def named(estimate: Estimate) -> dict[str, float]:
    return dict(zip(estimate.names, estimate.value.tolist(), strict=True))


def test_shares_by_hand(four: Course) -> None:
    # Day 2: of three in bed one goes to the program and one is out: bed 3/4 * 1/3. Day 4: of the two in the program
    # (0 and 3) one goes back. Day 5: the one who is left there goes out.
    found = named(occupancy(four, (0, 1, 2, 4, 5)))
    assert found == pytest.approx({
        "bed:0": 3 / 4, "iop:0": 1 / 4, "out:0": 0, "bed:1": 3 / 4, "iop:1": 1 / 4, "out:1": 0,
        "bed:2": 1 / 4, "iop:2": 1 / 2, "out:2": 1 / 4, "bed:4": 1 / 2, "iop:4": 1 / 4, "out:4": 1 / 4,
        "bed:5": 1 / 2, "iop:5": 0, "out:5": 1 / 2,
    })  # fmt: skip


def test_a_state_that_all_have_left_is_empty_whatever_they_weigh(four: Course) -> None:
    found = named(occupancy(four, 5, weight=[0.1, 0.3, 0.7, 1.3]))
    assert found["iop:5"] == 0.0


def test_moves_and_days_by_hand(four: Course) -> None:
    pairs = [("bed", "iop"), ("bed", "out"), ("iop", "bed"), ("iop", "out")]
    assert named(moves(four, pairs, 5)) == pytest.approx(
        {"bed>iop:5": 1 / 4, "bed>out:5": 1 / 4, "iop>bed:5": 1 / 4, "iop>out:5": 1 / 4}
    )
    # bed: 3/4 for two days, 1/4 for two, 1/2 for two
    found = named(days_in_states(four, 6))
    assert found == pytest.approx({"bed:6": 3.0, "iop:6": 0.5 + 1 + 0.25, "out:6": 0.5 + 0.25 + 0.5})


def test_people_at_risk_by_hand(four: Course) -> None:
    assert at_risk(four, (0, 2, 3, 4, 6)).tolist() == [[3, 1, 0], [3, 1, 0], [1, 2, 1], [0, 2, 1], [1, 0, 2]]
    assert at_risk(four, 2, [5, 1, 1, 2]).tolist() == [[7, 2, 0]]


def test_without_censoring_shares_are_those_of_people_and_their_errors_binomial() -> None:
    rng = np.random.default_rng(2)
    made, grid = _walk(rng, 200, lambda r, n: np.full(n, 40))
    found = occupancy(made, (7, 30))
    share = np.array([[(grid[:, day] == s).mean() for s in range(3)] for day in (7, 30)]).ravel()
    np.testing.assert_allclose(found.value, share, atol=1e-12)
    np.testing.assert_allclose(found.standard_error(), np.sqrt(share * (1 - share) / 200), rtol=1e-9)
    own = (grid[:, 7] == 1) - share[1]
    np.testing.assert_allclose(found.influence[:, 1], own / 200, atol=1e-14)
    days = np.array([(grid[:, :30] == s).sum(axis=1) for s in range(3)])
    mean = days_in_states(made, 30)
    np.testing.assert_allclose(mean.value, days.mean(axis=1))
    np.testing.assert_allclose(mean.standard_error(), days.std(axis=1) / np.sqrt(200), rtol=1e-9)
    pairs = [("bed", "iop"), ("iop", "bed")]
    made_by_30 = np.array([
        ((grid[:, :30] == STATES.index(a)) & (grid[:, 1:31] == STATES.index(b))).sum(axis=1) for a, b in pairs
    ])  # fmt: skip
    number = moves(made, pairs, 30)
    np.testing.assert_allclose(number.value, made_by_30.mean(axis=1))
    np.testing.assert_allclose(number.standard_error(), made_by_30.std(axis=1) / np.sqrt(200), rtol=1e-9)


def test_competing_risks_are_a_special_case() -> None:
    """In care, and out of it in two ways: the Aalen-Johansen curves of `cuminc`, to the influence of each person."""
    rng = np.random.default_rng(4)
    n = 150
    time, cause, weight = rng.integers(1, 60, n), rng.integers(0, 3, n), rng.uniform(0.2, 3, n)
    frequency = rng.integers(1, 4, n)
    entry = np.where(rng.random(n) < 0.3, rng.integers(0, 20, n), 0).clip(0, time - 1)
    entry[np.argmin(time)] = 0
    people = {"weight": weight, "frequency": frequency}
    made = course(("care", "left", "done"), np.arange(n), entry, time, np.zeros(n), np.where(cause, cause, CENSORED))
    shares, days = occupancy(made, (10, 40), **people), days_in_states(made, 40, **people)
    cases = {"care": (survival(time, cause > 0, (10, 40), entry=entry, **people), None)}
    for which, state in ((1, "left"), (2, "done")):
        curve = cumulative_incidence(time, cause, which, (10, 40), entry=entry, **people)
        cases[state] = (curve, time_lost(time, cause, which, 40, entry=entry, **people))
    for state, (curve, lost) in cases.items():
        own = shares.take(f"{state}:10", f"{state}:40")
        np.testing.assert_allclose(own.value, curve.value, atol=1e-12)
        np.testing.assert_allclose(own.influence, curve.influence, atol=1e-12)
        if lost is not None:
            area = days.take(f"{state}:40")
            np.testing.assert_allclose(area.value, lost.value, atol=1e-11)
            np.testing.assert_allclose(area.influence, lost.influence, atol=1e-11)
    moved = moves(made, [("care", "left")], (10, 40), **people)
    np.testing.assert_allclose(moved.value, shares.take("left:10", "left:40").value, atol=1e-12)
    np.testing.assert_allclose(moved.influence, shares.take("left:10", "left:40").influence, atol=1e-12)


def test_competing_risks_as_in_statsmodels() -> None:
    from statsmodels.duration.survfunc import CumIncidenceRight

    rng = np.random.default_rng(8)
    time, cause = rng.integers(1, 40, 500), rng.integers(0, 3, 500)
    made = course(("care", "a", "b"), np.arange(500), np.zeros(500), time, np.zeros(500), np.where(cause, cause, -1))
    theirs = CumIncidenceRight(time, cause)
    at = np.searchsorted(theirs.times, (10, 30), side="right") - 1
    for which, name in ((1, "a"), (2, "b")):
        ours = occupancy(made, (10, 30)).take(f"{name}:10", f"{name}:30")
        np.testing.assert_allclose(ours.value, theirs.cinc[which - 1][at], rtol=1e-10)
        np.testing.assert_allclose(ours.standard_error(), theirs.cinc_se[which - 1][at], rtol=0.02)


# people who wander between three states, day by day; a second stay in bed lasts longer than the first, so that the
# present state does not tell all
def _walk(
    rng: np.random.Generator, n: int, seen_to: Callable[[np.random.Generator, int], np.ndarray], days: int = 41
) -> tuple[Course, np.ndarray]:
    """The course of n people who are seen to a day each, and (n, days) the states had all been seen."""
    grid = np.empty((n, days), dtype=int)
    grid[:, 0] = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    stays = np.zeros(n, dtype=int)
    leave = {BED: (0.08, 0.02), IOP: (0.03, 0.03), OUT: (0.02, 0.02)}
    to = {BED: (IOP, OUT), IOP: (BED, OUT), OUT: (BED, IOP)}
    for day in range(1, days):
        chance, now = rng.random(n), grid[:, day - 1]
        grid[:, day] = now
        for state in range(3):
            for at, (rate, other) in enumerate(zip(leave[state], to[state], strict=True)):
                slower = np.where((state == BED) & (stays > 0), 0.4, 1.0)
                low = at * leave[state][0] * slower
                moved = (now == state) & (chance >= low) & (chance < low + rate * slower)
                grid[moved, day] = other
        stays += (grid[:, day] == BED) & (now != BED)
    last = np.minimum(seen_to(rng, n), days - 1)
    seen = np.arange(days) < last[:, None]  # on whose next day a person is seen, too
    turn = seen[:, :-1] & (grid[:, 1:] != grid[:, :-1])
    begins = np.column_stack([np.ones(n, dtype=bool), turn]) & seen
    person, begin = np.nonzero(begins)
    end = np.where(np.diff(person, append=n) == 0, np.append(begin[1:], 0), last[person])
    now, then = grid[person, begin], grid[person, end]
    return course(STATES, person, begin, end, now, np.where(now == then, CENSORED, then)), grid


def _leave_at_random(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.minimum(1 + rng.geometric(0.03, n), 40)


def test_shares_of_a_known_world_are_found_and_their_errors_cover() -> None:
    """Of 300 samples of 250 people, of whom two thirds are lost at random: truth from 400,000 people followed to the
    end. States do not tell all (a second stay in bed is longer), which shares of states need not.
    """
    big, days, n = np.random.default_rng(1), (10, 35), 250
    truth = np.zeros(6)
    for _ in range(8):
        grid = _grid(big, 50_000)
        truth += np.array([(grid[:, day] == s).mean() for day in days for s in range(3)]) / 8
    rng, found, errors = np.random.default_rng(9), [], []
    for _ in range(300):
        estimate = occupancy(_walk(rng, n, _leave_at_random)[0], days)
        found.append(estimate.value)
        errors.append(estimate.standard_error())
    values, own = np.array(found), np.array(errors)
    assert np.abs(values.mean(axis=0) - truth).max() < 2.6 * values.std(axis=0).max() / np.sqrt(300)
    covered = (np.abs(values - truth) < 1.96 * own).mean(axis=0)
    assert ((covered > 0.91) & (covered < 0.985)).all()  # exact binomial 99 % limits around .95, a little wider below
    np.testing.assert_allclose(own.mean(axis=0), values.std(axis=0), rtol=0.13)


def _grid(rng: np.random.Generator, n: int) -> np.ndarray:
    return _walk(rng, n, lambda r, m: np.zeros(m, dtype=int) + 1)[1]


def test_the_wrong_ways_are_off() -> None:
    """The first step down by 1 - Kaplan-Meier, who leaves or comes back taken for lost; and people who are lost taken
    for out of care: neither is near the share, which the states give.
    """
    rng = np.random.default_rng(3)
    made, grid = _walk(rng, 6000, _leave_at_random)
    truth = (grid[:, 30] == IOP).mean()
    right = occupancy(made, 30)
    at = right.names.index("iop:30")
    assert abs(right.value[at] - truth) < 3 * right.standard_error()[at]
    bed = (made.state == BED) & made.first
    km = 1 - survival(made.exit[bed], made.to[bed] == IOP, 30).value[0]
    n = bed.sum()
    from_bed = course(STATES, np.arange(n), np.zeros(n), made.exit[bed], np.full(n, BED), made.to[bed])
    step_down = moves(from_bed, [("bed", "iop")], 30)
    assert km > step_down.value[0] + 0.03
    there = ((made.entry <= 30) & (made.exit > 30) & (made.state == IOP)).sum() / 6000
    assert there < truth - 0.1


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_shares_add_up_and_cutting_rows_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    made, _ = _walk(rng, 12, _leave_at_random, 20)
    if not (made.to >= 0).any():
        return
    horizon = float(rng.integers(0, int(made.exit.max()) + 1))
    weight = rng.uniform(0.1, 3, int(made.person.max()) + 1)
    whole = occupancy(made, horizon, weight)
    assert whole.value.sum() == pytest.approx(1, abs=1e-12)
    assert (whole.value > -1e-12).all()
    np.testing.assert_allclose(whole.influence.sum(axis=1), 0, atol=1e-12)
    days = days_in_states(made, horizon, weight)
    assert days.value.sum() == pytest.approx(horizon)
    # every row cut in two where it is long enough, in another order, states by other codes
    middle = np.floor((made.entry + made.exit) / 2)
    cut = middle > made.entry
    parts = [
        (made.person, made.entry, np.where(cut, middle, made.exit), made.state, np.where(cut, CENSORED, made.to)),
        (made.person[cut], middle[cut], made.exit[cut], made.state[cut], made.to[cut]),
    ]
    columns = [np.concatenate(pair) for pair in zip(*parts, strict=True)]
    order = rng.permutation(len(columns[0]))
    again = occupancy(course(STATES, *[c[order] for c in columns]), horizon, weight)
    np.testing.assert_allclose(again.value, whole.value, atol=1e-12)
    np.testing.assert_allclose(again.influence, whole.influence, atol=1e-12)
    new = np.array([2, 0, 1, CENSORED])
    turned = occupancy(
        course(("iop", "out", "bed"), made.person, made.entry, made.exit, new[made.state], new[made.to]),
        horizon,
        weight,
    )
    for name in whole.names:
        np.testing.assert_allclose(turned.take(name).value, whole.take(name).value, atol=1e-12)


def test_only_people_who_could_have_moved_it_take_part() -> None:
    late = [*ROWS, (4, 4, 6, IOP, CENSORED), (5, 5, 6, BED, OUT)]
    found = occupancy(of(late), (4, 6), weight=[1, 1, 1, 1, 1, 1, 0])
    part = found.parts
    # person 4 comes after the last move that she could have made by day 4; person 6 has no rows and no weight
    assert part[:, 0].tolist() == [True, True, True, True, False, False, False]
    assert part[:, 3].tolist() == [True, True, True, True, True, True, False]
    assert not found.influence[4, :3].any()


def test_many_quantities_are_computed_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = _walk(np.random.default_rng(6), 40, _leave_at_random)
    whole = occupancy(made, range(30))
    monkeypatch.setattr("iop_outcomes.estimators.survival.multistate.BLOCK", 300)
    parts = occupancy(made, range(30))
    np.testing.assert_allclose(parts.influence, whole.influence, atol=1e-15)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(0, 0, 5, BED, IOP), (0, 4, 9, IOP, CENSORED)], "overlap"),
        ([(0, 0, 5, BED, IOP), (0, 6, 9, IOP, CENSORED)], "days are missing"),
        ([(0, 0, 5, BED, IOP), (0, 5, 9, OUT, CENSORED)], "another state"),
        ([(0, 0, 5, BED, CENSORED), (0, 5, 9, OUT, CENSORED)], "another state"),
        ([(0, 5, 5, BED, IOP)], "end no later"),
        ([(0, -1, 5, BED, IOP)], "before day 0"),
        ([(0, 0, 5, BED, BED)], "state that they are in"),
        ([(0, 0, 5, 3, IOP)], "whole numbers from 0 to 2"),
        ([(0, 0, 5, BED, 7)], "whole numbers from -1 to 2"),
        ([(-1, 0, 5, BED, IOP)], "whole numbers from 0 on"),
    ],
)
def test_broken_courses_are_refused(rows: list[tuple[int, int, int, int, int]], words: str) -> None:
    with pytest.raises(EstimationError, match=words):
        of(rows)


def test_what_cannot_be_told_is_refused(four: Course) -> None:
    with pytest.raises(EstimationError, match="No one is followed to 7"):
        occupancy(four, (3, 7))
    with pytest.raises(EstimationError, match="on day 0"):
        occupancy(of([(0, 2, 5, BED, IOP)]), 3)
    with pytest.raises(EstimationError, match="No one moves"):
        occupancy(of([(0, 0, 5, BED, CENSORED)]), 3)
    with pytest.raises(EstimationError, match="no state 'away'"):
        moves(four, [("bed", "away")], 3)
    with pytest.raises(EstimationError, match="two or more different"):
        of(ROWS, ("bed", "bed", "out"))
    with pytest.raises(EstimationError, match="Weights or frequencies of 2 people"):
        occupancy(four, 3, weight=[1, 1])


def test_once_everyone_is_where_nobody_leaves_later_days_are_known() -> None:
    made = of([(0, 0, 2, BED, OUT), (1, 0, 3, BED, IOP), (1, 3, 4, IOP, OUT)])
    np.testing.assert_allclose(occupancy(made, 100).value, [0, 0, 1])
    assert named(days_in_states(made, 10))["out:10"] == pytest.approx(7)
