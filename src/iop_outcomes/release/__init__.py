"""The one door out: what the analyses wrote, as it may be seen.

In order: categories in the records' own words that too few people have become one; everything that is counted, the
cumulative numbers of life tables among it, becomes one system of cells and lines (`iop_outcomes.release.ground`); the
system is protected under the disclosure policy, exact or rounded, whichever keeps more (`iop_outcomes.release.regime`);
crude estimates and crude curves are computed from what is told; people and events of every other estimate are summed
from it, and its numbers are as fine as those are (`iop_outcomes.release.precision`); estimates, curves and diagnostics
that speak of too few people are withheld; what repeats a question under another rule keeps its counts back. What the
columns mean is told beside them. Verdicts follow from the released estimates alone (`iop_outcomes.release.verdicts`).
Life tables themselves stay private. The same tables give the same release; rows come
sorted by their key. Refused: a looser rule than the policy's, crude rows for which nothing is counted, levels that no
estimate can be read from.

Nothing that protects people has a default: who calls without it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from iop_outcomes.protocol import Companions, Disclosure, Endpoint, InCare, Inference, Judged
from iop_outcomes.release.policy import POLICIES, Policy, asked, choose

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.release.estimates import Fineness
    from iop_outcomes.release.ground import Ground
    from iop_outcomes.release.regime import Kept
    from iop_outcomes.release.support import Evidence
    from iop_outcomes.release.system import Shown, System

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
    fewest_events: int,
    primary: Mapping[str, Sequence[str]] = MappingProxyType({}),
    notes: Sequence[str] | str = (),
    twice: pd.DataFrame | None = None,
    earlier: Sequence[str] | str = (),
    judged: Sequence[Judged] = (),
    earlier_verdicts: Sequence[str] | str = (),
    locked: Sequence[str] | str = (),
    modifiers: Sequence[str] = (),
) -> dict[str, pd.DataFrame | str]:
    """The released tables counts, estimates, curves and diagnostics, their ledger, and the notes of the source as they
    are.

    arms: for each contrast the names of its first and second arm. endpoints: the study's, by outcome. groups: by
    contrast what defines each of its arms. in_care: contrasts that divide people by who is in care on a day.
    fewest_events: that the gate asks for in each arm, and people without one. primary: outcomes of primary questions by
    contrast, whose crude rows decide whether counts are exact or rounded. notes: path of the sentences that the source
    wrote. twice: the numbers that were computed a second time. earlier: paths of the ledgers of earlier releases of the
    cohort. judged: the questions on which a verdict is given, from released estimates alone. earlier_verdicts: paths
    of the tables of verdicts of earlier releases. locked: paths of the margins as the design wrote them. modifiers:
    names by which people are grouped. Raises StudyError as the module says.
    """
    import pandas as pd

    from iop_outcomes.design import locked as margins_on_record
    from iop_outcomes.release import absent, differencing, ground, ledger, rare, regime, second_opinion, sites, verdicts
    from iop_outcomes.release.diagnostics import of_amounts, score_patterns, score_patterns_of_groups
    from iop_outcomes.release.estimates import Fineness
    from iop_outcomes.release.levels import cumulative, readings

    if locked:
        margins_on_record.check(locked, judged)
    rules = asked(disclosure)
    contrasts, outcomes = companions.contrasts, companions.outcomes
    shared = differencing.sharing(counts, groups, rules)
    level = inference.confidence_level
    kept_back = () if rules.exact else (*contrasts, *shared)
    apart = ground.Apart(
        kept_back,
        () if rules.exact else outcomes,
        cumulative(endpoints, counts),
        in_care,
        {contrast: names[0] for contrast, names in arms.items()},
        fewest_events,
        modifiers,
    )
    counts, diagnostics = rare.together(counts, diagnostics, rules)
    counts = absent.named(counts, endpoints, rules)
    scores, amounts = score_patterns(diagnostics), of_amounts(diagnostics)
    known = Fineness(
        (*contrasts, *shared), outcomes, scores, fewest_events, amounts, of_sites=sites.known(diagnostics),
        of_groups=score_patterns_of_groups(diagnostics),
    )  # fmt: skip
    cohort = str(estimates["cohort"].iloc[0]) if len(estimates) else ""
    before = ledger.read(earlier, cohort, rules)
    everything = ground.gather(counts, life_tables, estimates, rules, readings(endpoints), apart, before)
    evidence, chosen = _as_fine_as_can_be(everything, rules, regime.looked_at(estimates, primary), level, arms, known)
    tables = {"estimates": estimates, "curves": curves, "diagnostics": diagnostics}
    released = _released(tables, evidence, known, level, arms)
    kept = differencing.keep_back(released, contrasts, outcomes, rules, shared)
    added = [regime.told(chosen, cohort)] if chosen.rows and not rules.exact else []
    if twice is not None and len(twice):
        kept["estimates"] = second_opinion.marked(kept["estimates"], twice)
        added.append(second_opinion.told(twice, cohort))
    if added:
        kept["diagnostics"] = pd.concat([d for d in (kept["diagnostics"], *added) if len(d)], ignore_index=True)
    finished = {name: _finished(name, frame) for name, frame in kept.items()}
    return {
        **finished,
        "verdicts": verdicts.made(finished["estimates"], judged, level, verdicts.before(earlier_verdicts, judged)),
        "ledger": ledger.written(finished["counts"], finished["curves"], evidence.life, rules),
        "notes": _text(notes),
    }


def _as_fine_as_can_be(
    everything: Ground,
    rules: Policy,
    asked: pd.DataFrame,
    level: float,
    arms: Mapping[str, Sequence[str]],
    known: Fineness,
) -> tuple[Evidence, Kept]:
    """What is told with the base that keeps most of the rows that are asked about, and what that keeps."""
    from iop_outcomes.release import regime, telling
    from iop_outcomes.release.estimates import release_estimates

    tried: list[tuple[Evidence, Kept]] = []
    coarse: frozenset[int] = frozenset()
    done: dict[System, Shown] = {}
    for base in regime.bases(rules):
        told = telling.tell(everything, rules, base, coarse, done)
        kept = regime.kept(base, release_estimates(asked, told.evidence, level, arms, known))
        enough = kept.all or bool(tried and (kept.kept < tried[-1][1].kept or not kept.withheld))
        tried.append((told.evidence, kept))
        coarse = coarse or told.in_need
        if enough or not coarse:
            break
    best = regime.best([kept for _, kept in tried])
    return next(one for one in tried if one[1] == best)


def _released(
    tables: Mapping[str, pd.DataFrame],
    evidence: Evidence,
    known: Fineness,
    level: float,
    arms: Mapping[str, Sequence[str]],
) -> dict[str, pd.DataFrame]:
    """The released tables, before what repeats a question under another rule keeps its counts back.

    tables: estimates, curves and diagnostics as they are.
    """
    import pandas as pd

    from iop_outcomes.release.curves import release_curves
    from iop_outcomes.release.diagnostics import release_diagnostics
    from iop_outcomes.release.estimates import release_estimates

    parts = [p for p in (evidence.released, evidence.at_horizons) if len(p)]
    numbers = release_estimates(tables["estimates"], evidence, level, arms, known)
    return {
        "counts": pd.concat(parts, ignore_index=True) if parts else evidence.released,
        "estimates": numbers,
        "curves": release_curves(tables["curves"], evidence, level),
        "diagnostics": release_diagnostics(tables["diagnostics"], evidence, arms, numbers, level),
    }


def _text(notes: Sequence[str] | str) -> str:
    """How the source read its files: sentences on files and codes, which hold nothing of people. notes: their path."""
    paths = [notes] if isinstance(notes, str) else notes
    return "".join(Path(path).read_text(encoding="utf-8") for path in paths)


def _finished(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame sorted by its key, in declared columns and types, checked."""
    from iop_outcomes.tables import TABLES, check

    table = TABLES[name]
    ordered = table.cast(frame).sort_values(list(table.key), kind="stable", ignore_index=True, na_position="first")
    return check(table, ordered[list(table.columns)], where="release")
