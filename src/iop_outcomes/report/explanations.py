"""Fixed explanations for the methods section: estimators with their sources, readings of missing outcomes, policies,
what the report does not do, and its limits. What depends on a study is in `methods`.
"""

from __future__ import annotations

UNITS_OF_ANALYSIS = {
    "first_episode": "Each person counts once, at the first episode of care that begins on or after day 0.",
    "episode": "Each episode of care that begins on or after day 0 counts; people with several are clusters.",
    "period": "Each period that a person told of at an interview counts; people with several are clusters.",
}
# how each method of the sheet estimates, with its source
ESTIMATORS = {
    "crude": (
        "Unadjusted",
        "Shares and curves computed from the released counts and nothing else, so that a reader can repeat them. "
        "Intervals of shares are Wilson's (1927, JASA 22:209), of their differences Newcombe's (1998, Statistics in "
        "Medicine 17:873), of curves on the complementary log-log scale; people count as independent.",
    ),
    "iptw": (
        "Inverse probability weighting",
        "Each person weighs the inverse of the probability of the own arm: the contrast speaks for everyone in the "
        "comparison (Lunceford and Davidian 2004, Statistics in Medicine 23:2937). Weights are not truncated.",
    ),
    "iptw_truncated": (
        "Inverse weighting, truncated",
        "Inverse probability weights brought in to their 1st and 99th percentiles (Cole and Hernan 2008, American "
        "Journal of Epidemiology 168:656): less rests on a few people, and the contrast no longer speaks for everyone.",
    ),
    "iptw_unstabilised": (
        "Inverse weighting, unstabilised",
        "Inverse probability weights that are not multiplied by the arm's share of people, which leaves the means of "
        "arms as they are and moves hazard ratios a little.",
    ),
    "iptw_imputed": (
        "Inverse weighting, imputed",
        "Inverse probability weighting with covariates that were not recorded imputed by chained equations that know "
        "the outcome; the score is fitted in each completed data set and the estimates are pooled (Rubin 1987; Barnard "
        "and Rubin 1999, Biometrika 86:948).",
    ),
    "overlap": (
        "Overlap weighting",
        "Each person weighs the probability of the other arm: the contrast speaks for people of the kind that "
        "was found in both arms (Li, Morgan and Zaslavsky 2018, JASA 113:390). Of several arms, each person weighs "
        "the harmonic mean of their probabilities over that of the own arm.",
    ),
    "overlap_imputed": (
        "Overlap weighting, imputed",
        "Overlap weighting where covariates that were not recorded are imputed by chained equations that know the "
        "outcome; the score is fitted in each completed data set and the estimates are pooled (Rubin 1987; Barnard and "
        "Rubin 1999, Biometrika 86:948).",
    ),
    "matching": (
        "Matching weights",
        "Each person weighs the smaller of both probabilities over that of the own arm, as pair matching would on "
        "average (Li and Greene 2013, International Journal of Biostatistics 9:215).",
    ),
    "entropy": (
        "Entropy weights",
        "The contrast speaks for people weighted by the entropy of their score, who could have been in either arm "
        "(Zhou, Matsouaka and Thomas 2020, Statistical Methods in Medical Research 29:3721).",
    ),
    "att": (
        "Weighting to the first arm",
        "People of the first arm count once, those of the second by the odds of the first: the contrast speaks for "
        "people like those of the first arm (Morgan and Todd 2008, Sociological Methodology 38:231).",
    ),
    "atc": (
        "Weighting to the second arm",
        "People of the second arm count once, those of the first by the odds of the second: the contrast speaks for "
        "people like those of the second arm.",
    ),
    "aipw": (
        "Doubly robust",
        "Augmented inverse probability weighting: an outcome regression corrected by the weighted residuals, "
        "right if either model is (Robins, Rotnitzky and Zhao 1994, JASA 89:846). Of times, such as leaving care and "
        "days in it, the outcomes are pseudo-observations, which are the outcome itself where no one is censored "
        "before the horizon (Andersen, Klein and Rosthoj 2003, Biometrika 90:15), and the regression is linear.",
    ),
    "naive": (
        "Unadjusted hazard ratio",
        "A Cox model with the comparison alone, from the first day (Cox 1972, JRSS B 34:187; ties after Efron 1977, "
        "JASA 72:557).",
    ),
    "randomised": ("As randomised", "A Cox model with the assigned arm alone, over everyone randomised."),
    "landmark": (
        "From the landmark",
        "A Cox model among people still followed without the event at the landmark, with stayers and leavers as they "
        "stand then.",
    ),
    "landmark_adjusted": (
        "Adjusted at the landmark",
        "The same question with a regression on the baseline covariates. Where use up to the landmark is on record, "
        "and for shares, no number is given: such use comes after leaving for those who left early, and may follow "
        "from it.",
    ),
    "spline": (
        "Hours a week",
        "A restricted cubic spline of attended hours in a logistic model within each arm (Harrell 2015, Regression "
        "Modeling Strategies, section 2.4.5), adjusted for baseline, standardised over the people of "
        "the arm; nothing is estimated where screens or reported use of the window are on record, which move the hours "
        "and are moved by them. Curves end at the 5th and the 95th percentile of the hours "
        "attended.",
    ),
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
