"""For whom: tables of groups, and what may be said of them.

A sentence never sets one group's interval against another's: whether groups differ is told by the test of that alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from iop_outcomes.presentation import for_whom, numbers
from iop_outcomes.presentation.for_whom import Group, Grouped, Question
from iop_outcomes.presentation.labels import Labels, capital, method, sentence, within, words
from iop_outcomes.protocol import AsRun, Margin
from iop_outcomes.report import results
from iop_outcomes.report.document import Block, Heading, Item, Line, Paragraph, Table, filled, points
from iop_outcomes.report.material import Sources
from iop_outcomes.report.sentences import effects
from iop_outcomes.tables.rows import Estimated
from iop_outcomes.vocabulary.measures import DIFFERENCE, RATIO

HOW_TO_READ = (
    "Does the difference between the arms differ between groups of people? That is a question of its own, and has a "
    "test of its own beneath the name of each grouping. That the interval of one group holds zero and that of another "
    "does not is no answer to it: it follows from how many people each group has as much as from what care did there. "
    "Of small groups some lie far out by chance alone; so each difference is given once more, drawn to the mean of "
    "its grouping by how little is known of the group alone. Within each group the arms were made alike by a score of "
    "its own."
)
NOTE = (
    "Drawn to the mean: an empirical Bayes estimate under differences that are normal about the mean of the groups "
    "(Morris 1983, Journal of the American Statistical Association 78:47), from the released estimates. Groups are of "
    "what was known at the start; people of whom it is not known, and people of sites that lack an arm within their "
    "group, belong to no group. As they came: the shares without weights, which compare unlike people."
)
# below this a test is said to tell groups apart
TOLD_APART = 0.05


def items(of: Sources) -> tuple[Item, ...]:
    """The section: how to read it, the figure, then each question in words and as a table."""
    found = for_whom.questions(of.everything["estimates"], of.everything["diagnostics"], of.labels)
    if not found:
        return ()
    made: list[Item] = [Paragraph(HOW_TO_READ), *of.drawn("for_whom")]
    for question in found:
        title = f"{of.labels.contrast(question.first['contrast'])}: {results.heading(question.first, of.labels)}"
        made += [Heading(title), *points(_said(question, of.study)), *filled([_table(question, of.labels, title)])]
    return tuple(made)


def _said(question: Question, study: AsRun) -> list[str]:
    """Whether groups differ, for whom harm cannot be excluded, and which groups have no number."""
    labels, margin = Labels(study), _margin(question, study)
    said = [*_differing(question.modifiers), *([_of_harm(question.modifiers, margin)] if margin else [])]
    for one in question.modifiers:
        for group in one.groups:
            if not group.told:
                name = one.asked.title if for_whom.one_group(group) else f"{one.asked.title}, {_name(group)}"
                said.append(f"{name}: {effects.absent(group.main, labels)}.")
    return [one for one in said if one]


def _differing(modifiers: Sequence[Grouped]) -> Iterator[str]:
    """Groupings whose groups lie further apart than by chance, each by itself, and all others together."""
    alike, adjusted = [], []
    for one in modifiers:
        told = [group for group in one.groups if group.told]
        if one.adjusted is None or len(told) < 2:
            continue
        if one.adjusted >= TOLD_APART:
            alike.append(one)
            adjusted.append(one.adjusted)
            continue
        low, high = (pick(told, key=lambda g: g.main["estimate"]).main for pick in (min, max))
        yield (
            f"{one.asked.title}: the differences of its groups, from {_points(low)} to {_points(high)} percentage "
            f"points{_as_drawn(told)}, lie further apart than by chance ({_tested(one)}). What holds for all together "
            "need not hold for each."
        )
    if alike:
        names = sentence([within(one.asked.title) for one in alike])
        least = numbers.p_is(min(adjusted))
        yield (
            f"By {names} the differences of groups lie no further apart than chance may put them "
            f"({'the smallest ' if len(alike) > 1 else ''}{least}{_family(alike)}). This shows neither that groups "
            "differ nor that they are alike, and gives no reason to read one group by itself."
        )


def _family(some: Sequence[Grouped]) -> str:
    """For how many groupings p values are adjusted."""
    most = max(one.family for one in some)
    return f", adjusted for {most} groupings" if most > 1 else ""


def _tested(one: Grouped) -> str:
    adjusted = f", and {numbers.p_value(one.adjusted)}{_family([one])}" if one.family > 1 else ""
    return f"{numbers.p_is(one.p)}{adjusted}"


def _as_drawn(told: Sequence[Group]) -> str:
    """How far apart they lie when drawn to their mean."""
    drawn = [(group.drawn.value, group.main["rounding_error"]) for group in told if group.drawn is not None]
    if not drawn:
        return ""
    (low, first), (high, last) = min(drawn), max(drawn)
    return f" (drawn to their mean from {numbers.points(low, first)} to {numbers.points(high, last)})"


def _of_harm(modifiers: Sequence[Grouped], margin: Margin) -> str:
    """For which share of these people, by each grouping, a difference worse than the margin cannot be excluded."""
    parts = []
    for one in modifiers:
        told = [group for group in one.groups if group.told]
        if not told:
            continue
        open_ = for_whom.not_excluded(told, margin.margin)
        share = for_whom.people(open_) / (for_whom.people(told) or math.nan) if open_ else 0.0
        whom = numbers.percent(share, 0.005) if numbers.known(share) else "some"
        parts.append(f"{whom} by {within(one.asked.title)} ({len(open_)} of {len(told)} groups)")
    if not parts:
        return ""
    return (
        f"People in groups whose own interval does not exclude a difference worse than {numbers.points(margin.margin)} "
        f"points: {sentence(parts)}. The smaller a group, the less its interval excludes."
    )


def _margin(question: Question, study: AsRun) -> Margin | None:
    """The margin of the question's difference, if it has one."""
    row = question.first
    for margin in study.margins.values():
        same = (margin.outcome, margin.measure, margin.scale) == (row["outcome"], row["measure"], DIFFERENCE)
        if same and margin.horizon_days in (None, row["horizon_days"]):
            return margin
    return None


