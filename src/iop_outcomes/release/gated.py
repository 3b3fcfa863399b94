"""Whether the gate of a study tells more of events than is told of them.

An adjusted number is gated where an arm has fewer events, or people without one, than the gate asks for. So a row that
is shown says that there are as many, and one that is gated says that there are fewer. Beside rounded counts either may
tell a small number apart: of 8 to 12 people, fewer than 10 are 8 or 9. So a row is shown only where what is told of its
arms says already that there are enough, and gated with its reason only where that says already that there are not;
every other row is withheld for one and the same reason, gated or not.

A gate that asks for as many people as the smallest cell that is shown tells which cells are small, which is known
anyway, and which sums of cells are, and these are protected as cells are (`iop_outcomes.release.gates`). So all of this
is only for gates that ask for more, as under a policy whose smallest cell is below ten; and for arms so small that a
gate would tell how many people are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from iop_outcomes.release.gates import bound
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.support import ArmCells
from iop_outcomes.tables.rows import Estimated
from iop_outcomes.vocabulary.measures import MEASURES
from iop_outcomes.vocabulary.statuses import EITHER, EVENTS, GATED, WITHOUT, too_few


def unsaid(reason: str, arms: Collection[str], least: int) -> str:
    """The reason of a gated row without which are fewer, events or people without one: of 19 people of whom neither are
    11, it would tell 10 events from 9.
    """
    stopped = _stopped(reason, arms, least)
    return too_few(least, EITHER, stopped[1]) if stopped else reason


def nobody(row: Estimated, arms: Mapping[str, ArmCells], order: Collection[str]) -> str:
    """The arm that a gate says has too few people, and that nobody is in, as the cells of the question tell whoever
    looks for them; else ''. arms: those with cells. order: both of the comparison.
    """
    if row["status"] != GATED or not arms:
        return ""
    return next((arm for arm in order if arm not in arms), "")


def _stopped(reason: str, arms: Collection[str], least: int) -> tuple[str, str] | None:
    """Of what there were too few, and in which arm; None where a row is gated for another reason."""
    said = ((what, arm) for what in (EVENTS, WITHOUT) for arm in arms)
    return next(((what, arm) for what, arm in said if reason == too_few(least, what, arm)), None)


def tells(row: Estimated, arms: Mapping[str, ArmCells], staying: bool, least: int, policy: Policy) -> bool:
    """Whether a row that is shown, or gated, would say more of the events of its arms than is told of them.

    arms: those of the comparison. staying: the event of the gate is having left, that of the arms being there still.
    least: fewest events, and people without one, that the gate asks for in each arm.
    """
    if policy.exact or not arms or MEASURES[row["measure"]].without_events:
        return False
    passed = row["status"] == "ok"
    stopped = _stopped(str(row["reason"]), arms, least) if row["status"] == "gated" else None
    if least <= policy.minimum_count:
        said = passed or stopped is not None
        return said and any(
            bound(arm.sides, least, policy, arm.followed is not None) for arm in arms.values() if arm.sides
        )
    if passed:
        return not all(_enough(arm, least, policy) for arm in arms.values())
    if stopped is None:
        return False
    few = (stopped[0] == EVENTS) != staying
    return not all(
        _few(arm, few, least, policy) if name == stopped[1] else _enough(arm, least, policy)
        for name, arm in arms.items()
    )


def _enough(arm: ArmCells, least: int, policy: Policy) -> bool:
    """What is told says that an arm has as many events and people without one. It is known that events are not few."""
    events, people = arm.events.range, arm.people.range
    if people is None or policy.small(arm.true_events):
        return False
    low, high = events or (policy.minimum_count, people[1])
    return low >= least and people[0] - high >= least


def _few(arm: ArmCells, events: bool, least: int, policy: Policy) -> bool:
    """What is told says that an arm has fewer events, or people without one, than are asked for and than of the other.
    It is known which events are few.
    """
    people, told = arm.people.range, arm.events.range
    if people is None:
        return False
    if told is None:
        few = policy.small(arm.true_events)
        told = (0, policy.minimum_count - 1) if few else (policy.minimum_count, people[1])
    own, others = (told[1], people[0] - told[1]) if events else (people[1] - told[0], told[0])
    return own < least and own < others
