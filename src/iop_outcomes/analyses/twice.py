"""Headline numbers computed twice: by the estimators of this project, and by lifelines or statsmodels.

In order: of every question of a contrast, the people and days are taken as the analyses take them; above MOST people a
seeded sample of them stands for all, and the first number is computed on it too; the second number comes from
`libraries`; both must agree to 1e-6 of their size. What no library can answer under the same definition is left out by
name. Trial statisticians call it double programming. Nothing is refused: a number that cannot be computed the second
time is told of with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.analyses import abstinence as binary
from iop_outcomes.analyses import libraries
from iop_outcomes.analyses.curves import Followed, follow
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators import cox, cuminc
from iop_outcomes.tables.results import PROPENSITY_SCORE
from iop_outcomes.vocabulary.methods import AIPW, CRUDE, IMPUTED, SCORED, WEIGHTED

if TYPE_CHECKING:
    import pandas as pd

Ask = Mapping[str, Any]
Row = dict[str, Any]
MOST, SEED = 50_000, 20260101
AGREE = 1e-6
KAPLAN_MEIER, INCIDENCE = "Kaplan-Meier, lifelines", "cumulative incidence, statsmodels"
MEAN_DAYS, COX, COX_AGAIN = "restricted mean, lifelines", "Cox, lifelines", "Cox, statsmodels"
SCORE, MEAN, STANDARDISED = "logistic score, statsmodels", "weighted mean, statsmodels", "doubly robust, statsmodels"
KEY = ("analysis", "contrast", "outcome", "horizon_days", "method", "missing_rule", "measure")


def run(
    retention: pd.DataFrame,
    abstinence: pd.DataFrame,
    first_use: pd.DataFrame,
    scores: pd.DataFrame,
    gates: pd.DataFrame,
    estimates: pd.DataFrame,
    rows: Sequence[Ask],
    contrast: Ask,
    endpoints: Mapping[str, Ask],
    inference: Ask,
) -> dict[str, pd.DataFrame]:
    """The table twice of one contrast. rows: of the steps retention and abstinence. endpoints: those of retention."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    whole = Sample(scores, contrast, inference)
    people = _chosen(whole)
    decided = gates.set_index("method")["status"]
    found: list[Row] = []
    given = _Given(retention, abstinence, first_use, endpoints)
    sampled = len(people.scores) < len(whole.scores)
    known = {} if sampled else _known(estimates)
    if rows and (decided.reindex(SCORED) == "ok").any():
        if len(set(whole.everyone["arm"])) > 2:
            found.append(_left_out(rows[0], PROPENSITY_SCORE, "statsmodels has no multinomial score of this size"))
        else:
            found += _told(rows[0], PROPENSITY_SCORE, _score(people, rows[0], sampled))
    for ask in rows:
        if decided.get(ask["method"]) == "ok":
            found += _told(ask, ask["measure"], _question(ask, people, given, known))
    table = TABLES["twice"]
    if not found:
        return {"twice": table.empty()}
    frame = pd.DataFrame(found, columns=list(table.columns))
    return {"twice": frame.astype({n: c.dtype for n, c in table.columns.items()})}


