"""Compare intensive outpatient with inpatient and residential care for substance use, from records to report.

`import iop_outcomes as iop` offers the estimators for frames of one's own: see `iop_outcomes.library`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iop_outcomes.library import (
        across_sites,
        adjusted_difference,
        at_a_dose,
        by_group,
        cox,
        cumulative_incidence,
        endpoints,
        histories_of_hours,
        kaplan_meier,
        propensity_score,
        restricted_mean,
        starting,
        states_over_time,
        staying,
        staying_curve,
        weekly_shares,
    )

__version__ = "0.1.0"
__all__ = [
    "across_sites", "adjusted_difference", "at_a_dose", "by_group", "cox", "cumulative_incidence", "endpoints",
    "histories_of_hours", "kaplan_meier", "propensity_score", "restricted_mean", "starting", "states_over_time",
    "staying", "staying_curve", "weekly_shares",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    # the steps of the workflow import this package some forty times a run: what they do not use is not loaded
    if name in __all__:
        from iop_outcomes import library

        return getattr(library, name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
