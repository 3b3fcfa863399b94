"""Estimates as they may be seen.

In order, for each row: an adjusted row is withheld where passing the gate, or not, tells more of events than counts do
(`iop_outcomes.release.gated`); a gated or impossible row keeps its reason and loses every number; a crude row is
computed from what is told of cells, or is suppressed when one of them is hidden; any other row is suppressed when it
speaks of too few people, and else keeps as many digits as the cells behind it are told with
(`iop_outcomes.release.precision`). People and events of every row are summed from told cells: those of the arm, for a
risk or mean of one arm; of both, for a comparison.

An adjusted risk of an arm is withheld when that arm's own events, or people without the event, are too few:
where weights hardly differ, risk times people gives the count back. So are the difference and the ratio of
risks when either arm is, as the shown arm gives the other back. The same holds where few people of an arm are
not at risk, and of a mean of what each person has where few have some of it, or none. Other measures, such as
arms' people without the event, are below the minimum.
Where the people of one arm all weigh the same (weights for the treated), its adjusted estimate is its crude one: unless
its counts are shown as they are, the arms and their ratio are withheld, and the difference stands alone. Some policies
ask besides how many degrees of freedom a model leaves, and how much of a sum of days two people hold.

The reason of a withheld row is the same whatever was too small. Without any count behind it, an estimate is withheld,
unless the policy lets everything out.

Refused: crude rows for which nothing is counted, and comparisons whose arms have no known order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from iop_outcomes.errors import EstimationError, StudyError
from iop_outcomes.release import categories, few_scores, gated, precision, sites
from iop_outcomes.release.crude import NUMBERS, Ask, estimate
from iop_outcomes.release.levels import reading
from iop_outcomes.release.numbers import NOTHING, together
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.support import ArmCells, Evidence, horizon, of_period
from iop_outcomes.tables.results import ALL, OF_SITE, OVER_SITES, WITHOUT
from iop_outcomes.tables.rows import Estimated, estimated
from iop_outcomes.vocabulary.measures import BY_ARM, DIFFERENCE, MEAN_DAYS, MEASURES, NUMBER, RATIO, RISK
from iop_outcomes.vocabulary.methods import CRUDE, METHODS

if TYPE_CHECKING:
    import pandas as pd

# a row as it is released
Row = dict[str, object]
Arms = Mapping[str, Sequence[str]]
# what an amount is known by among diagnostics of an arm
OF_AN_ARM = ("analysis", "contrast", "outcome", "horizon_days", "method", "missing_rule", "measure", "group")
COMPARISONS = {DIFFERENCE, RATIO}
EMPTY: Row = {**dict.fromkeys((*NUMBERS, "n_effective", "rounding_error"), float("nan")), "n": None, "events": None}


@dataclass(frozen=True)
class Fineness:
    """What beside cells decides how fine adjusted numbers are told.

    contrasts, outcomes: companions, whose counts are not told. scores: how many distinct scores stand behind the
    adjusted numbers of a contrast. events: fewest events, and people without one, that the gate asks for in an arm.
    amounts: of questions on amounts, by arm, which share of the sum two people hold, and the largest there could be.
    categories: which of an arm each row of hours in categories speaks of. of_sites: what is known of each site of a
    question. told_sites: those that are told. of_groups: distinct scores of groups with a score of their own, by
    contrast, modifier and group.
    """

    contrasts: Collection[str] = ()
    outcomes: Collection[str] = ()
    scores: Mapping[str, int] = field(default_factory=dict)
    events: int = 0
    amounts: Mapping[tuple[str, ...], tuple[float, float]] = field(default_factory=dict)
    categories: categories.Categories = field(default_factory=dict)
    of_sites: Mapping[sites.Key, sites.Site] = field(default_factory=dict)
    told_sites: frozenset[sites.Key] = frozenset()
    of_groups: Mapping[tuple[str, str, str], int] = field(default_factory=dict)

    def of_two(self, row: Estimated, arms: Sequence[str]) -> float:
        """The largest share that two people hold in the arms that a row speaks of; 1 where it is not told."""
        own = (row["of"],) if row["of"] in arms else tuple(arms)
        return max((self._of_arm(row, arm)[0] for arm in own), default=1.0)

    def span(self, row: Estimated, arms: Sequence[str]) -> float:
        """What a whole arm makes of a row: of a number the largest that there could be, or else the days."""
        day = float(horizon(row) or 1)
        if MEASURES[row["measure"]].unit != NUMBER:
            return MEASURES[row["measure"]].span(day)
        return min(max((self._of_arm(row, arm)[1] for arm in arms), default=day), day)

    def _of_arm(self, row: Estimated, arm: str) -> tuple[float, float]:
        question = tuple(str(row[name]) for name in OF_AN_ARM)  # type: ignore[literal-required]
        return self.amounts.get((*question, arm), (1.0, float("inf")))

    def distinct(self, contrast: str) -> int | None:
        """Distinct scores of a contrast; without scores of its own the fewest of any, as covariates are alike."""
        return self.scores.get(contrast, min(self.scores.values(), default=None))

    def in_group(self, row: Estimated) -> int | None:
        """Distinct scores of the group that a row is of; None of everyone."""
        return self.of_groups.get((row["contrast"], row["group_by"], row["group"]))

    def companion(self, row: Estimated) -> bool:
        """The row repeats a question under another rule, or of some of its people, whose cells are rounded."""
        again = row["contrast"] in self.contrasts or row["outcome"] in self.outcomes
        return again or self.in_group(row) is not None


@dataclass(frozen=True)
class Compared:
    """The arms that a row speaks of. own: one arm, or both in order. both: all arms of the comparison."""

    own: tuple[ArmCells, ...]
    both: tuple[ArmCells, ...]
    missing_arm: str = ""


def release_estimates(
    estimates: pd.DataFrame, evidence: Evidence, level: float, arms: Arms, known: Fineness
) -> pd.DataFrame:
    """The estimates that may be released: same rows and columns.

    level: of confidence intervals. arms: for a contrast, the names of its first and second arm. known: what beside
    cells decides how fine adjusted numbers are.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    rows = estimated(estimates)
    few = (
        ()
        if evidence.policy.exact
        else {r["contrast"] for r in rows if few_scores.is_few(known.distinct(r["contrast"]))}
    )
    one = few_scores.told(rows, few)
    known = replace(
        known, categories=categories.compared(rows), told_sites=sites.told(rows, known.of_sites, evidence.policy)
    )
    released = [
        _withheld(row, "suppressed", few_scores.REASON)
        if row["status"] == "ok" and (few_scores.second(row, one) or _few_in_group(row, evidence.policy, known))
        else _of_sites(row, evidence, level, arms.get(row["contrast"], ()), known)
        for row in rows
    ]
    declared = TABLES["estimates"]
    return declared.cast(pd.DataFrame(released, columns=list(declared.columns)))


