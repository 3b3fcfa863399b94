"""How well the primary analyses do on cohorts alike, whose truth is known: bias, coverage, what is said at a margin.

Of the given cohort only its coarse numbers are read (`simulate.alike`), and no record. In order: a large population
alike says which intercepts make a truth; for each replicate, by a seed of its own, people are drawn, and the design is
made of them by the study's own code; for each question and truth (nothing differs, the first arm is worse by the
margin, the estimate as it was, rounded) outcomes are drawn and answered by the study's own code; what came out is set
beside the truth. A replicate that a gate stops counts as not answered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from iop_outcomes import design
from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import Decided, answer, decided
from iop_outcomes.analyses.outcomes import at_a_day, follow
from iop_outcomes.analyses.performance.drawn_tables import Cohort, abstinence, cohort, retention
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.errors import StudyError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.margins import Scale
from iop_outcomes.protocol import Adjustment, Analysis, Contrast, Endpoint, Gate, Inference, Judged
from iop_outcomes.protocol.alike import unable
from iop_outcomes.simulate.alike import draw
from iop_outcomes.simulate.alike.numbers import Numbers, Question
from iop_outcomes.tables.results import (
    ALIKE_ANSWERED,
    ALIKE_BIAS,
    ALIKE_COVERAGE,
    ALIKE_ERROR,
    ALIKE_NO_WORSE,
    ALIKE_REPLICATES,
    ALIKE_SPREAD,
    ALIKE_TRUTH,
    AS_ESTIMATED,
    AT_THE_MARGIN,
    NO_DIFFERENCE,
)
from iop_outcomes.vocabulary.directions import MORE
from iop_outcomes.vocabulary.endpoints import ON_A_DAY, STAYING
from iop_outcomes.vocabulary.measures import DIFFERENCE, MEAN_DAYS
from iop_outcomes.vocabulary.methods import METHODS, WEIGHTS

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("outcome", "horizon_days", "measure", "method", "missing_rule")
# of a replicate: estimate, standard error, limits
FIELDS = 4
# means of an arm stay so far from none and from all
WITHIN = 0.01


@dataclass(frozen=True)
class Truth:
    """first, second: means of the arms that are made true. margin: that of the question, None without."""

    name: str
    first: float
    second: float
    margin: float | None

    @property
    def difference(self) -> float:
        """First arm less second."""
        return round(self.first - self.second, 10)


@dataclass(frozen=True)
class Made:
    """How outcomes of a question are drawn under a truth: what is added to log odds in the first arm and the second."""

    ask: Analysis
    question: Question
    truth: Truth
    first: float
    second: float
    answers: tuple[float, float]


def run(
    likeness: Sequence[str] | str,
    rows: Sequence[Analysis],
    cohort: str,
    name: str,
    contrast: Contrast,
    endpoints: Mapping[str, Endpoint],
    adjustment: Adjustment,
    thresholds: Gate,
    inference: Inference,
    judged: Sequence[Judged],
    replicates: int,
) -> dict[str, pd.DataFrame]:
    """The table diagnostics: what came of each question under each truth, over so many replicates.

    likeness: path of the numbers of the contrast.
    """
    (path,) = [likeness] if isinstance(likeness, str) else likeness
    numbers = Numbers.model_validate_json(Path(path).read_text(encoding="utf-8"))
    asked = [r for r in rows if not unable(r, endpoints[r.outcome], contrast)]
    population = draw.chances(numbers, np.random.default_rng(seed(cohort, name)))
    made = [one for row in asked for one in _made(row, numbers, population, judged)]
    if not made:
        return {"diagnostics": results.table("diagnostics", [])}
    study = Study(numbers, name, contrast, endpoints, adjustment, thresholds, inference)
    seeds = np.random.SeedSequence(seed(cohort, name)).spawn(replicates)
    found = np.array([study.replicate(made, np.random.default_rng(one)) for one in seeds])
    lines = [line for at, one in enumerate(made) for line in told(one.ask, one.truth, found[:, at], judged)]
    return {"diagnostics": results.table("diagnostics", lines)}


def seed(cohort: str, contrast: str) -> int:
    """The same for the same cohort and contrast, whatever else is asked."""
    return int.from_bytes(hashlib.sha256(f"alike {cohort} {contrast}".encode()).digest()[:8], "big")


def truths(question: Question, margin: float | None) -> list[Truth]:
    """Under which a question is asked; a margin that would leave an arm without room is left out."""
    top = float(question.horizon_days) if question.measure == MEAN_DAYS else 1.0
    asked = [(NO_DIFFERENCE, question.second), (AS_ESTIMATED, question.first)]
    if margin is not None:
        asked.insert(1, (AT_THE_MARGIN, question.second + margin))
    room = WITHIN * top
    return [Truth(name, first, question.second, margin) for name, first in asked if room <= first <= top - room]


def margin_of(row: Analysis, judged: Sequence[Judged]) -> Judged | None:
    """The margin of a row's question, of differences."""
    keys = ("analysis", "contrast", "outcome", "horizon_days", "measure")
    own = (one for one in judged if all(getattr(one, k) == getattr(row, k) for k in keys))
    return next((one for one in own if one.margin is not None and one.of == DIFFERENCE), None)


def _made(row: Analysis, numbers: Numbers, population: draw.People, judged: Sequence[Judged]) -> Iterator[Made]:
    question = next((q for q in numbers.questions if all(getattr(q, k) == getattr(row, k) for k in KEYS)), None)
    if question is None:
        return
    weight = draw.weight_of(population, WEIGHTS[METHODS[row.method].weights].kind)
    answers = (0.0, 0.0)
    if question.answered is not None:
        own = population.predictor(question.answered)
        chance = population.score
        answers = (
            draw.intercept(own, chance, question.answers[0]),
            draw.intercept(own, 1 - chance, question.answers[1]),
        )
    limit = margin_of(row, judged)
    # truths share the mean of the second arm
    shift = cache(partial(_shift, question, population, weight))
    for truth in truths(question, None if limit is None else limit.margin):
        yield Made(row, question, truth, shift(True, truth.first), shift(False, truth.second), answers)


