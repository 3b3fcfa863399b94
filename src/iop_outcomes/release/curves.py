"""Curves as they may be seen.

Crude curves over days are drawn from life tables as they are told, one for each way of leaving and one of those who
have not left; nothing that the analyses wrote under 'crude' over days is let out. They have points on the days that are
told and are straight between, so that those still there and those who left in each way add up to everyone on every day.

Adjusted curves over days have points on the days of the crude curve of the same arm and no others, rounded to a step of
as much as the people of the arm are rounded to there; so rounded they still only rise, or fall, and stay between 0 and
1. Who is still there stands beside a point where a life table tells it: on day 0 and at horizons. Curves of events
that lie between two days are rounded so that no step is of fewer people than may be shown. Curves over hours are
rounded as the estimates of their arm are; those over other axes lose points in which few people stand.

Until where a curve goes is told by its last point: a horizon on which a number is withheld is beyond it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from iop_outcomes.release import drawn
from iop_outcomes.release.crude import ROUNDING_ERROR
from iop_outcomes.release.days import own_base
from iop_outcomes.release.levels import reading
from iop_outcomes.release.life_tables import Key, question
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.precision import by_people, grain, step, to_digits
from iop_outcomes.release.told import LifeTables
from iop_outcomes.tables.results import ALL, BY_ARM, NONE
from iop_outcomes.tables.rows import Asked
from iop_outcomes.vocabulary.causes import CENSORED
from iop_outcomes.vocabulary.dated import DATED
from iop_outcomes.vocabulary.methods import CRUDE
from iop_outcomes.vocabulary.readings import Reading

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.release.support import ArmCells

KEY = ["analysis", "cohort", "contrast", "arm", "outcome", "horizon_days", "method", "missing_rule", "axis"]


class Ground(Protocol):
    """What curves stand on: the evidence of a release."""

    @property
    def policy(self) -> Policy:
        """What may be let out, with the base of the release."""
        ...

    @property
    def levels(self) -> Mapping[str, Reading]:
        """How outcomes are read."""
        ...

    @property
    def life(self) -> LifeTables:
        """Life tables, without those from which no curve may be drawn."""
        ...

    def arms(self, row: Asked) -> Mapping[str, ArmCells]:
        """The cells of an estimate."""
        ...


@dataclass(frozen=True)
class Source:
    """The arm whose life table is behind a curve, and what it draws: having left by some causes, or not (staying)."""

    key: Key
    causes: tuple[str, ...]
    staying: bool


# by analysis, contrast, arm and name of the curve
Sources = dict[tuple[str, str, str, str], Source]


def release_curves(curves: pd.DataFrame, ground: Ground, level: float) -> pd.DataFrame:
    """The curves that may be released. level: of confidence intervals."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    declared = TABLES["curves"]
    sources = _sources(ground)
    crude = {name: points for name, source in sources.items() if (points := _crude(source, ground, level)) is not None}
    ours = (curves["method"] == CRUDE) & (curves["axis"] == "days")
    parts = [pd.DataFrame(_named(name, sources[name], points)) for name, points in sorted(crude.items())]
    for key, own in curves[~ours].groupby(KEY, sort=True, dropna=False):
        parts.append(_released(dict(zip(KEY, key, strict=True)), own, sources, crude, ground))
    typed = [declared.cast(p) for p in parts if len(p)]
    return pd.concat(typed, ignore_index=True)[list(declared.columns)] if typed else declared.empty()


def _sources(ground: Ground) -> Sources:
    """Which life table is behind each curve; where several are, the one whose outcome is read that way."""
    found: Sources = {}
    for key, table in sorted(ground.life.tables.items()):
        analysis, contrast, outcome = question(key)
        read = reading(outcome, ground.levels)
        seen = ground.life.seen.get(key)
        names = table.leaving.causes if ground.policy.exact else [way.name for way in (seen.ways if seen else ())]
        ways = {way.name: way.causes for way in seen.ways} if seen else {}
        drawn = {n: Source(key, tuple(sorted(ways.get(n, {n}))), staying=False) for n in names if n != CENSORED}
        drawn[read.staying] = Source(key, read.lost, staying=True)
        for name, source in drawn.items():
            place = (analysis, contrast, key[3], name)
            if source.staying == (read.kind == "staying") or place not in found:
                found[place] = source
    return found


def _crude(source: Source, ground: Ground, level: float) -> dict[str, object] | None:
    """The points of a crude curve, with who is still there."""
    seen = ground.life.seen.get(source.key)
    if seen is None:
        return None
    points = drawn.curve(seen, source.causes, source.staying, level, ground.policy)
    return None if points is None else {**points, "n_risk": _still(source, points["x"].tolist(), ground)}


def _named(name: tuple[str, str, str, str], source: Source, points: Mapping[str, object]) -> dict[str, object]:
    analysis, contrast, arm, outcome = name
    key = (analysis, source.key[1], contrast, arm, outcome, None, CRUDE, NONE, "days")
    return {**dict(zip(KEY, key, strict=True)), **points, "n_effective": float("nan")}


def _still(source: Source, days: list[float], ground: Ground) -> pd.api.extensions.ExtensionArray:
    """People still there at the end of each day, missing where it is not told."""
    import pandas as pd

    told = [ground.life.still(source.key, int(day)) for day in days]
    return pd.array([None if found is None else found.count for found in told], dtype="Int64")


