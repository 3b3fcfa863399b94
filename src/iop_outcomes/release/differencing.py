"""The same question under another rule: another classifier of levels, another gap between stays, another clock.

Its people are the same but for a few, so that its counts, subtracted from those of the question itself, would give the
few away. Counts, life tables, curves and diagnostics of companions are therefore kept back, as are people and events
beside their estimates; adjusted estimates stay, judged by the true counts as all others. A policy that lets everything
out lets these out too. Refused: crude estimates of companions, which are their counts in another form.

The same holds for a contrast one of whose arms is an arm of an earlier contrast, less the people of sites that lack
another arm (`sharing`): what the sites' people are is told by subtraction. Its crude estimates are withheld.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.release.crude import NUMBERS
from iop_outcomes.release.policy import Policy
from iop_outcomes.tables.results import COVARIATE, PEOPLE
from iop_outcomes.vocabulary.methods import CRUDE

if TYPE_CHECKING:
    import pandas as pd

# outcome, variable and level
Cell = tuple[str, str, str]
# what stands beside an estimate and speaks of its people
BESIDE = ("n", "events", "n_effective")
WITHHELD = {
    "status": "suppressed",
    "reason": "one of its groups is that of an earlier comparison but for some people, who could be had by subtraction",
}


def sharing(counts: pd.DataFrame, groups: Mapping[str, Mapping[str, str]], policy: Policy) -> list[str]:
    """Contrasts that share an arm with an earlier one, but not all of its people.

    counts: of the design, as they are. groups: by contrast, in order, what defines each of its arms, by name. None
    under a policy that lets everything out, and where counts are rounded, as those tell no difference.
    """
    if policy.exact or policy.rounding_base > 1:
        return []
    told = counts["outcome"].isin([PEOPLE, COVARIATE])
    own = counts[(counts["analysis"] == "design") & told]
    cells: dict[tuple[str, str], dict[Cell, int]] = {}
    for row in own.itertuples():
        cell = str(row.outcome), str(row.variable), str(row.level)
        cells.setdefault((str(row.contrast), str(row.arm)), {})[cell] = int(str(row.count))
    first: dict[str, dict[Cell, int]] = {}
    found = []
    for contrast, arms in groups.items():
        known = {what: cells.get((contrast, arm), {}) for arm, what in arms.items()}
        if any(_differ(people, first.get(what, {})) for what, people in known.items()):
            found.append(contrast)
            continue
        first |= {what: first.get(what, {}) | people for what, people in known.items() if people}
    return found


def _differ(people: Mapping[Cell, int], others: Mapping[Cell, int]) -> bool:
    """Two counts of a group tell of different people. Of arms alongside only their people are counted."""
    sizes = {cell for cell in (*people, *others) if cell[0] == PEOPLE} if people and others else set()
    both = sizes | (people.keys() & others.keys())
    return any(people.get(cell, 0) != others.get(cell, 0) for cell in both)


def keep_back(
    released: Mapping[str, pd.DataFrame],
    contrasts: Collection[str],
    outcomes: Collection[str],
    policy: Policy,
    shared: Collection[str] = (),
) -> dict[str, pd.DataFrame]:
    """The released tables without what would tell a companion's people from those of the question itself.

    contrasts, outcomes: names of the companions. shared: contrasts that `sharing` found. Raises StudyError as the
    module says.
    """
    if policy.exact:
        return dict(released)
    estimates = released["estimates"]
    crude = estimates["contrast"].isin(list(shared)) & (estimates["method"] == CRUDE) & (estimates["status"] == "ok")
    estimates = estimates.assign(
        **{n: estimates[n].mask(crude) for n in (*NUMBERS, *BESIDE)},
        **{n: estimates[n].mask(crude, words) for n, words in WITHHELD.items()},
    )
    own = _of(estimates, contrasts, outcomes)
    if (own & (estimates["method"] == CRUDE)).any():
        raise StudyError(
            "A crude estimate is asked for under another classifier, gap rule or clock: beside the question itself it "
            "would give a few people away. Ask for it with a weighted method only, or under the policy 'none'."
        )
    every = [*contrasts, *shared]
    kept = {n: released[n][~_of(released[n], every, outcomes)] for n in ("counts", "curves", "diagnostics")}
    own = _of(estimates, every, outcomes)
    hidden = {column: estimates[column].mask(own) for column in BESIDE}
    return {**released, **kept, "estimates": estimates.assign(**hidden)}


def _of(table: pd.DataFrame, contrasts: Collection[str], outcomes: Collection[str]) -> pd.Series[bool]:
    own = table["contrast"].isin(list(contrasts))
    return own | table["outcome"].isin(list(outcomes))
