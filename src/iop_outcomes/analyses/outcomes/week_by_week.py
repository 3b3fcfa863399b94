"""What each week of a person says: a test that was negative, another one, one that was missed.

A week counts, or not, by the same readings as an answer on a day: a missed one as use or not at all, one after a death
or one in which no test was due as the endpoint says. Measures are of all weeks that count: their share in each arm, and
ratios of odds or of shares from a regression of the arm and the week. Weeks of a person are taken together; a person's
weight is that of all of the person's weeks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.hazards import Ratios
from iop_outcomes.analyses.outcomes import two_sides
from iop_outcomes.analyses.outcomes.at_a_day import READ_AS, UNTOLD
from iop_outcomes.analyses.outcomes.without_hazards import WithoutHazards
from iop_outcomes.errors import EstimationError, NotPossible
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.inference import joint
from iop_outcomes.estimators.base.rows import rows
from iop_outcomes.estimators.regression.gee import gee
from iop_outcomes.protocol import Analysis, Endpoint
from iop_outcomes.tables.results import BY_LAST_TEST, LAST_TESTS, WEEK
from iop_outcomes.vocabulary.answers import (
    COUNTED_AGAINST,
    EVENT,
    LEFT_OUT,
    MISSING,
    MISSING_IS_USING,
    NO_EVENT,
    NOT_YET_OBSERVED,
    WEEK_LEVELS,
)
from iop_outcomes.vocabulary.causes import DIED
from iop_outcomes.vocabulary.measures import ODDS_RATIO, RISK_RATIO, SHARE_OF_WEEKS

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.analyses.rows import Row, Words
    from iop_outcomes.analyses.sample import Sample

# places of WEEK_LEVELS
YES, NO, DEAD, MISSED, NOT_ASKED = range(5)
FAMILIES = {ODDS_RATIO: "logistic", RISK_RATIO: "poisson"}
NO_TEST_DUE = "no test was due of anyone in the arm '{arm}' up to the horizon"
ARM, NUMBER, CHANGE = "arm", "week", "arm by week"


@dataclass(frozen=True)
class WeekByWeek(WithoutHazards):
    """codes: (n, k) places among WEEK_LEVELS of each person and week. days: (k,) last days of the weeks, rising.

    deaths, not_due: how weeks are read after a death, and those in which no test was due. short: (n,) who was not
    observed to the end of the last week up to the horizon, whether a test was due or not; None: everyone was.
    """

    no_hazard: ClassVar[str] = "weeks have no hazard: ask for an odds ratio"

    codes: Whole
    days: Whole
    deaths: str = COUNTED_AGAINST
    not_due: str = LEFT_OUT
    short: Mask | None = None

    @cached_property
    def _places(self) -> Whole:
        """(n, k) as what each week is read: 0 abstinent, 1 not, 2 missing, 3 not asked about."""
        return np.array([0, 1, READ_AS[self.deaths], 2, READ_AS[self.not_due]])[self.codes]

    def counted(self, ask: Analysis) -> Mask:
        """(n, k) weeks that count under the rule for missing outcomes."""
        within = self.days <= ask.horizon_days
        return (self._places < (3 if ask.missing_rule == MISSING_IS_USING else 2)) & within

    def used(self, ask: Analysis) -> Mask:
        """(n,) who has a week that counts."""
        return np.asarray(self.counted(ask).any(axis=1))

    def rows(self, ask: Analysis, there: Mask | None = None) -> tuple[Whole, Array, Array]:
        """(m,) each, of the weeks that count of who is `there` (n,): the person, the week's number, the outcome."""
        counts = self.counted(ask)
        person, week = np.nonzero(counts if there is None else counts & there[:, None])
        return person, self.days[week] / 7, (self._places[person, week] == 0).astype(float)

    def _some(self, ask: Analysis) -> Mask:
        """(n,) who has the outcome in some week."""
        return ((self.codes == YES) & (self.days <= ask.horizon_days)).any(axis=1)

    def state(self, ask: Analysis) -> None:
        """None: no share of people is estimated."""

    def known(self, ask: Analysis) -> Array:
        """(n, 2) numbers of weeks with the outcome, and of those that count."""
        counts = self.counted(ask)
        return np.column_stack([(counts & (self._places == 0)).sum(axis=1), counts.sum(axis=1)]).astype(float)

    def silent(self, ask: Analysis, sample: Sample) -> str:
        """No one of an arm is observed to the last week, no test is known of anyone, or none was due in an arm."""
        short = np.zeros(len(sample.arm), dtype=bool) if self.short is None else self.short
        if beyond := two_sides.not_due(sample.arm, short, sample.names):
            return beyond
        if not (self.codes[:, self.days <= ask.horizon_days] < DEAD).any():
            return UNTOLD
        asked = (self._places < 3) & (self.days <= ask.horizon_days)
        for value, name in ((1, sample.names[0]), (0, sample.names[1])):
            if not asked[sample.arm == value].any():
                return NO_TEST_DUE.format(arm=name)
        return ""

    def few(self, ask: Analysis, sample: Sample, fewest: int) -> str:
        """Too few people of an arm with the outcome in some week, or without it in some: most people have both."""
        counts = self.counted(ask)
        some, others = ((counts & here).any(axis=1) for here in (self._places == 0, self._places != 0))
        return two_sides.too_few_of(sample.arm, some, others, sample.names, fewest)

    def means(self, ask: Analysis, sample: Sample) -> Estimate:
        """Shares of the weeks of the first and the second arm that have the outcome.

        With m_i weeks of person i that count and y_i among them that do, sum w y / sum w m; its derivative by the
        weight of a person is (y_i - m_i share) / sum w m.
        """
        if ask.measure != SHARE_OF_WEEKS:
            raise NotPossible("of weeks a share of weeks or a ratio is estimated")
        yes, weeks = self.known(ask).T
        counted = rows(len(yes), sample.weight(ask.method) * (weeks > 0), None)
        sides = [sample.arm == 1, sample.arm == 0]
        totals = np.array([counted.total[here] @ weeks[here] for here in sides])
        if (totals <= 0).any():
            raise EstimationError("no week of an arm counts")
        share = np.array([counted.total[here] @ yes[here] for here in sides]) / totals
        gradient = np.column_stack(
            [here * (yes - weeks * p) / total for here, p, total in zip(sides, share, totals, strict=True)]
        )
        part = np.column_stack([here & (weeks > 0) for here in sides])
        return sample.finish(counted.estimate(sample.names, share, gradient, part), ask.method)

    def modelled(self, ask: Analysis, sample: Sample) -> Ratios:
        """The log ratio of odds, or of shares, of weeks; of odds whether it changes over the weeks."""
        whole = self._regression(ask, sample, change=False).take(ARM)
        if ask.measure != ODDS_RATIO:
            return Ratios(sample.finish(whole, ask.method))
        try:
            change = sample.finish(self._regression(ask, sample, change=True).take(CHANGE), ask.method)
            p_value: float | None = joint(change).p_value
        except EstimationError:  # in one week alone nothing can change
            p_value = None
        return Ratios(sample.finish(whole, ask.method), over_weeks=p_value)

    def _regression(self, ask: Analysis, sample: Sample, change: bool) -> Estimate:
        """Coefficients of the arm and the week, of people: the influence of a person is that of all of their weeks.

        change: with a term for the arm in later weeks.
        """
        weight = sample.weight(ask.method)
        person, number, yes = self.rows(ask, weight > 0)
        if not person.size:
            raise EstimationError("no week of an arm counts")
        arm = sample.arm[person].astype(float)
        names, columns = [ARM], [arm]
        if np.ptp(number) > 0:
            names, columns = [ARM, NUMBER], [arm, number]
        if change:
            names, columns = [*names, CHANGE], [*columns, arm * (number - number.mean())]
        fit = gee(FAMILIES[ask.measure], np.column_stack(columns), yes, names, person, weight=weight[person]).estimate
        n = len(weight)
        influence = np.column_stack([np.bincount(person, column, n).astype(float) for column in fit.influence.T])
        part = np.bincount(person, minlength=n) > 0
        return Estimate(fit.names, fit.value, influence, np.ones(n), weight, part=part)

    def levels(self, ask: Analysis) -> Words:
        """(n,) how each person is counted behind an estimate: with the outcome in some week; without it; missing, where
        no test was taken; dead; or not asked.
        """
        own = self.codes[:, self.days <= ask.horizon_days]
        tested, missed, dead = ((own == code).any(axis=1) for code in (NO, MISSED, DEAD))
        # who counts by the weeks after a death counts so whatever was missed before
        first = [(dead, DIED), (missed, MISSING)]
        if self.deaths != COUNTED_AGAINST:
            first.reverse()
        pairs = [(self._some(ask), EVENT), (tested, NO_EVENT), *first]
        return np.select([there for there, _ in pairs], [level for _, level in pairs], NOT_YET_OBSERVED)

    def last_tests(self, ask: Analysis) -> Words:
        """(n,) the third of the weeks up to the horizon in which each person gave the last test, or none."""
        own = self.codes[:, self.days <= ask.horizon_days]
        tested = own <= NO
        k = own.shape[1]
        last = np.where(tested.any(axis=1), k - np.argmax(tested[:, ::-1], axis=1), 0)
        return np.array(LAST_TESTS)[np.ceil(3 * last / max(k, 1)).astype(int)]

    def counts(self, ask: Analysis, sample: Sample) -> Iterator[Row]:
        """People by arm and by how they are counted behind the estimates; and week by week, by what the week says: all
        of an arm, and those who gave their last test in one part of the weeks.
        """
        yield from results.count_rows(ask, sample.label, self.levels(ask))
        groups, everyone = self.last_tests(ask), np.ones(len(sample.arm), dtype=bool)
        yield from self._by_week(ask, sample, everyone, {})
        for group in LAST_TESTS:
            yield from self._by_week(ask, sample, groups == group, {"group_by": BY_LAST_TEST, "group": group})

    def _by_week(self, ask: Analysis, sample: Sample, some: Mask, more: Mapping[str, object]) -> Iterator[Row]:
        """Cells of some (n,) people by week, arm and what the week says.

        Of a group it is told whether the week was negative: more would be of few.
        """
        keys = {k: getattr(ask, k) for k in ("analysis", "cohort", "contrast", "outcome")}
        for code, day in zip(self.codes.T[self.days <= ask.horizon_days], self.days, strict=False):
            for name, here in zip(sample.names, (sample.arm == 1, sample.arm == 0), strict=True):
                for place, people in enumerate(np.bincount(code[here & some], minlength=len(WEEK_LEVELS))):
                    asked = {**keys, **more, "horizon_days": int(day), "variable": WEEK, "position": place}
                    rest = int((here & some).sum() - people)
                    yield results.cell(asked, WEEK_LEVELS[place], int(people), arm=name)
                    if more:
                        yield results.cell({**asked, "position": 1}, NO_EVENT, rest, arm=name)
                        break


