"""A year of care and use, week by week, with known truth.

Week t is days 7t to 7t + 6. What happens in each, in order:

1. craving, from last week's craving, hours and use;
2. any use, from craving and from care so far. "Weeks in care so far" and "cumulative hours" leave out the
   current week; the level of a week is the level at its start. Before day 0 there was use and no care;
3. attended hours, given use;
4. at the end of the week, for those in care, the first that applies of death, transfer, unplanned exit,
   completion;
5. the move to the next level or out of care.

Use goes on being drawn after death, as if the person had lived: truths of abstinence are free of death.
Each random process has a generator of its own, so that runs from one seed on one baseline share their
random numbers whatever the arm. Refuses unknown scenarios.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from iop_outcomes.simulate.cohort.population import (
    Baseline,
    Flags,
    Floats,
    Scenario,
    Wholes,
    draw_baseline,
    scenario_named,
)

Codes = NDArray[np.int8]

WEEKS = 52
OUT, OUTPATIENT, IOP, RESIDENCE = 0, 1, 2, 3
NO_SCREEN, NEGATIVE, POSITIVE = 0, 1, 2
STAYING, UNPLANNED, COMPLETED, TRANSFERRED, DIED = 0, 1, 2, 3, 4

# by level, for whoever comes there from another level: planned hours and weeks
LATER_HOURS = np.array([0.0, 2.0, 10.0, 0.0])
LATER_WEEKS = np.array([0, 16, 12, 0])
# by level left: chance that completion leads on, the next level then, and the level after a transfer
GOES_ON = np.array([0.0, 0.0, 0.50, 0.40])
NEXT_ON_COMPLETION = np.array([OUT, OUT, OUTPATIENT, IOP], dtype=np.int8)
NEXT_ON_TRANSFER = np.array([OUT, OUTPATIENT, OUTPATIENT, IOP], dtype=np.int8)

# of a transfer at the end of a week in care
TRANSFER_CHANCE = 0.004

# days out of care at a step-down. None is 14, where rules for linking stays part by a day in what they count
GAP_DAYS = np.array([0, 1, 2, *range(3, 14), *range(15, 21)])
GAP_SHARES = np.array([0.50, 0.22, 0.12, *[0.145 / 11] * 11, *[0.015 / 6] * 6])

# whether an interview is held depends on the week that begins on its day; at the end of the year, on the
# last week
INTERVIEW_DAYS = (91, 182, 364)
INTERVIEW_WEEKS = (13, 26, 51)


@dataclass(frozen=True)
class Strategy:
    """A rule on staying and on hours; None leaves the natural course alone.

    stay_at_most: all who are in care after k weeks are out then. stay_exactly: nobody leaves care (by death neither)
    before k weeks are over, everybody steps down as planned and is not transferred, and all are out after k weeks.
    stay_at_least: nobody leaves care before, transfers go on, and after k weeks all is as it was. hours: attended in
    every week in care; with hours_weeks, in the first k weeks alone. steps_down: whether completing residential care
    leads on to the program, for everyone. stay_exactly and hours may be (n,), a number for each person.
    """

    stay_exactly: int | Wholes | None = None
    stay_at_least: int | None = None
    hours: float | Floats | None = None
    hours_weeks: int = WEEKS
    stay_at_most: int | None = None
    steps_down: bool | None = None

    def ends(self, week: int) -> Flags:
        """(n,), or () for all alike: is out of care at the end of this week (counted from 0)."""
        return np.equal(week + 1, _weeks(self.stay_exactly)) | np.equal(week + 1, _weeks(self.stay_at_most))

    def holds(self, week: int) -> Flags:
        """(n,), or () for all alike: may not leave care at the end of this week (counted from 0)."""
        return np.less(week + 1, np.maximum(_weeks(self.stay_exactly), _weeks(self.stay_at_least)))

    def attended(self, week: int, natural: Floats, inside: Wholes) -> Floats | float:
        """Hours of this week (counted from 0), of those in care, who are `inside` (m,); natural: as they come, (m,)."""
        if self.hours is None or week >= self.hours_weeks:
            return natural
        return self.hours[inside] if isinstance(self.hours, np.ndarray) else self.hours


def _weeks(asked: int | Wholes | None) -> int | Wholes:
    """A number of weeks that is none of the first where none is asked for."""
    return 0 if asked is None else asked


NATURAL = Strategy()


@dataclass(frozen=True)
class Course:
    """One year of everybody.

    `arm` and `death_week` (-1: alive) are (n,), `interviewed` is (n, 3), all else (n, 52).

    level: level of care in the week, 0 out of care. craving: with which use was drawn. used: any use. hours: attended.
    leaving: how the level was left at the end of the week, 0 when it was not. exit_chance: of leaving all care at the
    end of the week, death and strategy aside. gap_days: days between the level left and the next, drawn at step-down.
    screen_missed: the screen of the week, if due, was not given.
    """

    baseline: Baseline
    arm: Wholes
    level: Codes
    craving: Floats
    used: Flags
    hours: Floats
    leaving: Codes
    exit_chance: Floats
    gap_days: Codes
    screen_missed: Flags
    interviewed: Flags
    death_week: Wholes


@dataclass
class _Now:
    """What the next week depends on; every array is (n,). last_screen: result of the last one given."""

    craving: Floats
    used: Flags
    hours: Floats
    level: Codes
    planned_hours: Floats
    planned_weeks: Wholes
    weeks_in_care: Wholes
    hours_so_far: Floats
    weeks_at_level: Wholes
    alive: Flags
    last_screen: Codes


@dataclass(frozen=True)
class _Chance:
    """One generator per random process."""

    placement: np.random.Generator
    craving: np.random.Generator
    use: np.random.Generator
    attendance: np.random.Generator
    death: np.random.Generator
    exit: np.random.Generator
    transfer: np.random.Generator
    onward: np.random.Generator
    gap: np.random.Generator
    screen: np.random.Generator
    interview: np.random.Generator


def simulate(
    n: int,
    sites: int | None,
    rng: np.random.Generator,
    scenario: str = "base",
    arm: int | None = None,
    strategy: Strategy = NATURAL,
) -> Course:
    """Draw n people and follow them for a year; see `draw_baseline` and `follow`."""
    return follow(draw_baseline(n, sites, rng, scenario), rng, scenario, arm, strategy)


def anew(source: np.random.SeedSequence) -> np.random.Generator:
    """The generator of a source, the same however often it is asked for: drawing moves the source's own count on."""
    return np.random.default_rng(np.random.SeedSequence(source.entropy, spawn_key=source.spawn_key))


