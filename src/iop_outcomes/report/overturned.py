"""What would overturn the primary answers: how strong a cause that is on no record would have to be.

Two tables for each contrast that chance did not decide: each primary question with its adjusted ratio and the E-values
of the ratio and of its nearer limit; and what the ratio of the preferred method might be but for a cause of some
strengths. All is computed from the release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.estimators.two_by_two.unmeasured import at_worst, e_value
from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, covariate, method
from iop_outcomes.presentation.sides import ABOVE, BELOW
from iop_outcomes.presentation.specifications import DAY, LEVELS, METHOD, MISSING, OUTCOME, Curve, curves, moves_most
from iop_outcomes.presentation.unmeasured import Judged, judged, left_out, moved, preferred
from iop_outcomes.protocol import AsRun
from iop_outcomes.report import results
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.report.sentences import effects
from iop_outcomes.tables.rows import Estimated, alike
from iop_outcomes.vocabulary.measures import DIFFERENCE, RISK

if TYPE_CHECKING:
    import pandas as pd

# strengths of the array, as ratios, with the arms and with the outcome
STRENGTHS = (1.25, 1.5, 2.0, 3.0)
# what choices are of, within a sentence
MOVES = {
    LEVELS: "how levels of care are read", OUTCOME: "the definition of the outcome", DAY: "the day",
    METHOD: "the method of adjustment", MISSING: "the reading of missing answers",
}  # fmt: skip
HOLDS, HOLDS_MARGIN = "the interval holds no difference", "the interval holds it"
OF_ANCHORS = (
    "Each line leaves one covariate out of the score, and keeps all others: what it moves the ratio by is what a cause "
    "on no record would, as strong with the arms and with the outcome beside all that is adjusted for. Strength: the "
    "E-value of that factor, to be read beside that of the answer. Last: the ratio, had such a cause moved it the same "
    "way as this covariate does where it is left out. A covariate for which others stand in moves little, and is no "
    "weak cause."
)
OF_MARGIN = (
    "To the margin: the same for bringing the estimate, or the limit that lies nearer, to the margin of the study, "
    "from whichever side they lie on. A margin that is a difference is the ratio that it makes with the second arm as "
    "estimated here."
)
NOTE = (
    "E-value: something that is on no record, and goes along both with the arms and with the outcome by ratios of at "
    "least this size, beyond all that was adjusted for, could explain the answer away; anything weaker in both could "
    "not (VanderWeele and Ding 2017, Annals of Internal Medicine 167:268). The nearer 1, the less it takes. That of "
    "the limit is what it takes for the interval to hold no difference. A difference is judged by the ratio of the "
    "same two arms; ratios of hazards and odds of common outcomes are brought to ratios of shares first. It says "
    "nothing of how likely such a cause is, and nothing of other errors: missing answers, use that was missed, people "
    "who were not followed."
)
ARRAY = (
    "What the ratio might be, had a cause on no record moved it away from 1 by as much as such a cause can (Ding and "
    "VanderWeele 2016, Epidemiology 27:368). Rows: how many times as frequent it would be in one arm as in the other; "
    "columns: how many times as frequent the outcome would be with it as without. On the other side of 1 the direction "
    "has turned. A ratio of hazards or odds of a common outcome stands as one of shares here."
)


def tables(estimates: pd.DataFrame, study: AsRun) -> list[Table]:
    """The tables of the contrasts that have a primary answer with a ratio."""
    labels = Labels(study)
    found = judged(estimates, labels)
    by_contrast = {name: [j for j in found if j.row["contrast"] == name] for name in study.contrasts}
    made = [
        table for name, own in by_contrast.items() for table in (_needed(own, labels, name), _array(own, labels, name))
    ]
    return [table for table in made if table.blocks]


def anchors(estimates: pd.DataFrame, everything: pd.DataFrame, study: AsRun) -> list[Table]:
    """What each covariate moves the answers by where it is left out. everything: all that is released."""
    labels = Labels(study)
    found = preferred(judged(estimates, labels))
    columns = ("Left out", f"Ratio ({effects.level(labels)})", "Moves it by", "Strength", "Ratio but for as much again")
    made = []
    for name in study.contrasts:
        own = [(one, left_out(everything, one)) for one in found if one.row["contrast"] == name]
        blocks = [
            Block(results.heading(one.row, labels), tuple(_anchor(one, row) for row in rows))
            for one, rows in own
            if rows
        ]
        title = f"{labels.contrast(name)}: as strong as what is on record"
        made.append(Table(title, columns, tuple(blocks), OF_ANCHORS))
    return [table for table in made if table.blocks]


def _anchor(one: Judged, without: Estimated) -> Line:
    """A covariate: the ratio without it, and what a cause as strong would make of the ratio with it."""
    # what rounding may have changed each ratio by, as a share of it
    own, left = ((numbers.number(row["rounding_error"]) or 0.0) / row["estimate"] for row in (one.row, without))
    factor, away = moved(one.row, without), own + left
    again = one.row["estimate"] ** 2 / without["estimate"]
    strength = e_value(factor)
    strength_error = max(abs(e_value(max(1.0, factor * (1 + by))) - strength) for by in (-away, away))
    cells = (
        results.with_interval(without, numbers.ratio), numbers.ratio(factor, factor * away),
        numbers.ratio(strength, strength_error), numbers.ratio(again, again * (2 * own + left)),
    )  # fmt: skip
    return Line(covariate(without["group"]), cells)


def under_other_choices(estimates: pd.DataFrame, study: AsRun) -> list[str]:
    """What is said of each specification curve."""
    return [_of_curve(curve) + _beside_margin(curve, study) for curve in curves(estimates, Labels(study))]


def _beside_margin(curve: Curve, study: AsRun) -> str:
    """How many of the intervals lie wholly on the better side of the margin of the curve's first outcome, if it has one
    in differences of shares.
    """
    first = study.specifications[curve.name].outcomes[0]
    margins = [m for m in study.margins.values() if m.outcome == first and (m.measure, m.scale) == (RISK, DIFFERENCE)]
    if not (margins and curve.found):
        return ""
    (margin, *_) = margins
    return (
        f" {numbers.percent(curve.within(margin.margin))} of the intervals lie wholly on the better side of the margin "
        f"of {numbers.points(margin.margin)} points."
    )


def _of_curve(curve: Curve) -> str:
    """One curve in words: how many combinations, how far apart, on which side, and which choice moves it most."""
    told = f"{numbers.count(curve.asked)} combinations of choices"
    if not curve.found:
        return f"{curve.title}: {told}, none of which has a number."
    low, high = curve.found[0].row, curve.found[-1].row
    text = (
        f"{curve.title}: of {told}, {numbers.count(len(curve.found))} have a number. Differences go from "
        f"{numbers.points(low['estimate'], low['rounding_error'])} to "
        f"{numbers.points(high['estimate'], high['rounding_error'])} percentage points; "
        f"{numbers.percent(curve.below())} of them lie below zero, with {numbers.percent(curve.share(BELOW))} of the "
        f"intervals wholly below and {numbers.percent(curve.share(ABOVE))} wholly above."
    )
    most = moves_most(curve)
    if most is None:
        return text
    (first, least), *_, (last, greatest) = most[1].items()
    return (
        f"{text} What moves them most: {MOVES[most[0]]}, on average from {numbers.points(least)} with "
        f"\u2018{first}\u2019 to {numbers.points(greatest)} with \u2018{last}\u2019."
    )


def _needed(found: list[Judged], labels: Labels, name: str) -> Table:
    by_row = {id(j.row): j for j in found}
    keys = ("outcome", "horizon_days", "missing_rule", "measure")
    with_margin = any(j.margin is not None for j in found)
    blocks = [
        Block(results.heading(rows[0], labels), tuple(_line(by_row[id(row)], with_margin) for row in rows))
        for rows in alike([j.row for j in found], keys).values()
    ]
    columns = ["Method", f"Ratio ({effects.level(labels)})", "E-value", "E-value of the nearer limit"]
    columns += ["To the margin", "The limit to the margin"] if with_margin else []
    note = f"{NOTE} {OF_MARGIN}" if with_margin else NOTE
    return Table(f"{labels.contrast(name)}: what it would take", tuple(columns), tuple(blocks), note)


def _array(found: list[Judged], labels: Labels, name: str) -> Table:
    blocks = [
        Block(results.heading(j.row, labels), tuple(_at_worst(j, with_arm) for with_arm in STRENGTHS))
        for j in preferred(found)
    ]
    columns = ("Goes along with the arms by", *(f"with the outcome by {numbers.plain(s)}" for s in STRENGTHS))
    return Table(f"{labels.contrast(name)}: the ratio but for such a cause", columns, tuple(blocks), ARRAY)


def _at_worst(judged: Judged, with_arm: float) -> Line:
    error = numbers.number(judged.row["rounding_error"]) or 0.0
    cells = (numbers.ratio(at_worst(judged.ratio, with_arm, s), error) for s in STRENGTHS)
    return Line(numbers.plain(with_arm), tuple(cells))


def _line(judged: Judged, with_margin: bool) -> Line:
    limit = judged.needed.limit
    cells = (
        results.with_interval(judged.row, numbers.ratio),
        numbers.ratio(judged.needed.estimate, judged.error),
        numbers.ratio(limit, judged.error) if limit > 1 else HOLDS,
    )
    return Line(method(judged.row["method"]), (*cells, *(_to_margin(judged) if with_margin else ())))


def _to_margin(judged: Judged) -> tuple[str, ...]:
    """What it takes to bring the estimate, and the nearer limit, to the margin."""
    needed = judged.to_margin
    if needed is None:
        return numbers.DASH, numbers.DASH
    limit = numbers.ratio(needed.limit, judged.error) if needed.limit > 1 else HOLDS_MARGIN
    return numbers.ratio(needed.estimate, judged.error), limit