def _release(row: Estimated, evidence: Evidence, level: float, order: Sequence[str], known: Fineness) -> Row:
    policy = evidence.policy
    if missing := gated.nobody(row, evidence.arms(row, order), order):
        return _withheld(row, "not_possible", f"no people in the arm '{missing}'")
    if row["method"] != CRUDE and not of_period(row) and _gate_tells(row, evidence, known, order):
        return _withheld(row, "suppressed", policy.reason)
    if row["status"] != "ok":
        reason = row["reason"] if policy.exact else gated.unsaid(row["reason"], order, known.events)
        return row | EMPTY | {"reason": reason}
    compared = _compared(row, _arms(row, evidence, known, order), order)
    if row["method"] == CRUDE:
        return _crude(row, compared, evidence, level, order)
    if not compared.both and not policy.exact:
        return _withheld(row, "suppressed", "the people behind it are not counted")
    few = _too_few(row, compared, policy) or _held_by_few(row, compared, policy, known, order)
    if few or _saturated(row, compared, evidence):
        return _withheld(row, "suppressed", policy.reason)
    if _gives_back(row, compared, policy):
        return _withheld(row, "suppressed", "one arm counts as it is, and its counts are withheld or rounded")
    told = _as_finely(row, compared, policy, known, order)
    if told is None:
        return _withheld(row, "suppressed", policy.reason)
    return row | told | _people(compared) | _effective(row, compared, policy)