def follow(
    baseline: Baseline,
    rng: np.random.Generator,
    scenario: str = "base",
    arm: int | None = None,
    strategy: Strategy = NATURAL,
) -> Course:
    """Follow everybody for 52 weeks, in the arm that placement gives or all in `arm` (1 IOP, 0 residential)."""
    n = len(baseline)
    chance = _Chance(*rng.spawn(len(_Chance.__dataclass_fields__)))
    placed = (chance.placement.random(n) < baseline.placement).astype(np.int64)
    arms = placed if arm is None else np.full(n, arm, dtype=np.int64)
    effect = scenario_named(scenario)
    use_constant, exit_constant = _constants(baseline, arms, effect)
    now = _start(baseline, arms, chance)
    level, leaving, gap_days = (np.zeros((n, WEEKS), dtype=np.int8) for _ in range(3))
    used, screen_missed = (np.zeros((n, WEEKS), dtype=bool) for _ in range(2))
    craving, hours, exit_chance = (np.zeros((n, WEEKS)) for _ in range(3))
    interviewed = np.zeros((n, len(INTERVIEW_WEEKS)), dtype=bool)
    death_week = np.full(n, -1, dtype=np.int64)
    for week in range(WEEKS):
        level[:, week] = now.level
        _use(now, use_constant, chance)
        _attend(now, baseline, week, strategy, chance)
        craving[:, week], used[:, week], hours[:, week] = now.craving, now.used, now.hours
        screen_missed[:, week] = _screen_missed(now, baseline, week, effect, chance)
        if week in INTERVIEW_WEEKS:
            interviewed[:, INTERVIEW_WEEKS.index(week)] = _interviewed(now, baseline, effect, chance)
        _screen(now, screen_missed[:, week])
        dying = _dying(now, baseline, strategy.holds(week), chance)
        death_week[dying] = week
        unplanned = _exit_chance(now, exit_constant, week)
        exit_chance[:, week] = _out_of_care(now, unplanned)
        leaving[:, week] = _leaving(now, unplanned, dying, week, strategy, chance)
        gap_days[:, week] = _move(now, leaving[:, week], week, strategy, chance)
    return Course(
        baseline,
        arms,
        level,
        craving,
        used,
        hours,
        leaving,
        exit_chance,
        gap_days,
        screen_missed,
        interviewed,
        death_week,
    )


