"""Leaving in a week of one's own, and when people leave, as the truths of landmarks have it."""

from __future__ import annotations

import numpy as np

from iop_outcomes.simulate.cohort.model import Strategy, anew, follow, simulate
from iop_outcomes.simulate.cohort.population import draw_baseline
from iop_outcomes.simulate.cohort.truth_landmark import leaving_week


def test_weeks_of_each_person_are_what_the_same_weeks_of_all_are() -> None:
    people = draw_baseline(200, 5, np.random.default_rng(4))
    weeks = np.where(np.arange(200) % 2, 3, 9)
    own = follow(people, np.random.default_rng(5), strategy=Strategy(stay_exactly=weeks))
    assert ((own.level > 0).sum(axis=1) == weeks).all()
    for week in (3, 9):
        all_alike = follow(people, np.random.default_rng(5), strategy=Strategy(stay_exactly=week))
        # later on others are in care, whose attendance is drawn for
        assert (own.used[weeks == week, :4] == all_alike.used[weeks == week, :4]).all()


def test_people_leave_care_as_often_as_their_chances_say() -> None:
    course = simulate(20_000, 20, np.random.default_rng(6))
    there = course.level > 0
    for week in (0, 3, 11, 20):
        inside = there[:, week] & (course.death_week != week)
        left = ~there[:, week + 1][inside]
        chance = course.exit_chance[inside, week]
        assert abs(left.mean() - chance.mean()) < 4 * np.sqrt((chance * (1 - chance)).sum()) / len(left)
    assert (course.exit_chance[~there] == 0).all()


def test_a_week_of_leaving_by_hand() -> None:
    # leaves in week 1, 2, 3 with chance .5, .5 * .2 = .1, .5 * .8 * .5 = .2: of those who leave .625, .125, .25
    chance = np.tile([0.5, 0.2, 0.5], (7, 1))
    drawn = leaving_week(chance, np.array([0.0, 0.62, 0.63, 0.74, 0.76, 0.99, 1.0]))
    assert drawn.tolist() == [1, 1, 2, 2, 3, 3, 3]
    assert leaving_week(np.array([[0.2]]), np.array([0.9])).tolist() == [1]


def test_a_source_gives_the_same_numbers_however_often_it_is_asked() -> None:
    """Else potential outcomes would not share their random numbers."""
    source = np.random.SeedSequence(1).spawn(2)[1]
    once, again = (anew(source).spawn(2)[1].random() for _ in range(2))
    assert once == again
    naive = [np.random.default_rng(source).spawn(2)[1].random() for _ in range(2)]
    assert naive[0] != naive[1]
