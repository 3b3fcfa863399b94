"""Drawn people and what happened to them as the tables that the study's own code reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.estimators.base.arrays import Mask, Whole
from iop_outcomes.protocol import Adjustment, Analysis, Endpoint
from iop_outcomes.simulate.alike.draw import People
from iop_outcomes.simulate.alike.numbers import Numbers
from iop_outcomes.vocabulary.causes import COMPLETED, UNPLANNED
from iop_outcomes.vocabulary.endpoints import STAYING

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.analyses.rows import Words

# everyone is followed for so long after the day that is asked about
AFTER = 365


@dataclass(frozen=True)
class Cohort:
    """drawn, and the same people as the tables people, covariates and arms, in one order."""

    drawn: People
    people: pd.DataFrame
    covariates: pd.DataFrame
    arms: pd.DataFrame

    @property
    def person_id(self) -> Words:
        """(n,) names."""
        return self.people["person_id"].to_numpy(dtype=object)


def cohort(drawn: People, numbers: Numbers, contrast: str, adjustment: Adjustment) -> Cohort:
    """The tables of drawn people; what the table people holds beside covariates says nothing."""
    import pandas as pd

    name = np.array([f"{at:08d}" for at in range(len(drawn.site))], dtype=object)
    site = np.array([f"{at:05d}" for at in range(numbers.sites)], dtype=object)[drawn.site]
    covariates: dict[str, object] = {"person_id": name}
    words: dict[str, object] = {}
    for one in numbers.covariates:
        values = drawn.values[one.name]
        if one.deciles or one.flags:
            covariates[one.name] = values.astype(float)
            continue
        made = pd.Categorical.from_codes(values.astype(int).tolist(), categories=pd.Index(one.levels))
        covariates[one.name] = made
        if one.name in adjustment.categorical:
            words[one.name] = made
    people = pd.DataFrame({"person_id": name, "record_id": name, "site_id": site, **words})
    arms = pd.DataFrame({"contrast": contrast, "person_id": name, "arm": drawn.first.astype("int64"), "stratum": site})
    return Cohort(drawn, people, pd.DataFrame(covariates), arms)


def abstinence(ask: Analysis, own: Cohort, happened: Mask, answered: Mask) -> pd.DataFrame:
    """The table abstinence of one question."""
    import pandas as pd

    state = pd.Series(happened, dtype="boolean").mask(pd.Series(~answered))
    keys = {"person_id": own.person_id, "outcome": ask.outcome, "horizon_days": ask.horizon_days}
    return pd.DataFrame({**keys, "abstinent": state, "mature": True, "dead": False})


def retention(ask: Analysis, own: Cohort, endpoint: Endpoint, days: Whole, happened: Mask) -> pd.DataFrame:
    """The table retention of what one endpoint follows. days: (n,) until it was left; happened: (n,) what is counted,
    of leaving in one way.
    """
    import pandas as pd

    if endpoint.kind in STAYING:
        # of being there the day after the last one counts as the first without
        days, cause = days - 1, np.where(happened, COMPLETED, UNPLANNED)
    else:
        other = UNPLANNED if endpoint.cause == COMPLETED else COMPLETED
        cause = np.where(happened, endpoint.cause or UNPLANNED, other)
    keys = {"person_id": own.person_id, "follows": endpoint.followed}
    reach = ask.horizon_days + AFTER
    return pd.DataFrame(
        {**keys, "days": days, "days_latest": days, "cause": cause, "observable_days": reach, "known_days": reach}
    )
