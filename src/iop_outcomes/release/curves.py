"""Curves as they may be seen.

Crude curves over days are drawn from held life tables, one for each cause and one of those who have not left;
nothing that the analyses wrote under 'crude' over days is let out. Adjusted curves over days keep only points
on the policy's grid and on days whose adjusted risk stands among the estimates, while enough people are at risk, and
only where enough people have had the event since the point kept before, so that no step of a curve stands for a few
people. People at risk stand beside a point where the number is true: where people who have left are held back, it is
withheld. Curves over other axes lose points
in which few people stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from iop_outcomes.release import crude
from iop_outcomes.release.levels import reading
from iop_outcomes.release.life_tables import Leaving, Question
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.support import Evidence
from iop_outcomes.tables.results import BY_ARM, NONE
from iop_outcomes.vocabulary.causes import CENSORED, STILL_AT_RISK
from iop_outcomes.vocabulary.measures import RISK
from iop_outcomes.vocabulary.methods import CRUDE

if TYPE_CHECKING:
    import pandas as pd

KEY = ["analysis", "cohort", "contrast", "arm", "outcome", "horizon_days", "method", "missing_rule", "axis"]


@dataclass(frozen=True)
class Source:
    """The outcome of the life table behind a curve, and what it draws: having left by some causes, or not (staying).

    lost: the causes; of staying, () is any.
    """

    outcome: str
    lost: tuple[str, ...]
    staying: bool

    def causes(self, leaving: Leaving) -> list[str]:
        """The causes at which the curve moves."""
        return list(self.lost) or [c for c in leaving.causes if c != CENSORED]


# days by contrast, name of the curve and method
Told = Mapping[tuple[str, str, str], set[int]]
# by analysis, contrast and name of the curve
Sources = dict[tuple[str, str, str], Source]


def release_curves(
    curves: pd.DataFrame, evidence: Evidence, cohorts: Mapping[str, str], level: float, estimates: pd.DataFrame
) -> pd.DataFrame:
    """The curves that may be released.

    cohorts: cohort of each analysis. level: of confidence intervals. estimates: as they are released.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    declared = TABLES["curves"].columns
    sources, told = _sources(evidence), _told(estimates, evidence)
    ours = (curves["method"] == CRUDE) & (curves["axis"] == "days")
    kept = [
        _released(dict(zip(KEY, key, strict=True)), points, sources, evidence, told)
        for key, points in curves[~ours].groupby(KEY, sort=True, dropna=False)
    ]
    drawn = [pd.DataFrame(points) for points in _crude(sources, evidence, cohorts, level)]
    parts = [p.astype({n: c.dtype for n, c in declared.items()}) for p in (*drawn, *kept) if len(p)]
    return pd.concat(parts, ignore_index=True)[list(declared)] if parts else TABLES["curves"].empty()


def _sources(evidence: Evidence) -> Sources:
    """Which life table is behind each curve; where several are, the one whose outcome is read that way."""
    found: Sources = {}
    for (analysis, contrast, outcome), arms in sorted(evidence.followed.items()):
        read = reading(outcome, evidence.levels)
        there = [*arms.values(), *evidence.held.get((analysis, contrast, outcome), {}).values()]
        causes = {c for leaving in there for c in leaving.causes if c != CENSORED}
        drawn = {c: Source(outcome, (c,), staying=False) for c in sorted(causes)}
        drawn[read.staying] = Source(outcome, read.lost, staying=True)
        for name, source in drawn.items():
            key = (analysis, contrast, name)
            if source.staying == (read.kind == "staying") or key not in found:
                found[key] = source
    return found


def _crude(
    sources: Sources, evidence: Evidence, cohorts: Mapping[str, str], level: float
) -> Iterator[dict[str, object]]:
    """The points of every crude curve on which anyone is counted."""
    for (analysis, contrast, name), source in sorted(sources.items(), key=lambda item: item[0]):
        for arm, leaving in evidence.held.get((analysis, contrast, source.outcome), {}).items():
            if leaving.gone(None, source.causes(leaving)) == 0:
                continue
            key = (analysis, cohorts[analysis], contrast, arm, name, None, CRUDE, NONE, "days")
            points = crude.curve(leaving, source.lost, source.staying, level)
            people = _at_risk(evidence, (analysis, contrast, source.outcome), arm, points["x"])
            yield {**dict(zip(KEY, key, strict=True)), **points, "n_risk": people, "n_effective": float("nan")}


