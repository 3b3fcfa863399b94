"""Headline numbers computed twice: by the estimators of this project, and by lifelines or statsmodels.

In order: of every question of a contrast, the people and days are taken as the analyses take them; above MOST people a
seeded sample of SAMPLED stands for all, and the first number is computed on it too; the second number comes from
`libraries`; both must agree to 1e-6 of their size. What no library can answer under the same definition is left out by
name. Trial statisticians call it double programming. Nothing is refused: a number that cannot be computed the second
time is told of with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import doubly_robust, libraries
from iop_outcomes.analyses.outcomes import amounts as amounts_of
from iop_outcomes.analyses.outcomes import at_a_day, follow, to_an_event, week_by_week
from iop_outcomes.analyses.outcomes.at_a_day import AtADay
from iop_outcomes.analyses.outcomes.followed import Followed
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.cohort.retention import of_people
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.cox import cox
from iop_outcomes.protocol import Analysis, Contrast, Endpoint, Inference
from iop_outcomes.steps.store import Wanted
from iop_outcomes.tables.results import ALL, PROPENSITY_SCORE
from iop_outcomes.vocabulary import measures
from iop_outcomes.vocabulary.answers import MISSING_RULES
from iop_outcomes.vocabulary.endpoints import AMOUNTS, BETWEEN, OF_PLACES, STAYING, WEEKLY
from iop_outcomes.vocabulary.kind import RETENTION
from iop_outcomes.vocabulary.measures import (
    ADJUSTED_CHANGE,
    DISTRIBUTIONS,
    HAZARD_RATIO,
    RATIO,
    SHARE_OF_WEEKS,
    SUBDISTRIBUTION_HAZARD_RATIO,
)
from iop_outcomes.vocabulary.methods import AIPW, CRUDE, IMPUTED, SCORED, WEIGHTED, WITH_LOSS
from iop_outcomes.vocabulary.second_opinion import AGREE, MOST, SAMPLED, SEED

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.analyses.rows import Row

Key = tuple[object, ...]
KAPLAN_MEIER, INCIDENCE = "Kaplan-Meier, lifelines", "cumulative incidence, statsmodels"
MEAN_DAYS, COX, COX_AGAIN = "restricted mean, lifelines", "Cox, lifelines", "Cox, statsmodels"
SCORE, MEAN, STANDARDISED = "logistic score, statsmodels", "weighted mean, statsmodels", "doubly robust, statsmodels"
REGRESSION = "regression of weeks, statsmodels"
REGRESSION_HELD = "weighted least squares, statsmodels"
OF = ("analysis", "contrast", "outcome", "horizon_days", "method", "missing_rule")
KEY = (*OF, "measure", "of")


def run(
    retention: pd.DataFrame,
    abstinence: pd.DataFrame,
    first_use: pd.DataFrame,
    scores: pd.DataFrame,
    gates: pd.DataFrame,
    estimates: pd.DataFrame,
    rows: Sequence[Analysis],
    contrast: Contrast,
    endpoints: Mapping[str, Endpoint],
    inference: Inference,
    amounts: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """The table twice of one contrast. rows: of the steps retention and abstinence, with the endpoints of both."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    whole = Sample.of(scores, contrast, inference)
    people = _chosen(whole)
    decided = gates.set_index("method")["status"]
    found: list[Row] = []
    sampled = len(people.scores) < len(whole.scores)
    retention = of_people(retention, people.scores["person_id"])
    tables = (retention, abstinence, first_use, TABLES["amounts"].empty() if amounts is None else amounts)
    twice = _Twice(people, *tables, endpoints, {} if sampled else _known(estimates))
    if rows and (decided.reindex(SCORED) == "ok").any():
        score = rows[0].model_copy(update={"measure": PROPENSITY_SCORE})
        if len(set(whole.everyone["arm"])) > 2:
            found.append(_left_out(score, "statsmodels has no multinomial score of this size"))
        else:
            found += _told(score, _score(people, score, sampled))
    for ask in rows:
        if decided.get(ask.method) == "ok":
            found += _told(ask, twice.question(ask))
    table = TABLES["twice"]
    if not found:
        return {"twice": table.empty()}
    frame = pd.DataFrame(found, columns=list(table.columns))
    return {"twice": frame.astype({n: c.dtype for n, c in table.columns.items()})}


