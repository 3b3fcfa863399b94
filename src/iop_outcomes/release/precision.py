"""How many digits an adjusted number keeps: as many as the people behind it are told with.

An adjusted risk of an arm, times the arm's people, is nearly the arm's number of events, and is it where weights hardly
differ. So it is told as finely as that number: with all its digits where the cell is exact; to a step of the base over
the arm's people where it is rounded; to twice the minimum where it is withheld for the sake of another cell. Limits go
with the estimate, standard errors and p values keep two digits, and fewer where those would tell the events more finely
than the base does. Steps are 1, 2 or 5 times a power of ten.

A score with few distinct values makes of an adjusted number at full digits a sum of whole numbers with known weights,
of which there is one solution only, and beside the exact crude number few at coarser ones: such numbers are rounded as
to twice the minimum. Those of companions, whose own counts are not told, are rounded as to OVERLAP_BASE at least.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, isfinite, log10

from iop_outcomes.release.policy import OVERLAP_BASE, Policy
from iop_outcomes.release.support import ArmCells
from iop_outcomes.vocabulary.measures import MEASURES

# fewer distinct scores than this can be solved for
FEW_SCORES = 50
STEPS = (1.0, 2.0, 5.0, 10.0)
DIGITS = 2

Row = dict[str, object]


def step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below `least`; 0 where that is 0."""
    if not least > 0:
        return 0.0
    power = 10.0 ** floor(log10(least))
    return next(m * power for m in STEPS if m * power >= least * (1 - 1e-9))


def to_step(value: float, size: float) -> float:
    """The nearest multiple of a step; the value itself where the step is 0 or the value is no number."""
    if not size or not isfinite(value):
        return value
    return round(floor(value / size + 0.5) * size, max(0, 1 - floor(log10(size))))


def to_digits(value: float, digits: int = DIGITS) -> float:
    """The value with so many significant digits."""
    if not isfinite(value) or value == 0:
        return value
    return round(value, digits - 1 - floor(log10(abs(value))))


def grain(arm: ArmCells, policy: Policy, least: int = 1) -> int:
    """How many people more or fewer an adjusted number of an arm must leave open.

    least: what other reasons ask for, such as a score of few values.
    """
    if policy.exact:
        return 1
    if arm.base == 0:
        return max(least, 2 * policy.minimum_count)
    return max(least, arm.base)


def by_people(arm: ArmCells, grain_of: int, policy: Policy) -> float:
    """The grain as a share of an arm's people, as far as those may be told."""
    return grain_of / max(_about(arm.true_people, grain_of, policy), grain_of)


def by_events(arm: ArmCells, grain_of: int, policy: Policy) -> float:
    """The grain as a share of the fewer of an arm's events and its people without, as far as those may be told."""
    fewer = min(arm.true_events, arm.true_people - arm.true_events) or max(arm.true_events, 1)
    return grain_of / max(_about(fewer, grain_of, policy), grain_of)


def by_some(arm: ArmCells, grain_of: int, policy: Policy) -> float:
    """The grain as a share of the people who have some of an amount, whose mean it is a part of."""
    return grain_of / max(_about(max(arm.true_events, 1), grain_of, policy), grain_of)


def _about(people: int, grain_of: int, policy: Policy) -> int:
    return policy.blurred(people, grain_of)


def coarsened(row: Row, arms: Sequence[ArmCells], grains: Sequence[int], span: float, policy: Policy) -> Row | None:
    """The numbers of a row as far as they may be told, None where no digit would be left.

    grains: of each arm. span: what a whole arm makes of the estimate (1 of a share, the horizon of mean days), 0 of a
    ratio. All grains 1: nothing is changed.
    """
    if all(g == 1 for g in grains) or not arms:
        return {"rounding_error": 0.0}
    pairs = list(zip(arms, grains, strict=True))
    events = max(by_events(arm, g, policy) for arm, g in pairs)
    value = float(str(row["estimate"]))
    of_a_ratio = by_some if MEASURES[str(row["measure"])].amount else by_events
    part = max((by_people if span else of_a_ratio)(arm, g, policy) for arm, g in pairs)
    size = step((span or abs(value)) * part)
    if size > (span / 2 or abs(value)):
        return None
    error = float(str(row["std_error"]))
    # of few events the error tells their number: its square is about one over them
    error_step = step(error * events / 2) if isfinite(error) and error > 0 else 0.0
    return {
        **{name: to_step(float(str(row[name])), size) for name in ("estimate", "conf_low", "conf_high")},
        "std_error": to_digits(to_step(error, error_step)) or error_step,
        "p_value": to_digits(float(str(row["p_value"]))),
        "rounding_error": size / 2,
    }


def least_base(companion: bool, scores: int | None, policy: Policy) -> int:
    """To which people an adjusted number is rounded at least. scores: distinct scores behind it, None: not known."""
    few = scores is not None and scores < FEW_SCORES
    return 2 * policy.minimum_count if few else OVERLAP_BASE if companion else 1
