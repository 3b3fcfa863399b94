"""Everything about people that a question on dose may need, in one order of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.cohort import covariates as coded
from iop_outcomes.cohort.retention import in_order
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Tables:
    """The tables of the cohort; answers are read in the order of people."""

    people: pd.DataFrame
    arms: pd.DataFrame
    covariates: pd.DataFrame
    retention: pd.DataFrame
    dose: pd.DataFrame
    abstinence: pd.DataFrame
    first_use: pd.DataFrame
    doses: pd.DataFrame
    onward: pd.DataFrame

    def window(self, days: int) -> pd.DataFrame:
        """The rows of the table dose for a window, in the order of people."""
        return in_order(self.dose[self.dose["window_days"] == days], self.people["person_id"])

    def arm(self, contrast: str) -> Array:
        """(n,) the arm of each person in a contrast, missing for those who are in none."""
        own = self.arms[self.arms["contrast"] == contrast].set_index("person_id")["arm"]
        return self.people["person_id"].map(own).to_numpy(dtype=float)

    def baseline(self, among: Mask) -> ModelMatrix:
        """What was known at time zero of the people `among` (n,), in their order."""
        return coded.matrix(self.covariates, self.people.loc[among, "person_id"])

    def use_within(self, days: int, among: Mask) -> bool:
        """Screens or reports of use within a window tell `among` (n,) apart: what came after time zero is on record."""
        known = self.window(days)[among]
        reported = known["reported_use"]
        use = [known["positive_screens"], known["missed_screens"], reported.fillna(0.0), reported.isna()]
        return any(one.nunique() > 1 for one in use)