def _shift(question: Question, population: draw.People, weight: Array, first: bool, mean: float) -> float:
    if question.leaving is None:
        return draw.intercept(population.predictor(question.model), weight, mean)
    own = population.predictor(question.leaving.model)
    return draw.shift_of(question.leaving, own, weight, first, mean)


def outcome(made: Made, drawn: draw.People, rng: np.random.Generator) -> tuple[Mask, Mask]:
    """(n,) what happened on the day, and who answered."""
    shift = np.where(drawn.first, made.first, made.second)
    happened = rng.random(len(shift)) < expit(shift + drawn.predictor(made.question.model))
    if made.question.answered is None:
        return happened, np.ones(len(shift), dtype=bool)
    chance = expit(np.where(drawn.first, *made.answers) + drawn.predictor(made.question.answered))
    return happened, rng.random(len(shift)) < chance


def leaving(made: Made, staying: bool, drawn: draw.People, rng: np.random.Generator) -> tuple[Whole, Mask]:
    """(n,) days until care was left, beyond the horizon where it was not, and whether what is counted happened.

    staying: being there is counted, so that who is counted leaves later.
    """
    last = made.question.horizon_days
    if (months := made.question.leaving) is not None:
        own = drawn.predictor(months.model)
        chance = np.where(
            drawn.first[:, None],
            draw.months(months, own, True, made.first),
            draw.months(months, own, False, made.second),
        )
        days = draw.days(months, chance, rng)
        return days, days > last
    happened, _ = outcome(made, drawn, rng)
    early = rng.integers(1, last + 1, len(happened))
    return np.where(happened == staying, last + 1, early), happened


@dataclass(frozen=True)
class Study:
    """What is done with one drawn cohort."""

    numbers: Numbers
    name: str
    contrast: Contrast
    endpoints: Mapping[str, Endpoint]
    adjustment: Adjustment
    thresholds: Gate
    inference: Inference

    def replicate(self, made: Sequence[Made], rng: np.random.Generator) -> Array:
        """(questions and truths, FIELDS) of one cohort; NaN where it was not answered."""
        drawn = draw.people(self.numbers, rng)
        own = cohort(drawn, self.numbers, self.name, self.adjustment)
        methods = list(dict.fromkeys(one.ask.method for one in made))
        designed = design.run(
            own.people,
            own.covariates,
            own.arms,
            "",
            self.name,
            self.contrast,
            self.adjustment,
            self.thresholds,
            methods,
        )
        scores, gates = designed["scores"], designed["gates"]
        if isinstance(scores, str) or isinstance(gates, str):
            raise StudyError("The design of drawn people has no scores. This is a defect.")
        sample, allowed = Sample.of(scores, self.contrast, self.inference), decided(gates)
        return np.array([self._answered(one, own, sample, allowed[one.ask.method], rng) for one in made])

    def _answered(
        self, one: Made, own: Cohort, sample: Sample, allowed: Decided, rng: np.random.Generator
    ) -> list[float]:
        endpoint = self.endpoints[one.ask.outcome]
        if endpoint.kind in ON_A_DAY:
            table = abstinence(one.ask, own, *outcome(one, own.drawn, rng))
            known: object = at_a_day.read(table, sample.scores, one.ask, endpoint)
        else:
            days, happened = leaving(one, endpoint.kind in STAYING, own.drawn, rng)
            known = follow(retention(one.ask, own, endpoint, days, happened), sample.scores, endpoint)
        found = answer(one.ask, sample, known, self.thresholds, allowed)  # type: ignore[arg-type]
        row = next((r for r in found.estimates if r["of"] == DIFFERENCE and r["status"] == "ok"), None)
        if row is None:
            return [np.nan] * FIELDS
        return [float(str(row[name])) for name in ("estimate", "std_error", "conf_low", "conf_high")]


def told(row: Analysis, truth: Truth, found: Array, judged: Sequence[Judged]) -> Iterator[results.Row]:
    """Lines of a question under a truth. found: (replicates, FIELDS)."""
    own = found[np.isfinite(found).all(axis=1)]
    count = len(own)
    value, error, low, high = own.T if count else np.full((FIELDS, 1), np.nan)
    numbers = {
        ALIKE_REPLICATES: float(len(found)),
        ALIKE_ANSWERED: float(count),
        ALIKE_TRUTH: truth.difference,
        ALIKE_BIAS: float(value.mean()) - truth.difference,
        ALIKE_SPREAD: float(value.std(ddof=1)) if count > 1 else np.nan,
        ALIKE_ERROR: float(error.mean()),
        ALIKE_COVERAGE: float(((low <= truth.difference) & (truth.difference <= high)).mean()) if count else np.nan,
    }
    limit = margin_of(row, judged)
    if limit is not None and limit.margin is not None and count:
        scale = Scale(ratio=False, better=limit.better)
        least = low if limit.better == MORE else high
        said = np.array([scale.turned(float(at)) > -scale.margin(limit.margin) for at in least])
        numbers[ALIKE_NO_WORSE] = float(said.mean())
    for quantity, value_of in numbers.items():
        line = results.diagnostic(row, quantity, float(np.round(value_of, 4)), np.nan, "info")
        yield {**line, "variable": row.measure, "level": truth.name}
