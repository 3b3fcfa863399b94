"""The estimators for a notebook or a script: pandas frames and names of columns in, tidy frames out.

In order: the columns that are named are looked up and read (`frames`); an estimator is called with arrays; its
estimate, standard error and limits become rows (`tidy`). Refuses, with the name of the column and what to do: columns
that are not there, text where numbers are needed, missing values, groups that are not there, and whatever an estimator
refuses. No value of a row is repeated in a message. docs/library.md shows each with an example.
"""

from iop_outcomes.library.adjusted import adjusted_difference, propensity_score
from iop_outcomes.library.curves import cumulative_incidence, kaplan_meier, restricted_mean
from iop_outcomes.library.doses import at_a_dose
from iop_outcomes.library.endpoints import endpoints
from iop_outcomes.library.hazards import cox
from iop_outcomes.library.histories import histories_of_hours
from iop_outcomes.library.modifiers import by_group
from iop_outcomes.library.sites import across_sites
from iop_outcomes.library.starting import starting
from iop_outcomes.library.states import states_over_time
from iop_outcomes.library.strategies import staying, staying_curve
from iop_outcomes.library.weekly import weekly_shares

__all__ = [
    "across_sites", "adjusted_difference", "at_a_dose", "by_group", "cox", "cumulative_incidence", "endpoints",
    "histories_of_hours", "kaplan_meier", "propensity_score", "restricted_mean", "starting", "states_over_time",
    "staying", "staying_curve", "weekly_shares",
]  # fmt: skip
