"""The one door out: what the analyses wrote, as it may be seen.

In order: categories in the records' own words that too few people have become one; life tables are held back and counts
suppressed under the disclosure policy; crude estimates and crude curves are computed from what is left; people and
events of every other estimate are summed from it; estimates, curves and diagnostics that speak of too few people are
withheld; what repeats a question under another rule keeps its counts back. Life tables themselves stay private. The
same tables give the same release; rows come sorted by their key. Refused: a looser rule than the policy's, crude rows
for which nothing is counted, levels that no estimate can be read from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.release.policy import POLICIES, Policy, choose

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["POLICIES", "Policy", "choose", "run"]


def run(
    counts: pd.DataFrame,
    life_tables: pd.DataFrame,
    estimates: pd.DataFrame,
    curves: pd.DataFrame,
    diagnostics: pd.DataFrame,
    policy: Policy | None = None,
    disclosure: Mapping[str, Any] | None = None,
    inference: Mapping[str, Any] | None = None,
    arms: Mapping[str, Sequence[str]] | None = None,
    endpoints: Mapping[str, Mapping[str, str]] | None = None,
    companions: Mapping[str, Sequence[str]] | None = None,
    groups: Mapping[str, Mapping[str, str]] | None = None,
    in_care: Mapping[str, Mapping[str, Any]] | None = None,
    notes: Sequence[str] | str = (),
    twice: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """The released tables counts, estimates, curves and diagnostics, and the notes of the source as they are.

    policy, or disclosure (policy by name, minimum_count, rounding_base) as the config gives it. inference: its
    confidence_level, 0.95 without. arms: for each contrast the names of its first and second arm; without it the order
    is read from the rows of each estimand. endpoints: the study's, by outcome, with kind and cause; without them
    outcomes are read by name. companions: 'contrasts' and 'outcomes' that repeat a question under another rule. groups:
    by contrast what defines each of its arms. in_care: contrasts that divide people by who is in care on a `day`, with
    the contrast `of` whose arms they are, if any. notes: path of the sentences that the source wrote. twice: the
    numbers that were computed a second time. Raises StudyError as the module says.
    """
    import pandas as pd

    from iop_outcomes.release import companions as companion_release
    from iop_outcomes.release import curves as curve_release
    from iop_outcomes.release import diagnostics as diagnostic_release
    from iop_outcomes.release import estimates as estimate_release
    from iop_outcomes.release import rare, second_opinion
    from iop_outcomes.release.evidence import Apart, gather
    from iop_outcomes.release.levels import EVENT_LEVELS, cumulative, readings

    rules = policy or _policy(disclosure or {})
    contrasts, outcomes = ((companions or {}).get(what, ()) for what in ("contrasts", "outcomes"))
    shared = companion_release.sharing(counts, groups or {}, rules)
    level = float((inference or {}).get("confidence_level", 0.95))
    apart = Apart([*contrasts, *shared], outcomes, cumulative(endpoints or {}, counts), in_care or {})
    counts, diagnostics = rare.together(counts, diagnostics, rules)
    evidence = gather(counts, life_tables, estimates, rules, readings(endpoints) if endpoints else EVENT_LEVELS, apart)
    parts = [p for p in (evidence.released, evidence.at_horizons) if len(p)]
    cohorts = dict(zip(life_tables["analysis"], life_tables["cohort"], strict=True))
    numbers = estimate_release.release_estimates(estimates, evidence, level, arms or {})
    released = {
        "counts": pd.concat(parts, ignore_index=True) if parts else evidence.released,
        "estimates": numbers,
        "curves": curve_release.release_curves(
            curves, companion_release.without(evidence, [*contrasts, *shared], outcomes), cohorts, level, numbers
        ),
        "diagnostics": diagnostic_release.release_diagnostics(diagnostics, evidence, arms, numbers),
    }
    kept = companion_release.keep_back(released, contrasts, outcomes, rules, shared)
    if twice is not None and len(twice):
        kept["estimates"] = second_opinion.marked(kept["estimates"], twice)
        told = second_opinion.told(twice, str(estimates["cohort"].iloc[0]))
        kept["diagnostics"] = pd.concat([d for d in (kept["diagnostics"], told) if len(d)], ignore_index=True)
    return {**{name: _finished(name, frame) for name, frame in kept.items()}, "notes": _text(notes)}


def _text(notes: Sequence[str] | str) -> str:
    """How the source read its files: sentences on files and codes, which hold nothing of people. notes: their path."""
    paths = [notes] if isinstance(notes, str) else notes
    return "".join(Path(path).read_text(encoding="utf-8") for path in paths)


def _policy(disclosure: Mapping[str, Any]) -> Policy:
    return choose(
        str(disclosure.get("policy", "cms")), disclosure.get("minimum_count"), disclosure.get("rounding_base")
    )


def _finished(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame sorted by its key, in declared columns and types, checked."""
    from iop_outcomes.tables import TABLES, check

    table = TABLES[name]
    columns = {n: c.dtype for n, c in table.columns.items()}
    ordered = frame.sort_values(list(table.key), kind="stable", ignore_index=True)[list(columns)].astype(columns)
    return check(table, ordered, where="release")
