"""True values of the synthetic cohort, by Monte Carlo on forced arms.

What happens, in order: chunks of people, each with a site effect of its own, are drawn once and followed three times:
all in the intensive outpatient program, all in residential care, and as placement has it; and once under each strategy
of STAYING, each week of WEEKS and each dose of DOSES, all in the intensive outpatient program. From each run come the
outcomes in days; their first and second moments are added up over chunks under the weights of each estimand, and turned
into risks or mean days per arm, their difference and ratio, and the Monte Carlo standard errors of these.

Outcomes. `unplanned_discharge`: the index level was left unplanned by day H, other exits competing.
`retained`: in care on day H, at any level linked to the index stay. `time_in_care`: mean days in care up to
day H, the first and the last counted. `retained_or_completed`: in care on day H or out of it by completing.
`completed`: the index level was completed by day H. `death`: died by day H, in care or not. `abstinent`: no
use in the last four whole weeks before day H (63 to 90, 154 to 181), death aside.

Strategies of staying, and weeks of leaving, are compared among those who started in the arm (`started`): weighted by
the true placement probability; stepping down among those who completed residential care (`truth_onward`); hours of the
first weeks among people like those who stay (`truth_hours`). Doses are of everybody, and so is staying to a landmark
against leaving when people leave (`truth_landmark`).

Estimands. ATE: everybody. ATT: weighted by the true placement probability e. ATO: by e(1 - e). as_observed:
what a comparison without adjustment converges to.

`data/reference/truth_demo.csv` was written by this module with 800,000 draws per arm and seed 20261122,
scenario base; `truth_demo.json` beside it repeats that. Refuses fewer than 100 draws and unknown scenarios.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes import __version__
from iop_outcomes.errors import StudyError
from iop_outcomes.simulate.cohort import truth_hours, truth_weeks
from iop_outcomes.simulate.cohort.model import COMPLETED, UNPLANNED, Course, Strategy, anew, follow
from iop_outcomes.simulate.cohort.population import Baseline, Floats, draw_baseline
from iop_outcomes.simulate.cohort.stays import LINK_DAYS, care_exit, index_exit, stays_of
from iop_outcomes.simulate.cohort.truth_landmark import LANDMARKS, landmarks
from iop_outcomes.simulate.cohort.truth_onward import SIDES, STEPS, step_down
from iop_outcomes.tables.results import ALL
from iop_outcomes.vocabulary.arms import LEFT, STAYED
from iop_outcomes.vocabulary.measures import DOSE_RESPONSE, IN_CATEGORIES, MEAN_DAYS, MEASURES, RISK
from iop_outcomes.vocabulary.methods import LANDMARK

if TYPE_CHECKING:
    import pandas as pd

CONTRAST, ARMS = "iop_vs_residential", ("iop", "residential")
# strategies of staying in the intensive outpatient program, and which of them the demo compares, on which day
STAYING = {
    "stay_13_weeks": Strategy(stay_at_least=13),
    "leave_in_week_4": Strategy(stay_exactly=4),
    "leave_by_week_4": Strategy(stay_at_most=4),
}
COMPARED = {
    "stay_13_or_leave_4": ("stay_13_weeks", "leave_in_week_4"),
    "stay_13_or_leave_by_4": ("stay_13_weeks", "leave_by_week_4"),
}
STAYING_DAY = 180
# names of the sides of what is no contrast
SIDES_OF = COMPARED | dict.fromkeys(STEPS, SIDES) | dict.fromkeys(LANDMARKS, (STAYED, LEFT))
# doses in that program that the demo asks about: hours a week, and weeks
GRID, DOSES = "hours_by_weeks", tuple((hours, weeks) for weeks in (4, 8, 13) for hours in (6.0, 9.0, 12.0, 15.0))
DRAWS, SEED, CHUNK = 800_000, 20261122, 50_000
ESTIMANDS = ("ATE", "ATO", "ATT", "as_observed")


@dataclass(frozen=True)
class _Days:
    """What outcomes are made of; every array is (n,) but `used`, (n, 52). death_day: beyond the year for who lives."""

    index_days: np.ndarray
    index_cause: np.ndarray
    care_days: np.ndarray
    care_cause: np.ndarray
    death_day: np.ndarray
    used: np.ndarray


@dataclass(frozen=True)
class _Outcome:
    """An outcome, its horizons in days, what its value is called, and how to compute it."""

    name: str
    horizons: tuple[int, ...]
    measure: str
    value: Callable[[_Days, int], Floats]


def _unplanned(d: _Days, horizon: int) -> Floats:
    return ((d.index_cause == UNPLANNED) & (d.index_days <= horizon)).astype(float)


def _retained(d: _Days, horizon: int) -> Floats:
    return (d.care_days >= horizon).astype(float)


def _retained_or_completed(d: _Days, horizon: int) -> Floats:
    return ((d.care_days >= horizon) | (d.care_cause == COMPLETED)).astype(float)


def _completed(d: _Days, horizon: int) -> Floats:
    return ((d.index_cause == COMPLETED) & (d.index_days <= horizon)).astype(float)


def _died(d: _Days, horizon: int) -> Floats:
    return (d.death_day <= horizon).astype(float)


def _time_in_care(d: _Days, horizon: int) -> Floats:
    return np.minimum(d.care_days + 1, horizon).astype(float)


def _abstinent(d: _Days, horizon: int) -> Floats:
    end = (horizon + 2) // 7  # the interview that asks about day 90 or 180 is held on day 91 or 182
    return (~d.used[:, end - 4 : end].any(axis=1)).astype(float)


OUTCOMES = (
    _Outcome("unplanned_discharge", (30, 60, 90, 180), RISK, _unplanned),
    _Outcome("retained", (30, 60, 90, 180), RISK, _retained),
    _Outcome("time_in_care", (90, 180), MEAN_DAYS, _time_in_care),
    _Outcome("abstinent", (90, 180), RISK, _abstinent),
    _Outcome("retained_or_completed", (30, 60, 90, 180), RISK, _retained_or_completed),
    _Outcome("completed", (60, 90, 180), RISK, _completed),
    _Outcome("death", (180,), RISK, _died),
)


def truths(draws_per_arm: int = DRAWS, seed: int = SEED, scenario: str = "base") -> pd.DataFrame:
    """Truths of one scenario in the shape of the table `truth`, in the order of OUTCOMES and ESTIMANDS."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    if draws_per_arm < 100:
        raise StudyError(f"Truths need at least 100 draws per arm; {draws_per_arm} were asked for.")
    rows = [row for key, moments in _moments(draws_per_arm, seed, scenario).items() for row in _rows(key, moments)]
    frame = pd.DataFrame(rows, columns=list(TABLES["truth"].columns))
    return frame.astype({"horizon_days": "int64", "weeks_of_care": "Int64"})


