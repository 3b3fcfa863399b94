"""Outcomes: what happened to the people of a comparison, in one shape whatever was followed.

`at_a_day` holds states on a day, which may be missing; `to_an_event` times to an event that may not be seen;
`competing` ways of leaving, or events, that shut each other out; `in_care` being there still; `week_by_week` what each
week of a person says; `amounts` how much of something each person has. Each keeps its values in the order of a sample,
says in words what it cannot answer, and estimates the rest by the method that is asked for. All that they share is
`Outcome`, which is what `answer` knows of them; those with a ratio of a regression are `Modelled` as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from iop_outcomes.analyses.outcomes import competing, in_care
from iop_outcomes.protocol import Analysis, Endpoint
from iop_outcomes.vocabulary.endpoints import STAYING

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.analyses.hazards import Ratios
    from iop_outcomes.analyses.outcomes.followed import Followed
    from iop_outcomes.analyses.sample import Sample
    from iop_outcomes.estimators.base.arrays import Array, Mask
    from iop_outcomes.estimators.base.estimate import Estimate


class Outcome(Protocol):
    """What happened to n people, in the order of a sample."""

    def used(self, ask: Analysis) -> Mask:
        """(n,) who has a part in the estimates."""
        ...

    def state(self, ask: Analysis) -> Array | None:
        """(n,) 1 for who is counted by a share of people, else 0; None where that is not known of all `used`."""
        ...

    def known(self, ask: Analysis) -> Array:
        """(n, q) what is known of it, for imputing covariates."""
        ...

    def silent(self, ask: Analysis, sample: Sample) -> str:
        """Why nothing can be said of it, whoever is compared and however, or ''."""
        ...

    def few(self, ask: Analysis, sample: Sample, fewest: int) -> str:
        """Why too few people with it, or without it, are left to estimate from, or ''."""
        ...

    def means(self, ask: Analysis, sample: Sample) -> Estimate:
        """Finished means of the first and the second side. Raises EstimationError; NotPossible where it has none."""
        ...

    def hazard_ratios(self, ask: Analysis, sample: Sample, fewest: int) -> Ratios:
        """The ratio over all days, and by period; a period needs so many events in each side. Raises as `means`."""
        ...

    def subdistribution_ratio(self, ask: Analysis, sample: Sample) -> Estimate:
        """The finished log ratio of subdistribution hazards. Raises as `means`."""
        ...


@runtime_checkable
class Modelled(Protocol):
    """An outcome with a ratio of a regression that is none of hazards."""

    def modelled(self, ask: Analysis, sample: Sample) -> Ratios:
        """The finished log ratio of a measure of MODELLED. Raises EstimationError."""
        ...


def follow(retention: pd.DataFrame, people: pd.DataFrame, endpoint: Endpoint) -> Followed | None:
    """What an endpoint of the step retention follows, in the order of people; None where it is recorded of no one."""
    return (in_care if endpoint.kind in STAYING else competing).read(retention, people, endpoint)
