"""Phrases of the summary: leads, arms, verbs, differences and intervals. Tables of words in place of branches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from iop_outcomes.figures import numbers
from iop_outcomes.figures.labels import Labels, within

Row = dict[str, Any]
Rows = Mapping[str, Row]

# whom an estimand speaks of, by estimand and whether the arm was assigned by chance
LEADS = {
    ("ATO", False): "Of people like those for whom both were in use",
    ("ATO", True): "With chance differences between the arms balanced",
    ("ATE", False): "Standardised to everyone in the comparison",
    ("ATE", True): "Standardised to everyone randomised",
    ("as_observed", False): "As observed, without adjustment",
    ("as_observed", True): "As randomised, without adjustment",
    ("randomised", True): "As randomised",
    ("randomised", False): "As assigned",
}
BOTH_SETTINGS = "Of people like those in whom both settings were used"
# what people did, by kind of endpoint; leaving, by its cause
VERBS = {
    "in_care": "were still in care on day {day}",
    "interview": "were abstinent on day {day}",
    "screen": "gave {label} on day {day}",
    "no_return": "reported no return to use up to day {day}",
}
LEFT = {
    "unplanned": "left unplanned within {day} days",
    "completed": "completed within {day} days",
    "transferred": "were transferred within {day} days",
    "died": "died within {day} days",
    "other": "left for another reason within {day} days",
}
# how a missing outcome is read, by rule and whether the outcome is a screen
READINGS = {
    ("missing_is_using", False): "a missing answer counted as use",
    ("missing_is_using", True): "a missed screen counted as positive",
    ("observed_only", False): "only among those whose answer is known",
    ("observed_only", True): "only among those who gave a screen",
}
POINTS = "percentage points"
NO_NUMBER = {
    "gated": "not shown, as {reason}",
    "not_possible": "not possible, as {reason}",
    "suppressed": "withheld ({reason})",
    "ok": "not available",
}


def absent(row: Row, labels: Labels) -> str:
    """Why a row has no number."""
    return NO_NUMBER[row["status"]].format(reason=labels.reason(row["contrast"], row["reason"]))


def no_adjusted(reason: str, randomised: bool) -> str:
    """Said once for a contrast of which no adjusted estimate is shown."""
    rest = "" if randomised else " What follows is as observed and does not compare like with like."
    return f"No adjusted comparison is shown ({reason}).{rest}"


def topic(row: Row, labels: Labels) -> str:
    """The question of a row: endpoint, day and reading."""
    read = reading(row, labels)
    return f"{labels.endpoint(row['outcome'])}, day {row['horizon_days']:.0f}{', ' + read if read else ''}"


def reading(row: Row, labels: Labels) -> str:
    """How missing outcomes are read; '' where none can be missing."""
    return READINGS.get((row["missing_rule"], labels.kind(row["outcome"]) == "screen"), "")


def lead(row: Row, labels: Labels) -> str:
    """Whom the estimate speaks of."""
    contrast = labels.study["contrasts"][row["contrast"]]
    if row["estimand"] == "ATO" and contrast["column"] == "index_level" and not contrast["randomised"]:
        return BOTH_SETTINGS
    return LEADS[(row["estimand"], bool(contrast["randomised"]))]


def groups(labels: Labels, contrast: str) -> tuple[str, str]:
    """The two arms inside a sentence: 'those starting in residential care', 'the methadone arm'."""
    found = labels.compared(contrast)
    names = [within(found[side]["label"]) for side in ("first", "second")]
    if found["column"] != "index_level":
        return f"the {names[0]} arm", f"the {names[1]} arm"
    settings = [n.removeprefix("started ").removeprefix("in ").removesuffix(" care") for n in names]
    return f"those starting in {settings[0]} care", f"those starting in {settings[1]} care"


def verb(row: Row, labels: Labels) -> str:
    """What the people counted did, by the day."""
    endpoint = labels.endpoints().get(row["outcome"], {})
    kind, label = labels.kind(row["outcome"]), within(labels.endpoint(row["outcome"]))
    text = LEFT.get(endpoint.get("cause") or "unplanned", "") if kind == "left_index" else VERBS.get(kind, "")
    article = "an" if label[:1] in "aeiou" else "a"
    fallback = f"had the outcome \u2018{label}\u2019 by day {{day}}"
    return (text or fallback).format(day=f"{row['horizon_days']:.0f}", label=f"{article} {label}")


def open_direction(row: Row) -> bool:
    """The interval of a difference holds both directions."""
    return bool(row["conf_low"] < 0 < row["conf_high"])


def gap(row: Row, labels: Labels, unit: str, form: Callable[[float], str]) -> str:
    """A difference in words with its interval: '4.9 percentage points fewer (95 % CI 1.0 to 8.8 fewer)'."""
    return f"{_amount(row['estimate'], unit, form)} ({interval(row, labels, form)})"


def interval(row: Row, labels: Labels, form: Callable[[float], str]) -> str:
    """The interval of a difference in words."""
    low, high, name = row["conf_low"], row["conf_high"], level(labels)
    if low >= 0:
        return f"{name} {form(low)} to {form(high)} more"
    if high <= 0:
        return f"{name} {form(-high)} to {form(-low)} fewer"
    return f"{name} {form(-low)} fewer to {form(high)} more"


def level(labels: Labels) -> str:
    """'95 % CI'."""
    return f"{numbers.plain(100 * labels.study['inference']['confidence_level'])}{numbers.NARROW}% CI"


def _amount(value: float, unit: str, form: Callable[[float], str]) -> str:
    return f"{form(abs(value))} {unit} {'more' if value >= 0 else 'fewer'}"


def share_points(value: float) -> str:
    """A size in percentage points, without sign."""
    return numbers.decimals(100 * value, 1)


def compared(rows: Rows, labels: Labels, lead: bool = False) -> str:
    """The sentence of one estimand. rows: its rows by what they are of; lead: say whom it speaks of."""
    row = rows.get("difference") or rows[""]
    text = {"risk": _risk, "mean_days": _mean_days, "hazard_ratio": _hazard}[row["stem"]](rows, labels)
    begin = [_lead(row, labels)] if lead else []
    read = reading(row, labels)
    if read:
        begin.append(read)
    said = _capital(f"{', '.join(begin)}, {text}" if begin else text)
    return said + (" The interval leaves the direction open." if _open(row) else "")


_lead = lead


def _open(row: Row) -> bool:
    if row["stem"] == "hazard_ratio":
        return bool(row["conf_low"] < 1 < row["conf_high"])
    return open_direction(row)


def _arms(rows: Rows, labels: Labels) -> tuple[Row, Row]:
    first, second = labels.sides(rows["difference"]["contrast"])
    return rows[first], rows[second]


def _risk(rows: Rows, labels: Labels) -> str:
    row = rows["difference"]
    first, second = groups(labels, row["contrast"])
    one, other = (numbers.percent(r["estimate"]) for r in _arms(rows, labels))
    by = gap(row, labels, POINTS, share_points)
    return f"{one} of {first} {verb(row, labels)}, against {other} of {second}: {by}."


def _mean_days(rows: Rows, labels: Labels) -> str:
    row = rows["difference"]
    first, second = groups(labels, row["contrast"])
    one, other = (numbers.days(r["estimate"]) for r in _arms(rows, labels))
    by = gap(row, labels, "days", numbers.days)
    return (
        f"{first} spent on average {one} of the first {row['horizon_days']:.0f} days in care, against {other} for "
        f"{second}: {by}."
    )


def _hazard(rows: Rows, labels: Labels) -> str:
    row = rows[""]
    first, second = groups(labels, row["contrast"])
    return (
        f"the hazard of {within(labels.endpoint(row['outcome']))} up to day {row['horizon_days']:.0f} among {first} is "
        f"{ratio(row, labels)} times that among {second}."
    )


def ratio(row: Row, labels: Labels) -> str:
    """A ratio with its interval: '0.40 (95 % CI 0.33 to 0.49)'."""
    limits = numbers.interval(row["conf_low"], row["conf_high"], numbers.ratio)
    return f"{numbers.ratio(row['estimate'])} ({level(labels)} {limits})"


def naive_stay(found: Sequence[Rows], labels: Labels, days: int) -> str:
    """The naive comparison of stayers with leavers, and that it misleads."""
    row = found[0].get("difference") or found[0][""]
    if row["stem"] == "hazard_ratio":
        said = (
            f"Counted naively from the first day, staying at least {days} days goes with a hazard ratio of "
            f"{within(labels.endpoint(row['outcome']))} of {ratio(row, labels)}."
        )
    else:
        said = f"Compared as they are, people who stayed at least {days} days {_stay_gaps(found, labels)}."
    return (
        f"{said} This is shown as a warning: nobody counts as having stayed before day {days}, so that trouble in the "
        "first weeks is booked under leaving, whichever came first."
    )


def fair_stay(found: Sequence[Rows], labels: Labels, days: int) -> str:
    """The comparisons that begin at the landmark, or that adjust for what was known by then."""
    row = found[0].get("difference") or found[0][""]
    if row["stem"] != "hazard_ratio":
        return (
            f"Adjusted for what was known at baseline and for use up to day {days}, they {_stay_gaps(found, labels)}. "
            "Why people stayed is only partly on record, so that this may still flatter staying."
        )
    words = {
        "landmark": "is",
        "landmark_adjusted": "adjusted for baseline and for use up to then, it is",
    }
    parts = [f"{words.get(r['']['method'], 'is')} {ratio(r[''], labels)}" for r in found]
    crossing = " An interval that holds 1 leaves the direction open." if any(_open(r[""]) for r in found) else ""
    begin = f"Counted from day {days}, among people without {within(labels.endpoint(row['outcome']))} by then, the ratio"
    return f"{begin} {'; '.join(parts)}.{crossing}"


def randomised_stay(rows: Rows, labels: Labels) -> str:
    """The randomised comparison, which answers its own question."""
    row = rows.get("difference") or rows[""]
    first, second = groups(labels, row["contrast"])
    value = ratio(row, labels) if row["stem"] == "hazard_ratio" else gap(row, labels, POINTS, share_points)
    return (
        f"Where the length was assigned by chance, the comparison of {first} with {second} gives {value}. That is what "
        "planning a longer stay does, whether or not people complete it."
    )


def _stay_gaps(found: Sequence[Rows], labels: Labels) -> str:
    """Differences in abstinence between stayers and leavers under every reading."""
    said = []
    for rows in found:
        row = rows["difference"]
        read = reading(row, labels)
        sides = (numbers.percent(rows[s]["estimate"]) for s in labels.sides(row["contrast"]))
        one, other = sides
        said.append(f"{one} against {other}, {gap(row, labels, POINTS, share_points)}{', ' + read if read else ''}")
    row = found[0]["difference"]
    return f"{verb(row, labels)} more or less often than those who left earlier as follows: {'; '.join(said)}"


def hours(found: Sequence[Rows], labels: Labels, setting: Mapping[str, Any], arm: str) -> str:
    """More against fewer hours a week in one arm, under every reading."""
    row = found[0]["difference"]
    fewer, more = (numbers.plain(h) for h in setting["compare"][arm])
    said = []
    for rows in found:
        high, low = (numbers.percent(rows[k]["estimate"]) for k in ("more_hours", "fewer_hours"))
        read = reading(rows["difference"], labels)
        by = gap(rows["difference"], labels, POINTS, share_points)
        said.append(f"{read + ', ' if read else ''}{high} at {more} hours a week against {low} at {fewer} ({by})")
    sides = dict(zip(labels.sides(row["contrast"]), groups(labels, row["contrast"]), strict=True))
    crossing = " An interval that holds both directions leaves the question open." if any(
        open_direction(r["difference"]) for r in found
    ) else ""
    return (
        f"Of {sides[arm]} who were still in care after {setting['window_days']} days, these {verb(row, labels)}: "
        f"{'; '.join(said)}.{crossing}"
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
