"""The four results tables, long and tidy, keyed by analysis. Every figure, table and sentence reads these.

Each exists twice with the same columns: as the analyses write it (private) and as `release` lets it out. Counts and
life tables are the only source of crude estimates, which `release` computes from what it lets out. What a row is of
stands in columns of its own, never in a part of a name: no one downstream takes a name apart.
"""

from __future__ import annotations

from iop_outcomes.tables.declare import Column, Table
from iop_outcomes.vocabulary.dated import DATED
from iop_outcomes.vocabulary.estimands import ESTIMANDS
from iop_outcomes.vocabulary.measures import DOSE_RESPONSE, HAZARD_RATIO, MEASURES, ODDS_RATIO, RISE, RISK
from iop_outcomes.vocabulary.methods import METHODS
from iop_outcomes.vocabulary.statuses import STATUSES, TOLD

# names among the diagnostics that several rooms read: shares by category or stratum, and what power there is
SHARE_IN_FIRST_ARM = "share_in_first_arm"
STRATUM = "stratum"
# how many distinct scores people have: few make adjusted numbers at full digits solvable; never released
SCORE_PATTERNS = "score_patterns"
# which share of the sum of an arm's amounts two people hold, and the largest there could be; never released
HELD_BY_TWO = "held_by_two"
# the fewest people with, or without, the outcome in an arm of a site, and (`threshold`) of its smaller arm; never
# released
FEWEST_OF_SITE = "fewest_of_a_site"
DETECTABLE = "detectable_difference"
# of the weights of a strategy: what of its people they leave as effective number, the largest by the mean, the mean
# over everyone who started, the largest difference from everyone in what was known at the start, the share cut off
EFFECTIVE_SHARE, LARGEST_WEIGHT, MEAN_WEIGHT = "effective_share", "largest_weight", "mean_weight"
LARGEST_DIFFERENCE, TRUNCATED_SHARE = "largest_difference_from_everyone", "truncated_share"
# the largest correlation of hours with what was known at the start, and of each covariate, as people came and weighted
LARGEST_CORRELATION, LARGEST_CORRELATION_BEFORE = "largest_correlation", "largest_correlation_before"
CORRELATION, CORRELATION_BEFORE = "correlation", "correlation_before"
# the difference at the hours that are compared, by the quantiles (`variable`) to which weights are brought in
DIFFERENCE_BROUGHT_IN = "difference_brought_in"
ONE_RATIO, PROPORTIONAL = "one_hazard_ratio_p_value", "proportional_hazards_p_value"
# whether the ratio of a weekly outcome changes over the weeks
OVER_WEEKS = "ratio_over_weeks_p_value"
# the interval of a difference with few sites as clusters, and its degrees of freedom
FEW_SITES_LOW, FEW_SITES_HIGH = "few_sites_conf_low", "few_sites_conf_high"
FEW_SITES_DEGREES = "few_sites_degrees_of_freedom"
MEAN, STANDARD_DEVIATION = "mean", "standard_deviation"
# of the people for whom weights speak: mean of a number, share of a category
WEIGHTED_MEAN = "weighted_mean"
# p values of effects being equal in all groups of a modifier: of differences, and of ratios
GROUPS_DIFFER, GROUPS_DIFFER_BY_RATIO = "groups_differ_p_value", "groups_differ_by_ratio_p_value"
# p values of a line through the curve over weeks of leaving, and of one that bends at the threshold
LINE_FITS, BEND_FITS = "line_fits", "bend_fits"
# what is told of a question, with its measure
OF_QUESTIONS = {
    DETECTABLE: RISK, FEW_SITES_LOW: RISK, FEW_SITES_HIGH: RISK, FEW_SITES_DEGREES: RISK,
    GROUPS_DIFFER: RISK, GROUPS_DIFFER_BY_RATIO: RISK, LINE_FITS: RISE, BEND_FITS: RISE,
    DIFFERENCE_BROUGHT_IN: DOSE_RESPONSE, ONE_RATIO: HAZARD_RATIO, PROPORTIONAL: HAZARD_RATIO, OVER_WEEKS: ODDS_RATIO,
}  # fmt: skip
# numbers computed a second time, by another implementation: how many, how many agree, and how many were left out
COMPUTED_TWICE, TWO_AGREE, LEFT_OUT = "computed_twice", "two_agree", "not_computed_twice"
# what a release says of itself: to what counts are rounded, and how many of the rows it was made to keep it tells
RELEASE = "release"
ROUNDED_TO, ROWS_ASKED, ROWS_KEPT, ROWS_WITHHELD = "rounded_to", "rows_asked", "rows_kept", "rows_withheld"
PROPENSITY_SCORE = "propensity_score"
# so many people of an arm leave on one day by one cause that curves have a point on it, and on the day before
TOGETHER = 20
# what stands in a column that tells nothing apart in a row
ALL, NONE = "all", "none"
# how people are grouped where a row is of some of them: by their arm, by having had no event up to a day
BY_ARM, BY_EVENT_FREE_DAY = "arm", "event_free_day"
# people of an arm by the tests that were scheduled for them: the group is the arm, and the arm the side
BY_TESTS = "arm_by_tests"
# the same by their hours a week in categories: the group is the arm, and the arm the category
BY_HOURS = "arm_by_hours"
# what is counted of an arm's people: those compared, what was known of them at the start, their scores
PEOPLE, COVARIATE, SCORE = "people", "covariate", "propensity"
# what is counted of the records, and how the rows of a table of records are grouped
ROWS, CODES, NEVER_FOUND, ATTRITION, BY_TABLE = "rows", "codes", "codes_never_found", "attrition", "table"
COMPLETENESS, MATURITY, AGREEMENT, HOURS, DAYS = "completeness", "maturity", "agreement", "hours", "days"
TRANSITION, EPISODES, COMPLETION = "transition", "episodes", "completion"
# what became of the tests of an interval
TESTING = "testing"
# mean hours of the weeks that people were at the level of their arm
HOURS_AT_LEVEL = "hours_at_level"
# what is known of the hours of weeks in care
WEEKS_OF_CARE = "weeks_of_care"
SCHEDULED, DELIVERED = "scheduled", "delivered"
DELIVERED_OF_SCHEDULED, ATTAINED_OF_PLANNED = "delivered_of_scheduled", "attained_of_planned"
# definitions of a level of care: the program's label, and two by hours a week
BY_LABEL, BY_ASAM, BY_BROAD = "label", "asam", "broad"
BY_SITE, BY_PERIOD, BY_GAP = "site", "period", "gap_days"
# estimates of one site, and of all sites: within them, between them, and how far these two lie apart
OF_SITE, OVER_SITES = "of_site", "over_sites"
WITHIN_SITES, BETWEEN_SITES, SITES_APART = "within", "between", "between less within"
# estimates with one covariate, the group, left out of the score
WITHOUT = "without_covariate"
# people by what they report and by what their tests say, beside a question
REPORT_BY_TEST, BY_TEST = "report_by_test", "test"
# of what people are counted week by week, beside the whole question
WEEK = "week"
# how they are grouped there: by the part of the weeks in which they gave their last test
BY_LAST_TEST = "last_test"
LAST_TESTS = ("no_test", "first_third", "second_third", "last_third")
# people by place on a day, and by having been in a place on some day before it; estimates by place
BY_PLACE_ON_DAY, BY_PLACE_BEFORE_DAY = "place_on_day", "place_before_day"
BY_LEVEL, BY_ORIGIN, BY_SERVICE = "level_of_care", "from", "service"

