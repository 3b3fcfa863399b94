"""The four results tables, long and tidy, keyed by analysis. Every figure, table and sentence reads these.

Each exists twice with the same columns: as the analyses write it (private) and as `release` lets it out. Counts and
life tables are the only source of crude estimates, which `release` computes from what it lets out.
"""

from __future__ import annotations

import re

from iop_outcomes.tables.declare import Column, Table
from iop_outcomes.vocabulary.statuses import STATUSES

# names among the diagnostics that several rooms read: shares by category or stratum, and what power there is
SHARE_IN_FIRST_ARM = "share_in_first_arm"
STRATUM = "stratum"
DETECTABLE = "detectable_difference"
ONE_RATIO = "one_hazard_ratio_p_value"
OF_QUESTIONS = (DETECTABLE, ONE_RATIO)
# numbers computed a second time, by another implementation: how many, how many agree, and how many were left out
COMPUTED_TWICE, TWO_AGREE, LEFT_OUT = "computed_twice", "two_agree", "not_computed_twice"
PROPENSITY_SCORE = "propensity_score"

_ANALYSIS = {
    "analysis": Column("text", "name of the analysis, as in analyses.tsv"),
    "cohort": Column("text", "name of the cohort"),
    "contrast": Column("text", "name of the contrast, or 'all'"),
}

COUNTS = Table(
    "counts",
    "People in cells. The levels of one group (all columns but level and count) add up to the group's people.",
    {
        **_ANALYSIS,
        "arm": Column("text", "arm in words, or 'all'"),
        "outcome": Column("text", "what is counted"),
        "horizon_days": Column(
            "whole", "day up to which it is counted; missing where time plays no part", nullable=True
        ),
        "subgroup": Column("text", "subgroup, or 'all'; of a hazard ratio also the days of follow-up it is of"),
        "level": Column("text", "the cell"),
        "count": Column("whole", "people; missing when suppressed", "people", nullable=True, low=0),
        "status": Column("text", "ok or suppressed", allowed=("ok", "suppressed")),
    },
    key=("analysis", "contrast", "arm", "outcome", "horizon_days", "subgroup", "level"),
)

LIFE_TABLES = Table(
    "life_tables",
    "People leaving a risk set, by day and cause, per arm: the private ground of crude curves.",
    {
        **_ANALYSIS,
        "arm": Column("text", "arm in words"),
        "outcome": Column("text", "what the risk set is followed for"),
        "day": Column("whole", "day of leaving", "day", low=0),
        "cause": Column("text", "how it was left, 'censored' among them; 'not_at_risk': never in the risk set"),
        "count": Column("whole", "people", "people", low=0),
    },
    key=("analysis", "contrast", "arm", "outcome", "day", "cause"),
)

ESTIMATES = Table(
    "estimates",
    "One row per estimated quantity; names as in tidy model output elsewhere.",
    {
        **_ANALYSIS,
        "outcome": Column("text", "name of the outcome"),
        "horizon_days": Column("whole", "day that the estimate speaks of", "day", nullable=True),
        "estimand": Column("text", "for whom: ATE, ATO, as_observed, randomised, ..."),
        "measure": Column("text", "risk_<arm>, risk_difference, risk_ratio, hazard_ratio, mean_days_difference, ..."),
        "method": Column("text", "crude, iptw, overlap, aipw, naive, landmark, spline, ..."),
        "missing_rule": Column("text", "how a missing outcome was read, or 'none'"),
        "subgroup": Column("text", "subgroup, or 'all'; of a hazard ratio also the days of follow-up it is of"),
        "estimate": Column("number", "point estimate", nullable=True),
        "std_error": Column("number", "standard error; of the logarithm where the measure is a ratio", nullable=True),
        "conf_low": Column("number", "lower confidence limit", nullable=True),
        "conf_high": Column("number", "upper confidence limit", nullable=True),
        "p_value": Column("number", "two-sided p value of no difference; missing where none is tested", nullable=True),
        "n": Column("whole", "people in the analysis", nullable=True, low=0),
        "events": Column("whole", "people with the outcome", nullable=True, low=0),
        "n_effective": Column("number", "effective sample size under the weights", nullable=True, low=0),
        "status": Column(
            "text",
            "ok, gated, not_possible, suppressed, or disputed: two computations do not agree",
            allowed=tuple(STATUSES),
        ),
        "reason": Column("text", "why there is no number; empty when ok"),
    },
    key=(
        "analysis",
        "contrast",
        "outcome",
        "horizon_days",
        "estimand",
        "measure",
        "method",
        "missing_rule",
        "subgroup",
    ),
)

