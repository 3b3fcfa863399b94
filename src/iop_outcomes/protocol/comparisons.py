"""All that a study compares, whichever part of its file it stands in."""

from __future__ import annotations

from iop_outcomes.protocol.as_run import Compared
from iop_outcomes.protocol.doses import Doses
from iop_outcomes.protocol.staying import Strategies
from iop_outcomes.protocol.study import Contrast, Duration, Intensity, Study
from iop_outcomes.vocabulary.kind import ROOMS

Comparison = Contrast | Duration | Strategies | Doses | Intensity


def comparisons(study: Study | Compared) -> list[tuple[str, Comparison]]:
    """Names with what they stand for, in the order in which a reader is told of them; a name may come twice."""
    return [pair for room in ROOMS for pair in getattr(study, room).items()]
