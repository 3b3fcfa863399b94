"""All that a study compares, whichever part of its file it stands in."""

from __future__ import annotations

from iop_outcomes.protocol.as_run import Compared
from iop_outcomes.protocol.base import Name, Part
from iop_outcomes.protocol.doses import Doses
from iop_outcomes.protocol.starting import Starting
from iop_outcomes.protocol.staying import Strategies
from iop_outcomes.protocol.study import Contrast, Duration, Intensity, Study
from iop_outcomes.protocol.thresholds import Threshold
from iop_outcomes.vocabulary.kind import ROOMS


class OfDose(Part):
    """What is compared beside contrasts, by name: stays, weeks of leaving, further care, doses and intensities."""

    durations: dict[Name, Duration] = {}
    strategies: dict[Name, Strategies] = {}
    thresholds: dict[Name, Threshold] = {}
    starting: dict[Name, Starting] = {}
    doses: dict[Name, Doses] = {}
    intensities: dict[Name, Intensity] = {}


Comparison = Contrast | Duration | Strategies | Threshold | Starting | Doses | Intensity


def two_strategies(study: Study | Compared) -> dict[str, Strategies | Starting]:
    """What compares two strategies, by name: of how long to stay, and of going on to further care."""
    return {**study.strategies, **study.starting}


def comparisons(study: Study | Compared) -> list[tuple[str, Comparison]]:
    """Names with what they stand for, in the order in which a reader is told of them; a name may come twice."""
    return [pair for room in ROOMS for pair in getattr(study, room).items()]