def _of_sites(row: Estimated, evidence: Evidence, level: float, order: Sequence[str], known: Fineness) -> Row:
    """A row of one site, of which nothing is counted; one that speaks of everyone in another way; or another."""
    if row["group_by"] == OF_SITE:
        return _of_site(row, evidence.policy, known)
    if row["group_by"] in (OVER_SITES, WITHOUT):
        everyone: Estimated = {**row, "group_by": ALL, "group": ALL}
        found = _release(everyone, evidence, level, order, known)
        return found | {"group_by": row["group_by"], "group": row["group"]}
    return _release(row, evidence, level, order, known)


def _of_site(row: Estimated, policy: Policy, known: Fineness) -> Row:
    """The difference at one site."""
    site = known.of_sites.get(sites.key(row))
    if policy.exact and row["status"] != "ok":
        return row | EMPTY
    told = sites.rounded(row, site, policy) if site and sites.key(row) in known.told_sites else None
    return _withheld(row, "suppressed", sites.REASON) if told is None else row | told | sites.NOBODY


def _few_in_group(row: Estimated, policy: Policy, known: Fineness) -> bool:
    """A score of a group's own takes so few values that its counts could be solved for."""
    return not policy.exact and row["method"] != CRUDE and few_scores.is_few(known.in_group(row))


def _gate_tells(row: Estimated, evidence: Evidence, known: Fineness, order: Sequence[str]) -> bool:
    """Having passed the gate, or not, says more of events than is told of them."""
    staying = reading(row["outcome"], evidence.levels).kind == "staying"
    return gated.tells(row, _arms(row, evidence, known, order), staying, known.events, evidence.policy)


def _arms(row: Estimated, evidence: Evidence, known: Fineness, order: Sequence[str]) -> dict[str, ArmCells]:
    return categories.of_row(row, evidence.arms(row, order), known.categories)


def _crude(row: Estimated, compared: Compared, evidence: Evidence, level: float, order: Sequence[str]) -> Row:
    measure, of = row["measure"], row["of"]
    if measure not in BY_ARM or not (compared.both or compared.missing_arm):
        raise StudyError(
            f"The analysis '{row['analysis']}', contrast '{row['contrast']}', asks for a crude "
            f"'{measure}' of '{row['outcome']}', which cannot be computed: crude rows are risks and mean "
            "days of arms, and need counts or a life table of the same analysis, contrast, outcome, horizon and "
            "group. This is a defect of the analysis; please report it."
        )
    if compared.missing_arm:
        return _withheld(row, "not_possible", f"no people in the arm '{compared.missing_arm}'")
    if any(arm.base == 0 for arm in compared.own) or _held_by_few(row, compared, evidence.policy, Fineness(), order):
        return _withheld(row, "suppressed", evidence.policy.reason)
    if measure == RISK and any(map(_all_by_rounding, compared.own)):
        return _withheld(row, "suppressed", evidence.policy.reason)
    ask = Ask(measure, of, horizon(row), reading(row["outcome"], evidence.levels), level)
    try:
        numbers = estimate(ask, [cells.arm for cells in compared.own])
    except EstimationError as wrong:
        return _withheld(row, "not_possible", str(wrong))
    if numbers is None:
        return _withheld(row, "suppressed", evidence.policy.reason)
    return row | {"n_effective": float("nan")} | numbers | _people(compared)


def _as_finely(row: Estimated, compared: Compared, policy: Policy, known: Fineness, order: Sequence[str]) -> Row | None:
    """The numbers of an adjusted row, rounded as its cells are; None where nothing would be left of them."""
    least = precision.least_base(known.companion(row), known.distinct(row["contrast"]), policy)
    grains = [precision.grain(arm, policy, least) for arm in compared.own]
    ratio = row["of"] == RATIO or MEASURES[row["measure"]].ratio
    span = 0.0 if ratio else known.span(row, order)
    return precision.coarsened(dict(row), compared.own, grains, span, policy)


def _held_by_few(row: Estimated, compared: Compared, policy: Policy, known: Fineness, order: Sequence[str]) -> bool:
    """Of the days, or of another amount, of an arm two people hold more than the policy lets them."""
    if policy.dominance >= 1:
        return False
    if MEASURES[row["measure"]].amount:
        return known.of_two(row, order) >= policy.dominance
    if row["measure"] != MEAN_DAYS:
        return False
    return any(_share_of_two(arm, horizon(row)) >= policy.dominance for arm in compared.own)