def _at_risk(
    evidence: Evidence, question: Question, arm: str, days: Iterable[float]
) -> pd.api.extensions.ExtensionArray:
    """People at risk just before each day, missing where the held table does not have their true number."""
    import pandas as pd

    followed, held, policy = evidence.followed[question][arm], evidence.held[question][arm], evidence.policy
    horizons = sorted(day for q, a, day in evidence.shown if (q, a) == (question, arm))
    base = policy.coarser(followed.base)
    found: list[int | None] = []
    for x in map(int, days):
        number = held.at_risk(x)
        before = next((day for day in reversed(horizons) if day < x), None)
        told = before is None or evidence.shown[question, arm, before][STILL_AT_RISK] is not None
        untold = not told and held.gone(before) == held.gone(x - 1)
        near = abs(number - followed.at_risk(x)) <= (0 if base == 1 else base)
        found.append(number if policy.exact or (near and not untold) else None)
    return pd.array(found, dtype="Int64")


def _told(estimates: pd.DataFrame, evidence: Evidence) -> Told:
    """Days whose risk a released estimate tells, in whatever analysis: one curve drawn for two keeps the same days."""
    found: dict[tuple[str, str, str], set[int]] = {}
    shown = estimates[(estimates["status"] == "ok") & (estimates["measure"] == RISK)]
    for row in shown.dropna(subset=["horizon_days"]).itertuples():
        read = reading(str(row.outcome), evidence.levels)
        name = read.staying if read.kind == "staying" else read.events[0]
        found.setdefault((str(row.contrast), name, str(row.method)), set()).add(int(str(row.horizon_days)))
    return found


def _released(
    key: Mapping[str, object],
    points: pd.DataFrame,
    sources: Sources,
    evidence: Evidence,
    told: Told,
) -> pd.DataFrame:
    policy = evidence.policy
    if policy.exact:
        return points
    analysis, contrast, arm, outcome = (str(key[name]) for name in ("analysis", "contrast", "arm", "outcome"))
    axis, method = key["axis"], str(key["method"])
    if axis == "hours_per_week" and _thin(key, evidence):
        return points.iloc[:0]
    if axis != "days":
        return _with_people(points[~points["n_risk"].map(policy.small, na_action="ignore").eq(True)], policy)
    source = sources.get((analysis, contrast, outcome))
    if source is None:
        return points.iloc[:0]
    question = (analysis, contrast, source.outcome)
    held, followed = evidence.held.get(question, {}).get(arm), evidence.followed[question].get(arm)
    if held is None or followed is None:
        return points.iloc[:0]
    days = _days(points, followed, held, source, policy, told.get((contrast, outcome, method), set()))
    kept = points[points["x"].isin(days)]
    return _with_people(kept.assign(n_risk=_at_risk(evidence, question, arm, kept["x"])), policy, followed.base)


def _thin(key: Mapping[str, object], evidence: Evidence) -> bool:
    """A dose-response curve of an arm stands on cells too small to be shown: its estimates would be suppressed."""
    found = evidence.arms(
        {
            "analysis": str(key["analysis"]), "contrast": str(key["contrast"]), "outcome": str(key["outcome"]),
            "missing_rule": str(key["missing_rule"]), "group_by": BY_ARM, "group": str(key["arm"]),
            "horizon_days": cast("int | None", key["horizon_days"]), "from_day": None, "to_day": None,
        }
    )  # fmt: skip
    return not found or any(cells.small(evidence.policy) for cells in found.values())


def _days(
    points: pd.DataFrame, followed: Leaving, held: Leaving, source: Source, policy: Policy, told: set[int]
) -> list[int]:
    """Days whose points are kept.

    Of people who are there or completed, those who completed are counted apart by another curve: between two points
    enough of them, or none, must have done so.
    """
    apart = [c for c in followed.causes if c not in (*source.lost, CENSORED)] if source.staying and source.lost else []
    days, before, before_apart = [], 0, 0
    for x in sorted(points["x"]):
        on_grid = x == int(x) and (int(x) % policy.curve_step_days == 0 or int(x) in told)
        if not on_grid or held.at_risk(int(x)) < policy.minimum_count:
            continue
        gone = followed.gone(int(x), source.causes(followed))
        gone_apart = followed.gone(int(x), apart) if apart else 0
        if gone - before >= policy.minimum_count and not policy.small(gone_apart - before_apart):
            days.append(int(x))
            before, before_apart = gone, gone_apart
    return days


def _with_people(points: pd.DataFrame, policy: Policy, base: int = 1) -> pd.DataFrame:
    """People at risk rounded, and the effective number of them where people are shown.

    The effective number is of the true people at risk: where it is below the minimum, so may they be. base: to which
    people are rounded at least.
    """
    import pandas as pd

    people = [pd.NA if pd.isna(n) else policy.rounded(int(n)) for n in points["n_risk"]]
    sizes = [
        float("nan") if pd.isna(n) or size < policy.minimum_count else policy.rounded_size(size, base)
        for n, size in zip(people, points["n_effective"], strict=True)
    ]
    return points.assign(n_risk=pd.array(people, dtype="Int64"), n_effective=sizes)
