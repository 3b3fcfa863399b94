"""The methods section, written from the study as it was run: no number stands here that is not in the study or a rule.

Paragraphs come in the order of a protocol: people, time zero, arms, outcomes, adjustment, weights and estimators,
uncertainty, gates, missing outcomes, duration, intensity, disclosure. Estimators are described when a row of the sheet
asks for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from iop_outcomes.estimators.regression.few_clusters import ENOUGH
from iop_outcomes.estimators.two_by_two.power import POWER
from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import STRATA, Labels, covariate, sentence, within
from iop_outcomes.protocol import GAP, AsRun, Contrast, Gate
from iop_outcomes.report import methods_of_doses as of_doses
from iop_outcomes.report import protection
from iop_outcomes.report.explanations import UNITS_OF_ANALYSIS
from iop_outcomes.report.methods_part import Part
from iop_outcomes.vocabulary.answers import DEATHS, MISSING_RULES, NONE, NOT_DUE, Otherwise
from iop_outcomes.vocabulary.kind import RETENTION
from iop_outcomes.vocabulary.levels import AS_INDEX
from iop_outcomes.vocabulary.measures import HAZARD_RATIO, MEASURES, MODELLED, SHARE_OF_WEEKS
from iop_outcomes.vocabulary.methods import CENTRED, IMPUTED, LANDMARK, LANDMARK_ADJUSTED, METHODS, NAIVE, RANDOMISED
from iop_outcomes.vocabulary.testing import SCHEDULED_BEFORE

PEOPLE, TIME_ZERO, ARMS, OUTCOMES = "People", "Time zero and episodes", "Arms", "Outcomes"
DISCLOSURE = "Disclosure"
# by the column that tells the arm; of any other it was assigned
LEVEL_BY = {
    "index_level": "ASAM level",
    "level_asam": "ASAM level, by ASAM's thresholds for scheduled hours where there is no bed",
    "level_broad": "ASAM level, with 6 to 30 scheduled hours a week as intensive outpatient care",
}
# what is told of a study of which no result is
DESIGN = (PEOPLE, TIME_ZERO, ARMS, OUTCOMES, DISCLOSURE)


def describe(study: AsRun) -> list[Part]:
    """The methods of a study, paragraph by paragraph."""
    parts = (_people, _time_zero, _arms, _outcomes, _adjustment, _estimators, _uncertainty, _gates, _missing)
    found = [p for p in (part(study) for part in (*parts, *of_doses.PARTS)) if p is not None]
    return [*found, Part(DISCLOSURE, protection.explained(study))]


def _people(study: AsRun) -> Part:
    rules = study.population.model_dump()
    # a limit of 0 excludes nobody
    asked = [r for r in study.eligibility if r.value.format(**rules) != "0"]
    words = [within(r.label.format(**rules)) for r in asked]
    return Part(PEOPLE, f"{UNITS_OF_ANALYSIS[study.population.unit]} Excluded, in this order: {'; '.join(words)}.")


def _time_zero(study: AsRun) -> Part:
    care = study.care
    after = "" if care.detoxification == AS_INDEX else " after detoxification"
    return Part(
        TIME_ZERO,
        f"Time zero is the first day at the index level, the first level of care{after}: "
        f"eligibility, arm and follow-up all begin on it. Stays no more than {care.gap_days} days apart, counted "
        f"{GAP}, belong to one episode: {_without_care(care.gap_days)} between them. Records that broke a rule were "
        "set aside and counted; more than "
        f"{numbers.plain(100 * care.max_quarantined_share)}{numbers.NARROW}% of one table "
        "would have stopped the run.",
    )


def _without_care(gap_days: int) -> str:
    """The days between two stays of an episode, of which neither was there."""
    if gap_days <= 1:
        return "no day without care lies"
    return f"at most {gap_days - 1} {'day' if gap_days == 2 else 'days'} without care lie{'s' * (gap_days == 2)}"


def _arms(study: AsRun) -> Part:
    points = []
    for contrast in study.contrasts.values():
        sides = []
        for arm in (contrast.first, contrast.second):
            by = LEVEL_BY.get(contrast.column, "assigned arm")
            sides.append(f"{within(arm.label)} ({by} {', '.join(arm.values)})")
        how = "assigned by chance" if contrast.randomised else "not assigned by chance"
        trial = f", only people of {contrast.trial}" if contrast.trial else ""
        one = STRATA[contrast.stratum][0]
        text = f"{sides[0]} against {sides[1]}; {how}{trial}. "
        points.append((contrast.title, text + (_alongside(contrast, one) or f"A {one} must hold both arms to count.")))
    return Part(ARMS, "First and second arm of each contrast; differences are first minus second.", tuple(points))


def _alongside(contrast: Contrast, one: str) -> str:
    """Which further arms a contrast has, and what they are there for; '' where it has none."""
    if not contrast.further_arms:
        return ""
    further = [f"{within(arm.label)} ({', '.join(arm.values)})" for arm in contrast.further_arms]
    arms = numbers.word(len(further) + 2)
    return (
        f"Alongside: {sentence(further)}. A multinomial score tells all {arms} arms apart, and inverse and "
        "overlap weights make each of them stand for the same people (Li and Li 2019, Annals of Applied Statistics "
        f"13:2389): their differences in risk among these arms add up. A {one} must hold every arm to count."
    )


def _outcomes(study: AsRun) -> Part:
    labels = Labels(study)
    days: dict[str, set[int]] = {}
    for row in study.analyses:
        days.setdefault(row.outcome, set()).add(row.horizon_days)
    known = labels.endpoints()
    points = tuple((labels.endpoint(o), f"{known[o].definition} {_on_days(days[o])}") for o in known if o in days)
    return Part(OUTCOMES, "Days are counted from time zero.", points)


def _on_days(days: Iterable[int]) -> str:
    listed = [str(d) for d in sorted(days)]
    return f"Day{'s' * (len(listed) > 1)} {sentence(listed)}."


def _adjustment(study: AsRun) -> Part:
    asked = study.adjustment
    smooth = [within(covariate(c)) for c in asked.continuous]
    classes = [within(covariate(c)) for c in asked.categorical]
    parts = []
    if smooth:
        parts.append(f"{sentence(smooth)} as restricted cubic splines with {asked.spline_knots} knots")
    if classes:
        parts.append(f"{sentence(classes)} as categories")
    parts.append("a term for each site" if asked.site_effects else "no terms for sites")
    return Part(
        "Adjustment",
        "A logistic regression of the arm (the propensity score) and the outcome models hold what was known "
        f"before time zero and was fixed beforehand: {'; '.join(parts)}. Outcomes were not seen while the "
        "score, the weights and their balance were made."
        + (OF_TESTS if set(asked.continuous) & set(SCHEDULED_BEFORE) else ""),
    )


OF_TESTS = (
    " Of tests those count that were scheduled by then, and none later: how often somebody is tested after time zero "
    "follows from the arm, from staying and from use, so that adjusting for it would take a part of the effect away."
)


def _asked(study: AsRun) -> set[str]:
    return {row.method for row in study.analyses}


# measures that are explained whatever step asks for them
OF_WEEKS = (SHARE_OF_WEEKS, *MODELLED)
# methods of ratios of hazards that weigh no one
UNSCORED = (NAIVE, RANDOMISED, LANDMARK, LANDMARK_ADJUSTED)


def _estimators(study: AsRun) -> Part:
    asked = _asked(study)
    whatever = (*OF_WEEKS, *(name for name, m in MEASURES.items() if m.amount))
    measures = {row.measure for row in study.analyses if row.step == RETENTION or row.measure in whatever}
    text = " ".join(m.method for name, m in MEASURES.items() if name in measures and m.method)
    if asked & set(IMPUTED):
        how = study.imputation
        text += f" Where covariates are imputed, {how.imputations} data sets are completed, each in {how.passes} "
        text += "rounds of chained equations."
    if any(row.measure == HAZARD_RATIO and row.method in UNSCORED for row in study.analyses):
        text += (
            " Of unweighted ratios of hazards of independent people, proportional hazards are tested by the score test "
            "(Grambsch and Therneau 1994, Biometrika 81:515); where people are weighted or taken together by site, it "
            "does not hold, and ratios of leaving by period are tested for being one (Wald)."
        )
    points = tuple((m.heading or m.label, m.explained) for name, m in METHODS.items() if name in asked)
    return Part("Estimators", text, points)


def _uncertainty(study: AsRun) -> Part:
    asked = study.inference
    level = f"{numbers.plain(100 * asked.confidence_level)}{numbers.NARROW}%"
    text = (
        f"Intervals hold the truth in {level} of repetitions. Standard errors of adjusted estimates are sums "
        "over each person's influence, with the estimation of the propensity score counted in (Stefanski and "
        "Boos 2002, American Statistician 56:29)."
    )
    if asked.cluster == "site":
        text += (
            f" People of a site are taken together, with a t distribution on one less than the number of "
            f"sites, where at least {asked.min_clusters} sites have people with an outcome in the estimate; with "
            "fewer, people are taken as independent, and sites without count for nothing."
            f" With fewer than {ENOUGH} sites the interval of a difference of weighted shares is given once more by "
            "bias-reduced linearisation (CR2; Bell and McCaffrey 2002, Survey Methodology 28:169; Pustejovsky and "
            "Tipton 2018, JBES 36:672), people of a site taken together and weights taken as known, with "
            "Satterthwaite's degrees of freedom, where everyone was followed to the day. Of days, ratios of hazards, "
            "doubly robust and imputed estimates, and of shares some of whose people were last seen before the day, no "
            "such interval is given: the method is derived for regressions of an outcome that is known of everyone."
        )
    elif study.population.unit == "first_episode":
        text += " People are taken as independent."
    else:
        text += (
            " Who counts more than once is a cluster; unadjusted intervals take every count as independent, and are "
            "too narrow where people are alike over time."
        )
    return Part("Uncertainty", text)


# limits that hold only where the protocol sets them, with how their number is shown
FURTHER_LIMITS = {
    "max_variance_ratio": ("no number may vary more than {} times as much in one arm as in the other", 1),
    "max_within_site_difference": ("the mean difference within sites may not exceed {} standard deviations", 1),
    "min_score_overlap": ("the arms must have {} % of their distributions of the score in common", 100),
}


def _further_limits(gate: Gate) -> str:
    set_here = [
        words.format(numbers.plain(times * getattr(gate, key))).replace(" %", f"{numbers.NARROW}%")
        for key, (words, times) in FURTHER_LIMITS.items()
        if getattr(gate, key) is not None
    ]
    return f" Further limits of the design: {'; '.join(set_here)}." if set_here else ""


def _detectable(gate: Gate) -> str:
    limit = gate.max_detectable_difference
    if limit is None:
        return ""
    return (
        f" After outcomes, a difference of {numbers.plain(100 * limit)} percentage points must be detectable with "
        f"{numbers.plain(100 * POWER)}{numbers.NARROW}% power."
    )


def _gates(study: AsRun) -> Part:
    gate = study.gate
    share = f"{numbers.plain(100 * gate.min_effective_share)}{numbers.NARROW}%"
    return Part(
        "Gates",
        "An adjusted estimate is shown only if, after weighting, no covariate differs by more than "
        f"{numbers.plain(gate.max_standardised_difference)} standard deviations of the spread before "
        f"weighting (Austin and Stuart 2015, Statistics in Medicine 34:3661), each arm keeps at least {share} "
        f"of its people as effective sample, and nobody weighs more than {numbers.plain(gate.max_weight)} "
        f"times the mean; these were judged before outcomes were read. Afterwards, each arm needs at least "
        f"{gate.min_events} people with the outcome and as many without it; weighted curves go as far as the "
        f"estimates that passed. Categories too rare to enter "
        f"the score are shown and not judged.{_further_limits(gate)}{_detectable(gate)}{_mean_weight(study)}",
    )


def _mean_weight(study: AsRun) -> str:
    """Of weights that have a mean of 1 where their models hold, where some are asked for."""
    if not {row.method for row in study.analyses} & set(CENTRED):
        return ""
    return (
        " Weights of weekly histories, of strategies and of hours have the mean 1 where their models hold: one that is "
        f"further from it than {numbers.plain(study.gate.max_mean_weight_gap)} is a sign that they do not, or that "
        "some people could hardly have done what they did (Cole and Hernan 2008, American Journal of Epidemiology "
        "168:656), and nothing is shown that stands on it."
    )


def _missing(study: AsRun) -> Part | None:
    rules = {row.missing_rule for row in study.analyses}
    points = tuple(tuple(r.explained.split(": ", 1)) for r in MISSING_RULES.values() if r.explained and r.name in rules)
    if not points:
        return None
    text = (
        "Readings of a missing outcome stand side by side, as they can disagree even in sign."
        if len(points) > 1
        else ""
    )
    asked = dict.fromkeys(row.outcome for row in study.analyses if row.missing_rule != NONE)
    said = [*_otherwise(study, asked, "not_due", NOT_DUE), *_otherwise(study, asked, "deaths", DEATHS)]
    return Part("Missing outcomes", " ".join([text, *said]).strip(), points)  # type: ignore[arg-type]


def _otherwise(study: AsRun, outcomes: Iterable[str], column: str, rules: Mapping[str, Otherwise]) -> list[str]:
    """How people without an answer that could be missing are read; by outcome where the outcomes differ."""
    by_rule: dict[str, list[str]] = {}
    for outcome in outcomes:
        by_rule.setdefault(getattr(study.endpoints[outcome], column), []).append(outcome)
    if len(by_rule) == 1:
        return [rules[rule].explained for rule in by_rule]
    labels = Labels(study)
    return [
        f"Of {sentence([within(labels.endpoint(o)) for o in own])}: {within(rules[rule].explained)}"
        for rule, own in by_rule.items()
    ]