def _released(
    key: Mapping[str, object],
    points: pd.DataFrame,
    sources: Sources,
    crude: Mapping[tuple[str, str, str, str], Mapping[str, object]],
    ground: Ground,
) -> pd.DataFrame:
    policy, axis = ground.policy, key["axis"]
    if policy.exact:
        return points
    if axis == "hours_per_week":
        return _over_hours(key, points, ground)
    if axis in DATED:
        return _dated(key, points, ground)
    if axis != "days":
        return _with_people(points[~points["n_risk"].map(policy.small, na_action="ignore").eq(True)], policy)
    place = cast("tuple[str, str, str, str]", tuple(str(key[n]) for n in ("analysis", "contrast", "arm", "outcome")))
    if place not in crude:
        return points.iloc[:0]
    source = sources[place]
    kept = points[points["x"].isin(list(crude[place]["x"]))].sort_values("x")  # type: ignore[call-overload]
    people = ground.life.seen[source.key].people.number
    own = own_base(policy, ground.life.tables[source.key].alone)
    base = max(policy.coarser(own), policy.midpoint)
    rounded = _rounded(kept, step(base / max(people, 1)), rises=not source.staying)
    shown = rounded.assign(n_risk=_still(source, list(rounded["x"]), ground))
    return _with_sizes(shown, policy, own)


def _rounded(points: pd.DataFrame, width: float, rises: bool) -> pd.DataFrame:
    """Heights to the nearest step, limits outwards, standard errors to two digits; a curve that rises or falls still
    does. The points are in the order of days.
    """
    import numpy as np

    heights = np.clip(np.round(points["estimate"].to_numpy() / width) * width, 0.0, 1.0)
    heights = np.maximum.accumulate(heights) if rises else np.minimum.accumulate(heights)
    low = np.clip(np.floor(points["conf_low"].to_numpy() / width + 1e-9) * width, 0.0, 1.0)
    high = np.clip(np.ceil(points["conf_high"].to_numpy() / width - 1e-9) * width, 0.0, 1.0)
    numbers = {"estimate": heights, "conf_low": np.minimum(low, heights), "conf_high": np.maximum(high, heights)}
    return points.assign(
        **{name: np.round(values, 12) for name, values in numbers.items()},
        std_error=[to_digits(error) for error in points["std_error"]],
        **{ROUNDING_ERROR: width / 2},
    )


def _dated(key: Mapping[str, object], points: pd.DataFrame, ground: Ground) -> pd.DataFrame:
    """A curve of an event that lies between two days: no step of it is of fewer people than may be shown, as its
    heights are told to steps of so many at least; none where the people with the event, or without, are too few.
    """
    policy, name = ground.policy, str(key["arm"])
    cells = ground.arms(_asked(key)).get(name)
    if cells is None or cells.small(policy):
        return points.iloc[:0]
    people = grain(cells, policy, max(policy.minimum_count, policy.midpoint))
    shown = _rounded(points.sort_values("x"), step(by_people(cells, people, policy)), rises=False)
    return shown.assign(n_effective=float("nan"))


def _asked(key: Mapping[str, object]) -> Asked:
    """What an estimate of the question of a curve asks for, of everyone."""
    return {
        "analysis": str(key["analysis"]), "contrast": str(key["contrast"]), "outcome": str(key["outcome"]),
        "missing_rule": str(key["missing_rule"]), "group_by": ALL, "group": ALL,
        "horizon_days": cast("int | None", key["horizon_days"]), "from_day": None, "to_day": None,
        "delta_first": math.nan, "delta_second": math.nan, "hours_per_week": math.nan, "weeks_of_care": None,
    }  # fmt: skip


def _over_hours(key: Mapping[str, object], points: pd.DataFrame, ground: Ground) -> pd.DataFrame:
    """A dose-response curve of an arm, as finely as its estimates are told; none where these would be withheld, as its
    cells are too small.
    """
    import numpy as np

    policy = ground.policy
    found = ground.arms({**_asked(key), "group_by": BY_ARM, "group": str(key["arm"])})
    if not found or any(cells.small(policy) for cells in found.values()):
        return points.iloc[:0]
    cells = found[str(key["arm"])]
    people = grain(cells, policy)
    shown = points.assign(n_effective=float("nan"))
    if people == 1:
        return shown
    width = step(by_people(cells, people, policy))
    low, high = np.floor(points["conf_low"] / width + 1e-9), np.ceil(points["conf_high"] / width - 1e-9)
    numbers = {"estimate": np.round(points["estimate"] / width), "conf_low": low, "conf_high": high}
    return shown.assign(
        **{name: np.round(np.clip(steps * width, 0.0, 1.0), 12) for name, steps in numbers.items()},
        std_error=[to_digits(error) for error in points["std_error"]],
        **{ROUNDING_ERROR: width / 2},
    )


def _with_people(points: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """People rounded, and the effective number of them where people are shown."""
    import pandas as pd

    people = [pd.NA if pd.isna(n) else policy.rounded(int(n)) for n in points["n_risk"]]
    return _with_sizes(points.assign(n_risk=pd.array(people, dtype="Int64")), policy, 1)


def _with_sizes(points: pd.DataFrame, policy: Policy, base: int) -> pd.DataFrame:
    """The effective number of people, where people are shown and it is no fewer than may be: it is of the true ones."""
    import pandas as pd

    sizes = [
        float("nan") if pd.isna(n) or size < policy.minimum_count else policy.rounded_size(size, base)
        for n, size in zip(points["n_risk"], points["n_effective"], strict=True)
    ]
    return points.assign(n_effective=sizes)
