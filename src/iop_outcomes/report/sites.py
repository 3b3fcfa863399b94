"""The primary questions site by site: does the answer differ between sites, and does any one of them decide it?

A sentence or two for each question, and a table: the difference among everyone, within sites, between sites, and of the
sites taken together, with where one more site may lie and how far leaving out any one of them moves the mean. All is
computed from the release.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from iop_outcomes.estimators.base.random_effects import Across
from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, method, within
from iop_outcomes.presentation.sides import OPEN, side
from iop_outcomes.presentation.sites import BySite, by_site
from iop_outcomes.protocol import AsRun
from iop_outcomes.report import results
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.report.sentences import effects
from iop_outcomes.tables.results import BETWEEN_SITES, SITES_APART, WITHIN_SITES
from iop_outcomes.tables.rows import Estimated

if TYPE_CHECKING:
    import pandas as pd

# sites lie further apart than chance lets them where it would do so in fewer samples than this
BY_CHANCE = 0.05
NOTE = (
    "Each site's difference is that of its people under the weights of the whole comparison. Of sites taken together "
    "the mean is by random effects (Paule and Mandel 1982; interval after Hartung and Knapp 2001, Statistics in "
    "Medicine 20:3875); \u2018one more site\u2019 is where the difference of a further site like these would lie "
    "(Higgins, Thompson and Spiegelhalter 2009, JRSS A 172:137). Sites with few people, or few with or without the "
    "outcome, are told nowhere and have no part in it. Within and between are of one linear regression of everyone on "
    "the own arm and the site\u2019s share of people in the first arm, adjusted as the score is: between is how much "
    "sites of the first arm alone would differ from sites of the second (Neuhaus and Kalbfleisch 1998, Biometrics "
    "54:638)."
)
ROWS = {
    WITHIN_SITES: "Within sites, by regression",
    BETWEEN_SITES: "Between sites, by their mix",
    SITES_APART: "Between less within",
}
TOGETHER = "Mean of {told} sites"


def tables(estimates: pd.DataFrame, study: AsRun) -> list[Table]:
    """A table for each contrast that is asked site by site. estimates: all that are released."""
    labels = Labels(study)
    found = by_site(estimates, labels)
    made = []
    for name in study.sites:
        own = [one for one in found if one.whole["contrast"] == name]
        blocks = tuple(Block(results.heading(one.whole, labels), tuple(_lines(one))) for one in own)
        columns = ("", f"Difference ({effects.level(labels)})", "p")
        if blocks:
            made.append(Table(f"{labels.contrast(name)}: site by site", columns, blocks, NOTE))
    return made


def said(estimates: pd.DataFrame, study: AsRun) -> list[str]:
    """What sites say, a paragraph for each question."""
    labels = Labels(study)
    return [_said(one, labels) for one in by_site(estimates, labels)]


def _lines(one: BySite) -> Iterator[Line]:
    yield _line(f"Everyone, {within(method(one.whole['method']))}", one.whole)
    for name, words in ROWS.items():
        if name in one.over:
            yield _line(words, one.over[name])
    found = one.together
    if found is None:
        yield Line(TOGETHER.format(told=numbers.count(len(one.sites))), absent="too few sites can be told")
        return
    mean = numbers.with_limits(found.value, found.low, found.high, numbers.points)
    yield Line(TOGETHER.format(told=numbers.count(len(one.sites))), (mean, ""))
    share = f"I squared {numbers.percent(found.inconsistency)}"
    yield Line("How far sites lie apart", (share, numbers.p_value(found.p_value)))
    yield Line("One more site", (f"{_points(found.next_low)} to {_points(found.next_high)}", ""))
    yield Line("Mean less any one site", (_without(found), ""))


def _line(words: str, row: Estimated) -> Line:
    if not numbers.known(row["estimate"]):
        return Line(words, absent=row["reason"])
    return Line(words, (results.with_interval(row, numbers.points), numbers.p_value(row["p_value"])))


def _without(found: Across) -> str:
    return f"{_points(float(found.without.min()))} to {_points(float(found.without.max()))}"


def _points(value: float) -> str:
    return numbers.points(value)


def _said(one: BySite, labels: Labels) -> str:
    asked = results.heading(one.whole, labels)
    told = f"{asked}: {numbers.count(len(one.sites))} of {numbers.count(one.asked)} sites with both arms can be told."
    return " ".join(part for part in (told, _apart(one.together), _mixed(one)) if part)


def _apart(found: Across | None) -> str:
    """How far sites lie apart, and whether one of them decides."""
    if found is None:
        return "They are too few to be taken together."
    share = f"I squared {numbers.percent(found.inconsistency)}, p {numbers.p_value(found.p_value)}"
    apart = (
        f"Their differences lie further apart than chance lets them ({share})"
        if found.p_value < BY_CHANCE
        else f"Their differences lie no further apart than chance may have them ({share})"
    )
    return (
        f"{apart}; that of one more site like these would lie between {_points(found.next_low)} and "
        f"{_points(found.next_high)} points. Less any one of them their mean is {_without(found)} points."
    )


def _mixed(one: BySite) -> str:
    """Whether sites of one arm differ from sites of the other by more than their people's arms."""
    inside, between, gap = (one.over.get(name) for name in ROWS)
    if inside is None or between is None or gap is None:
        return ""
    if not all(numbers.known(row["estimate"]) for row in (inside, between, gap)):
        return f"Within and between sites: {inside['reason']}." if inside["reason"] else ""
    values = (
        f"within sites {numbers.points(inside['estimate'], inside['rounding_error'])}, between them "
        f"{numbers.points(between['estimate'], between['rounding_error'])} points"
    )
    if side(gap) == OPEN:
        return f"What is found within sites and between them does not differ by more than chance may ({values})."
    return (
        f"Within sites and between them it is not the same ({values}): how sites that start more people in the first "
        "arm fare is not explained by their people's arms. Only what is compared within sites, as by a score with a "
        "term for each site, is free of it."
    )