def reads(rows: Sequence[Analysis], endpoints: Mapping[str, Endpoint]) -> dict[str, Wanted]:
    """Of what happened to people, the rows that a question of the contrast asks about."""
    asked = Wanted(where={"outcome": sorted({r.outcome for r in rows})})
    followed = sorted({endpoints[r.outcome].followed for r in rows if r.step == RETENTION})
    return dict(retention=Wanted(where={"follows": followed}), abstinence=asked, first_use=asked, amounts=asked)


def _told(ask: Analysis, numbers: Iterator[Row]) -> list[Row]:
    """The numbers as far as they can be computed; then why the next one cannot. A second opinion ends no run."""
    found: list[Row] = []
    try:
        found.extend(numbers)
    except EstimationError as wrong:
        found.append(_left_out(ask, str(wrong)))
    except Exception as wrong:  # a library's own, whose text might quote a row
        found.append(_left_out(ask, f"the library could not compute it ({type(wrong).__name__})"))
    return found


def _chosen(sample: Sample) -> Sample:
    """The people of both arms; of more than MOST a seeded sample of SAMPLED, in their order."""
    n = len(sample.scores)
    if n <= MOST:
        return sample
    at = np.sort(np.random.default_rng(SEED).choice(n, min(SAMPLED, n), replace=False))
    return replace(sample, everyone=sample.scores.iloc[at].reset_index(drop=True))


def _known(estimates: pd.DataFrame) -> dict[Key, float]:
    """Estimates as the analyses made them, by key; those of the whole follow-up and of everyone."""
    whole = (estimates["group_by"] == ALL) & estimates["from_day"].isna() & estimates["to_day"].isna()
    own = estimates[whole & (estimates["status"] == "ok") & estimates["estimate"].notna()]
    return dict(zip(map(tuple, own[list(KEY)].to_numpy(dtype=object)), own["estimate"], strict=True))


def _score(people: Sample, ask: Analysis, sampled: bool) -> Iterator[Row]:
    """The log-likelihood of the score of two arms, which is largest at one set of coefficients only."""
    matrix, arm, held = people.propensity.matrix, people.arm, people.scores["propensity"].to_numpy()
    if sampled:
        from iop_outcomes.estimators.regression.glm import solve

        held = solve("logistic", matrix.keep(np.arange(matrix.shape[1]) > 0), arm).mean
    again = libraries.score(matrix.dense(), arm)
    first, second = (float(np.log(np.where(arm == 1, e, 1 - e)).sum()) for e in (held, again))
    yield _row(ask, ALL, first, second, SCORE)