_ANALYSIS = {
    "analysis": Column("text", "name of the analysis, as in analyses.tsv"),
    "cohort": Column("text", "name of the cohort"),
    "contrast": Column("text", "name of the contrast, or 'all'"),
}

_GROUP = {
    "group_by": Column("text", "what people are grouped by: arm, site, period, ...; 'all' for everyone together"),
    "group": Column("text", "the group; 'all' for everyone together"),
}
_OF = Column(
    "text",
    "name of an arm, difference, ratio; of a dose response more_hours, fewer_hours, or more_tests, fewer_tests; of "
    "hours in categories a category",
)
_MISSING_RULE = Column("text", "how a missing outcome was read, or 'none'")

COUNTS = Table(
    "counts",
    "People in cells. The levels of one group (all columns before level) add up to the group's people.",
    {
        **_ANALYSIS,
        "arm": Column("text", "arm by name, or 'all'"),
        "outcome": Column("text", "what is counted: an outcome, people, covariate, completeness, ..."),
        "variable": Column(
            "text", "of what: the covariate, the field, the column, the definition, the step; 'all' without"
        ),
        "horizon_days": Column(
            "whole", "day up to which it is counted; missing where time plays no part", "day", nullable=True
        ),
        **_GROUP,
        "level": Column("text", "the cell"),
        "detail": Column("text", "the cell more closely: the rule, the code; empty without"),
        "position": Column(
            "whole", "place of the level, where levels have an order of their own", nullable=True, low=0
        ),
        "count": Column(
            "whole", "people; missing when told as a range or withheld", "people", nullable=True, low=0, cell=True
        ),
        "status": Column("text", "how true the count is", allowed=tuple(TOLD)),
        "rounded_to": Column(
            "whole", "1: exact; otherwise the count is a multiple of it; missing without a count", nullable=True, low=1
        ),
        "count_low": Column(
            "whole", "fewest people that there can be; missing when withheld", "people", nullable=True, low=0
        ),
        "count_high": Column(
            "whole", "most people that there can be; missing when withheld", "people", nullable=True, low=0
        ),
    },
    key=(
        "analysis",
        "contrast",
        "arm",
        "outcome",
        "variable",
        "horizon_days",
        "group_by",
        "group",
        "level",
        "detail",
    ),
)

