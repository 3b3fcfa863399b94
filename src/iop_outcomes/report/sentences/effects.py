"""Phrases of the summary: leads, arms, verbs, differences and intervals.

The rows of one estimand come as a mapping by what they are of: the arms, their difference, their ratio; or the ratio
alone, for a hazard ratio. Words that depend on a kind of estimand, endpoint or reading stand in tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, capital, groups, within
from iop_outcomes.tables.rows import Estimated
from iop_outcomes.vocabulary.answers import MISSING_RULES
from iop_outcomes.vocabulary.causes import CAUSES, UNPLANNED
from iop_outcomes.vocabulary.endpoints import KINDS, LEFT_INDEX
from iop_outcomes.vocabulary.estimands import ESTIMANDS
from iop_outcomes.vocabulary.kind import UNKNOWN
from iop_outcomes.vocabulary.levels import RULES
from iop_outcomes.vocabulary.measures import (
    ADJUSTED_CHANGE,
    HAZARD_RATIO,
    LOG_LOGISTIC_TIME_RATIO,
    MEAN_CHANGE,
    MEAN_DAYS,
    MEAN_NUMBER,
    MEAN_SHARE,
    MEASURES,
    NUMBER,
    ODDS_RATIO,
    RISK,
    RISK_RATIO,
    SHARE,
    SHARE_OF_WEEKS,
    SUBDISTRIBUTION_HAZARD_RATIO,
    TIME_RATIO,
    Measure,
)
from iop_outcomes.vocabulary.statuses import STATUSES

Rows = Mapping[str, Estimated]

POINTS = "percentage points"
TO_THE_MEAN = (
    "Part of what each arm changed by would have come without care: people begin it when things are at their worst, "
    "and are found nearer to their usual later on (regression to the mean)."
)
COARSE = ", as far as rounding tells"
OPEN = " The interval leaves the direction open."


def absent(row: Estimated, labels: Labels) -> str:
    """Why a row has no number."""
    return STATUSES[row["status"]].said.format(reason=labels.reason(row["contrast"], row["reason"]))


def no_right_one(row: Estimated, labels: Labels) -> str:
    """Said where the row that would set a naive one right has no number."""
    why = labels.reason(row["contrast"], row["reason"]) if row["reason"] else absent(row, labels)
    begin = ", ".join(w for w in (reading(row, labels), "no right comparison is shown") if w)
    return f"{capital(begin)}: {why}."


def no_adjusted(reason: str, randomised: bool) -> str:
    """Said once for a contrast of which no adjusted estimate is shown."""
    rest = "" if randomised else ", so that what follows does not compare like with like"
    return f"No adjusted comparison is shown ({reason}){rest}."


def topic(row: Estimated, labels: Labels) -> str:
    """The question of a row: endpoint, day and reading."""
    read = reading(row, labels)
    asked = f"{labels.endpoint(row['outcome'])}, day {row['horizon_days']:.0f}{', ' + read if read else ''}"
    return asked + labels.mark(row)


def reading(row: Estimated, labels: Labels) -> str:
    """How missing outcomes are read; '' where none can be missing."""
    kind, rule = KINDS.get(labels.kind(row["outcome"])), MISSING_RULES.get(row["missing_rule"])
    if rule is None or not labels.reading(row["outcome"], rule.name):
        return ""
    if kind is not None and kind.parts:
        return rule.of_amounts.format(unknown=UNKNOWN[kind.parts])
    return rule.screened if kind is not None and kind.screened else rule.read


def lead(row: Estimated, labels: Labels) -> str:
    """Whom the estimate speaks of."""
    contrast = labels.study.contrasts[row["contrast"]]
    arms = 2 + len(labels.further_arms(row["contrast"]))
    known, by_chance = ESTIMANDS[row["estimand"]], contrast.randomised
    if arms > 2 and known.of_several:
        return known.of_several.format(number=numbers.word(arms))
    if known.of_settings and contrast.column in RULES.values() and not by_chance:
        return known.of_settings
    return known.by_chance if by_chance else known.lead


def verb(row: Estimated, labels: Labels) -> str:
    """What the people counted did, by the day."""
    endpoint = labels.endpoints().get(row["outcome"])
    kind, label = KINDS.get(labels.kind(row["outcome"])), within(labels.endpoint(row["outcome"]))
    text = "" if kind is None else kind.verb
    if kind is not None and kind.name in LEFT_INDEX:
        text = CAUSES[(endpoint.cause if endpoint else "") or UNPLANNED].left
    article = "an" if label[:1] in "aeiou" else "a"
    fallback = f"had the outcome \u2018{label}\u2019 by day {{day}}"
    return (text or fallback).format(day=f"{row['horizon_days']:.0f}", label=f"{article} {label}", name=label)


def open_direction(row: Estimated) -> bool:
    """The interval of a difference holds both directions, or may: rounding may have moved a limit."""
    return _holds(row, 0.0)


def _holds(row: Estimated, value: float) -> bool:
    """The value lies inside the interval, or may: rounding may have moved a limit."""
    error = numbers.number(row["rounding_error"]) or 0.0
    return bool(row["conf_low"] - error < value < row["conf_high"] + error)


def direction(row: Estimated) -> int:
    """Where a difference points: 1 or -1, 0 where it is none or rounding leaves it open."""
    error = numbers.number(row["rounding_error"]) or 0.0
    return 0 if abs(row["estimate"]) <= error else 1 if row["estimate"] > 0 else -1


def gap(row: Estimated, labels: Labels, unit: str, form: numbers.Form) -> str:
    """A difference in words with its interval: '4.9 percentage points fewer (95 % CI 1.0 to 8.8 fewer)'."""
    return f"{amount(row, unit, form)} ({interval(row, labels, form)})"


def interval(row: Estimated, labels: Labels, form: numbers.Form) -> str:
    """The interval of a difference in words."""
    low, high, name, error = row["conf_low"], row["conf_high"], level(labels), row["rounding_error"]
    if not (numbers.known(low) and numbers.known(high)):
        return f"{name} not known"
    if numbers.hidden(form, error, low, high):
        return f"{name} {numbers.HIDDEN}"
    more = _further(row, form)
    least, most = form(abs(low), error, more), form(abs(high), error, more)
    if low >= 0:
        return f"{name} {least} to {most} more"
    if high <= 0:
        return f"{name} {most} to {least} fewer"
    return f"{name} {least} fewer to {most} more"


def _further(row: Estimated, form: numbers.Form) -> int:
    """Further decimals that tell a difference from its limits."""
    return numbers.apart(form, row["rounding_error"], row["estimate"], row["conf_low"], row["conf_high"])


def level(labels: Labels) -> str:
    """'95 % CI'."""
    return f"{numbers.plain(100 * labels.study.inference.confidence_level)}{numbers.NARROW}% CI"


def amount(row: Estimated, unit: str, form: numbers.Form) -> str:
    """A difference in words without its interval."""
    error, more = row["rounding_error"], _further(row, form)
    value = form(abs(row["estimate"]), error, more)
    if not direction(row) or value == form(0.0, error, more):
        return f"{value} {unit} apart{COARSE * _coarse(row)}"
    return f"{value} {unit} {'more' if row['estimate'] > 0 else 'fewer'}"


def _coarse(row: Estimated) -> bool:
    """The step of rounding is a quarter of the interval or more, so that 0 may stand for a difference that counts."""
    width = row["conf_high"] - row["conf_low"]
    return bool(numbers.known(width) and 8 * (numbers.number(row["rounding_error"]) or 0.0) >= width > 0)


def shown(row: Estimated, form: numbers.Form) -> str:
    """An estimate to the digits that its rounding leaves."""
    return form(row["estimate"], row["rounding_error"])


def compared(rows: Rows, labels: Labels) -> str:
    """The sentence of one estimand, to follow its lead. rows: its rows by what they are of."""
    row = main(rows)
    text = SAID[row["measure"]](rows, labels)
    return ", ".join(w for w in (reading(row, labels), text) if w) + (OPEN if undecided(row) else "")


def shorter(rows: Rows, labels: Labels) -> str:
    """The same question under another reading of missing outcomes, after a full sentence."""
    row = main(rows)
    value, size, unit = told_in(row, labels)
    one, other = (shown(r, value) for r in of_arms(rows, labels))
    text = f"{reading(row, labels)}, {one} against {other}: {gap(row, labels, unit, size)}."
    return text + (OPEN if undecided(row) else "")


def told_in(row: Estimated, labels: Labels) -> tuple[numbers.Form, numbers.Form, str]:
    """How a value and the size of a difference are written, and in what they are counted."""
    unit = MEASURES[row["measure"]].unit
    if unit == NUMBER:
        return numbers.days, numbers.days, KINDS[labels.kind(row["outcome"])].parts
    return numbers.percent if unit == SHARE else numbers.points, numbers.size, POINTS


def measure(rows: Rows) -> Measure:
    """What the rows of one estimand measure."""
    return MEASURES[next(iter(rows.values()))["measure"]]


def main(rows: Rows) -> Estimated:
    """The difference, or the hazard ratio."""
    return rows[measure(rows).main]


def undecided(row: Estimated) -> bool:
    """The interval of a difference, or of a hazard ratio, holds both directions."""
    return _holds(row, 1.0) if MEASURES[row["measure"]].ratio else open_direction(row)


def of_arms(rows: Rows, labels: Labels) -> tuple[Estimated, Estimated]:
    """Rows of the two arms; of more and fewer hours, where hours are compared."""
    first, second = measure(rows).rows(*labels.sides(main(rows)["contrast"]))[:2]
    return rows[first], rows[second]


def _risk(rows: Rows, labels: Labels) -> str:
    row = main(rows)
    first, second = groups(labels, row["contrast"])
    one, other = (shown(r, numbers.percent) for r in of_arms(rows, labels))
    by = gap(row, labels, POINTS, numbers.size)
    return f"{one} of {first} {verb(row, labels)}, against {other} of {second}: {by}."


def _mean_days(rows: Rows, labels: Labels) -> str:
    row = main(rows)
    first, second = groups(labels, row["contrast"])
    one, other = (shown(r, numbers.days) for r in of_arms(rows, labels))
    by = gap(row, labels, "days", numbers.days)
    return (
        f"{first} spent on average {one} of the first {row['horizon_days']:.0f} days in care, against {other} for "
        f"{second}: {by}."
    )


def _share_of_weeks(rows: Rows, labels: Labels) -> str:
    row = main(rows)
    first, second = groups(labels, row["contrast"])
    one, other = (shown(r, numbers.percent) for r in of_arms(rows, labels))
    by = gap(row, labels, POINTS, numbers.size)
    return (
        f"{one} of the weeks of {first} had the outcome \u2018{within(labels.endpoint(row['outcome']))}\u2019 up to "
        f"day {row['horizon_days']:.0f}, against {other} of the weeks of {second}: {by}."
    )


def _mean(rows: Rows, labels: Labels) -> str:
    row = main(rows)
    value, size, unit = told_in(row, labels)
    one, other = (shown(r, value) for r in of_arms(rows, labels))
    people = tuple(_among(people) for people in groups(labels, row["contrast"]))
    return (
        f"the mean of \u2018{within(labels.endpoint(row['outcome']))}\u2019 up to day {row['horizon_days']:.0f} is "
        f"{one} {people[0]}, against {other} {people[1]}: {gap(row, labels, unit, size)}."
    )


def _change(held: str, rows: Rows, labels: Labels) -> str:
    row = main(rows)
    value, size, unit = told_in(row, labels)
    one, other = (shown(r, value) for r in of_arms(rows, labels))
    people = tuple(_among(people) for people in groups(labels, row["contrast"]))
    return (
        f"\u2018{within(labels.endpoint(row['outcome']))}\u2019 by day {row['horizon_days']:.0f} is {one} {unit} "
        f"{people[0]}, against {other} {people[1]}{held}: {gap(row, labels, unit, size)}."
    )


def _ratio_of(what: str, rows: Rows, labels: Labels) -> str:
    """A ratio alone. what: of which quantity; {event}, its outcome within a sentence, and {day} are the row's."""
    row = main(rows)
    first, second = groups(labels, row["contrast"])
    told = what.format(event=within(labels.endpoint(row["outcome"])), day=f"{row['horizon_days']:.0f}")
    return f"the {told} {_among(first)} is {ratio(row, labels)} times that {_among(second)}."


