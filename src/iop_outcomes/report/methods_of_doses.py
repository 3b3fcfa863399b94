"""The methods of what is asked of durations, strategies of staying, doses and intensities, as the study has them."""

from __future__ import annotations

from iop_outcomes.estimators.causal.doses import NEAR_HOURS, NEAR_SHARE
from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, cause, sentence, within
from iop_outcomes.protocol import AsRun, Categories, Intensity
from iop_outcomes.protocol.starting import in_words
from iop_outcomes.protocol.thresholds import ADJUSTED
from iop_outcomes.report.methods_part import Part
from iop_outcomes.vocabulary.endpoints import AFTER_LEAVING
from iop_outcomes.vocabulary.methods import GENERALISED_PROPENSITY


def duration(study: AsRun) -> Part | None:
    """Staying against leaving: naive, and from landmarks; None where it is not asked."""
    settings = study.durations
    if not settings:
        return None
    said = []
    for duration in settings.values():
        where = "at the index level" if duration.stay == "index" else "in care at any level"
        sites = "; hazards are compared within sites" if duration.within_sites else ""
        said.append((duration.title, f"{duration.days} days {where}, landmark on day {duration.days}{sites}."))
    text = (
        "Whether someone stays is known only when the days have passed. The naive comparison counts them "
        "anyway and is shown as a warning; hazards begin at the landmark, and shares from the landmark are of people "
        "alive and observed on that day, adjusted for what was known at the start, and for nothing after it."
    )
    return Part("Duration", text, tuple(said))


def strategies(study: AsRun) -> Part | None:
    """Strategies of staying, side by side; None where there are none."""
    if not study.strategies:
        return None
    labels = Labels(study)
    said = []
    for asked in study.strategies.values():
        where = "the index level" if asked.follows == "index" else "care at any level"
        sides = " ".join(f"{side.label}: {side.in_words}." for side in asked.sides)
        cut = f" Weights are cut off at their quantile {asked.truncated:g}." if asked.truncated else ""
        said.append(
            (
                asked.title,
                f"Among everyone who started in the arm \u2018{labels.arm(asked.contrast, asked.arm)}\u2019; what is "
                f"left is {where}. {sides} A stay is at its planned end from {asked.plan_tolerance_days} days before "
                f"it on.{cut}",
            )
        )
    text = (
        "Week 1 is days 0 to 6; whoever was last in care on one of these has left in week 1. What was recorded in a "
        "week counts as known before leaving at its end. Hours are those of sessions; a week in care without one has "
        "no hours where someone of the site who entered in the same period has sessions, and else the scheduled hours "
        "stand in. Death and the end of observation are no leaving: others stand for those people."
    )
    return Part("Strategies of staying", text, tuple(said))


BY_CHANCE = (
    "How long a stay was planned to be is taken to be as if by chance among people alike at the start, and is in no "
    "model of leaving."
)
ADJUSTED_PLAN = "Leaving is modelled by the planned end of a stay as well."


def thresholds(study: AsRun) -> Part | None:
    """Weeks in which everyone leaves; None where no threshold is asked about."""
    if not study.thresholds:
        return None
    labels, said = Labels(study), []
    for asked in study.thresholds.values():
        where = "the index level" if asked.follows == "index" else "care at any level"
        before, at, after = asked.equal_steps
        plan = ADJUSTED_PLAN if asked.plan == ADJUSTED else BY_CHANCE
        said.append(
            (
                asked.title,
                f"Among everyone who started in the arm \u2018{labels.arm(asked.contrast, asked.arm)}\u2019; what is "
                f"left is {where}, in week {sentence([str(w) for w in asked.weeks])}. The claim is of week {at}; "
                f"equal steps are from week {before} to {at} and from there to {after}. A week has a point where "
                f"{asked.fewest} people are known to have left in it, weighted ones counted by their effective number. "
                f"{plan}",
            )
        )
    text = (
        "For each week the mean had everyone left in it, neither before nor after, is estimated as for strategies of "
        "staying, all of them together. To these means, weighed by their covariance, a straight line is fitted and one "
        "that bends at the claimed week (generalised least squares; Greenland and Longnecker 1992, American Journal of "
        "Epidemiology 135:1301). Naive numbers are a linear regression of the outcome on the weeks that people "
        "happened to stay, with the same bend."
    )
    return Part("Weeks in which everyone leaves", text, tuple(said))


OF_RETURNS = (
    "Being back at a level that was left counts from the day of leaving. A return, or a death, before further care was "
    "started stands under both strategies, within the period too; the chance of starting is modelled day by day, and "
    "under the first strategy people start on a day on which those like them did. Who could not have been observed to "
    "the day is left out."
)