LIFE_TABLES = Table(
    "life_tables",
    "People leaving a risk set, by day and cause, per arm: the private ground of crude curves.",
    {
        **_ANALYSIS,
        "arm": Column("text", "arm by name"),
        "outcome": Column("text", "what the risk set is followed for"),
        "day": Column("whole", "day of leaving; the last possible where it is known as an interval", "day", low=0),
        "cause": Column("text", "how it was left, 'censored' among them; 'not_at_risk': never in the risk set"),
        "count": Column("whole", "people", "people", low=0),
        "earliest": Column(
            "whole",
            "first day on which any of them may have left; missing: the day itself",
            "day",
            nullable=True,
            low=0,
        ),
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
        "estimand": Column("text", "for whom it speaks", allowed=tuple(ESTIMANDS)),
        "measure": Column("text", "what is estimated", allowed=tuple(MEASURES)),
        "of": _OF,
        "method": Column("text", "how it is estimated", allowed=tuple(METHODS)),
        "missing_rule": _MISSING_RULE,
        **_GROUP,
        "from_day": Column(
            "whole",
            "first day of follow-up that a hazard ratio is of; missing: from day 0",
            "day",
            nullable=True,
        ),
        "to_day": Column(
            "whole", "last day of follow-up that a hazard ratio is of; missing: to the horizon", "day", nullable=True
        ),
        "delta_first": Column(
            "number",
            "of tipping points, by how much the log odds of missing answers of the first arm are moved; else missing",
            nullable=True,
        ),
        "delta_second": Column("number", "the same of the second arm", nullable=True),
        "hours_per_week": Column(
            "number",
            "of doses, the hours a week had everyone attended so many; of categories of hours, where one begins "
            "(missing of no hours at all); else missing",
            nullable=True,
        ),
        "weeks_of_care": Column("whole", "of doses, the weeks of care; else missing", nullable=True, low=1),
        "estimate": Column(
            "number",
            "point estimate; of risk a share of people, of mean_days days, of amounts a mean of people, else a ratio",
            nullable=True,
        ),
        "std_error": Column("number", "standard error; of the logarithm where the measure is a ratio", nullable=True),
        "conf_low": Column("number", "lower confidence limit", nullable=True),
        "conf_high": Column("number", "upper confidence limit", nullable=True),
        "p_value": Column("number", "two-sided p value of no difference; missing where none is tested", nullable=True),
        "n": Column("whole", "people in the analysis", "people", nullable=True, low=0, cell=True),
        "events": Column("whole", "people with the outcome", "people", nullable=True, low=0, cell=True),
        "n_effective": Column("number", "effective sample size under the weights", "people", nullable=True, low=0),
        "status": Column(
            "text",
            "ok, gated, not_possible, suppressed, or disputed: two computations do not agree",
            allowed=tuple(STATUSES),
        ),
        "reason": Column("text", "why there is no number; empty when ok"),
        "rounding_error": Column(
            "number",
            "what protection may have changed the estimate by, either way; 0: nothing; missing without an estimate",
            nullable=True,
            low=0,
        ),
    },
    key=(
        "analysis",
        "contrast",
        "outcome",
        "horizon_days",
        "estimand",
        "measure",
        "of",
        "method",
        "missing_rule",
        "group_by",
        "group",
        "from_day",
        "to_day",
        "delta_first",
        "delta_second",
        "hours_per_week",
        "weeks_of_care",
    ),
)

