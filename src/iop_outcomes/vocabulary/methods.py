"""The methods of the sheet: for whom each speaks, on which weights it stands, and what readers are told of it.

A method has weights, and weights have a kind (`estimators.weights.TILTS`) and the quantiles at which they are
truncated. A row of METHODS, and one of WEIGHTS for weights of another kind, is all that a further weighting method
takes, beside its tilting function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Weights:
    """kind: one of TILTS, which says for whom they speak. truncated: quantiles that weights are brought in to, or None.
    balanced: found by what they balance, and not from the score.
    """

    kind: str
    truncated: tuple[float, float] | None = None
    balanced: bool = False


@dataclass(frozen=True)
class Method:
    """One way to answer a question.

    estimand: for whom it speaks. label: what readers see. preferred: its place among methods for one estimand, 1
    first. explained: how it estimates, with its source. heading: what readers see above that, where it is not the
    label. weights: those that it uses and whose diagnostics it answers for; '' where it stands on no score.
    augmented: an outcome regression is corrected by them. unimputed: the same method without imputation, of one for
    which missing covariates are imputed with the outcome and the score is fitted in each completed data set. alike:
    arm (1 or 0) whose people all weigh the same, None where they do not. loss: who is lost to follow-up is stood for by
    others, too. drawn: its curves are drawn. of_duration:
    its label in the question of longer stays, by measure; {days} is the landmark. of_strategies: its label where
    strategies of staying are compared, '' where that is the label. of_doses, of_hours, of_thresholds: the same where
    doses are, hours of the first weeks, and weeks of leaving.
    """

    name: str
    estimand: str
    label: str
    preferred: int
    explained: str
    heading: str = ""
    weights: str = ""
    augmented: bool = False
    unimputed: str = ""
    alike: int | None = None
    drawn: bool = False
    loss: bool = False
    of_duration: Mapping[str, str] = field(default_factory=dict)
    of_strategies: str = ""
    of_doses: str = ""
    of_hours: str = ""
    of_thresholds: str = ""

    @property
    def imputed(self) -> bool:
        """Missing covariates are imputed."""
        return bool(self.unimputed)


WEIGHTS = {
    "iptw": Weights("iptw"),
    "iptw_truncated": Weights("iptw", (0.01, 0.99)),
    "iptw_unstabilised": Weights("iptw_unstabilised"),
    "overlap": Weights("overlap"),
    "matching": Weights("matching"),
    "entropy": Weights("entropy"),
    "entropy_balancing": Weights("iptw", balanced=True),
    "att": Weights("att"),
    "atc": Weights("atc"),
}
CRUDE, NAIVE, RANDOMISED = "crude", "naive", "randomised"
IPTW, OVERLAP, AIPW = "iptw", "overlap", "aipw"
IPTW_LOSS = "iptw_loss"
IPTW_UNSTABILISED, MATCHING, ENTROPY, ATT, ATC = "iptw_unstabilised", "matching", "entropy", "att", "atc"
LANDMARK, LANDMARK_ADJUSTED, SPLINE, STANDARDISED = "landmark", "landmark_adjusted", "spline", "standardised"
CLONE_CENSOR_WEIGHT, G_FORMULA = "clone_censor_weight", "g_formula"
MARGINAL_STRUCTURAL = "marginal_structural"
GENERALISED_PROPENSITY = "generalised_propensity"
# of doses, in the order of tables; of the first those who happened to have them are compared
OF_DOSES = (NAIVE, G_FORMULA, MARGINAL_STRUCTURAL)

# that stand on weights whose mean is 1 where their models hold
CENTRED = (CLONE_CENSOR_WEIGHT, MARGINAL_STRUCTURAL, GENERALISED_PROPENSITY)
# of hours a week, in the order of tables and figures; of the first those who happened to have them are compared
OF_HOURS = (NAIVE, SPLINE, GENERALISED_PROPENSITY)

# in the order of tables
_ROWS = (
    Method(
        "crude",
        "as_observed",
        "Unadjusted",
        19,
        explained=(
            "Shares and curves computed from the released counts and nothing else, so that a reader can repeat them. "
            "Intervals of shares are Wilson's (1927, JASA 22:209), of their differences Newcombe's (1998, Statistics "
            "in Medicine 17:873), of curves on the complementary log-log scale; people count as independent."
        ),
        of_duration={"risk": "Naive: stayers against leavers"},
        of_strategies="Naive: those who did so",
    ),
    Method(
        "naive",
        "as_observed",
        "Unadjusted",
        18,
        heading="Unadjusted ratio",
        explained=(
            "A model with the comparison alone: of hazards a Cox model, from the first day (Cox 1972, JRSS B 34:187; "
            "ties after Efron 1977, JASA 72:557); of subdistribution hazards, that of Fine and Gray; of weeks, the "
            "regression of the arm and the week; of amounts, their means; of doses a logistic regression within each "
            "arm on the mean hours and the weeks of care that people happened to have; of hours a week a logistic "
            "regression on a spline of those that people happened to attend."
        ),
        of_doses="Naive: those who had it",
        of_hours="Naive: those who attended such hours",
        of_thresholds="Naive: regression on the weeks that people stayed",
        of_duration={"hazard_ratio": "Naive: from the first day"},
    ),
    Method(
        "randomised",
        "randomised",
        "As randomised",
        16,
        explained=(
            "A model with the assigned arm alone, over everyone randomised: of hazards a Cox model, of weeks the "
            "regression of the arm and the week, of amounts their means."
        ),
        of_duration={"hazard_ratio": "As randomised", "risk": "As randomised"},
    ),
    Method(
        "iptw",
        "ATE",
        "Inverse probability weighting",
        3,
        weights="iptw",
        drawn=True,
        explained=(
            "Each person weighs the inverse of the probability of the own arm: the contrast speaks for everyone in "
            "the comparison (Lunceford and Davidian 2004, Statistics in Medicine 23:2937). Weights are not truncated."
        ),
    ),
    Method(
        "iptw_truncated",
        "ATE",
        "Inverse weighting, truncated",
        4,
        weights="iptw_truncated",
        explained=(
            "Inverse probability weights brought in to their 1st and 99th percentiles (Cole and Hernan 2008, American "
            "Journal of Epidemiology 168:656): less rests on a few people, and the contrast no longer speaks for "
            "everyone."
        ),
    ),
    Method(
        "iptw_unstabilised",
        "ATE",
        "Inverse weighting, unstabilised",
        9,
        weights="iptw_unstabilised",
        explained=(
            "Inverse probability weights that are not multiplied by the arm's share of people, which leaves the means "
            "of arms as they are and moves hazard ratios a little."
        ),
    ),
    Method(
        "iptw_imputed",
        "ATE",
        "Inverse weighting, imputed",
        11,
        weights="iptw",
        unimputed="iptw",
        explained=(
            "Inverse probability weighting with covariates that were not recorded imputed by chained equations that "
            "know the outcome; the score is fitted in each completed data set and the estimates are pooled (Rubin "
            "1987; Barnard and Rubin 1999, Biometrika 86:948)."
        ),
    ),
    Method(
        "iptw_loss",
        "ATE",
        "Inverse weighting, and for loss",
        12,
        weights="iptw",
        loss=True,
        explained=(
            "Inverse probability weights times the inverse of the chance of still being followed when the state on "
            "the day was known: a pooled logistic model of being lost, month by month, given arm and covariates, and "
            "what was recorded by the beginning of the month: the last screen, whether the last one due was missed, "
            "and hours attended (Robins and Finkelstein 2000, Biometrics 56:779). Other methods take those who are "
            "lost to be like others of their arm and weight; this one, like those with the same record. Its estimation "
            "is counted in the standard error; weights are not stabilised, which a share on a day does not allow."
        ),
    ),
    Method(
        "overlap",
        "ATO",
        "Overlap weighting",
        1,
        weights="overlap",
        drawn=True,
        explained=(
            "Each person weighs the probability of the other arm: the contrast speaks for people of the kind that was "
            "found in both arms (Li, Morgan and Zaslavsky 2018, JASA 113:390). Of several arms, each person weighs "
            "the harmonic mean of their probabilities over that of the own arm."
        ),
    ),
    Method(
        "overlap_imputed",
        "ATO",
        "Overlap weighting, imputed",
        10,
        weights="overlap",
        unimputed="overlap",
        explained=(
            "Overlap weighting where covariates that were not recorded are imputed by chained equations that know the "
            "outcome; the score is fitted in each completed data set and the estimates are pooled (Rubin 1987; "
            "Barnard and Rubin 1999, Biometrika 86:948)."
        ),
    ),
    Method(
        "matching",
        "ATM",
        "Matching weights",
        5,
        weights="matching",
        explained=(
            "Each person weighs the smaller of both probabilities over that of the own arm, as pair matching would on "
            "average (Li and Greene 2013, International Journal of Biostatistics 9:215)."
        ),
    ),
    Method(
        "entropy",
        "ATEN",
        "Entropy weights",
        6,
        weights="entropy",
        explained=(
            "The contrast speaks for people weighted by the entropy of their score, who could have been in either arm "
            "(Zhou, Matsouaka and Thomas 2020, Statistical Methods in Medical Research 29:3721)."
        ),
    ),
    Method(
        "entropy_balancing",
        "ATE",
        "Entropy balancing",
        13,
        weights="entropy_balancing",
        explained=(
            "Each arm is weighted so that the means of all terms of the score, sites among them, are those of everyone "
            "in the comparison, by the weights that are otherwise as even as can be (Hainmueller 2012, Political "
            "Analysis 20:25): balance is exact, and no score is needed. It is right where the outcome, or the log of "
            "the inverse score, is linear in these terms (Zhao and Percival 2017, Journal of Causal Inference "
            "5:20160010). The estimation of the weights, and of the means of everyone, is counted in the standard "
            "error."
        ),
    ),
    Method(
        "att",
        "ATT",
        "Weighting to the first arm",
        7,
        weights="att",
        alike=1,
        explained=(
            "People of the first arm count once, those of the second by the odds of the first: the contrast speaks "
            "for people like those of the first arm (Morgan and Todd 2008, Sociological Methodology 38:231)."
        ),
    ),
    Method(
        "atc",
        "ATC",
        "Weighting to the second arm",
        8,
        weights="atc",
        alike=0,
        explained=(
            "People of the second arm count once, those of the first by the odds of the second: the contrast speaks "
            "for people like those of the second arm."
        ),
    ),
    Method(
        "aipw",
        "ATE",
        "Doubly robust",
        2,
        weights="iptw",
        augmented=True,
        explained=(
            "Augmented inverse probability weighting: an outcome regression corrected by the weighted residuals, "
            "right if either model is (Robins, Rotnitzky and Zhao 1994, JASA 89:846). Of times, such as leaving care "
            "and days in it, the outcomes are pseudo-observations, which are the outcome itself where no one is "
            "censored before the horizon (Andersen, Klein and Rosthoj 2003, Biometrika 90:15), and the regression is "
            "linear."
        ),
    ),
    Method(
        "landmark",
        "landmark",
        "From the landmark",
        15,
        explained=(
            "A Cox model among people still followed without the event at the landmark, with stayers and leavers as "
            "they stand then."
        ),
        of_duration={"hazard_ratio": "From day {days}", "risk": "From day {days}"},
    ),
    Method(
        "landmark_adjusted",
        "landmark",
        "From the landmark, adjusted",
        14,
        heading="Adjusted at the landmark",
        explained=(
            "The same question with a regression on the baseline covariates; of shares a logistic one among people "
            "alive and observed on the landmark, standardised over them. Use up to the landmark is not adjusted for: "
            "it comes after leaving for those who left early, and may follow from it. What it did to staying remains "
            "in shares; of hazards no ratio is given where such use is on record."
        ),
        of_duration={
            "hazard_ratio": "From day {days}, adjusted",
            "risk": "Alive on day {days}, adjusted for the start",
        },
    ),
    Method(
        "spline",
        "landmark",
        "Adjusted spline",
        17,
        heading="Hours a week",
        explained=(
            "A restricted cubic spline of attended hours in a logistic model within each arm (Harrell 2015, Regression "
            "Modeling Strategies, section 2.4.5), adjusted for baseline, standardised over the people of the arm; "
            "nothing is estimated where screens or reported use of the window are on record, which move the hours and "
            "are moved by them. Curves end at the 5th and the 95th percentile of the hours attended."
        ),
    ),
    Method(
        "standardised",
        "landmark",
        "Adjusted by regression",
        20,
        explained=(
            "A logistic regression of the outcome on the two groups and the baseline covariates within each arm, its "
            "predictions averaged over the people of the arm (Snowden, Rose and Mortimer 2011, American Journal of "
            "Epidemiology 173:731)."
        ),
    ),
    Method(
        "clone_censor_weight",
        "started",
        "Clone, censor, weight",
        21,
        explained=(
            "Everyone starts under each strategy as a clone of their own, which is censored in the week in which what "
            "the person did no longer agrees with it; who is left stands for those who were censored by the inverse of "
            "the chance of having stayed, or left, as the strategy decides (Cain et al. 2010, International Journal of "
            "Biostatistics 6:2; Hernan 2018, BMJ 360:k182). That chance is modelled week by week, for completing, for "
            "leaving unplanned and for all other ways apart, from the level of care, the plan, hours attended, tests "
            "and craving up to the end of the week, the covariates at the start and the site; the estimation of these "
            "models is counted in the standard error. What moves both leaving and later use and is not on record "
            "remains."
        ),
    ),
    Method(
        "g_formula",
        "ATE",
        "Parametric g-formula",
        22,
        explained=(
            "How craving and the test of each week in care depend on hours, weeks, craving and tests before it, on the "
            "level of care, the covariates at the start and the site is modelled week by week, and the outcome by what "
            "stood at the end of care; everyone is then followed anew with the hours, weeks and level of the dose "
            "(Robins 1986, Mathematical Modelling 7:1393; Taubman et al. 2009, International Journal of Epidemiology "
            "38:1599). The estimation of the models is counted in the standard error. Tests that were missed are taken "
            "to be like those that were given. What moves both hours, or leaving, and later use and is not on record "
            "remains; so does what the shape of the models misses."
        ),
    ),
    Method(
        "marginal_structural",
        "ATE",
        "Marginal structural model",
        23,
        explained=(
            "Each person weighs, week by week, by the chance of what the person then did (leaving where the plan ends, "
            "and elsewhere; going on at another level; none, under 3, 3, 6, 9, 20 or more hours a week) given the "
            "level of care, scheduled and last hours, the covariates at the start and the site, by the same chance "
            "given tests and craving up to then as well (stabilised weights; Robins, Hernan and Brumback 2000, "
            "Epidemiology 11:550). The outcome is regressed, so weighted, on weeks and hours of care, weeks at each "
            "level, and what was known at the start. Weights are brought in to two of their quantiles, and their "
            "estimation is counted in the standard error. It rests on models of what people did, where the g-formula "
            "rests on models of use: where both agree, neither shape has made the answer. What moves both hours, or "
            "leaving, and later use and is not on record remains. So does what moves hours within a category, and what "
            "weights that were brought in no longer take away: in simulated people hours seem to do up to four tenths "
            "more than they do, and most where few attend them."
        ),
    ),
    Method(
        "generalised_propensity",
        "landmark",
        "Weighted by the chance of such hours",
        24,
        heading="Weighted hours a week",
        explained=(
            "Each person in care at the end of the window, without having moved to another level of care, weighs the "
            "density of the mean hours attended among all, by that given the covariates at the start: a gamma density, "
            "whose mean these move (generalised propensity score; Hirano and Imbens 2004; Robins, Hernan and Brumback "
            "2000, Epidemiology 11:550). Where tests of the weeks of the window are on record, this is multiplied by "
            "the stabilised weight of the weeks: the chance of still being in care there, and of the eighth of the "
            "scheduled hours that was attended, given the level, scheduled and last hours, the covariates and the "
            "site, by the same chance given tests and craving up to then as well. The outcome is regressed, so "
            "weighted, on a restricted cubic spline of the mean hours, on the hours scheduled, which go on after the "
            "window, and, as far as there are five people with and without the outcome for each column, on the "
            "covariates and the site; the estimation of the weights is counted in the standard error. It speaks of "
            "people who at the start were like those who stayed. Between hours that nobody of one schedule attends it "
            "is the regression that speaks. What moves both hours, or leaving, and later use and is not on record "
            "remains; so does what weights that were brought in no longer take away."
        ),
    ),
)
METHODS = {row.name: row for row in _ROWS}

# methods that stand on a propensity score; of these, those that weigh people and do nothing else to it
SCORED = tuple(m.name for m in _ROWS if m.weights)
IMPUTED = tuple(m.name for m in _ROWS if m.imputed)
WEIGHTED = tuple(m.name for m in _ROWS if m.weights and not (m.augmented or m.imputed or m.loss))
WITH_LOSS = tuple(m.name for m in _ROWS if m.loss)
DRAWN = tuple(m.name for m in _ROWS if m.drawn)
UNADJUSTED = (CRUDE, NAIVE)
# adjusted methods before others: the first that there is speaks for an estimand; the same of weights
PREFERRED = tuple(m.name for m in sorted(_ROWS, key=lambda m: m.preferred))
PREFERRED_WEIGHTS = tuple(name for name in PREFERRED if name in WEIGHTS)
# methods that answer with means of arms, and with ratios of hazards
AVERAGES = (CRUDE, *WEIGHTED, AIPW, *IMPUTED)
HAZARDS = (NAIVE, RANDOMISED, *WEIGHTED)


def needed(methods: Iterable[str]) -> list[str]:
    """The weights that some methods use, in the order of WEIGHTS."""
    used = {METHODS[m].weights for m in methods if m in METHODS}
    return [name for name in WEIGHTS if name in used]
