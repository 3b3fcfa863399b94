"""What is told of a life table: true, valid, and of no step that stands for a few people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from told_tables import ARM, leaving, table, told

from iop_outcomes.release import actuarial, drawn
from iop_outcomes.release.days import Told
from iop_outcomes.release.life_tables import Leaving
from iop_outcomes.release.policy import POLICIES, Policy
from iop_outcomes.release.told import NO_ONE, AsTold, LifeTables, Way, valid
from iop_outcomes.vocabulary.causes import CENSORED

CMS, OPENSAFELY, NONE, STRICT = (POLICIES[name] for name in ("cms", "opensafely", "none", "strict"))
WITH_BASE_FIVE = replace(CMS, rounding_base=5)
CAUSES = ("unplanned", "completed", "died", CENSORED)
rows_of_people = st.lists(
    st.tuples(st.integers(1, 200), st.sampled_from(CAUSES), st.integers(1, 60)), min_size=1, max_size=60
)
policies = st.sampled_from([CMS, OPENSAFELY, WITH_BASE_FIVE, STRICT, replace(CMS, minimum_count=20, rounding_base=10)])
days = st.sets(st.integers(5, 190), max_size=4)


def seen_of(life: LifeTables) -> AsTold | None:
    return life.seen.get(ARM)


def truth(arm: Leaving, causes: tuple[str, ...], at: list[int]) -> list[float]:
    """Aalen-Johansen incidence of some causes, () for any, by some days: day by day, events before censoring."""
    there, staying, incidence = arm.people, 1.0, 0.0
    found = {}
    for day in range(max(at) + 1):
        today = [m for m in arm.moves if m.day == day]
        events = sum(m.count for m in today if m.cause != CENSORED)
        own = sum(m.count for m in today if m.cause in causes or (not causes and m.cause != CENSORED))
        if events:
            incidence += staying * own / there
            staying *= 1 - events / there
        there -= sum(m.count for m in today)
        found[day] = incidence
    return [found[day] for day in at]


@settings(max_examples=80, deadline=None)
@given(rows_of_people, st.integers(0, 200), st.sampled_from([0, 3, 40]), policies, days)
def test_the_truth_lies_in_what_is_told_and_curves_are_valid(
    rows: list[tuple[int, str, int]], staying: int, apart: int, policy: Policy, horizons: set[int]
) -> None:
    arm = leaving(rows, staying, apart)
    made = table(arm, policy, horizons)
    seen = seen_of(told(made, policy))
    assume(seen is not None and seen.last_day > 0 and any(way.name != CENSORED for way in seen.ways))
    assert seen is not None
    for way in seen.ways:
        for day, cell in zip(way.days[1:], way.told[1:], strict=True):
            assert cell.low <= made.number(day, way.name) <= cell.high
        shown = [cell.number for cell in way.told]
        assert way.name == CENSORED or all(s == 0 or s >= policy.minimum_count for s in np.diff(shown))
    whole = np.zeros(len(seen.days))
    for way in seen.ways:
        if way.name == CENSORED:
            continue
        causes = tuple(way.causes)
        found = actuarial.heights(seen, causes, staying=False)
        assert found is not None
        assert (np.diff(found.value) >= -1e-12).all()
        assert found.value[0] == 0
        assert found.value[-1] <= 1 + 1e-12
        true = np.array(truth(arm, causes, [int(d) for d in found.days[1:]]))
        assert (found.low[1:] <= true + 1e-9).all()
        assert (true <= found.high[1:] + 1e-9).all()
        whole += found.value
    staying_on = actuarial.heights(seen, (), staying=True)
    assert staying_on is not None
    np.testing.assert_allclose(whole + staying_on.value, 1, atol=1e-9)
    assert (staying_on.value > -1e-9).all()
    true = 1 - np.array(truth(arm, (), [int(d) for d in staying_on.days[1:]]))
    assert (staying_on.low[1:] <= true + 1e-9).all()
    assert (true <= staying_on.high[1:] + 1e-9).all()
    events = [way for way in seen.ways if way.name != CENSORED]
    points = sorted({0, *(d for way in events for d in way.days if d <= seen.last_day)})
    left = [sum(way.at(d)[0] for way in events) for d in points]
    assert all(step < 1e-9 or step >= policy.minimum_count - 1e-9 for step in np.diff(left))
    still = [seen.people.number - sum(way.at(d)[0] for way in seen.ways) for d in points[1:]]
    assert all(abs(n) < 1e-9 or n >= policy.minimum_count - 1e-9 for n in still)


def test_a_day_that_is_too_near_is_taken_from_the_way_that_rises_least_after_it() -> None:
    # on day 26 five more than on day 20 have left unplanned; on day 27 six hundred complete, and none before
    def cell(count: int) -> Told:
        return Told(count, max(count - 2, 0), count + 2)

    completed = Way("completed", frozenset({"completed"}), (0, 26, 27), (NO_ONE, NO_ONE, cell(600)))
    unplanned = Way(
        "unplanned", frozenset({"unplanned"}), (0, 20, 26, 27), (NO_ONE, cell(100), cell(105), cell(150))
    )  # fmt: skip
    seen = valid(cell(1800), [completed, unplanned], CMS)
    ways = {way.name: way.days for way in seen.ways}
    assert ways["completed"] == (0, 26, 27)
    assert 26 not in ways["unplanned"]


def test_where_everything_may_be_shown_a_curve_is_a_step_to_the_day_that_is_asked_about() -> None:
    arm = leaving([(10, "unplanned", 5), (20, CENSORED, 3)], 12)
    seen = seen_of(told(table(arm, NONE, {30}), NONE))
    assert seen is not None
    points = drawn.curve(seen, ("unplanned",), False, 0.95, NONE)
    assert points is not None
    assert [*points["x"]] == [0, 9, 10, 30]
    np.testing.assert_allclose(points["estimate"], [0, 0, 0.25, 0.25])


def test_it_ends_where_nobody_is_followed_any_more() -> None:
    seen = seen_of(told(table(leaving([(10, "unplanned", 5), (20, CENSORED, 15)], 0), NONE, {30}), NONE))
    assert seen is not None
    points = drawn.curve(seen, ("unplanned",), False, 0.95, NONE)
    assert points is not None
    assert points["x"][-1] == 20