@dataclass
class _Moments:
    """Sums over people of z = (w1, w1 y1, w0, w0 y0) and of its outer product."""

    first: Floats
    second: Floats


# contrast, outcome, day, estimand and measure, of a dose its hours and weeks, and the arm of what is asked within each
_Key = tuple[str, str, int, str, str, float | None, int | None, str]


def _moments(draws: int, seed: int, scenario: str) -> dict[_Key, _Moments]:
    sums: dict[_Key, _Moments] = {}
    sizes = [CHUNK] * (draws // CHUNK) + ([draws % CHUNK] if draws % CHUNK else [])
    for size, source in zip(sizes, np.random.SeedSequence(seed).spawn(len(sizes)), strict=True):
        for key, z in _chunk(size, source, scenario):
            total = sums.setdefault(key, _Moments(np.zeros(4), np.zeros((4, 4))))
            total.first += z.sum(axis=0)
            total.second += z.T @ z
    return sums


def _chunk(size: int, source: np.random.SeedSequence, scenario: str) -> Iterator[tuple[_Key, Floats]]:
    """(n, 4) arrays z of one chunk, for every outcome, horizon and estimand."""
    people, year, other_year = source.spawn(3)
    baseline = draw_baseline(size, None, np.random.default_rng(people), scenario)
    e = baseline.placement
    # the same generator for each run: potential outcomes share their random numbers
    runs = [follow(baseline, anew(year), scenario, arm) for arm in (1, 0, None)]
    placed = runs[2].arm.astype(float)
    iop, residential, natural = (_days(run) for run in runs)
    weights = {"ATE": np.ones(size), "ATO": e * (1 - e), "ATT": e}
    for outcome in OUTCOMES:
        for horizon in outcome.horizons:
            y1, y0, y = (outcome.value(d, horizon) for d in (iop, residential, natural))
            for estimand in ESTIMANDS:
                key = (CONTRAST, outcome.name, horizon, estimand, outcome.measure, None, None, ALL)
                if estimand in weights:
                    w = weights[estimand]
                    yield key, np.column_stack([w, w * y1, w, w * y0])
                else:
                    yield key, np.column_stack([placed, placed * y, 1 - placed, (1 - placed) * y])
    yield from _of_doses(baseline, year, other_year, scenario)


def _of_doses(
    baseline: Baseline, year: np.random.SeedSequence, other_year: np.random.SeedSequence, scenario: str
) -> Iterator[tuple[_Key, Floats]]:
    """The same of abstinence by what doses of care do."""
    e, abstinent = baseline.placement, next(outcome for outcome in OUTCOMES if outcome.value is _abstinent)

    def state(course: Course) -> Floats:
        return abstinent.value(_days(course), STAYING_DAY)

    under = {name: state(follow(baseline, anew(year), scenario, 1, strategy)) for name, strategy in STAYING.items()}
    for contrast, (first, second) in COMPARED.items():
        key = (contrast, abstinent.name, STAYING_DAY, "started", abstinent.measure, None, None, ALL)
        yield key, np.column_stack([e, e * under[first], e, e * under[second]])
    everybody = np.ones(len(baseline))
    for hours, weeks in DOSES:
        dose = Strategy(stay_exactly=weeks, hours=hours)
        y = state(follow(baseline, anew(year), scenario, 1, dose))
        at_dose = (GRID, abstinent.name, STAYING_DAY, "ATE", abstinent.measure, hours, weeks, ALL)
        yield at_dose, np.column_stack([everybody, y, everybody, y])
    for estimand, found in ((LANDMARK, landmarks), ("started", step_down)):
        for contrast, z in found(baseline, year, scenario, state):
            yield (contrast, abstinent.name, STAYING_DAY, estimand, abstinent.measure, None, None, ALL), z
    runs_of = (baseline, year, other_year, scenario, state, lambda course: _days(course).care_days)
    for arm, more, z in truth_hours.first_weeks(*runs_of):
        of_arm = (LANDMARK, DOSE_RESPONSE, more, None, ARMS[1 - arm])
        yield (truth_hours.QUESTION, abstinent.name, STAYING_DAY, *of_arm), z
    for arm, begin, z in truth_hours.in_categories(*runs_of):
        of_arm = (LANDMARK, IN_CATEGORIES, begin, None, ARMS[1 - arm])
        yield (truth_hours.CATEGORIES, abstinent.name, STAYING_DAY, *of_arm), z
    for measure, z in truth_weeks.leaving(baseline, year, scenario, state):
        yield (truth_weeks.QUESTION, abstinent.name, STAYING_DAY, "started", measure, None, None, ALL), z


def _days(course: Course) -> _Days:
    stays = stays_of(course)
    death_day = np.where(course.death_week >= 0, 7 * course.death_week + 6, 10**6)
    return _Days(*index_exit(stays), *care_exit(stays), death_day, course.used)


def _rows(key: _Key, moments: _Moments) -> Iterator[tuple[object, ...]]:
    """Risks or means m1 and m0, m1 - m0 and m1 / m0, with delta-method Monte Carlo errors; of a dose m1 alone."""
    contrast, outcome, horizon, estimand, measure, hours, weeks, group = key
    w1, s1, w0, s0 = moments.first
    m1, m0 = s1 / w1, s0 / w0
    of_first = np.array([-m1 / w1, 1 / w1, 0.0, 0.0])
    of_second = np.array([0.0, 0.0, -m0 / w0, 1 / w0])
    values = (
        (m1, of_first),
        (m0, of_second),
        (m1 - m0, of_first - of_second),
        (m1 / m0, of_first / m0 - of_second * m1 / m0**2),
    )
    for of, (value, influence) in zip(_names(key), values, strict=False):
        if not of:
            continue
        error = np.sqrt(max(float(influence @ moments.second @ influence), 0.0))
        at = truth_hours.hours_of(of, hours) if contrast == truth_hours.QUESTION and hours else hours
        yield contrast, outcome, horizon, estimand, measure, of, at, weeks, group, float(value), float(error)


def _names(key: _Key) -> tuple[str, ...]:
    """What the rows of a key are of, '' where there is none; of what may be below 0 there is no ratio."""
    contrast, *_, measure, hours, _, group = key
    if contrast == truth_hours.CATEGORIES and hours is not None:
        return truth_hours.names_of(group == ARMS[0], hours)
    names = MEASURES[measure].rows(*SIDES_OF.get(contrast, ARMS))
    return names[:1] if contrast == GRID else names


def main(arguments: list[str] | None = None) -> None:
    """Write truth_demo.csv and truth_demo.json into a folder."""
    parser = argparse.ArgumentParser(prog="python -m iop_outcomes.simulate.cohort.truth", description=main.__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS, help="people per arm (default %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="seed (default %(default)s)")
    parser.add_argument("--scenario", default="base", help="scenario (default %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("data/reference"), help="folder (default %(default)s)")
    asked = parser.parse_args(arguments)
    frame = truths(asked.draws, asked.seed, asked.scenario)
    about = {
        "draws_per_arm": asked.draws,
        "link_days": LINK_DAYS,
        "scenario": asked.scenario,
        "seed": asked.seed,
        "version": __version__,
    }
    asked.out.mkdir(parents=True, exist_ok=True)
    frame.to_csv(asked.out / "truth_demo.csv", index=False, float_format="%.6f", lineterminator="\n")
    (asked.out / "truth_demo.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
