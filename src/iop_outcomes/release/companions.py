"""The same question under another rule: another classifier of levels, another gap between stays, another clock.

Its people are the same but for a few, so that its counts, subtracted from those of the question itself, would give the
few away. Counts, life tables, curves and diagnostics of companions are therefore kept back, as are people and events
beside their estimates; adjusted estimates stay, judged by the true counts as all others. A policy that lets everything
out lets these out too. Refused: crude estimates of companions, which are their counts in another form.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.release.evidence import Evidence
from iop_outcomes.release.policy import Policy
from iop_outcomes.tables.results import OF_QUESTIONS

if TYPE_CHECKING:
    import pandas as pd

# what stands beside an estimate and speaks of its people
BESIDE = ("n", "events", "n_effective")


def keep_back(
    released: Mapping[str, pd.DataFrame], contrasts: Collection[str], outcomes: Collection[str], policy: Policy
) -> dict[str, pd.DataFrame]:
    """The released tables without what would tell a companion's people from those of the question itself.

    contrasts, outcomes: names of the companions. Raises StudyError as the module says.
    """
    if policy.exact:
        return dict(released)
    estimates = released["estimates"]
    own = _of(estimates, contrasts, outcomes)
    if (own & (estimates["method"] == "crude")).any():
        raise StudyError(
            "A crude estimate is asked for under another classifier, gap rule or clock: beside the question itself it "
            "would give a few people away. Ask for it with a weighted method only, or under the policy 'none'."
        )
    kept = {n: released[n][~_of(released[n], contrasts, outcomes)] for n in ("counts", "curves", "diagnostics")}
    hidden = {column: estimates[column].mask(own) for column in BESIDE}
    return {**released, **kept, "estimates": estimates.assign(**hidden)}


def without(evidence: Evidence, contrasts: Collection[str], outcomes: Collection[str]) -> Evidence:
    """The evidence from which crude curves may be drawn: without the life tables of companions."""
    if evidence.policy.exact:
        return evidence

    def own(question: tuple[str, str, str]) -> bool:
        return question[1] in contrasts or question[2] in outcomes

    followed, held = (
        {q: arms for q, arms in tables.items() if not own(q)} for tables in (evidence.followed, evidence.held)
    )
    return replace(evidence, followed=followed, held=held)


def _of(table: pd.DataFrame, contrasts: Collection[str], outcomes: Collection[str]) -> pd.Series:
    own = table["contrast"].isin(list(contrasts))
    if "outcome" in table:
        return own | table["outcome"].isin(list(outcomes))
    # of diagnostics, detectable differences speak of an outcome
    return own | (table["quantity"].isin(OF_QUESTIONS) & table["variable"].str.split(":").str[0].isin(list(outcomes)))
