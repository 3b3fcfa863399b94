"""What is measured: each measure with the rows that it fills, its scale and its place among the others.

A measure of arms has a row for each of its two sides, one for their difference and one for their ratio; a hazard ratio
is a ratio and nothing else. The column `of` of results says which of them a row is.
"""

from __future__ import annotations

from dataclasses import dataclass

DIFFERENCE, RATIO = "difference", "ratio"
MORE_HOURS, FEWER_HOURS = "more_hours", "fewer_hours"
MORE_TESTS, FEWER_TESTS = "more_tests", "fewer_tests"
UP_TO, BEYOND = "up_to", "beyond"
EVERYTHING = "all"
SHARE, POINTS, DAYS, NUMBER = "share", "points", "days", "number"
# what a row of results may be of, beside the name of an arm: no arm may be called so
OF = {
    DIFFERENCE: "the difference of the arms",
    RATIO: "the ratio of the arms",
    MORE_HOURS: "people with more hours of care a week",
    FEWER_HOURS: "people with fewer hours of care a week",
    MORE_TESTS: "people with more tests scheduled a week",
    FEWER_TESTS: "people with fewer tests scheduled a week",
    UP_TO: "weeks up to a threshold",
    BEYOND: "weeks beyond a threshold",
    EVERYTHING: "all arms together, or a whole question",
}


@dataclass(frozen=True)
class Measure:
    """One quantity that a row of the sheet may ask for.

    meaning: what it is. unit: of a side, and of a difference: share, points (of which a side may be below 0), days,
    number, or none. by_arm: its sides are the arms. amount: it is a mean of what each person has. sides: what its rows
    are of in their place. preferred: its place where questions are told or tabulated, 1 first. called: a ratio, at the
    head of a column; an amount, beside its outcome in a heading. many: several of them, within the title of a table.
    apart: it has rows for each place where people are, and no ratio, as an arm may have nobody there.
    note: said beneath its table in the section of retention. method: how times are measured so, for the methods
    section; '' where that is said elsewhere.
    """

    name: str
    meaning: str
    unit: str
    preferred: int
    by_arm: bool = False
    sides: tuple[str, ...] = ()
    method: str = ""
    called: str = ""
    many: str = ""
    note: str = ""
    amount: bool = False
    apart: bool = False

    @property
    def ratio(self) -> bool:
        """It has no sides: its one number is a ratio."""
        return not (self.by_arm or self.sides)

    @property
    def share(self) -> bool:
        """Of its sides it is a share, or the difference of two."""
        return self.unit in (SHARE, POINTS)

    @property
    def without_events(self) -> bool:
        """It needs no people with an event, or without."""
        return self.amount or self.unit == DAYS

    @property
    def main(self) -> str:
        """What the row that speaks for it is of."""
        return RATIO if self.ratio else DIFFERENCE

    def rows(self, first: str, second: str) -> tuple[str, ...]:
        """What its rows are of, in order, for two arms."""
        if self.ratio:
            return (RATIO,)
        # of what may be below 0, or of nobody, there is no ratio
        both = (DIFFERENCE,) if self.unit == POINTS or self.apart else (DIFFERENCE, RATIO)
        return (*((first, second) if self.by_arm else self.sides), *both)

    def span(self, day: float) -> float:
        """What a whole arm makes of a side, up to a day; 0 of a ratio."""
        return {SHARE: 1.0, POINTS: 2.0, DAYS: day, NUMBER: day}.get(self.unit, 0.0)