def _table(question: Question, labels: Labels, title: str) -> Table:
    arms, ci = labels.arms(question.first["contrast"]), effects.level(labels)
    columns = (
        "Group", *arms, f"Difference ({ci})", f"Drawn to the mean ({ci})", f"Ratio ({ci})",
        *(f"People: {arm}" for arm in arms),
    )  # fmt: skip
    blocks = tuple(Block(_head(one), tuple(_lines(one, labels))) for one in question.modifiers)
    return Table(f"{title}, by group: {method(question.first['method']).lower()}", columns, blocks, NOTE)


def _head(one: Grouped) -> str:
    """The modifier, and whether its groups differ, on both scales."""
    said = [
        f"{what} {numbers.p_value(p)}"
        + (f" (adjusted {numbers.p_value(adjusted)})" if one.family > 1 and adjusted is not None else "")
        for what, p, adjusted in (
            ("same difference, p", one.p, one.adjusted),
            ("same ratio, p", one.p_ratio, one.adjusted_ratio),
        )
        if p is not None
    ]
    return ": ".join(part for part in (one.asked.title, ", ".join(said)) if part)


def _lines(one: Grouped, labels: Labels) -> Iterator[Line]:
    for group in one.groups:
        yield _line(_name(group), group, group.rows, labels)
        if group.crude:
            yield _line("\u2013 as they came", group, group.crude, labels, crude=True)


def _line(name: str, group: Group, rows: for_whom.Rows, labels: Labels, crude: bool = False) -> Line:
    gap = rows[DIFFERENCE]
    if not numbers.known(gap["estimate"]):
        return Line(name, absent=capital(effects.absent(gap, labels)))
    sides = [rows.get(side) for side in labels.sides(gap["contrast"])]
    error = gap["rounding_error"]
    drawn = (
        numbers.with_limits(group.drawn.value, group.drawn.low, group.drawn.high, numbers.points, error)
        if group.drawn is not None and not crude
        else numbers.DASH
    )
    cells = (
        *(results.value_of(side, numbers.percent) for side in sides),
        results.with_interval(gap, numbers.points),
        drawn,
        results.with_interval(rows.get(RATIO), numbers.ratio),
        *(numbers.count(side["n"] if side else None) for side in sides),
    )
    return Line(name, cells, wrong=crude)


def _name(group: Group) -> str:
    return words(group.name) if not for_whom.one_group(group) else "All"


def _points(row: Estimated) -> str:
    return numbers.points(row["estimate"], row["rounding_error"])
