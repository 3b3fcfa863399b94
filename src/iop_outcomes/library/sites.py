"""The difference between two arms site by site, of the sites together, within sites and between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.random_effects import across
from iop_outcomes.estimators.causal.sites import by_site, within_and_between
from iop_outcomes.estimators.causal.weights import TILTS
from iop_outcomes.library import tidy
from iop_outcomes.library.adjusted import scored
from iop_outcomes.library.frames import Frame
from iop_outcomes.vocabulary.methods import OVERLAP

if TYPE_CHECKING:
    import pandas as pd


def across_sites(
    data: pd.DataFrame,
    arm: str,
    first: Any,
    second: Any,
    covariates: Sequence[str],
    outcome: str,
    site: str,
    weights: str = OVERLAP,
    fewest: int = 20,
    level: float = 0.95,
) -> pd.DataFrame:
    """The first arm against the second at each site, under weights of one score with a term for each site.

    covariates: the site is one of them whether it is named or not. outcome: 0 and 1, or numbers; people for whom it is
    missing are left out. fewest: people of each arm that a site needs. Returns a row for each such site (`of` site),
    `together` for their mean by random effects, `one more` for the interval of a further site, and `within`, `between`
    and `between less within` sites by a linear regression with the covariates. `least_without_one`,
    `most_without_one`: the mean less any one site. `p_value` of `together`: that sites do not differ. Raises
    EstimationError.
    """
    import pandas as pd

    if weights not in TILTS:
        raise EstimationError(f"`weights` is one of {', '.join(TILTS)}; it is {weights!r}.")
    if isinstance(covariates, str) or outcome not in data:
        Frame(data).column(outcome, "outcome")
    others = [name for name in covariates if name != site]
    known = data[data[outcome].notna()]
    found = scored(known, arm, first, second, [*others, site], None, None, [outcome])
    y, where = found.frame.numbers(outcome, "outcome"), found.frame.labels(site, "site")
    sites = by_site(y, found.treated.astype(int), where, found.weight(weights))
    kept = (sites.people.min(axis=1) >= fewest) & (sites.error > 0)
    if kept.sum() < 2:
        raise EstimationError(
            f"`fewest`: {kept.sum()} of {len(kept)} sites have {fewest} people with an outcome in each arm; sites are "
            "taken together from two on."
        )
    value, error = sites.value[kept], sites.error[kept]
    reach = float(stats.norm.ppf((1 + tidy.checked(level)) / 2)) * error
    names = [name for name, own in zip(sites.names, kept, strict=True) if own]
    rows = pd.DataFrame({"of": "site", "site": names, "estimate": value, "std_error": error,
                         "conf_low": value - reach, "conf_high": value + reach})  # fmt: skip
    both = across(value, error, level)
    mean = {"of": "together", "estimate": both.value, "std_error": both.error, "conf_low": both.low,
            "conf_high": both.high, "p_value": both.p_value, "least_without_one": both.without.min(),
            "most_without_one": both.without.max()}  # fmt: skip
    further = {"of": "one more", "conf_low": both.next_low, "conf_high": both.next_high}
    matrix = found.frame.covariates(others, without=[arm, outcome, site])
    split = within_and_between(y, found.treated.astype(int), where, matrix)
    low, high = split.interval(level)
    apart = pd.DataFrame({"of": split.names, "estimate": split.value, "std_error": split.error, "conf_low": low,
                          "conf_high": high, "p_value": split.p_value()})  # fmt: skip
    table = pd.concat([rows, pd.DataFrame([mean, further]), apart], ignore_index=True)
    return tidy.ordered(table, ("of", "site", *tidy.NUMBERS))
