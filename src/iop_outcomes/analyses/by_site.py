"""A question site by site: the difference at each site, within sites, and between them.

In order: the question must be a share by weights whose state on the day follows from what is known of each person; the
difference of each site is that of its people under the weights of the whole comparison; within and between sites is a
regression on the person's arm and the site's mix, with the terms of the score that are no sites. Sites go by numbers in
the order of their names. A site that lacks an arm has no row; one with few people in an arm has none of a number, and
what it takes to judge whether a site may be told goes to release beside each (`FEWEST_OF_SITE`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import Answered
from iop_outcomes.analyses.outcomes import Outcome
from iop_outcomes.analyses.rows import Row, Some
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.design.terms import without_sites
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.causal import sites
from iop_outcomes.protocol import Analysis
from iop_outcomes.tables.results import FEWEST_OF_SITE, OF_SITE, OVER_SITES
from iop_outcomes.vocabulary.measures import DIFFERENCE
from iop_outcomes.vocabulary.statuses import GATED

UNCLEAR = "it is not known of everyone where they stood on the day, and a site's share is of those of whom it is"
FEW = "fewer than {fewest} people of a site in an arm"


def answered(ask: Analysis, sample: Sample, outcome: Outcome | str, fewest: int) -> Answered:
    """Estimates of each site, within and between sites, and what release must know of each site.

    fewest: people in each arm of a site. Never raises for what the records hold: rows say why there is no number.
    """
    state = None if isinstance(outcome, str) else outcome.state(ask)
    if state is None or isinstance(outcome, str):
        return Answered(tuple(_over(ask, UNCLEAR)))
    used = outcome.used(ask)
    weight = sample.weight(ask.method) * used
    site, person = (sample.scores[name].to_numpy() for name in ("site_id", "record_id"))
    found = sites.by_site(state, sample.arm, site, weight, person)
    both = (found.people > 0).all(axis=1)
    names = dict(zip(found.names, _numbered(found.names), strict=True))
    estimates, told = [], []
    for at in np.flatnonzero(both):
        some = Some(OF_SITE, names[found.names[at]])
        few = found.people[at].min() < fewest or not found.error[at] > 0
        estimates.append(_without(ask, some, fewest) if few else _of_site(ask, sample, some, found, int(at)))
        own = (site.astype(str) == found.names[at]) & (weight > 0)
        told.append(_known(ask, some, sample.arm[own] == 1, state[own] == 1))
    return Answered((*estimates, *_split(ask, sample, state, used)), tuple(told))


def _numbered(names: tuple[str, ...]) -> list[str]:
    """Numbers in place of names, which may tell who works there."""
    width = len(str(len(names)))
    return [f"site {place:0{width}d}" for place in range(1, len(names) + 1)]


def _of_site(ask: Analysis, sample: Sample, some: Some, found: sites.BySite, at: int) -> Row:
    value, error = float(found.value[at]), float(found.error[at])
    reach = float(stats.norm.ppf(0.5 + sample.inference.confidence_level / 2)) * error
    return results.row(ask, DIFFERENCE, some) | {
        "estimate": value, "std_error": error, "conf_low": value - reach, "conf_high": value + reach,
    }  # fmt: skip


def _without(ask: Analysis, some: Some, fewest: int) -> Row:
    return results.row(ask, DIFFERENCE, some) | {"status": GATED, "reason": FEW.format(fewest=fewest)}


def _known(ask: Analysis, some: Some, first: Mask, has: Mask) -> Row:
    """The fewest people with or without the outcome in an arm of a site, and of the smaller arm."""
    cells = [int(((first == arm) & (has == with_it)).sum()) for arm in (True, False) for with_it in (True, False)]
    smaller = min(cells[0] + cells[1], cells[2] + cells[3])
    told = results.diagnostic(ask, FEWEST_OF_SITE, float(min(cells)), float(smaller), "info")
    return {**told, "group_by": some.group_by, "group": some.group}


def _over(ask: Analysis, reason: str) -> Iterator[Row]:
    """Rows of all sites without a number."""
    for name in (sites.WITHIN, sites.BETWEEN, sites.APART):
        yield results.row(ask, DIFFERENCE, Some(OVER_SITES, name)) | {"status": "not_possible", "reason": reason}


def _split(ask: Analysis, sample: Sample, state: Array, used: Mask) -> Iterator[Row]:
    """Within sites, between them, and how far these lie apart."""
    site = sample.scores["site_id"].to_numpy()[used]
    level = sample.inference.confidence_level
    try:
        terms = sample.propensity.matrix.take(sample.compared).take(used)
        x = without_sites(terms).varying(np.ones(len(site), dtype=bool))
        found = sites.within_and_between(state[used], sample.arm[used], site, x)
    except EstimationError as wrong:
        yield from _over(ask, str(wrong))
        return
    (low, high), p = found.interval(level), found.p_value()
    for at, name in enumerate(found.names):
        yield results.row(ask, DIFFERENCE, Some(OVER_SITES, name)) | {
            "estimate": float(found.value[at]), "std_error": float(found.error[at]), "conf_low": float(low[at]),
            "conf_high": float(high[at]), "p_value": float(p[at]),
        }  # fmt: skip