def read(abstinence: pd.DataFrame, people: pd.DataFrame, ask: Analysis, endpoint: Endpoint) -> WeekByWeek:
    """The weeks of an outcome up to the horizon, in the order of people; a week without a row was not observed."""
    import pandas as pd

    own = abstinence[(abstinence["outcome"] == ask.outcome) & (abstinence["horizon_days"] <= ask.horizon_days)]
    row = pd.Index(people["person_id"]).get_indexer(pd.Index(own["person_id"]))
    days, column = np.unique(own["horizon_days"].to_numpy(dtype="int64"), return_inverse=True)
    yes, dead, mature = own["abstinent"], own["dead"].to_numpy(dtype=bool), own["mature"].to_numpy(dtype=bool)
    known = yes.notna().to_numpy()
    said = np.select([dead, known & yes.fillna(False).to_numpy(dtype=bool), known, mature], [DEAD, YES, NO, MISSED], 4)
    codes = np.full((len(people), len(days)), NOT_ASKED)
    there = row >= 0
    codes[row[there], column.ravel()[there]] = said[there]
    reach = np.zeros(len(people), dtype=np.int64)
    np.maximum.at(reach, row[there], own["horizon_days"].to_numpy(dtype=np.int64)[there])
    return WeekByWeek(codes, days, endpoint.deaths, endpoint.not_due, reach < _last(days, ask.horizon_days))


def _last(days: Whole, horizon: int) -> int:
    """Last day of the last week that ends by the horizon, observed or not; days: of those that were, of one length."""
    if not len(days):
        return 0
    length = int(np.diff(days).min()) if len(days) > 1 else int(days[0])
    return int(days[-1]) + (horizon - int(days[-1])) // max(length, 1) * max(length, 1)