def _all_by_rounding(cells: ArmCells) -> bool:
    """Events and people are rounded by themselves to one number, as if everyone had the event, and not everyone has."""
    events, people = cells.arm.events, cells.arm.people
    if events is None or people is None or not people.count or cells.arm.censored:
        return False
    return events.number >= people.count and cells.true_events < cells.true_people


def _share_of_two(arm: ArmCells, day: int | None) -> float:
    """Which share of an arm's days up to a day the two people with most of them hold."""
    if arm.followed is None or day is None:
        return 1.0
    gone = [(min(move.day, day), move.count) for move in arm.followed.moves]
    days = [*gone, (day, arm.followed.people - arm.followed.gone(None))]
    everyone = sum(each * count for each, count in days)
    two, left = 0, 2
    for each, count in sorted(days, reverse=True):
        two, left = two + each * min(count, left), left - min(count, left)
    return two / everyone if everyone else 1.0


def _saturated(row: Estimated, compared: Compared, evidence: Evidence) -> bool:
    """A model leaves fewer degrees of freedom than the policy asks for."""
    least = evidence.policy.residual_degrees
    people = sum(arm.true_people for arm in compared.both)
    return least > 0 and people - evidence.terms(row["contrast"]) < least


def _withheld(row: Estimated, status: str, reason: str) -> Row:
    return row | EMPTY | {"status": status, "reason": reason}


def _people(compared: Compared) -> Row:
    """People and events, from released cells; people who are a difference of rounded numbers, only where that lies as
    near as these do.
    """
    people = together(arm.people for arm in compared.own) if compared.own else NOTHING
    events = together(arm.events for arm in compared.own) if compared.own else NOTHING
    shown = not people.difference or people.near(len(compared.own))
    return {"n": people.count if shown else None, "events": events.count}


def _effective(row: Estimated, compared: Compared, policy: Policy) -> Row:
    """The effective sample size, which without weights is the number of people: shown only where that is.

    It is of both arms beside every row, so that in the row of one arm it would tell the people of the other.
    """
    if policy.exact:
        return {}
    base = together(arm.people for arm in compared.both).base
    return {"n_effective": policy.rounded_size(row["n_effective"], base) if base else float("nan")}


def _too_few(row: Estimated, compared: Compared, policy: Policy) -> bool:
    """An estimate that is not crude speaks of too few people."""
    if MEASURES[row["measure"]].share or MEASURES[row["measure"]].amount:
        return any(arm.small(policy) for arm in compared.own)
    both = compared.both
    if of_period(row):  # of a few days an unweighted ratio and its error nearly tell the events of both arms
        return any(arm.small(policy) for arm in both)
    if any(policy.small(arm.true_people) for arm in both):
        return True
    sides = ([a.true_events for a in both], [a.true_people - a.true_events for a in both])
    return any(sum(side) > 0 and max(side) < policy.minimum_count for side in sides if side)


def _gives_back(row: Estimated, compared: Compared, policy: Policy) -> bool:
    """The people of one arm all weigh the same, so that its estimate is the crude one, of counts that are not shown.

    The difference alone tells neither arm; with the ratio it would tell both.
    """
    method = METHODS[row["method"]]
    if policy.exact or method.alike is None or row["measure"] not in BY_ARM or row["of"] == DIFFERENCE:
        return False
    return any(arm.base != 1 for arm in compared.both)


def _compared(row: Estimated, found: Mapping[str, ArmCells], order: Sequence[str]) -> Compared:
    """Which arms a row speaks of; for a crude comparison, in its order."""
    both = tuple(found.values())
    of = row["of"]
    if of in found:
        return Compared((found[of],), both)
    if row["method"] != CRUDE or not found:
        return Compared(both, both)
    asked = list(order) if of in COMPARISONS else [of]
    if of in COMPARISONS and len(asked) != 2:
        raise StudyError(
            f"The order of the arms of contrast '{row['contrast']}' is not known, so the sign of the {of} of "
            f"'{row['outcome']}' in analysis '{row['analysis']}' is not either. Give it to release among `arms`, as "
            "{contrast: [first, second]}."
        )
    missing = next((arm for arm in asked if arm not in found), "")
    return Compared(tuple(found[arm] for arm in asked if arm in found), both, missing)
