"""Fixed explanations for the methods section: measures of times, readings of missing outcomes, policies,
what the report does not do, and its limits. What depends on a study is in `methods`.
"""

from __future__ import annotations

UNITS_OF_ANALYSIS = {
    "first_episode": "Each person counts once, at the first episode of care that begins on or after day 0.",
    "episode": "Each episode of care that begins on or after day 0 counts; people with several are clusters.",
    "period": "Each period that a person told of at an interview counts; people with several are clusters.",
}
TIMES = {
    "risk": (
        "Ways of leaving are cumulative incidences in the presence of each other (Aalen and Johansen 1978, "
        "Scandinavian Journal of Statistics 5:141), never one minus a Kaplan-Meier curve."
    ),
    "mean_days": (
        "Days in care are restricted means, the area under the curve of staying up to the horizon (Royston and "
        "Parmar 2013, BMC Medical Research Methodology 13:152)."
    ),
    "hazard_ratio": (
        "Ratios of cause-specific hazards stand after them: hazards of leaving may cross, and a ratio is then an "
        "average over the days of follow-up."
    ),
}
MISSING = {
    "missing_is_using": "Missing counted as use: a missing answer, or a screen due and not given, counts as use.",
    "observed_only": (
        "Observed only: people without an answer are left out, which is right only if who is seen does not "
        "depend on use."
    ),
}
POLICIES = {
    "cms": "the cell size policy of the Centers for Medicare and Medicaid Services",
    "opensafely": "the rules of OpenSAFELY",
    "none": "no restriction, as the records are public or simulated",
}
# what a fuller analysis would add, and this one does not do
DEVIATIONS = (
    "Missing outcomes are read in simple ways side by side; they are not imputed, and nobody is weighted for "
    "having been seen.",
    "No margin of equivalence or non-inferiority is tested: an interval that holds no difference is not evidence of "
    "equality.",
    "Longer stays are compared from a landmark; artificial censoring with weights that change over time is not used.",
    "Weights are truncated in named variants only: where one person weighs too much, the gate stops the estimate.",
    "P values are not corrected for the number of questions; primary questions are marked in the analyses sheet.",
)
LIMITS = (
    "People were compared on what was recorded. What decided on placement and was not recorded can bias every "
    "adjusted estimate in a way that no weight shows.",
    "Abstinence rests on answers and screens of those who were reached; the two readings bound what is "
    "plausible only if missing answers are neither better nor worse than they assume.",
    "An intervention is a place and a schedule here; what happened inside a program, and how well it was done, "
    "was not measured.",
    "An effect in these programs and these years need not be the effect elsewhere.",
)