def reads(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of what happened to people, the rows that a question of the contrast asks about."""
    asked = sorted({r["outcome"] for r in settings["rows"]})
    return {
        "retention": {"where": {"follows": sorted({e["follows"] for e in settings["endpoints"].values()})}},
        "abstinence": {"where": {"outcome": asked}},
        "first_use": {"where": {"outcome": asked}},
    }


def _told(ask: Ask, measure: str, numbers: Iterator[Row]) -> list[Row]:
    """The numbers as far as they can be computed; then why the next one cannot. A second opinion ends no run."""
    found: list[Row] = []
    try:
        found.extend(numbers)
    except EstimationError as wrong:
        found.append(_left_out(ask, measure, str(wrong)))
    except Exception as wrong:  # a library's own, whose text might quote a row
        found.append(_left_out(ask, measure, f"the library could not compute it ({type(wrong).__name__})"))
    return found


class _Given:
    """What happened to people. endpoints: of the step retention, by outcome."""

    def __init__(
        self, retention: pd.DataFrame, abstinence: pd.DataFrame, first_use: pd.DataFrame, endpoints: Mapping[str, Ask]
    ) -> None:
        self.retention, self.abstinence, self.first_use, self.endpoints = retention, abstinence, first_use, endpoints
        self.told: dict[tuple[str, int], Any] = {}

    def followed(self, people: pd.DataFrame, outcome: str) -> Followed | None:
        """What an outcome follows, looked up once for all rows of the sheet."""
        if (key := (outcome, -1)) not in self.told:
            self.told[key] = follow(self.retention, people, self.endpoints[outcome])
        found: Followed | None = self.told[key]
        return found

    def levels(self, people: pd.DataFrame, ask: Ask) -> Any:
        """Levels of an outcome at a day, likewise."""
        if (key := (ask["outcome"], ask["horizon_days"])) not in self.told:
            self.told[key] = binary.binary_levels(self.abstinence, people, ask)
        return self.told[key]


def _chosen(sample: Sample) -> Sample:
    """The people of both arms; of more than MOST a seeded sample, in their order."""
    n = len(sample.scores)
    if n <= MOST:
        return sample
    at = np.sort(np.random.default_rng(SEED).choice(n, MOST, replace=False))
    return Sample(sample.scores.iloc[at].reset_index(drop=True), sample.contrast, sample.inference)


def _known(estimates: pd.DataFrame) -> dict[tuple[Any, ...], float]:
    """Estimates as the analyses made them, by key; those of the whole follow-up and of everyone."""
    own = estimates[(estimates["status"] == "ok") & (estimates["subgroup"] == "all") & estimates["estimate"].notna()]
    return dict(zip(map(tuple, own[list(KEY)].to_numpy(dtype=object)), own["estimate"], strict=True))


def _score(people: Sample, ask: Ask, sampled: bool) -> Iterator[Row]:
    """The log-likelihood of the score of two arms, which is largest at one set of coefficients only."""
    matrix, arm, held = people.propensity.matrix, people.arm, people.scores["propensity"].to_numpy()
    if sampled:
        from iop_outcomes.estimators.regression import solve

        held = solve("logistic", matrix.keep(np.arange(matrix.shape[1]) > 0), arm).mean
    again = libraries.score(matrix.dense(), arm)
    first, second = (float(np.log(np.where(arm == 1, e, 1 - e)).sum()) for e in (held, again))
    yield _row(ask, PROPENSITY_SCORE, first, second, SCORE)


def _question(ask: Ask, people: Sample, given: _Given, known: Mapping[tuple[Any, ...], float]) -> Iterator[Row]:
    """The numbers of one row of the sheet, each arm and hazard ratio by itself."""
    if ask["method"] in IMPUTED:
        yield _left_out(ask, ask["measure"], "covariates are imputed, and the libraries pool in another way")
        return
    if ask["step"] == "retention":
        followed = given.followed(people.scores, ask["outcome"])
        if followed is not None:
            yield from _retention(ask, people, followed, known)
    elif ask["measure"] == "hazard_ratio":
        days, event = binary.timed(given.first_use, people.scores, ask)
        levels = binary.timed_levels(given.first_use, people.scores, ask)
        there = (levels != "not_known").astype(float)
        yield from _ratio(ask, people, days, event & (days <= ask["horizon_days"]), there, known)
    else:
        yield from _risks(ask, people, given, known)


def _retention(ask: Ask, people: Sample, followed: Followed, known: Mapping[tuple[Any, ...], float]) -> Iterator[Row]:
    day = ask["horizon_days"]
    if not followed.exact_to(day):
        yield _left_out(ask, ask["measure"], "lengths of stay are intervals")
    elif ask["measure"] == "hazard_ratio":
        event = followed.event & (followed.days <= day)
        yield from _ratio(ask, people, followed.days, event, followed.at_risk.astype(float), known)
    elif ask["method"] == AIPW:
        yield _left_out(ask, ask["measure"], "no library has the doubly robust mean of a time")
    else:
        weight = people.weight(ask["method"]) * followed.at_risk
        for value, name in zip((1, 0), people.names, strict=True):
            here = people.arm == value
            measure = f"{ask['measure']}_{name}"
            own = _OfArm(followed, here, weight[here], day)
            first = known.get(_key(ask, measure), np.nan)
            yield _row(
                ask, measure, own.first(ask["measure"]) if np.isnan(first) else first, *own.again(ask["measure"])
            )


class _OfArm:
    """The people of one arm whose leaving is followed up to a day."""

    def __init__(self, followed: Followed, here: Any, weight: Any, day: int) -> None:
        self.followed, self.here, self.weight, self.day = followed, here, weight, day

    def first(self, measure: str) -> float:
        """By the project's own estimators."""
        days = self.followed.days[self.here]
        if measure == "mean_days":
            return float(cuminc.restricted_mean(days, self.followed.left[self.here], self.day, self.weight).value[0])
        estimator, arguments = self.followed.risk(self.followed.counted)
        given = {k: v[self.here] if np.ndim(v) else v for k, v in arguments.items()}
        return float(estimator(time=days, times=[self.day], weight=self.weight, **given).value[0])

    def again(self, measure: str) -> tuple[float, str]:
        """By a library's, with its name."""
        followed, days, left = self.followed, self.followed.days[self.here], self.followed.left[self.here]
        if measure == "mean_days":
            return libraries.mean_days(days, left, self.weight, self.day), MEAN_DAYS
        if followed.counted == "in_care":
            return libraries.staying(days, left, self.weight, self.day), KAPLAN_MEIER
        lost = followed.event[self.here]
        codes = np.where(lost, 1, np.where(left, 2, 0))
        gone = libraries.incidence(days, codes, 1, self.weight, self.day)
        return (1 - gone if followed.staying else gone), INCIDENCE


def _ratio(
    ask: Ask, people: Sample, days: Any, event: Any, there: Any, known: Mapping[tuple[Any, ...], float]
) -> Iterator[Row]:
    """The hazard ratio of the whole follow-up, by lifelines and, where nobody is weighted, by statsmodels too."""
    days = np.minimum(days, ask["horizon_days"]).astype(float)
    strata, weight = people.strata(ask["method"]), people.weight(ask["method"]) * there
    ratio = known.get(_key(ask, "hazard_ratio"), np.nan)
    if np.isnan(ratio):
        column = people.arm[:, None].astype(float)
        ratio = float(np.exp(cox.cox(column, days, event, ["arm"], weight=weight, strata=strata).estimate.value[0]))
    again = libraries.hazard_ratio(people.arm, days, event, weight, strata)
    yield _row(ask, "hazard_ratio", ratio, float(np.exp(again)), COX)
    if ask["method"] not in SCORED:
        some = weight > 0
        own = (people.arm[some], days[some], np.asarray(event)[some], None if strata is None else strata[some])
        yield _row(ask, "hazard_ratio", ratio, float(np.exp(libraries.hazard_ratio_again(*own))), COX_AGAIN)


def _risks(ask: Ask, people: Sample, given: _Given, known: Mapping[tuple[Any, ...], float]) -> Iterator[Row]:
    """Shares with an outcome at a day: weighted means, or doubly robust ones."""
    levels = given.levels(people.scores, ask)
    outcome, used = binary.read_missing(levels, ask["missing_rule"])
    if binary.unknown(levels) or not all(used[people.arm == a].any() for a in (0, 1)):
        return
    if ask["method"] == AIPW:
        if len(set(people.everyone["arm"])) > 2 or not known:
            yield _left_out(ask, ask["measure"], "the doubly robust mean is computed twice for two arms of all people")
            return
        terms = people.propensity.matrix.dense()[:, 1:]
        again = libraries.doubly_robust(outcome, used, people.arm, terms, people.scores["propensity"].to_numpy())
        for name, second in zip(people.names, again, strict=True):
            first = known.get(_key(ask, f"risk_{name}"), np.nan)
            if not np.isnan(first):
                yield _row(ask, f"risk_{name}", first, second, STANDARDISED)
        return
    if ask["method"] not in (CRUDE, *WEIGHTED):
        return
    weight = people.weight(ask["method"]) * used
    for value, name in zip((1, 0), people.names, strict=True):
        here = people.arm == value
        first = known.get(_key(ask, f"risk_{name}"), np.nan)
        own = float(weight[here] @ outcome[here] / weight[here].sum())
        second = libraries.mean(outcome[here], weight[here])
        yield _row(ask, f"risk_{name}", own if np.isnan(first) else first, second, MEAN)


def _key(ask: Ask, measure: str) -> tuple[Any, ...]:
    return tuple(measure if k == "measure" else ask[k] for k in KEY)


def _row(ask: Ask, measure: str, first: float, second: float, library: str) -> Row:
    agrees = bool(abs(first - second) <= AGREE * max(1.0, abs(first)))
    told = {**{k: ask[k] for k in KEY}, "measure": measure, "first": first, "second": second}
    return {**told, "library": library, "agrees": agrees, "reason": ""}


def _left_out(ask: Ask, measure: str, reason: str) -> Row:
    told = {**{k: ask[k] for k in KEY}, "measure": measure, "first": np.nan, "second": np.nan}
    return {**told, "library": "", "agrees": None, "reason": reason}