@dataclass(frozen=True)
class _Twice:
    """The people, what happened to them, and the numbers that are known already, by key."""

    people: Sample
    retention: pd.DataFrame
    abstinence: pd.DataFrame
    first_use: pd.DataFrame
    amounts: pd.DataFrame
    endpoints: Mapping[str, Endpoint]
    known: Mapping[Key, float]
    # looked up once for all rows of the sheet
    _followed_once: dict[str, Followed | None] = field(init=False, repr=False, default_factory=dict)
    _states_once: dict[tuple[str, int], AtADay] = field(init=False, repr=False, default_factory=dict)

    def question(self, ask: Analysis) -> Iterator[Row]:
        """The numbers of one row of the sheet, each arm and hazard ratio by itself."""
        if why := self._not_asked(ask):
            yield _left_out(ask, why)
            return
        if ask.step == RETENTION:
            followed = self._what_is_followed(ask)
            if followed is not None:
                yield from self._followed(ask, followed)
        elif self.endpoints[ask.outcome].kind in WEEKLY:
            yield from self._weeks(ask)
        elif self.endpoints[ask.outcome].kind in AMOUNTS:
            yield from self._amounts(ask)
        elif ask.measure == HAZARD_RATIO:
            timed = to_an_event.read(self.first_use, self.people.scores, ask.outcome)
            yield from self._ratio(ask, timed.days, timed.happened(ask), timed.used(ask))
        else:
            yield from self._at_a_day(ask, self._states(ask))

    def _not_asked(self, ask: Analysis) -> str:
        """Why no library is asked for the numbers of a row, or ''."""
        kind = self.endpoints[ask.outcome].kind
        reasons = (
            (ask.method in IMPUTED, "covariates are imputed, and the libraries pool in another way"),
            (ask.method in WITH_LOSS, "no library weights for loss to follow-up"),
            (kind in OF_PLACES, "neither library has shares of several places at once"),
            (kind in BETWEEN, "lifelines takes both ends of an interval as within it"),
            (ask.measure in DISTRIBUTIONS, "ratios of times are not asked of a second library"),
        )
        return next((why for so, why in reasons if so), "")

    def _what_is_followed(self, ask: Analysis) -> Followed | None:
        if ask.outcome not in self._followed_once:
            found = follow(self.retention, self.people.scores, self.endpoints[ask.outcome])
            self._followed_once[ask.outcome] = found
        return self._followed_once[ask.outcome]

    def _states(self, ask: Analysis) -> AtADay:
        if (key := (ask.outcome, ask.horizon_days)) not in self._states_once:
            endpoint = self.endpoints[ask.outcome]
            self._states_once[key] = at_a_day.read(self.abstinence, self.people.scores, ask, endpoint)
        return self._states_once[key]

    def _sides(self) -> Iterator[tuple[str, Mask]]:
        """Names of the arms, and (n,) their people."""
        for value, name in zip((1, 0), self.people.names, strict=True):
            yield name, self.people.arm == value

    def _followed(self, ask: Analysis, followed: Followed) -> Iterator[Row]:
        if not followed.exact_to(ask.horizon_days):
            yield _left_out(ask, "lengths of stay are intervals")
        elif ask.measure == SUBDISTRIBUTION_HAZARD_RATIO:
            yield _left_out(ask, "neither library has a ratio of subdistribution hazards")
        elif ask.measure == HAZARD_RATIO:
            yield from self._ratio(ask, followed.days, followed.happened(ask), followed.at_risk)
        elif ask.method == AIPW:
            yield _left_out(ask, "no library has the doubly robust mean of a time")
        else:
            weight = self.people.weight(ask.method) * followed.at_risk
            for name, here in self._sides():
                first = self.known.get(_key(ask, name), np.nan)
                own = first if not np.isnan(first) else _ours(ask, followed, here, weight[here])
                yield _row(ask, name, own, *_theirs(ask, followed, here, weight[here]))

    def _ratio(self, ask: Analysis, days: Array, event: Mask, there: Mask) -> Iterator[Row]:
        """The hazard ratio of the whole follow-up, by lifelines and, where nobody is weighted, by statsmodels too."""
        people, days = self.people, np.minimum(days, ask.horizon_days).astype(float)
        strata, weight = people.strata(ask.method), people.weight(ask.method) * there
        ratio = self.known.get(_key(ask, RATIO), np.nan)
        if np.isnan(ratio):
            x, names = people.columns(there)
            ratio = float(np.exp(cox.cox(x, days, event, names, weight=weight, strata=strata).estimate.value[0]))
        again = libraries.hazard_ratio(people.arm, days, event, weight, strata)
        yield _row(ask, RATIO, ratio, float(np.exp(again)), COX)
        if ask.method not in SCORED:
            some = weight > 0
            own = (people.arm[some], days[some], event[some], None if strata is None else strata[some])
            yield _row(ask, RATIO, ratio, float(np.exp(libraries.hazard_ratio_again(*own))), COX_AGAIN)

    def _weeks(self, ask: Analysis) -> Iterator[Row]:
        """Shares of weeks, or the ratio of a regression of the arm and the week, from one row for each week."""
        people = self.people
        outcome = week_by_week.read(self.abstinence, people.scores, ask, self.endpoints[ask.outcome])
        if outcome.silent(ask, people):
            return
        person, week, yes = outcome.rows(ask)
        weight, arm = people.weight(ask.method)[person], people.arm[person]
        if ask.measure == SHARE_OF_WEEKS:
            for value, name in zip((1, 0), people.names, strict=True):
                first, here = self.known.get(_key(ask, name), np.nan), arm == value
                own = float(weight[here] @ yes[here] / weight[here].sum()) if np.isnan(first) else first
                yield _row(ask, name, own, libraries.mean(yes[here], weight[here]), MEAN)
            return
        first = self.known.get(_key(ask, RATIO), np.nan)
        own = float(np.exp(outcome.modelled(ask, people).whole.value[0])) if np.isnan(first) else first
        again = libraries.weekly_ratio(week_by_week.FAMILIES[ask.measure], yes, arm, week, weight)
        yield _row(ask, RATIO, own, float(np.exp(again)), REGRESSION)

    def _amounts(self, ask: Analysis) -> Iterator[Row]:
        """Means of people's amounts: weighted, with the time before held, or doubly robust ones."""
        people = self.people
        outcome = amounts_of.read(self.amounts, people.scores, ask, self.endpoints[ask.outcome])
        value, used = outcome.amount(ask), outcome.used(ask)
        if outcome.silent(ask, people) or not all(used[here].any() for _, here in self._sides()):
            return
        if ask.method == AIPW:
            yield _left_out(ask, "no library has the doubly robust mean of an amount that some did not tell")
            return
        weight = people.weight(ask.method) * used
        if ask.measure == ADJUSTED_CHANGE:
            again = dict(zip(people.names, libraries.held(value, people.arm, outcome.held_before, weight), strict=True))
        else:
            again = {name: libraries.mean(value[here], weight[here]) for name, here in self._sides()}
        own = dict(zip(people.names, outcome.means(ask, people).value, strict=True))
        for name in people.names:
            first = self.known.get(_key(ask, name), np.nan)
            held = REGRESSION_HELD if ask.measure == ADJUSTED_CHANGE else MEAN
            yield _row(ask, name, float(own[name]) if np.isnan(first) else first, again[name], held)

    def _at_a_day(self, ask: Analysis, outcome: AtADay) -> Iterator[Row]:
        """Shares with an outcome at a day: weighted means, or doubly robust ones."""
        state, used, people = outcome.state(ask), outcome.used(ask), self.people
        if state is None or MISSING_RULES[ask.missing_rule].carried:
            yield _left_out(ask, "the rule for missing answers stands on what was recorded, which no library reads")
            return
        if outcome.untold() or not all(used[here].any() for _, here in self._sides()):
            return
        if ask.method == AIPW:
            yield from self._doubly_robust(ask, state, used)
        elif ask.method in (CRUDE, *WEIGHTED):
            weight = people.weight(ask.method) * used
            for name, here in self._sides():
                first = self.known.get(_key(ask, name), np.nan)
                own = float(weight[here] @ state[here] / weight[here].sum())
                second = libraries.mean(state[here], weight[here])
                yield _row(ask, name, own if np.isnan(first) else first, second, MEAN)

    def _doubly_robust(self, ask: Analysis, state: Array, used: Mask) -> Iterator[Row]:
        people = self.people
        if len(set(people.everyone["arm"])) > 2 or not self.known:
            yield _left_out(ask, "the doubly robust mean is computed twice for two arms of all people")
            return
        terms = people.propensity.matrix.dense()[:, 1:]
        by = doubly_robust.families(people, state, used)
        again = libraries.doubly_robust(state, used, people.arm, terms, people.scores["propensity"].to_numpy(), by)
        for name, second in zip(people.names, again, strict=True):
            first = self.known.get(_key(ask, name), np.nan)
            if not np.isnan(first):
                yield _row(ask, name, first, second, STANDARDISED)