CURVES = Table(
    "curves",
    "One row per point of a curve.",
    {
        **_ANALYSIS,
        "arm": Column("text", "arm in words"),
        "outcome": Column("text", "what the curve shows"),
        "method": Column("text", "crude, iptw, overlap, spline, ..."),
        "axis": Column("text", "what x is: days, hours_per_week, propensity, ..."),
        "x": Column("number", "position on the axis"),
        "estimate": Column("number", "height of the curve"),
        "std_error": Column("number", "standard error", nullable=True),
        "conf_low": Column("number", "lower confidence limit", nullable=True),
        "conf_high": Column("number", "upper confidence limit", nullable=True),
        "n_risk": Column("whole", "people at risk or in the bin; missing when suppressed", nullable=True, low=0),
        "n_effective": Column("number", "effective number at risk under the weights", nullable=True, low=0),
    },
    key=("analysis", "contrast", "arm", "outcome", "method", "axis", "x"),
)

DIAGNOSTICS = Table(
    "diagnostics",
    "What the design achieved, and where it fell short.",
    {
        **_ANALYSIS,
        "method": Column("text", "unweighted, iptw, overlap, ..."),
        "quantity": Column("text", "standardised_difference, effective_sample_size, ..."),
        "variable": Column("text", "covariate, arm or site group; 'all' for the whole"),
        "value": Column("number", "value; missing when suppressed", nullable=True),
        "threshold": Column("number", "limit from the config, where there is one", nullable=True),
        "status": Column("text", "ok, failed, info or suppressed", allowed=("ok", "failed", "info", "suppressed")),
    },
    key=("analysis", "contrast", "method", "quantity", "variable"),
)

TWICE = Table(
    "twice",
    "One row per number that was computed a second time, by lifelines or statsmodels, or left out of that by name.",
    {
        "analysis": _ANALYSIS["analysis"],
        "contrast": _ANALYSIS["contrast"],
        "outcome": Column("text", "name of the outcome"),
        "horizon_days": Column("whole", "day that it speaks of", "day"),
        "method": Column("text", "as in estimates"),
        "missing_rule": Column("text", "as in estimates"),
        "measure": Column("text", "as in estimates, or propensity_score: its log-likelihood"),
        "first": Column("number", "by the estimators of this project", nullable=True),
        "second": Column("number", "by the library", nullable=True),
        "library": Column("text", "what the library computed, and its name; empty where none did"),
        "agrees": Column("flag", "to 1e-6 of their size; missing where it was left out", nullable=True),
        "reason": Column("text", "why it was left out; empty where it was not"),
    },
)

TRUTH = Table(
    "truth",
    "Known truths of a synthetic cohort, by Monte Carlo.",
    {
        "contrast": Column("text", "name of the contrast"),
        "outcome": Column("text", "name of the outcome"),
        "horizon_days": Column("whole", "day that it speaks of", "day"),
        "estimand": Column("text", "ATE, ATO, ATT"),
        "measure": Column("text", "as in estimates"),
        "truth": Column("number", "value"),
        "monte_carlo_error": Column("number", "standard error of the simulation"),
    },
    key=("contrast", "outcome", "horizon_days", "estimand", "measure"),
)


def detected(outcome: object, horizon_days: object, missing_rule: object) -> str:
    """The question that a detectable difference, or a test of one hazard ratio, belongs to: the column variable of
    diagnostics."""
    return f"{outcome}:{horizon_days}:{missing_rule}"


def period(first: int, last: int) -> str:
    """The subgroup of a hazard ratio of some days of follow-up."""
    return f"days: {first} to {last}"


def days_of(subgroup: str) -> tuple[int, int] | None:
    """The first and last day of a period, or None for a subgroup of people."""
    found = re.fullmatch(r"days: (\d+) to (\d+)", subgroup)
    return None if found is None else (int(found[1]), int(found[2]))


RESULTS = (COUNTS, LIFE_TABLES, ESTIMATES, CURVES, DIAGNOSTICS, TWICE, TRUTH)
