"""Phrases of the summary on dose: longer stays, naive and fair, and more hours a week."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, capital, groups, within
from iop_outcomes.protocol import Intensity, Starting, two_strategies
from iop_outcomes.protocol.starting import in_words
from iop_outcomes.report.sentences.effects import (
    OPEN,
    POINTS,
    Rows,
    gap,
    main,
    of_arms,
    ratio,
    reading,
    shorter,
    shown,
    undecided,
    verb,
)
from iop_outcomes.tables.rows import Estimated
from iop_outcomes.vocabulary.measures import HAZARD_RATIO, HOURS, MEASURES, RISK, TESTS
from iop_outcomes.vocabulary.methods import LANDMARK_ADJUSTED

STILL_NAIVE = "What happened between the start and leaving, use above all, is not adjusted for, and remains."
# why the naive comparison of stayers with leavers misleads, by what is measured
WHY_NAIVE = {
    HAZARD_RATIO: (
        "Whether someone stayed {day} days is known only on day {day}. A comparison that counts from the first "
        "day books every early {event} under leaving, and hands those who stayed days on which they could not "
        "yet be counted as leavers. This head start, called immortal time, makes staying look protective even "
        "if it does nothing. Counting from day {day}, among people without {event} by then, takes it away; the "
        "reasons why people stayed remain. A comparison of planned stays assigned by chance asks something "
        "else: what planning a longer stay does."
    ),
    RISK: (
        "Use often comes first: people return to use, leave, and are counted as having left before day {day}. "
        "The naive comparison reads this as if leaving had led to use. Counting people who are alive and observed on "
        "day {day}, and adjusting for what was known at the start, takes deaths and early differences away, and leaves "
        "this reason. Adjusting for use on record up to day {day} would not mend it: of those who left, a part of that "
        "use came after leaving, and may follow from it."
    ),
}


# what the naive comparison of two strategies is not, by whether they are of further care
NO_EFFECT = {
    False: "This is no effect of staying: who stayed differs from who left, week by week.",
    True: "This is no effect of going on: who started differs from who did not.",
}


def naive_stay(found: Sequence[Rows], labels: Labels, days: int) -> str:
    """The naive comparison of stayers with leavers, and that it misleads."""
    row = main(found[0])
    if MEASURES[row["measure"]].ratio:
        said = (
            f"Counted naively from the first day, staying at least {days} days goes with a hazard ratio of "
            f"{within(labels.endpoint(row['outcome']))} of {ratio(row, labels)}."
        )
    else:
        one, other = (shown(r, numbers.percent) for r in of_arms(found[0], labels))
        said = (
            f"Compared as they are, {reading(row, labels)}, {one} of those who stayed at least {days} days "
            f"{verb(row, labels)}, against {other} of those who left earlier: "
            f"{gap(row, labels, POINTS, numbers.size)}."
        )
        said = " ".join([said, *(capital(shorter(rows, labels)) for rows in found[1:])])
    return (
        f"{said} This is shown as a warning, not as a finding: only on day {days} is it known who stayed, and "
        "whoever left because of use is counted among the leavers."
    )


def fair_stay(found: Sequence[Rows], labels: Labels, days: int) -> str:
    """The hazard ratios that begin at the landmark."""
    row = main(found[0])
    words = {LANDMARK_ADJUSTED: "adjusted for what was known at the start, "}
    rows = [main(r) for r in found]
    parts = [f"{words.get(r['method'], '')}{ratio(r, labels)}" for r in rows]
    crossing = " An interval that holds 1 leaves the direction open." if any(map(undecided, rows)) else ""
    event = within(labels.endpoint(row["outcome"]))
    begin = f"Counted from day {days}, among people without {event} by then"
    return f"{begin}, the hazard ratio is {'; '.join(parts)}.{crossing}"


def landmark_stay(found: Sequence[Rows], labels: Labels, days: int) -> str:
    """Shares from the landmark, adjusted for the start: fairer than the naive ones, and no effect of staying."""
    row = main(found[0])
    one, other = (shown(r, numbers.percent) for r in of_arms(found[0], labels))
    begin = ", ".join(w for w in (reading(row, labels), f"of people alive and observed on day {days}") if w)
    said = (
        f"{capital(begin)}, adjusted for what was known at the start, {one} of those who had stayed "
        f"{verb(row, labels)}, against {other} of those who had left: {gap(row, labels, POINTS, numbers.size)}."
    )
    said += OPEN if undecided(row) else ""
    return " ".join([said, *(capital(shorter(rows, labels)) for rows in found[1:]), STILL_NAIVE])


def randomised_stay(rows: Rows, labels: Labels) -> str:
    """The randomised comparison, which answers its own question."""
    row = main(rows)
    first, second = groups(labels, row["contrast"])
    value = gap(row, labels, POINTS, numbers.size)
    if MEASURES[row["measure"]].ratio:
        value = f"a hazard ratio of {ratio(row, labels)}"
    return (
        f"Where the length was assigned by chance, {first} against {second} has {value}. That is the effect of "
        "planning a longer stay, whether or not people complete it: another question, and its own answer."
    )


def strategies(right: Rows | None, naive: Rows | None, labels: Labels) -> Iterator[tuple[str, str]]:
    """What comes of two strategies under one reading of missing answers, and where the naive comparison leads: texts,
    each with its tone.
    """
    if right is not None:
        row = main(right)
        begin = ", ".join(w for w in (reading(row, labels), f"had {_there(row, labels)} all gone by") if w)
        one, other = (shown(r, numbers.percent) for r in of_arms(right, labels))
        first, second = _quoted(row, labels)
        text = (
            f"{capital(begin)} {first}, {one} would have had the outcome "
            f"\u2018{within(labels.endpoint(row['outcome']))}\u2019 on day {row['horizon_days']:.0f}, against {other} "
            f"by {second}: {gap(row, labels, POINTS, numbers.size)}."
        )
        yield text + (OPEN if undecided(row) else ""), "finding"
    if naive is not None:
        yield _naively(naive, None if right is None else main(right), labels), "caution"


def _there(row: Estimated, labels: Labels) -> str:
    """Those to whom both strategies were open."""
    asked = two_strategies(labels.study)[row["contrast"]]
    if isinstance(asked, Starting):
        return f"those who left {in_words(asked.leaves)}"
    return dict(zip(labels.sides(asked.contrast), groups(labels, asked.contrast), strict=True))[asked.arm]


def _quoted(row: Estimated, labels: Labels) -> tuple[str, str]:
    """Both strategies within a sentence."""
    first, second = (within(label) for label in labels.arms(row["contrast"]))
    return f"\u2018{first}\u2019", f"\u2018{second}\u2019"


def _naively(naive: Rows, right: Estimated | None, labels: Labels) -> str:
    """What the naive comparison says, and on which side it errs as far as these data tell."""
    row = main(naive)
    one, other = (shown(r, numbers.percent) for r in of_arms(naive, labels))
    begin = ", ".join(w for w in (reading(row, labels), "compared as they are") if w)
    said = (
        f"{capital(begin)}, {one} of those who did the first had it, and {other} of those who did the second: "
        f"{gap(row, labels, POINTS, numbers.size)}."
    )
    if right is None:
        why = NO_EFFECT[isinstance(two_strategies(labels.study)[row["contrast"]], Starting)]
        return f"{said} {why}"
    by, side = errs(row, right)
    if not by:
        return f"{said} Beyond rounding, that is no other than the weighted difference."
    return f"{said} By this estimate the naive comparison errs by {by} {POINTS} here, {side} {_quoted(row, labels)[0]}."


def errs(naive: Estimated, right: Estimated) -> tuple[str, str]:
    """By how much a naive difference is off, and on which side; '' within rounding."""
    away = naive["estimate"] - right["estimate"]
    error = sum(numbers.number(one["rounding_error"]) or 0.0 for one in (naive, right))
    if abs(away) <= error:
        return "", ""
    return numbers.size(abs(away), error), "in favour of" if away > 0 else "against"


def intensity(found: Sequence[Rows], labels: Labels, setting: Intensity, arm: str) -> str:
    """More against fewer hours, or tests, a week in one arm, under every reading."""
    row = main(found[0])
    group = dict(zip(labels.sides(row["contrast"]), groups(labels, row["contrast"]), strict=True))[arm]
    one, other = (shown(r, numbers.percent) for r in of_arms(found[0], labels))
    begin = f"Of {group} and still in care after {setting.window_days} days"
    more, fewer = _amounts(setting, arm)
    said = (
        f"{', '.join(w for w in (begin, reading(row, labels)) if w)}, {one} {verb(row, labels)} {more}, against "
        f"{other} {fewer}: {gap(row, labels, POINTS, numbers.size)}."
    )
    said += OPEN if undecided(row) else ""
    return " ".join([said, *(capital(shorter(rows, labels)) for rows in found[1:])])


def intensity_naively(naive: Rows, right: Estimated | None, labels: Labels) -> str:
    """What people who happened to attend such hours show, and on which side it errs as far as these data tell."""
    row = main(naive)
    begin = ", ".join(w for w in (reading(row, labels), "as people came") if w)
    said = f"{capital(begin)}, at more hours it was {gap(row, labels, POINTS, numbers.size)}."
    if right is None:
        return f"{said} This is no effect of hours: use makes people come less."
    by, side = errs(row, right)
    if not by:
        return f"{said} Beyond rounding, that is no other than the difference above."
    return f"{said} By the estimate above it errs by {by} {POINTS}, {side} more hours."


def _amounts(setting: Intensity, arm: str) -> tuple[str, str]:
    """More and fewer hours, or tests, a week, after what people did."""
    if setting.cut is not None:
        return f"where at least {numbers.plain(setting.cut)} tests a week were scheduled", "where fewer were"
    fewer, more = (numbers.plain(h) for h in setting.compare[arm])
    return f"at {more} attended hours a week", f"at {fewer}"


# what is to be known of more against less, by what it is of
CAUTION = {
    HOURS: "Hours were not assigned by chance: who attends more may differ in ways that were not recorded.",
    TESTS: (
        "Who is tested more often is found using more often with the same use: detection, and not use, may explain all "
        "of a difference."
    ),
}
