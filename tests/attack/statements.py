"""What shares, their differences and ratios, curves and people beside them say of sums of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import beside
import numpy as np
import of_weeks
import pandas as pd
import truth as true_of
from puzzle import INFINITE, Sum, plus
from world import BANDS, CLOCKS, LAST, LEVELS, World

RATHER = 1e-9  # of a number at full digits
SLACK = 1e-4  # people; sums are solved to about 1e-6
NEAR = 5  # people beside estimates and curves, where no cell tells how they are rounded
WAYS = ("unplanned", "completed", "transferred", "died", "other", "readmitted")
EVENTS = {
    "unplanned_discharge": ("unplanned",), "completed": ("completed",), "transferred": ("transferred",),
    "readmitted": ("readmitted",),
}  # fmt: skip
# the contrast of which each analysis tells crude shares of answers
CRUDE_OF = {"abstinence": "c", "duration": "stay_90", **{name: name for name in of_weeks.BY_WEEKS}}
# who is asked, and who counts as abstinent in the first and in the second arm; a death counts against
ASKED = ("abstinent", "using", "died", "missing")
DENOMINATOR = {
    "missing_is_using": ASKED, "observed_only": ("abstinent", "using", "died"), "worst_case": ASKED, "best_case": ASKED,
}  # fmt: skip
NUMERATOR = {
    "worst_case": (("abstinent",), ("abstinent", "missing")),
    "best_case": (("abstinent", "missing"), ("abstinent",)),
}


@dataclass(frozen=True)
class Share:
    """Events among people, as sums of unknowns, with their true numbers.

    size: the people, where they are known. told: counts say at least between what numbers all of them lie. least,
    most: between what numbers the people lie. events_told: as told, of those with the event. sides: people of each
    level with the event, without it, of neither. steps: they are those of a day, and may be few more than before.
    """

    events: Sum
    people: Sum
    true_events: int
    true_people: int
    size: int | None
    told: bool = True
    least: float = 0
    most: float = INFINITE
    events_told: bool = True
    sides: tuple[tuple[int, ...], ...] = ()
    steps: bool = False


def read(world: World, released: Mapping[str, pd.DataFrame]) -> None:
    """All that estimates and curves say."""
    estimates = released["estimates"]
    crude = estimates.query("method == 'crude' and status == 'ok'")
    for key, rows in crude[crude["measure"] == "risk"].groupby(QUESTION, dropna=False):
        _question(world, dict(zip(QUESTION, key, strict=True)), list(rows.itertuples()))
    adjusted = estimates[estimates["method"].isin(["overlap", "iptw"]) & (estimates["measure"] == "risk")]
    for key, rows in adjusted.groupby([*QUESTION, "method"], dropna=False):
        _gated(world, dict(zip(QUESTION, key, strict=False)), next(rows.itertuples()))
    for row in estimates[(estimates["measure"] == "by_hours") & (estimates["status"] == "ok")].itertuples():
        _band(world, row)
    for row in released["diagnostics"].query("quantity == 'known_share_from'").itertuples():
        _known_share(world, row)
    drawn = released["curves"]
    for row in drawn[(drawn["method"] == "crude") & (drawn["axis"] == "days")].itertuples():
        _point(world, row)


QUESTION = ["analysis", "contrast", "outcome", "horizon_days", "missing_rule", "group_by", "group"]


def _question(world: World, key: Mapping[str, Any], rows: Sequence[Any]) -> None:
    arms = {str(r.of): r for r in rows}
    shares = {of: share for of in arms if (share := _share(world, key, of)) is not None}
    for of, share in shares.items():
        row, what = arms[of], f"estimate: {list(key.values())} {of}"
        _near(world, share.events, share.people, share, float(row.estimate), _off(row), what)
        beside.errors(world, share, row, what)
        beside.effective(world, share, row, what)
        if share.told:
            continue  # people and events are sums of what is told of their cells
        for said, of_what, true, summed in (
            (row.n, share.people, share.true_people, False),
            (row.events, share.events, share.true_events, share.events_told),
        ):
            if not summed and not pd.isna(said):
                world.say(of_what, said - NEAR, said + NEAR, true, f"people: {what}")
    _compared(world, key, arms)


def _band(world: World, row: Any) -> None:
    """The share of a category of hours of an arm, as people came."""
    cells = {
        c.key[-2]: c for c in world.cells.values()
        if (c.row.contrast, c.row.arm, c.row.group) == (BANDS, row.of, row.group)
    }  # fmt: skip
    used = [cells[level] for level in DENOMINATOR[str(row.missing_rule)] if level in cells]
    if "abstinent" not in cells or set(cells) - set(LEVELS):
        return
    people, events = plus(*((1.0, c.of) for c in used)), cells["abstinent"]
    share = Share(events.of, people, events.truth, sum(c.truth for c in used), None)
    _near(world, events.of, people, share, float(row.estimate), _off(row), f"band: {row.group} {row.of}")


def _gated(world: World, key: Mapping[str, Any], row: Any) -> None:
    """Whether an adjusted question was stopped for too few events, and in which arm."""
    arms = world.study["arms"].get(key["contrast"], ())
    shares = {str(arm): share for arm in arms if (share := _share(world, key, str(arm))) is not None}
    if len(shares) == len(arms) == 2:
        beside.reasons(world, shares, row, f"{list(key.values())}")


def _compared(world: World, key: Mapping[str, Any], rows: Mapping[str, Any]) -> None:
    """The difference and the ratio of two shares of known numbers of people."""
    names = world.study["arms"].get(key["contrast"], ())
    sides = [s for s in (_share(world, key, str(arm)) for arm in names) if s is not None and s.size]
    if len(sides) != 2:
        return
    one, other = sides
    p, q = (s.true_events / s.true_people for s in sides)
    if "difference" in rows:
        n, gap, off = one.true_people, float(rows["difference"].estimate), _off(rows["difference"])
        apart = plus((1.0, one.events), (-n / other.true_people, other.events))
        low, high = n * (gap - off) - SLACK, n * (gap + off) + SLACK
        world.say(apart, low, high, n * (p - q), f"difference: {list(key.values())}")
    if "ratio" in rows:
        ratio, off = float(rows["ratio"].estimate), _off(rows["ratio"])
        for sign, bound in ((1, ratio - off), (-1, ratio + off)):
            times = bound * one.true_people / other.true_people
            apart = plus((float(sign), one.events), (-sign * times, other.events))
            true = sign * (p - bound * q) * one.true_people
            world.say(apart, -SLACK, INFINITE, true, f"ratio: {list(key.values())}")


def _share(world: World, key: Mapping[str, Any], arm: str) -> Share | None:
    """The people and the events of an arm; nothing where some are censored, or where the arm is not told."""
    outcome, contrast, day = str(key["outcome"]), str(key["contrast"]), true_of.day(key["horizon_days"])
    if outcome in CLOCKS and key["group_by"] == "all":
        clock = (contrast, arm, CLOCKS[outcome])
        table = world.life.get((str(key["analysis"]), contrast, outcome, arm))
        if table is None or clock not in world.days or day not in world.days[clock]:
            return None
        if any(c in ("censored", true_of.NOT_AT_RISK) for _, c, _ in table):
            return None
        size = sum(n for *_, n in table)
        causes = EVENTS.get(outcome, ())
        events = world.left(clock, causes, day) if causes else world.there(clock, day)
        true = true_of.gone(table, " or ".join(causes) or true_of.STILL, day)
        if outcome == "retained_or_completed":
            events = plus((1.0, events), (1.0, world.left(clock, ["completed"], day)))
            true += true_of.gone(table, "completed", day)
        known = (size, True, size, size) if world.public_sizes else (None, True, 0, INFINITE)
        sides = _by_then(world, key, arm, {*causes} or {true_of.STILL, *_stays(outcome)}, table)
        return Share(events, world.there(clock, 0), true, size, *known, sides=sides, steps=True)
    of = CRUDE_OF.get(str(key["analysis"]))
    if contrast != of or key["missing_rule"] not in DENOMINATOR:
        return None
    cells = {
        c.key[-2]: c
        for c in world.cells.values()
        if c.row.outcome == outcome
        and c.row.contrast == contrast
        and c.row.arm == arm
        and (c.row.group_by, c.row.group) == (key["group_by"], key["group"])
    }
    used = [cells[level] for level in DENOMINATOR[str(key["missing_rule"])] if level in cells]
    if "abstinent" not in cells or set(cells) - set(LEVELS):
        return None
    order = list(world.study["arms"][contrast])
    levels = NUMERATOR.get(str(key["missing_rule"]), (("abstinent",),) * 2)[order.index(arm)]
    events = [cells[level] for level in levels if level in cells]
    people = plus(*((1.0, c.of) for c in used))
    told, events_told = (
        all(c.high < INFINITE and c.row.status != "suppressed" for c in some) for some in (used, events)
    )
    least, most = sum(c.low for c in used), sum(c.high for c in used)
    true = sum(c.truth for c in used)
    with_event = plus(*((1.0, c.of) for c in events))
    sides = (events, [c for c in used if c not in events], [c for c in cells.values() if c not in used])
    numbers = tuple(tuple(c.truth for c in some) for some in sides)
    of_events = sum(c.truth for c in events)
    return Share(with_event, people, of_events, true, None, told, least, most, events_told, numbers)


def _stays(outcome: str) -> tuple[str, ...]:
    """Ways of leaving that count as still being there."""
    return ("completed",) if outcome == "retained_or_completed" else ()


def _by_then(
    world: World, key: Mapping[str, Any], arm: str, event: set[str], table: list[tuple[int, str, int]]
) -> tuple[tuple[int, ...], ...]:
    """The people of each level of a life table by the day, with the event and without it."""
    asked = (str(key["analysis"]), str(key["contrast"]), str(key["outcome"]), arm, true_of.day(key["horizon_days"]))
    own = {
        str(c.key[-2]): c.truth
        for c in world.cells.values()
        if (c.row.analysis, c.row.contrast, c.row.outcome, c.row.arm, c.key[5]) == asked
    }
    ever = {level: n for level, n in own.items() if level == true_of.STILL or true_of.gone(table, level, LAST)}
    return *(tuple(n for level, n in ever.items() if (level in event) is of) for of in (True, False)), ()


def _near(world: World, events: Sum, people: Sum, share: Share, said: float, off: float, what: str) -> None:
    """A share is within so much of what is said."""
    if share.size:  # events are whole
        low, high = (np.ceil(share.size * (said - off) - 1e-7), np.floor(share.size * (said + off) + 1e-7))
        world.say(events, max(low, 0.0), high, share.true_events, what)
        return
    for sign, bound in ((1, said - off), (-1, said + off)):
        apart = plus((float(sign), events), (-sign * bound, people))
        true = sign * (share.true_events - bound * share.true_people)
        world.say(apart, -SLACK, INFINITE, true, what)


def _off(row: Any) -> float:
    told = getattr(row, "rounding_error", 0.0)
    return (0.0 if pd.isna(told) else float(told)) + RATHER


def _known_share(world: World, row: Any) -> None:
    """A field is known of a quarter of people or more, and of less than the next quarter."""
    own = {
        c.key[-2]: c for c in world.cells.values()
        if c.row.outcome == "completeness" and (c.row.variable, c.row.group_by, c.row.group)
        == (row.variable, row.group_by, row.group)
    }  # fmt: skip
    if set(own) != {"known", "not_known"} or pd.isna(row.value):
        return
    known, not_known = own["known"], own["not_known"]
    low, high = float(row.value), float(row.value) + 0.25
    for sign, bound in ((1, low), (-1, high)):
        apart = plus((sign * (1 - bound), known.of), (-sign * bound, not_known.of))
        true = sign * ((1 - bound) * known.truth - bound * not_known.truth)
        world.say(apart, -RATHER, INFINITE, true, f"known share: {known.key}")


def _point(world: World, row: Any) -> None:
    """A point of a crude curve: people at risk, and how many have left where no one is censored."""
    named = [o for a, c, o, arm in world.life if (a, c, arm) == (row.analysis, row.contrast, row.arm)]
    clocks = {CLOCKS[o] for o in named if o in CLOCKS}
    if len(clocks) != 1:
        return
    clock, x = (str(row.contrast), str(row.arm), clocks.pop()), int(row.x)
    table = world.life[next(k for k in world.life if (k[0], k[1], k[3]) == (row.analysis, row.contrast, row.arm))]
    if clock not in world.days or x not in world.days[clock]:
        return
    what = f"curve: {clock} {row.outcome} {x}"
    at_horizons = {
        c.key[5] for c in world.cells.values() if c.row.analysis == row.analysis and c.key[-2] == true_of.STILL
    }
    if not pd.isna(row.n_risk) and x not in at_horizons and row.n_risk > 0:
        low, true = min(row.n_risk - NEAR, world.rules.k), true_of.gone(table, true_of.STILL, x)
        world.say(world.there(clock, x), low, row.n_risk + NEAR, true, f"still there: {what}")
    if any(c in ("censored", true_of.NOT_AT_RISK) for _, c, _ in table):
        return
    size, causes = sum(n for *_, n in table), str(row.outcome).split(" or ")
    if set(causes) <= set(WAYS):
        events, true = world.left(clock, causes, x), true_of.gone(table, str(row.outcome), x)
    else:
        events, true = world.there(clock, x), true_of.gone(table, true_of.STILL, x)
        if row.outcome == "in_care_or_completed":
            events = plus((1.0, events), (1.0, world.left(clock, ["completed"], x)))
            true += true_of.gone(table, "completed", x)
    share = Share(events, world.there(clock, 0), true, size, size)
    _near(world, events, share.people, share, float(row.estimate), _off(row), what)
