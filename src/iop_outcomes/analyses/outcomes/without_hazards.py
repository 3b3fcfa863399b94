"""What has no hazard: states on a day, amounts, weeks, means under strategies. Each says what to ask for instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from iop_outcomes.errors import NotPossible

if TYPE_CHECKING:
    from iop_outcomes.analyses.hazards import Ratios
    from iop_outcomes.analyses.sample import Sample
    from iop_outcomes.estimators.base.estimate import Estimate
    from iop_outcomes.protocol import Analysis


class WithoutHazards:
    """The part of `Outcome` that asks for hazards. no_hazard: why there is none, and what to ask for."""

    no_hazard: ClassVar[str]

    def hazard_ratios(self, ask: Analysis, sample: Sample, fewest: int) -> Ratios:
        """None. Raises NotPossible."""
        raise NotPossible(self.no_hazard)

    def subdistribution_ratio(self, ask: Analysis, sample: Sample) -> Estimate:
        """None. Raises NotPossible."""
        raise NotPossible(self.no_hazard)