RISK, MEAN_DAYS, HAZARD_RATIO = "risk", "mean_days", "hazard_ratio"
DOSE_RESPONSE, TESTING_RESPONSE, IN_CATEGORIES = "dose_response", "testing_response", "by_hours"
SUBDISTRIBUTION_HAZARD_RATIO = "subdistribution_hazard_ratio"
SHARE_OF_WEEKS, ODDS_RATIO, RISK_RATIO = "share_of_weeks", "odds_ratio", "risk_ratio"
TIME_RATIO, LOG_LOGISTIC_TIME_RATIO = "time_ratio", "log_logistic_time_ratio"
# the distribution of times that a ratio of them supposes, as `estimators.survival.parametric` names it
DISTRIBUTIONS = {TIME_RATIO: "weibull", LOG_LOGISTIC_TIME_RATIO: "log-logistic"}
# means of what each person has
SHARE_IN_PLACE, DAYS_IN_PLACE = "share_in_place", "days_in_place"
MEAN_SHARE, MEAN_NUMBER, MEAN_CHANGE, ADJUSTED_CHANGE = "mean_share", "mean_number", "mean_change", "adjusted_change"
# ratios of a regression that is none of hazards
MODELLED = (ODDS_RATIO, RISK_RATIO, *DISTRIBUTIONS)
# in the order in which the sheet names them
_ROWS = (
    Measure(
        "risk",
        "share of people with the outcome by a day, or on it",
        SHARE,
        2,
        by_arm=True,
        method=(
            "Ways of leaving are cumulative incidences in the presence of each other (Aalen and Johansen 1978, "
            "Scandinavian Journal of Statistics 5:141), never one minus a Kaplan-Meier curve."
        ),
    ),
    # days first, as they need no proportional hazards
    Measure(
        "mean_days",
        "mean days in care up to a day",
        DAYS,
        1,
        by_arm=True,
        method=(
            "Days in care are restricted means, the area under the curve of staying up to the horizon (Royston and "
            "Parmar 2013, BMC Medical Research Methodology 13:152)."
        ),
    ),
    Measure(
        "hazard_ratio",
        "hazard of the outcome in the first arm by that in the second",
        "",
        4,
        method=(
            "Ratios of cause-specific hazards stand after them: hazards of leaving may cross, and a ratio is then an "
            "average over the days of follow-up."
        ),
        called="Hazard ratio",
        many="hazard ratios",
        note=(
            "Hazard ratios come last. Hazards of leaving cross where one arm loses people early and the other when its "
            "planned stay ends; a single ratio is then an average over the days of follow-up that holds on no day and "
            "changes with its length. Each is of one cause, among people still there: it speaks of a pace, not of how "
            "many leave in this way. Where ratios by period are given, the test asks whether they are all the same."
        ),
    ),
    Measure(
        "subdistribution_hazard_ratio",
        "subdistribution hazard of the outcome in the first arm by that in the second",
        "",
        5,
        method=(
            "Ratios of subdistribution hazards (Fine and Gray 1999, JASA 94:496) keep people who left in another way "
            "among those at risk, with the weight that censoring leaves them, estimated within each arm. They say in "
            "which arm more people have left in this way by each day, and are no effect on the pace of those still "
            "there (Latouche et al. 2013, Journal of Clinical Epidemiology 66:648)."
        ),
        called="Subdistribution hazard ratio",
        many="subdistribution hazard ratios",
        note=(
            "Ratios of subdistribution hazards order how many leave in one way, all other ways counted: above 1, more "
            "of the first arm do. They can differ from the ratio of the hazards of the same cause, even in direction, "
            "where other ways of leaving do."
        ),
    ),
    Measure(
        "share_of_weeks",
        "share of the weeks up to a day that have the outcome, of all weeks of an arm's people that count",
        SHARE,
        3,
        by_arm=True,
        method=(
            "Shares of weeks are of all weeks of an arm's people that count under the reading of missing ones; the "
            "weeks of a person are taken together in the standard error."
        ),
    ),
    Measure(
        "odds_ratio",
        "odds of the outcome in a week in the first arm by those in the second",
        "",
        6,
        method=(
            "Odds ratios of weekly outcomes are those of a logistic regression of the arm and the week (linear), by "
            "estimating equations with working independence (Liang and Zeger 1986, Biometrika 73:13): the weeks of a "
            "person are taken together, and however alike they are, the interval holds. Whether the ratio changes "
            "over the weeks is tested by a term for arm and week (Wald)."
        ),
        called="Odds ratio",
        many="odds ratios",
        note="Ratios of odds are further from 1 than ratios of shares where the outcome is common.",
    ),
    Measure(
        "risk_ratio",
        "share of weeks with the outcome in the first arm by that in the second, the week held",
        "",
        7,
        method=(
            "Ratios of weekly shares are those of a modified Poisson regression of the arm and the week (Zou 2004, "
            "American Journal of Epidemiology 159:702), the weeks of a person taken together."
        ),
        called="Ratio of weekly shares",
        many="ratios of weekly shares",
    ),
    Measure(
        "time_ratio",
        "factor by which times to the outcome are longer in the first arm than in the second",
        "",
        9,
        method=(
            "Ratios of times are those of a Weibull accelerated failure time model of the arm (Kalbfleisch and "
            "Prentice 2002, The Statistical Analysis of Failure Time Data, chapter 3). Where times are known to lie "
            "between two days, the model takes them so; with the middle of the two in their place they would be off."
        ),
        called="Ratio of times",
        many="ratios of times",
        note="A ratio of times above 1 says that it took longer in the first arm.",
    ),
    Measure(
        "log_logistic_time_ratio",
        "the same factor where times are log-logistic in place of Weibull",
        "",
        10,
        method=(
            "The same ratio with log-logistic times, whose hazard may rise and fall, shows what hangs on the "
            "distribution."
        ),
        called="Ratio of times, log-logistic",
        many="ratios of times, log-logistic",
    ),
    Measure(
        "mean_share",
        "mean over people of each one's own share, of days or of tests",
        SHARE,
        12,
        by_arm=True,
        method=(
            "Shares of days or of tests are means over people, each of whom counts once. Doubly robust means of shares "
            "stand on a regression with a logistic mean of shares between 0 and 1 (quasi-binomial; Papke and "
            "Wooldridge 1996, Journal of Applied Econometrics 11:619), whose errors ask nothing of how shares vary. "
            "Where what is missing counts as use, each unknown day or test counts so; where only what is observed "
            "counts, a share is of the known ones, and who has none is left out. Days and tests from a death on count "
            "as use where a death counts against the outcome."
        ),
        amount=True,
    ),
    Measure(
        "mean_number",
        "mean over people of each one's own number, of days or of tests",
        NUMBER,
        13,
        by_arm=True,
        method=(
            "Numbers of days or tests, such as longest runs, are means over people. Where what is missing counts as "
            "use, an unknown day or test breaks a run; where only what is observed counts, it neither counts nor "
            "breaks one. Doubly robust means stand on a quasi-binomial regression of the number by the largest that it "
            "could be."
        ),
        amount=True,
    ),
    Measure(
        "mean_change",
        "mean over people of how their own share has changed since before time zero",
        POINTS,
        15,
        by_arm=True,
        method=(
            "Changes are of each person's own share of days, less the share in as many days before time zero; who told "
            "nothing of those has none. What was told of the time before care is taken as it was told under every "
            "reading of missing answers."
        ),
        amount=True,
    ),
    Measure(
        "adjusted_change",
        "the same, had the people of both arms had the same share before time zero",
        POINTS,
        14,
        by_arm=True,
        method=(
            "With the time before held, changes are those of a linear regression of the change on the arm and the "
            "share before time zero (analysis of covariance; Vickers and Altman 2001, BMJ 323:1123), at the mean of "
            "that share over both arms."
        ),
        called="with the time before held",
        amount=True,
    ),
    Measure(
        "dose_response",
        "share of an arm's people with the outcome at more and at fewer hours of care a week",
        SHARE,
        8,
        sides=(MORE_HOURS, FEWER_HOURS),
    ),
    Measure(
        "testing_response",
        "share of an arm's people with the outcome where more and where fewer tests a week were scheduled",
        "share",
        11,
        sides=(MORE_TESTS, FEWER_TESTS),
    ),
    Measure(
        "rise_per_week",
        "what a further week before all leave adds to the share of people with the outcome",
        POINTS,
        16,
        sides=(UP_TO, BEYOND),
        called="points that a further week adds",
    ),
    Measure(
        "gain",
        "what equal steps of some weeks before all leave add to the share of people with the outcome",
        POINTS,
        17,
        sides=(UP_TO, BEYOND),
        called="points that an equal step adds",
    ),
    Measure(
        "share_in_place",
        "share of people in each place on a day: at each level of care, out of care, dead",
        SHARE,
        18,
        by_arm=True,
        method=(
            "Shares of people in each place are those of Aalen and Johansen (1978) with as many states as there are "
            "places, which hold whether or not the past tells more of the next move than the present place does, where "
            "observation ends independently of it (Datta and Satten 2001, Statistics and Probability Letters 55:403). "
            "Over the places they add up to everyone. Standard errors are from the influence of each person."
        ),
        amount=True,
        apart=True,
    ),
    Measure(
        "days_in_place",
        "mean days in each place up to a day: at each level of care, out of care, dead",
        DAYS,
        19,
        by_arm=True,
        method=(
            "Mean days in a place are the area under its share up to the horizon: over the places they add up to it. "
            "They are told for the arms and as a difference, without a ratio, as an arm may have no day there."
        ),
        amount=True,
        apart=True,
    ),
    Measure(
        "by_hours",
        "share of an arm's people with the outcome in each category of hours of care a week",
        SHARE,
        20,
        by_arm=True,
    ),
)
MEASURES = {row.name: row for row in _ROWS}

RISE, GAIN = "rise_per_week", "gain"
# what an intensity is of, with its measure
HOURS, TESTS = "hours", "tests"
# measures in the order in which they are spoken of and tabulated
PREFERRED_MEASURES = tuple(row.name for row in sorted(_ROWS, key=lambda m: m.preferred))
# that have rows for each place where people are
OF_PLACES = tuple(row.name for row in _ROWS if row.apart)
BY_ARM = tuple(row.name for row in _ROWS if row.by_arm)
RATIOS = tuple(row.name for row in sorted(_ROWS, key=lambda m: m.preferred) if row.ratio)
# measures with a ratio of which an E-value can be told
WITH_E_VALUE = (
    RISK, RISK_RATIO, SHARE_OF_WEEKS, MEAN_DAYS, MEAN_SHARE, MEAN_NUMBER, ODDS_RATIO, HAZARD_RATIO,
    SUBDISTRIBUTION_HAZARD_RATIO,
)  # fmt: skip
