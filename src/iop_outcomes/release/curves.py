"""Curves as they may be seen.

Crude curves over days are drawn from held life tables, one for each cause and one of those who have not left;
nothing that the analyses wrote under 'crude' over days is let out. Adjusted curves over days keep only points
on the policy's grid, while enough people are at risk, and only where enough people have had the event since
the point kept before, so that no step of a curve stands for a few people. Curves over other axes lose points
in which few people stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from iop_outcomes.release import crude
from iop_outcomes.release.evidence import Evidence
from iop_outcomes.release.levels import reading
from iop_outcomes.release.life_tables import CENSORED, Leaving
from iop_outcomes.release.policy import Policy

if TYPE_CHECKING:
    import pandas as pd

KEY = ["analysis", "cohort", "contrast", "arm", "outcome", "method", "axis"]
# analysis, contrast, curve: outcome of the life table behind it, and the cause drawn (None: not having left)
Sources = dict[tuple[str, str, str], tuple[str, str | None]]


def release_curves(curves: pd.DataFrame, evidence: Evidence, cohorts: Mapping[str, str], level: float) -> pd.DataFrame:
    """The curves that may be released. cohorts: cohort of each analysis. level: of confidence intervals."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    declared = TABLES["curves"].columns
    sources = _sources(evidence)
    ours = (curves["method"] == "crude") & (curves["axis"] == "days")
    kept = [
        _released(tuple(map(str, key)), points, sources, evidence)
        for key, points in curves[~ours].groupby(KEY, sort=True)
    ]
    drawn = [pd.DataFrame(points) for points in _crude(sources, evidence, cohorts, level)]
    parts = [p.astype({n: c.dtype for n, c in declared.items()}) for p in (*drawn, *kept) if len(p)]
    return pd.concat(parts, ignore_index=True)[list(declared)] if parts else TABLES["curves"].empty()


def _sources(evidence: Evidence) -> Sources:
    """Which life table is behind each curve; where several are, the one whose outcome is read that way."""
    found: Sources = {}
    for (analysis, contrast, outcome), arms in sorted(evidence.followed.items()):
        read = reading(outcome, evidence.levels)
        causes = {c for leaving in arms.values() for c in leaving.causes if c != CENSORED}
        for name, cause, fits in [
            *((c, c, read.kind == "cause") for c in sorted(causes)),
            (read.staying, None, read.kind == "staying"),
        ]:
            key = (analysis, contrast, name)
            if fits or key not in found:
                found[key] = (outcome, cause)
    return found


def _crude(sources: Sources, evidence: Evidence, cohorts: Mapping[str, str], level: float) -> Iterator[dict[str, Any]]:
    """The points of every crude curve on which anyone is counted."""
    for (analysis, contrast, name), (outcome, cause) in sorted(sources.items()):
        for arm, leaving in evidence.held.get((analysis, contrast, outcome), {}).items():
            if leaving.gone(None, _causes(leaving, cause)) == 0:
                continue
            key = (analysis, cohorts[analysis], contrast, arm, name, "crude", "days")
            points = crude.curve(leaving, cause, level)
            yield {**dict(zip(KEY, key, strict=True)), **points, "n_effective": float("nan")}


def _causes(leaving: Leaving, cause: str | None) -> list[str]:
    return [c for c in leaving.causes if c != CENSORED] if cause is None else [cause]


def _released(key: tuple[str, ...], points: pd.DataFrame, sources: Sources, evidence: Evidence) -> pd.DataFrame:
    policy = evidence.policy
    if policy.exact:
        return points
    analysis, _, contrast, arm, outcome, _, axis = key
    if axis == "hours_per_week" and _thin(analysis, contrast, arm, outcome, evidence):
        return points.iloc[:0]
    if axis != "days":
        return _with_people(points[~points["n_risk"].map(policy.small, na_action="ignore").eq(True)], policy)
    source = sources.get((analysis, contrast, outcome))
    if source is None:
        return points.iloc[:0]
    question = (analysis, contrast, source[0])
    held, followed = evidence.held.get(question, {}).get(arm), evidence.followed[question].get(arm)
    if held is None or followed is None:
        return points.iloc[:0]
    days = _days(points, followed, held, source[1], policy)
    kept = points[points["x"].isin(days)]
    return _with_people(kept.assign(n_risk=[held.at_risk(int(x)) for x in kept["x"]]), policy)


def _thin(analysis: str, contrast: str, arm: str, outcome: str, evidence: Evidence) -> bool:
    """A dose-response curve of an arm stands on cells too small to be shown: its estimates would be suppressed."""
    base, _, rule = outcome.removesuffix(")").partition(" (")
    for key, group in evidence.groups.items():
        if key[:3] == (analysis, contrast, base) and key[4] == arm:
            row = {
                "analysis": analysis, "contrast": contrast, "outcome": base, "horizon_days": int(key[3]),
                "subgroup": arm, "missing_rule": rule,
            }  # fmt: skip
            if any(cells.small(evidence.policy) for cells in evidence.arms(row).values()) or not group:
                return True
    return False


def _days(points: pd.DataFrame, followed: Leaving, held: Leaving, cause: str | None, policy: Policy) -> list[int]:
    """Days whose points are kept."""
    days, before = [], 0
    for x in sorted(points["x"]):
        on_grid = x == int(x) and int(x) % policy.curve_step_days == 0
        if not on_grid or held.at_risk(int(x)) < policy.minimum_count:
            continue
        gone = followed.gone(int(x), _causes(followed, cause))
        if gone - before >= policy.minimum_count:
            days.append(int(x))
            before = gone
    return days


def _with_people(points: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """People at risk rounded, and the effective number of them where people are shown."""
    import pandas as pd

    people = [pd.NA if pd.isna(n) else policy.rounded(int(n)) for n in points["n_risk"]]
    sizes = [
        float("nan") if pd.isna(n) else policy.rounded_size(size)
        for n, size in zip(people, points["n_effective"], strict=True)
    ]
    return points.assign(n_risk=pd.array(people, dtype="Int64"), n_effective=sizes)
