"""The one door out: what the analyses wrote, as it may be seen.

In order: categories in the records' own words that too few people have become one; life tables are held back and counts
suppressed under the disclosure policy; crude estimates and crude curves are computed from what is left; people and
events of every other estimate are summed from it; estimates, curves and diagnostics that speak of too few people are
withheld; what repeats a question under another rule keeps its counts back. What the columns mean is told beside them.
Life tables themselves stay private. The same tables give the same release; rows come sorted by their key. Refused: a
looser rule than the policy's, crude rows for which nothing is counted, levels that no estimate can be read from.

Nothing that protects people has a default: who calls without it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.protocol import Companions, Disclosure, Endpoint, InCare, Inference
from iop_outcomes.release.policy import POLICIES, Policy, asked, choose

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["POLICIES", "Policy", "asked", "choose", "run"]


def run(
    counts: pd.DataFrame,
    life_tables: pd.DataFrame,
    estimates: pd.DataFrame,
    curves: pd.DataFrame,
    diagnostics: pd.DataFrame,
    disclosure: Disclosure,
    inference: Inference,
    arms: Mapping[str, Sequence[str]],
    endpoints: Mapping[str, Endpoint],
    companions: Companions,
    groups: Mapping[str, Mapping[str, str]],
    in_care: Mapping[str, InCare],
    notes: Sequence[str] | str = (),
    twice: pd.DataFrame | None = None,
    earlier: Sequence[str] | str = (),
) -> dict[str, pd.DataFrame | str]:
    """The released tables counts, estimates, curves and diagnostics, their ledger, and the notes of the source as they
    are.

    arms: for each contrast the names of its first and second arm. endpoints: the study's, by outcome. groups: by
    contrast what defines each of its arms. in_care: contrasts that divide people by who is in care on a day. notes:
    path of the sentences that the source wrote. twice: the numbers that were computed a second time. earlier: paths of
    the ledgers of earlier releases of the cohort. Raises StudyError as the module says.
    """
    import pandas as pd

    from iop_outcomes.release import curves as curve_release
    from iop_outcomes.release import diagnostics as diagnostic_release
    from iop_outcomes.release import differencing as companion_release
    from iop_outcomes.release import estimates as estimate_release
    from iop_outcomes.release import ledger, rare, second_opinion
    from iop_outcomes.release.levels import cumulative, readings
    from iop_outcomes.release.support import Apart, gather

    rules = asked(disclosure)
    contrasts, outcomes = companions.contrasts, companions.outcomes
    shared = companion_release.sharing(counts, groups, rules)
    level = inference.confidence_level
    apart = Apart([*contrasts, *shared], outcomes, cumulative(endpoints, counts), in_care)
    counts, diagnostics = rare.together(counts, diagnostics, rules)
    evidence = gather(counts, life_tables, estimates, rules, readings(endpoints), apart)
    parts = [p for p in (evidence.released, evidence.at_horizons) if len(p)]
    cohorts = dict(zip(life_tables["analysis"], life_tables["cohort"], strict=True))
    numbers = estimate_release.release_estimates(estimates, evidence, level, arms)
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
    finished = {name: _finished(name, frame) for name, frame in kept.items()}
    return {**finished, "ledger": ledger.written(finished["counts"], rules), "notes": _text(notes)}


def _text(notes: Sequence[str] | str) -> str:
    """How the source read its files: sentences on files and codes, which hold nothing of people. notes: their path."""
    paths = [notes] if isinstance(notes, str) else notes
    return "".join(Path(path).read_text(encoding="utf-8") for path in paths)


def _finished(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame sorted by its key, in declared columns and types, checked."""
    from iop_outcomes.tables import TABLES, check

    table = TABLES[name]
    columns = {n: c.dtype for n, c in table.columns.items()}
    if name == "counts":
        frame = _as_told(frame)
    ordered = frame.astype(columns).sort_values(list(table.key), kind="stable", ignore_index=True, na_position="first")
    return check(table, ordered[list(columns)], where="release")


def _as_told(counts: pd.DataFrame) -> pd.DataFrame:
    """What counts say of how true they are."""
    count = counts["count"].astype("Int64")
    return counts.assign(rounded_to=count.where(count.isna(), 1), count_low=count, count_high=count)