def starting(study: AsRun) -> Part | None:
    """Further care after leaving; None where it is not asked."""
    if not study.starting:
        return None
    said = []
    for asked in study.starting.values():
        ways = " or ".join(within(cause(way)) for way in asked.left_as)
        cut = f" Weights are cut off at their quantile {asked.truncated:g}." if asked.truncated else ""
        said.append(
            (
                asked.title,
                f"Among everyone who left {in_words(asked.leaves)} alive after {numbers.word(asked.at_least_days)} "
                f"days or more, by: {ways}. {asked.first.label}, or starting none by then.{cut}",
            )
        )
    text = (
        "Stays that follow each other without a day between are one; the first of them that a person left counts, and "
        "care that begins on the day of leaving or the next begins after one day. Known at leaving are the covariates "
        "at the start, the site, how long people were there, and what was recorded of the weeks up to the last whole "
        "one before. Who died, or was no longer observed, before the period ended and without having started is in "
        "neither group, and others stand for them. Days of outcomes count from the start of care."
    )
    if any(study.endpoints[a.outcome].kind in AFTER_LEAVING for a in study.analyses):
        text = f"{text} {OF_RETURNS}"
    return Part("Further care after leaving", text, tuple(said))


def doses(study: AsRun) -> Part | None:
    """Hours a week and weeks of care; None where they are not asked."""
    if not study.doses:
        return None
    said = [
        (
            asked.title,
            f"{sentence([f'{h:g}' for h in asked.hours])} hours a week, for {sentence([str(w) for w in asked.weeks])} "
            f"weeks; a dose has a number where {asked.fewest_near} people of the level were in care as long, with mean "
            f"hours at the level within {100 * NEAR_SHARE:g}{numbers.NARROW}%, or {NEAR_HOURS:g} hour, of it. Weights "
            f"of weekly histories are brought in to their quantiles {asked.truncated[0]:g} and {asked.truncated[1]:g}.",
        )
        for asked in study.doses.values()
    ]
    text = (
        "A dose is so many attended hours in each of so many weeks from time zero at one level of care, and no care "
        "afterwards. Hours that nobody reports are those scheduled. Naive numbers are a logistic regression within "
        "each arm on the mean hours and the weeks that people happened to have."
    )
    return Part("Hours a week and weeks of care", text, tuple(said))


def intensity(study: AsRun) -> Part | None:
    """Hours, or tests, a week in the first weeks; None where they are not asked."""
    settings = study.intensities
    if not settings:
        return None
    labels = Labels(study)
    said = []
    for name, setting in settings.items():
        pairs = [
            f"{within(labels.arm(name, arm))} {numbers.plain(more)} against {numbers.plain(fewer)}"
            for arm, (fewer, more) in setting.compare.items()
        ]
        compared = f" Compared: {'; '.join(pairs)} hours a week." if pairs else ""
        if setting.categories is not None:
            compared = _in_categories(labels, name, setting.categories)
        if setting.cut is not None:
            compared = f" Compared: at least {numbers.plain(setting.cut)} tests scheduled a week against fewer."
        said.append(
            (
                setting.title,
                f"Days 0 to {setting.window_days - 1}, among people still in care at the end.{compared}"
                f"{_weighted(study, name, setting)}",
            )
        )
    return Part("Intensity", "", tuple(said))


def _in_categories(labels: Labels, name: str, asked: Categories) -> str:
    pairs = [f"{within(labels.arm(name, arm))} against {asked.compared_with(arm)}" for arm in asked.reference]
    compared = f" Compared: {'; '.join(pairs)}." if pairs else ""
    return (
        f" In categories of hours a week: {', '.join(asked.names)}; one has a number where {asked.fewest} people are "
        f"in it.{compared}"
    )


def _weighted(study: AsRun, name: str, setting: Intensity) -> str:
    """How far weighted curves go, where hours are weighted."""
    if not any(row.contrast == name and row.method == GENERALISED_PROPENSITY for row in study.analyses):
        return ""
    low, high = setting.truncated
    near = f"within {100 * NEAR_SHARE:g}{numbers.NARROW}%, or {NEAR_HOURS:g} hour, of such hours"
    if setting.categories is not None:
        return (
            " Weights are by the chance of each category given what was known at the start, and of the weeks where "
            f"use of the window is on record, brought in to their quantiles {low:g} and {high:g}."
        )
    return (
        f" Weights for hours are brought in to their quantiles {low:g} and {high:g}; curves go where "
        f"{setting.fewest_near} people, counted by their weights, attended {near}. People in care who attended none "
        "have 0 hours."
    )


# in the order of the section
PARTS = (duration, strategies, thresholds, starting, doses, intensity)