def _ours(ask: Analysis, followed: Followed, here: Mask, weight: Array) -> float:
    """The measure of one arm by the project's own estimators. here: (n,) its people; weight: of them."""
    estimator, arguments = followed.measured(ask)
    given = {k: v[here] if isinstance(v, np.ndarray) else v for k, v in arguments.items()}
    return float(estimator(time=followed.days[here], weight=weight, **given).value[0])


def _theirs(ask: Analysis, followed: Followed, here: Mask, weight: Array) -> tuple[float, str]:
    """The same by a library's, with its name."""
    days, left, day = followed.days[here], followed.left[here], ask.horizon_days
    if ask.measure == measures.MEAN_DAYS:
        return libraries.mean_days(days, left, weight, day), MEAN_DAYS
    if STAYING.get(followed.counted) == "":
        return libraries.staying(days, left, weight, day), KAPLAN_MEIER
    codes = np.where(followed.event[here], 1, np.where(left, 2, 0))
    gone = libraries.incidence(days, codes, 1, weight, day)
    return (1 - gone if followed.counted in STAYING else gone), INCIDENCE


def _key(ask: Analysis, of: str) -> Key:
    return (*(getattr(ask, k) for k in OF), ask.measure, of)


def _row(ask: Analysis, of: str, first: float, second: float, library: str) -> Row:
    agrees = bool(abs(first - second) <= AGREE * max(1.0, abs(first)))
    told = {**dict(zip(KEY, _key(ask, of), strict=True)), "first": first, "second": second}
    return {**told, "library": library, "agrees": agrees, "reason": ""}


def _left_out(ask: Analysis, reason: str) -> Row:
    told = {**dict(zip(KEY, _key(ask, ALL), strict=True)), "first": np.nan, "second": np.nan}
    return {**told, "library": "", "agrees": None, "reason": reason}
