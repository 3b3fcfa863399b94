"""Days on which a curve takes an event to happen that is known to lie between two: what the axis of a curve says of it.

Such a curve shows people free of the event. The day within the two is not known, so that one number stands for it only
under a reading; the first two hold the curve between them, whatever the days are.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dated:
    """One reading. axis: what x is in the table of curves. label: what readers see. explained: what it does."""

    axis: str
    label: str
    explained: str


EARLIEST = Dated(
    "days_earliest",
    "each event as early as can be",
    "the least share free of the event that the likeliest distribution allows",
)
LATEST = Dated(
    "days_latest",
    "each event as late as can be",
    "the greatest share that it allows",
)
BECAME_KNOWN = Dated(
    "days_known",
    "each event on the day by which it is known",
    "Kaplan and Meier's curve, as if events happened when they were found out",
)
MODELLED = Dated("days_modelled", "as the model has it", "the Weibull model that the ratio of times is of")
# in the order in which they are told
DATED = {row.axis: row for row in (EARLIEST, LATEST, BECAME_KNOWN, MODELLED)}