CURVES = Table(
    "curves",
    "One row per point of a curve.",
    {
        **_ANALYSIS,
        "arm": Column("text", "arm by name"),
        "outcome": Column("text", "what the curve shows: an outcome, a cause of leaving, or staying"),
        "horizon_days": Column("whole", "day of the outcome, where the axis is not of days", "day", nullable=True),
        "method": Column("text", "crude, iptw, overlap, spline, ..."),
        "missing_rule": _MISSING_RULE,
        "axis": Column(
            "text",
            "what x is: days, hours_per_week, weeks_of_care; of an event between two days also " + ", ".join(DATED),
        ),
        "x": Column("number", "position on the axis"),
        "estimate": Column("number", "height of the curve"),
        "std_error": Column("number", "standard error", nullable=True),
        "conf_low": Column("number", "lower confidence limit", nullable=True),
        "conf_high": Column("number", "upper confidence limit", nullable=True),
        "n_risk": Column(
            "whole",
            "people in the bin; over days, still there at the end of the day; missing when it is not told",
            "people",
            nullable=True,
            low=0,
            cell=True,
        ),
        "n_effective": Column("number", "effective number of them under the weights", "people", nullable=True, low=0),
        "rounding_error": Column(
            "number", "what protection may have changed the height by, either way; 0: nothing", nullable=True, low=0
        ),
    },
    key=("analysis", "contrast", "arm", "outcome", "horizon_days", "method", "missing_rule", "axis", "x"),
)

DIAGNOSTICS = Table(
    "diagnostics",
    "What the design achieved, and where it fell short.",
    {
        **_ANALYSIS,
        "arm": Column("text", "arm that it is of, or 'all'"),
        "outcome": Column("text", "outcome of the question, or what is counted; 'all' where it is of no single one"),
        "horizon_days": Column("whole", "day of the question", "day", nullable=True),
        "method": Column("text", "unweighted, iptw, overlap, ..."),
        "missing_rule": _MISSING_RULE,
        "quantity": Column("text", "standardised_difference, effective_sample_size, ..."),
        "variable": Column("text", "covariate, stratum, field, or library; 'all' for the whole"),
        "level": Column("text", "category of the variable; 'all' for the whole"),
        "group_by": Column("text", "what people are grouped by, or 'all'"),
        "group": Column("text", "the group, or 'all'"),
        "value": Column("number", "value; missing when suppressed", nullable=True),
        "threshold": Column("number", "limit from the config, where there is one", nullable=True),
        "status": Column("text", "ok, failed, info or suppressed", allowed=("ok", "failed", "info", "suppressed")),
    },
    key=(
        "analysis",
        "contrast",
        "arm",
        "outcome",
        "horizon_days",
        "method",
        "missing_rule",
        "quantity",
        "variable",
        "level",
        "group_by",
        "group",
    ),
)
# what stands in the keys of diagnostics that tell nothing apart in a row
OF_THE_WHOLE = {
    "arm": ALL, "outcome": ALL, "horizon_days": None, "missing_rule": NONE, "variable": ALL, "level": ALL,
    "group_by": ALL, "group": ALL,
}  # fmt: skip

# of cohorts alike, by question and, as the level, truth (`analyses.performance`); differences, first arm less second
ALIKE_REPLICATES, ALIKE_ANSWERED, ALIKE_TRUTH = "alike_replicates", "alike_answered", "alike_truth"
ALIKE_BIAS, ALIKE_SPREAD, ALIKE_ERROR = "alike_bias", "alike_spread", "alike_standard_error"
ALIKE_COVERAGE, ALIKE_NO_WORSE = "alike_coverage", "alike_no_worse"
OF_ALIKE = (
    ALIKE_REPLICATES, ALIKE_ANSWERED, ALIKE_TRUTH, ALIKE_BIAS, ALIKE_SPREAD, ALIKE_ERROR, ALIKE_COVERAGE,
    ALIKE_NO_WORSE,
)  # fmt: skip
NO_DIFFERENCE, AT_THE_MARGIN, AS_ESTIMATED = "no_difference", "at_the_margin", "as_estimated"

RESULTS = (COUNTS, LIFE_TABLES, ESTIMATES, CURVES, DIAGNOSTICS)
