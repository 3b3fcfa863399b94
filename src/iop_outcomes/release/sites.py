"""Estimates of single sites: which may be told, and how finely.

What a site is known by here: the fewest people with, or without, the outcome in one of its arms, and the people of its
smaller arm. Nothing is counted of a site in a release, nor told of an arm of it: of each site the difference alone is,
rounded to what five people of the smaller arm are, and only where none of those numbers is small. Where but one site
would not be told, neither is the one with the fewest people of those that would: what all sites together tell less all
others would be that of one. Reasons are the same whatever was too small. Whatever takes sites together (their mean, how
far they lie apart, the mean without one of them) is computed from what is told, and tells nothing beside it.

Within and between sites speak of everyone, and are as fine as the question itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from iop_outcomes.release.policy import OVERLAP_BASE, Policy
from iop_outcomes.release.precision import step, to_digits, to_step
from iop_outcomes.tables.results import FEWEST_OF_SITE, OF_SITE
from iop_outcomes.tables.rows import Estimated, alike
from iop_outcomes.vocabulary.statuses import OK

if TYPE_CHECKING:
    import pandas as pd

REASON = "too few people at the site, or too few of them with, or without, the outcome in an arm"
# of the people of a site nothing is told
NOBODY = {"n": None, "events": None, "n_effective": float("nan"), "p_value": float("nan")}
QUESTION = ("analysis", "contrast", "outcome", "horizon_days", "method", "missing_rule")
Key = tuple[str, ...]


class Site(NamedTuple):
    """fewest: people with, or without, the outcome in an arm. smaller: people of the smaller arm."""

    fewest: int
    smaller: int


def known(diagnostics: pd.DataFrame) -> dict[Key, Site]:
    """What is known of each site, by question and site."""
    own = diagnostics[diagnostics["quantity"] == FEWEST_OF_SITE].dropna(subset=["value"])
    keys = zip(*(own[name].astype(str) for name in (*QUESTION, "group")), strict=True)
    numbers = zip(own["value"].astype(int), own["threshold"].astype(int), strict=True)
    return {key: Site(*one) for key, one in zip(keys, numbers, strict=True)}


def key(row: Estimated) -> Key:
    """By which a row of one site is looked up."""
    return tuple(str(row[name]) for name in (*QUESTION, "group"))  # type: ignore[literal-required]


def told(rows: Sequence[Estimated], sites: Mapping[Key, Site], policy: Policy) -> frozenset[Key]:
    """The sites that are told, of each question."""
    own = [row for row in rows if row["group_by"] == OF_SITE]
    found: set[Key] = set()
    for of_question in alike(own, QUESTION).values():
        shown = [key(row) for row in of_question if row["status"] == OK and _enough(sites.get(key(row)), policy)]
        if len(shown) == len(of_question) - 1 and not policy.exact:
            shown.remove(min(shown, key=lambda one: (sites[one].fewest, one)))
        found |= set(shown)
    return frozenset(found)


def _enough(site: Site | None, policy: Policy) -> bool:
    """Neither the people with the outcome nor those without are few in an arm, nor nobody."""
    return policy.exact or (site is not None and site.fewest >= max(policy.minimum_count, 1))


def rounded(row: Estimated, site: Site, policy: Policy) -> dict[str, object] | None:
    """The numbers of a site's row as far as they are told; None where no digit would be left."""
    if policy.exact:
        return {"rounding_error": 0.0}
    size = step(policy.coarser(OVERLAP_BASE) / site.smaller)
    if size > 0.5:
        return None
    return {
        **{name: to_step(row[name], size) for name in ("estimate", "conf_low", "conf_high")},
        "std_error": to_digits(row["std_error"]),
        "rounding_error": size / 2,
    }