def _constants(b: Baseline, arm: Wholes, effect: Scenario) -> tuple[Floats, Floats]:
    """The parts of the log odds of use and of unplanned exit that do not change over time."""
    use = (
        -0.8 + 0.5 * b.severity + 0.3 * b.cooccurring + 0.35 * b.unstable_housing + 0.2 * b.opioid
        + arm * (effect.harm + effect.harm_by_severity * b.severity)
        + effect.unmeasured_on_use * b.unmeasured + b.site_effect
    )  # fmt: skip
    leave = (
        -3.6 + 0.35 * b.severity + 0.35 * b.unstable_housing - 0.45 * b.mandated
        + effect.unmeasured_on_exit * b.unmeasured + 0.5 * b.site_effect
    )  # fmt: skip
    return use, leave


def _start(b: Baseline, arm: Wholes, chance: _Chance) -> _Now:
    """Just before day 0: a week of use without care, and the level and plan of the arm."""
    n = len(b)
    return _Now(
        craving=0.3 * b.severity + 0.5 * chance.craving.standard_normal(n),
        used=np.ones(n, dtype=bool),
        hours=np.zeros(n),
        level=np.where(arm == 1, IOP, RESIDENCE).astype(np.int8),
        planned_hours=np.where(arm == 1, b.iop_hours, b.residence_hours),
        planned_weeks=np.where(arm == 1, b.iop_weeks, b.residence_weeks),
        weeks_in_care=np.zeros(n, dtype=np.int64),
        hours_so_far=np.zeros(n),
        weeks_at_level=np.zeros(n, dtype=np.int64),
        alive=np.ones(n, dtype=bool),
        last_screen=np.full(n, NO_SCREEN, dtype=np.int8),
    )


def _use(now: _Now, constant: Floats, chance: _Chance) -> None:
    """This week's craving and use, from last week's hours and use."""
    recent = np.minimum(now.hours, 20.0) / 10.0
    shock = chance.craving.standard_normal(len(constant))
    now.craving = 0.92 * now.craving - 0.07 * recent + 0.15 * (now.used - 0.3) + 0.35 * shock
    log_odds = (
        constant + 0.7 * now.craving + 1.2 * now.used - 0.30 * recent
        - 0.9 * np.minimum(now.weeks_in_care, 13) / 13.0
        - 0.5 * np.minimum(now.hours_so_far, 150.0) / 150.0
        - 0.9 * (now.level == RESIDENCE)
    )  # fmt: skip
    now.used = chance.use.random(len(constant)) < expit(log_odds)


def _attend(now: _Now, b: Baseline, week: int, strategy: Strategy, chance: _Chance) -> None:
    """This week's attended hours; the share attended is Beta with precision 8. Adds to the care so far."""
    inside = np.flatnonzero(now.level > OUT)
    mean = expit(1.7 - 0.9 * now.used[inside] - 0.2 * b.severity[inside])
    share = chance.attendance.beta(8 * mean, 8 * (1 - mean))
    share = np.where(now.level[inside] == RESIDENCE, 0.6 + 0.4 * share, share)
    now.hours = np.zeros(len(b))
    now.hours[inside] = strategy.attended(week, now.planned_hours[inside] * share, inside)
    now.hours_so_far = now.hours_so_far + now.hours
    now.weeks_in_care[inside] += 1
    now.weeks_at_level[inside] += 1


def _screen_missed(now: _Now, b: Baseline, week: int, effect: Scenario, chance: _Chance) -> Flags:
    """Screens are missed more often after use: not at random, unless what counts is the last screen that was given."""
    shown = now.last_screen == POSITIVE if effect.seen_at_random else now.used
    log_odds = -2.3 + 1.0 * shown + 0.25 * b.severity + 0.02 * week
    return np.asarray(chance.screen.random(len(b)) < expit(log_odds))


