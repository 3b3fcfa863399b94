"""Sites of a cohort: the primary questions once more site by site, within sites and between them."""

from __future__ import annotations

from pydantic import Field

from iop_outcomes.protocol.base import Part
from iop_outcomes.protocol.rows import Analysis
from iop_outcomes.vocabulary.measures import RISK
from iop_outcomes.vocabulary.methods import WEIGHTED

# fewer people in an arm of a site than this have no standard error to take sites together by
LEAST = 5


class Sites(Part):
    """Does the answer differ between sites, and does any one of them decide it?"""

    fewest: int = Field(
        default=20, ge=LEAST, description="a site has an estimate of its own where each arm has so many people there"
    )


def may_be_by_site(row: Analysis) -> bool:
    """A share by weights, which a site has as well."""
    return row.measure == RISK and row.method in WEIGHTED
