"""How much of something each person has by a day, and how it has changed: percent days abstinent, longest runs.

Each amount is known three times: as if there had been use where nothing is known, of what is known alone, and as if
there had been none; a rule for missing answers takes one of them, in each arm its own where it asks for bounds.
Measures are means of people, each of whom counts once, weighted as the method says; doubly robust ones stand on a
quasi-binomial regression of the amount by the largest that it could be. A change is estimated as it is, and with the
time before held (analysis of covariance): people who began alike are compared. Days from a death on hold none of it,
unless the endpoint reads deaths otherwise. Who was not observed to the day, told nothing, or is left out for having
died, is a level of its own, and in the denominators that the endpoint and the rule say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from iop_outcomes.analyses import doubly_robust
from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.outcomes import two_sides
from iop_outcomes.analyses.outcomes.at_a_day import UNTOLD
from iop_outcomes.analyses.outcomes.without_hazards import WithoutHazards
from iop_outcomes.cohort.retention import in_order
from iop_outcomes.errors import EstimationError, NotPossible
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal import effects
from iop_outcomes.protocol import Analysis, Endpoint
from iop_outcomes.tables.results import HELD_BY_TWO
from iop_outcomes.vocabulary.answers import (
    AMOUNT_LEVELS,
    CHANGE_LEVELS,
    COUNTED_AGAINST,
    LEFT_OUT,
    MISSING_IS_USING,
    MISSING_RULES,
    NOTHING_BEFORE,
)
from iop_outcomes.vocabulary.endpoints import KINDS
from iop_outcomes.vocabulary.measures import ADJUSTED_CHANGE, MEASURES
from iop_outcomes.vocabulary.methods import AIPW

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.analyses.rows import Row, Words
    from iop_outcomes.analyses.sample import Sample

BEFORE = "share before"


@dataclass(frozen=True)
class Amounts(WithoutHazards):
    """as_use, told, as_free: (n,) amounts by how what is not known is read, nan where there is none. largest: that
    there could be. before: (n,) of changes, the share before time zero; None of other amounts. mature, dead: (n,).
    first: (n,) in the first arm. endpoint: how deaths, and people not observed, are read.
    """

    no_hazard: ClassVar[str] = "an amount has no hazard: ask for its mean"

    as_use: Array
    told: Array
    as_free: Array
    largest: float
    before: Array | None
    mature: Mask
    dead: Mask
    first: Mask
    endpoint: Endpoint

    @cached_property
    def levels(self) -> Words:
        """(n,) as whom each person is counted. Where deaths count against the endpoint the amount of who died is known,
        as there is none from then on.
        """
        some, none, died, missing, not_due = AMOUNT_LEVELS if self.before is None else CHANGE_LEVELS[:5]
        known, deaths = ~np.isnan(self.told), self.endpoint.deaths
        pairs = [
            (self._nothing_before, NOTHING_BEFORE),
            (~self.mature & (self.endpoint.not_due == LEFT_OUT), not_due),
            (self.dead & (deaths == LEFT_OUT), died),
            (known & (self.told > 0), some),
            (known, none),
            (self.dead & (deaths == COUNTED_AGAINST), none),
            (self.dead | self.mature, missing),
        ]
        return np.select([there for there, _ in pairs], [level for _, level in pairs], not_due)

    @property
    def _nothing_before(self) -> Mask:
        return np.zeros(len(self.told), dtype=bool) if self.before is None else np.isnan(self.before)

    @property
    def held_before(self) -> Array:
        """(n,) the share before time zero. Raises NotPossible of an amount that has none."""
        if self.before is None:
            raise NotPossible("of an amount that is no change nothing is held")
        return self.before

    def used(self, ask: Analysis) -> Mask:
        """(n,) who is in the denominator under the rule for missing answers."""
        return ~np.isin(self.levels, self.endpoint.reading.left_out[ask.missing_rule])

    def amount(self, ask: Analysis) -> Array:
        """(n,) the amount of each person as the rule reads it; 0 of who is not used."""
        rule = MISSING_RULES[ask.missing_rule]
        read = np.where(self.first, *map(self._counted, rule.counted_as)) if rule.counted_as else self.told
        # who had died and told nothing has none
        return np.where(self.used(ask) & ~np.isnan(read), read, 0.0)

    def _counted(self, free: bool) -> Array:
        """The amount as if all that is not known were free of use, or held use."""
        return np.where(np.isnan(self.as_free), self.largest, self.as_free) if free else self.as_use

    def state(self, ask: Analysis) -> None:
        """None: no share of people is estimated."""

    def known(self, ask: Analysis) -> Array:
        """(n, 2) whether something is known, and the amount."""
        seen = ~np.isnan(self.told)
        return np.column_stack([seen, np.where(seen, self.told, 0.0)]).astype(float)

    def silent(self, ask: Analysis, sample: Sample) -> str:
        """No one of an arm is observed to the day, or it is known of no one."""
        out = self.endpoint.reading.left_out[MISSING_IS_USING]
        return two_sides.not_due(sample.arm, np.isin(self.levels, out), sample.names) or (
            UNTOLD if np.isnan(self.told).all() else ""
        )

    def few(self, ask: Analysis, sample: Sample, fewest: int) -> str:
        """Means need no events."""
        return ""

    def means(self, ask: Analysis, sample: Sample) -> Estimate:
        """Means of the first and the second arm."""
        if not MEASURES[ask.measure].amount:
            raise NotPossible("of an amount its mean is estimated")
        value, used = self.amount(ask), self.used(ask)
        if ask.measure == ADJUSTED_CHANGE:
            return sample.finish(self._held_before(ask, sample, value, used), ask.method)
        if ask.method == AIPW:
            share = doubly_robust.means(sample, value / self.largest, used)
            whole = self.largest * np.eye(2)
            return sample.finish(share.transform(share.names, lambda v: whole @ v, whole), AIPW)
        found = effects.mean_by_arm(value, sample.arm == 1, sample.weight(ask.method) * used, names=sample.names)
        return sample.finish(found, ask.method)

    def _held_before(self, ask: Analysis, sample: Sample, value: Array, used: Mask) -> Estimate:
        """Changes at the mean share before: predictions of a regression of the change on the arm and that share,
        averaged over both arms as they are weighted. Raises EstimationError.
        """
        weight = sample.weight(ask.method) * used
        before = np.where(used, self.held_before, 0.0)
        if np.ptp(before[weight > 0]) == 0:
            raise EstimationError("the share before time zero is the same of everyone, and there is nothing to hold")
        columns = np.column_stack([sample.arm, before]).astype(float)
        model = effects.fit_outcome("linear", columns, value, [sample.called, BEFORE], weight=weight)
        first, second = (np.column_stack([np.full(len(before), arm), before]) for arm in (1.0, 0.0))
        return effects.standardised_means(model, first, second, names=sample.names)

    def dominance(self, ask: Analysis, sample: Sample) -> Iterator[Row]:
        """Rows of the diagnostics, never released: which share of the sum of an arm's amounts two people hold, beside
        the largest amount that there could be.
        """
        size = np.abs(self.amount(ask))
        for arm, name in zip((1, 0), sample.names, strict=True):
            own = np.sort(size[sample.arm == arm])[::-1]
            share = float(own[:2].sum() / own.sum()) if own.sum() > 0 else 0.0
            yield {
                **results.diagnostic(ask, HELD_BY_TWO, share, self.largest, "info"),
                "arm": name,
                "variable": ask.measure,
            }


def read(amounts: pd.DataFrame, people: pd.DataFrame, ask: Analysis, endpoint: Endpoint) -> Amounts:
    """The amounts of an outcome on its day, in the order of people."""
    asked = (amounts["horizon_days"] == ask.horizon_days) & (amounts["outcome"] == ask.outcome)
    own = in_order(amounts[asked], people["person_id"])
    as_use, told, as_free, before = (
        own[name].to_numpy(dtype=float, na_value=np.nan) for name in ("as_use", "known", "as_free", "before")
    )
    return Amounts(
        as_use,
        told,
        as_free,
        float(own["largest"].max()) if len(own) else 1.0,
        before if KINDS[endpoint.kind].changed else None,
        own["mature"].to_numpy(dtype=bool),
        own["dead"].to_numpy(dtype=bool),
        (people["arm"] == 1).to_numpy(),
        endpoint,
    )