def _screen(now: _Now, missed: Flags) -> None:
    """The screen of the week, if due and given, is the last one."""
    given = (now.level > OUT) & ~missed
    now.last_screen = np.where(given, np.where(now.used, POSITIVE, NEGATIVE), now.last_screen).astype(np.int8)


def _interviewed(now: _Now, b: Baseline, effect: Scenario, chance: _Chance) -> Flags:
    """The interview is held: less often with use, more often in care, never with the dead.

    At random, what counts in place of use is the last screen given before the week: positive, or negative.
    """
    shown = 0.8 * now.used
    if effect.seen_at_random:
        shown = 0.5 + 1.2 * (now.last_screen == POSITIVE) - 0.4 * (now.last_screen == NEGATIVE)
    log_odds = 1.3 - shown - 0.25 * b.severity + 0.8 * (now.level > OUT)
    return np.asarray((chance.interview.random(len(b)) < expit(log_odds)) & now.alive)


def _dying(now: _Now, b: Baseline, held: Flags, chance: _Chance) -> Flags:
    """Who dies at the end of the week, in care or not."""
    dying = now.alive & (chance.death.random(len(b)) < 0.0004 * np.exp(0.5 * b.severity)) & ~held
    now.alive = now.alive & ~dying
    return np.asarray(dying)


def _exit_chance(now: _Now, constant: Floats, week: int) -> Floats:
    """(n,) the chance of an unplanned exit from a level at the end of the week."""
    log_odds = (
        constant + 0.9 * now.used + 0.7 * now.craving
        + (now.level == IOP) * (0.6 if week < 4 else -0.5) + 0.2 * (now.level == OUTPATIENT)
    )  # fmt: skip
    return np.asarray(expit(log_odds))


def _out_of_care(now: _Now, unplanned: Floats) -> Floats:
    """(n,) the chance of leaving all care at the end of the week: unplanned, or by completing and not going on."""
    completes = (1 - unplanned) * (now.weeks_at_level >= now.planned_weeks) * (1 - GOES_ON[now.level])
    return (now.level > OUT) * (1 - TRANSFER_CHANCE) * (unplanned + completes)


def _leaving(now: _Now, unplanned: Floats, dying: Flags, week: int, strategy: Strategy, chance: _Chance) -> Codes:
    """How the level is left at the end of the week: the first of death, transfer, exit, completion."""
    n, free = len(unplanned), ~strategy.holds(week)
    exits = (chance.exit.random(n) < unplanned) & free
    transfers = (chance.transfer.random(n) < TRANSFER_CHANCE) & (free | (strategy.stay_exactly is None))
    completes = (now.weeks_at_level >= now.planned_weeks) | strategy.ends(week)
    cause = np.select([dying, transfers, exits, completes], [DIED, TRANSFERRED, UNPLANNED, COMPLETED], STAYING)
    return np.where(now.level > OUT, cause, STAYING).astype(np.int8)


def _move(now: _Now, leaving: Codes, week: int, strategy: Strategy, chance: _Chance) -> Codes:
    """Move whoever leaves a level on or out; (n,) days between the two levels, above 0 at step-downs only."""
    n, held = len(leaving), strategy.holds(week)
    goes_on = (chance.onward.random(n) < GOES_ON[now.level]) | held
    if strategy.steps_down is not None:
        goes_on = np.where(now.level == RESIDENCE, strategy.steps_down | held, goes_on)
    gap = chance.gap.choice(GAP_DAYS, n, p=GAP_SHARES)
    completed, transferred = leaving == COMPLETED, leaving == TRANSFERRED
    onward = np.where(held & (now.level == OUTPATIENT), OUTPATIENT, NEXT_ON_COMPLETION[now.level])
    later = np.select(
        [leaving == STAYING, completed & goes_on, transferred],
        [now.level, onward, NEXT_ON_TRANSFER[now.level]],
        OUT,
    )
    later = np.where(strategy.ends(week), OUT, later)
    left = leaving != STAYING
    now.level = later.astype(np.int8)
    now.weeks_at_level[left] = 0
    now.planned_hours = np.where(left, LATER_HOURS[now.level], now.planned_hours)
    now.planned_weeks = np.where(left, LATER_WEEKS[now.level], now.planned_weeks)
    return np.where(completed & (now.level > OUT), gap, 0).astype(np.int8)
