"""The words of programs for their levels: how often they disagree with hours, and which rule finds the level itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy import stats as distributions

from iop_outcomes.cohort import levels
from iop_outcomes.simulate.cohort.labels import WORDS, recorded_levels
from iop_outcomes.simulate.cohort.model import IOP, OUTPATIENT, RESIDENCE, simulate
from iop_outcomes.simulate.cohort.population import draw_baseline
from iop_outcomes.simulate.cohort.stays import Stays, stays_of

TRUE = np.array(["", "1", "2.1", "bed"], dtype=object)
BEDS = {"3.1", "3.3", "3.5", "3.7"}


@dataclass(frozen=True)
class Recorded:
    stays: Stays
    words: np.ndarray
    hours: np.ndarray

    def by(self, classify: Callable[..., pd.Series], name: str) -> np.ndarray:
        """The class of each stay; of an adult, as age changes nothing of what is asked here."""
        n = len(self.words)
        age = pd.Series(40, index=range(n), dtype="Int64")
        return classify(name, pd.Series(self.words), pd.Series(self.hours), age).to_numpy()


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    course = simulate(20_000, 40, np.random.default_rng(11))
    stays = stays_of(course)
    words = recorded_levels(stays, np.random.default_rng(12))
    return Recorded(stays, words, np.round(stays.planned_hours, 1))


def within_limits(hits: np.ndarray, share: float) -> bool:
    """As many as a binomial with that chance gives, within limits that one run in 10,000 would miss."""
    return distributions.binomtest(int(hits.sum()), len(hits), share).pvalue > 1e-4


def test_every_word_is_given_at_its_share_to_those_who_may_bear_it(recorded: Recorded) -> None:
    free = np.ones(len(recorded.words), dtype=bool)
    for row in WORDS:
        may = free & row.fits(recorded.stays)
        assert may.sum() > 500
        given = recorded.words == row.word
        assert within_limits(given[may], row.share), row
        free &= ~(may & given)


@pytest.mark.parametrize(("hours", "word", "share"), [((15.0, 19.9), "2.5", 0.5), ((9.0, 13.0), "2.1", 1.0)])
def test_labels_disagree_with_hours_for_the_known_share(
    recorded: Recorded, hours: tuple[float, float], word: str, share: float
) -> None:
    """All of these have hours of intensive outpatient care; the share is written down here once more."""
    own = (recorded.stays.level == IOP) & (recorded.hours >= hours[0]) & (recorded.hours <= hours[1])
    assert set(recorded.by(levels.classify, "asam")[own]) == {"2.1"}
    assert within_limits((recorded.words == word)[own], share)


def test_labels_of_people_in_the_program_agree_with_hours_for_the_share_that_their_plan_implies(
    recorded: Recorded,
) -> None:
    """Hours are 9 + 2 min(Poisson(1.2), 5): half of those from 15 on disagree."""
    first = recorded.stays.index & (recorded.stays.level == IOP)
    at = distributions.poisson(1.2).pmf
    disagree = 0.5 * (1 - at(0) - at(1) - at(2))
    assert 0.055 < disagree < 0.065
    same = recorded.words == recorded.by(levels.classify, "asam")
    assert within_limits(~same[first], disagree)


def finds_the_level(recorded: Recorded, classify: Callable[..., pd.Series]) -> bool:
    """Whether the class by hours is everyone's level, but for day programs with a room, which have 20 hours or more."""
    found = recorded.by(classify, "asam")
    found = np.where(np.isin(found, list(BEDS)), "bed", found)
    day = (recorded.stays.level == RESIDENCE) & ~np.isin(recorded.words, list(BEDS))
    return bool((found[~day] == TRUE[recorded.stays.level[~day]]).all() and (found[day] == "2.5").all())


def test_hours_find_the_level_that_labels_miss(recorded: Recorded) -> None:
    assert finds_the_level(recorded, levels.classify)


def _label(name: str, level: pd.Series, hours: pd.Series, age: pd.Series) -> pd.Series:
    return level


def _beds_too(name: str, level: pd.Series, hours: pd.Series, age: pd.Series) -> pd.Series:
    return levels.classify(name, pd.Series("2.1", index=level.index), hours, age)


def _from_ten(name: str, level: pd.Series, hours: pd.Series, age: pd.Series) -> pd.Series:
    return levels.classify(name, level, hours.where(hours >= 10, 8), age)


def _to_eighteen(name: str, level: pd.Series, hours: pd.Series, age: pd.Series) -> pd.Series:
    return levels.classify(name, level, hours.where(hours < 18, 20), age)


def _broad(name: str, level: pd.Series, hours: pd.Series, age: pd.Series) -> pd.Series:
    return levels.classify("broad", level, hours, age)


@pytest.mark.parametrize("broken", [_label, _beds_too, _from_ten, _to_eighteen, _broad])
def test_a_broken_classifier_does_not(recorded: Recorded, broken: Callable[..., pd.Series]) -> None:
    assert not finds_the_level(recorded, broken)


def test_the_three_rules_differ(recorded: Recorded) -> None:
    """Who is in the program, and who in residential care, by each of them."""
    by = {name: recorded.by(levels.classify, name) for name in levels.CLASSIFIERS}
    sizes = {name: (np.sum(found == "2.1"), np.isin(found, list(BEDS)).sum()) for name, found in by.items()}
    assert len(set(sizes.values())) == 3
    resident = recorded.stays.level == RESIDENCE
    taken = {name: (found[resident] == "2.1").mean() for name, found in by.items()}
    assert taken["asam"] == 0 < 0.025 < taken["label"] < 0.035 < taken["broad"] < 0.055


def test_beds_bear_every_residential_level_where_it_fits(recorded: Recorded) -> None:
    stays, words = recorded.stays, recorded.words
    at = stays.level == RESIDENCE
    assert set(words[at]) == BEDS | {"2.1", "2.5"}
    assert set(words[stays.level == IOP]) == {"2.1", "2.5"}
    assert set(words[stays.level == OUTPATIENT]) == {"1"}
    assert (recorded.hours[words == "3.7"] >= 27).all()
    assert (recorded.hours[words == "3.1"] <= 27).all()
    assert (stays.planned_weeks[words == "3.7"] <= 4).all()
    assert (stays.planned_weeks[words == "3.1"] >= 8).all()


def test_who_is_called_by_another_level_is_chance_for_residents(recorded: Recorded) -> None:
    """So that those who are left in residential care are like everyone there: in plan, hours and how they left."""
    stays = recorded.stays
    at = stays.level == RESIDENCE
    day = ~np.isin(recorded.words, list(BEDS))[at]
    for values in (stays.planned_weeks, stays.planned_hours, stays.cause, stays.end_day):
        one, other = values[at][day].astype(float), values[at][~day].astype(float)
        assert distributions.ks_2samp(one, other).pvalue > 1e-4


def test_words_leave_the_course_and_the_other_records_as_they_are() -> None:
    baseline = draw_baseline(300, 5, np.random.default_rng(1))
    before = baseline.severity.copy()
    stays = stays_of(simulate(300, 5, np.random.default_rng(1)))
    level = stays.level.copy()
    one, same, other = (recorded_levels(stays, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(stays.level, level)
    assert np.array_equal(baseline.severity, before)
    assert (one == same).all()
    assert (one != other).any()