def _among(people: str) -> str:
    return f"{'in' if people.startswith('the ') else 'among'} {people}"


def ratio(row: Estimated, labels: Labels) -> str:
    """A ratio with its interval: '0.40 (95 % CI 0.33 to 0.49)'."""
    error, more = row["rounding_error"], _further(row, numbers.ratio)
    limits = numbers.interval(row["conf_low"], row["conf_high"], numbers.ratio, error, more)
    return f"{numbers.ratio(row['estimate'], error, more)} ({level(labels)} {limits})"


# of what a ratio is, by measure
RATIOS = {
    HAZARD_RATIO: "hazard of {event} up to day {day}",
    SUBDISTRIBUTION_HAZARD_RATIO: "subdistribution hazard of {event} up to day {day}",
    ODDS_RATIO: "chance, as odds, of \u2018{event}\u2019 in a week up to day {day}",
    RISK_RATIO: "share of \u2018{event}\u2019 in a week up to day {day}",
    TIME_RATIO: "time to \u2018{event}\u2019",
    LOG_LOGISTIC_TIME_RATIO: "time to \u2018{event}\u2019, if times are log-logistic,",
}
# how one estimand is told, by measure
SAID: dict[str, Callable[[Rows, Labels], str]] = {
    RISK: _risk,
    MEAN_DAYS: _mean_days,
    SHARE_OF_WEEKS: _share_of_weeks,
    **{measure: partial(_ratio_of, what) for measure, what in RATIOS.items()},
    MEAN_SHARE: _mean,
    MEAN_NUMBER: _mean,
    MEAN_CHANGE: partial(_change, ""),
    ADJUSTED_CHANGE: partial(_change, ", had both begun alike"),
}
