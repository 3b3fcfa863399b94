"""Numbers at risk below curves over days: people of each arm, and their effective number under the weights.

For each arm two rows of text, first arm above. A number stands below the point of the curve that it is of: the one
nearest to each break of the axis, at most half way to the next break. Where no number of such a point is told, nothing
stands there. On day 0 the effective number is that of the design.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from iop_outcomes.figures import style
from iop_outcomes.presentation import numbers

if TYPE_CHECKING:
    import pandas as pd
    from plotnine.ggplot import PlotAddable

TEXT_SIZE = 6.5
# inches from one row of text to the next, and of the margin on the left that says what the rows are
ROW, MARGIN = 0.145, 0.55
# inches that a number takes up
WIDE = 0.36
# more breaks than this, and every second has numbers
BREAKS = 5

# effective number of an arm on day 0, by contrast, method and arm
Begin = Mapping[tuple[str, str, str], float]


def begin(diagnostics: pd.DataFrame) -> dict[tuple[str, str, str], float]:
    """Effective numbers of the arms on day 0, from the released diagnostics."""
    own = diagnostics[diagnostics["quantity"] == "effective_sample_size"]
    return {(str(r.contrast), str(r.method), str(r.arm)): float(r.value) for r in own.itertuples()}  # type: ignore[arg-type]


def rows(
    shown: pd.DataFrame,
    breaks: Mapping[tuple[str, str], Sequence[float]],
    rooms: Mapping[tuple[str, str], float],
    on_day_0: Begin,
    shared: bool,
) -> pd.DataFrame:
    """One row per text: contrast, outcome, side, line (0 at the top), x (missing for what the line is), label.

    shown: points of curves with n_risk and n_effective, as `lines.points` gives them. breaks: of the axis of days, by
    contrast and outcome. rooms: days to the inch, likewise. shared: the curves of a contrast are of the same people at
    risk.
    """
    import pandas as pd

    found: list[dict[str, object]] = []
    for (contrast, outcome), panel in shown.groupby(["contrast", "outcome"], sort=False):
        of = shown[shown["contrast"] == contrast] if shared else panel
        axis = breaks[str(contrast), str(outcome)]
        days = list(axis)[:: 1 if len(axis) <= BREAKS else 2]
        room = WIDE * rooms[str(contrast), str(outcome)]
        effective = bool(of.loc[of["weighted"], "n_effective"].notna().any())
        for side in (0, 1):
            own = of[of["side"] == side].sort_values("x", kind="stable")
            kinds = [("n", "n_risk", own[~own["weighted"]] if (~own["weighted"]).any() else own)]
            kinds += [("eff.", "n_effective", _weighted(own, on_day_0))] if effective else []
            for what, column, points in kinds:
                line = side * (1 + effective) + (column == "n_effective")
                key = {"contrast": contrast, "outcome": outcome, "side": side, "line": line}
                found.append({**key, "x": math.nan, "label": f"{side + 1} {what}"})
                found += [{**key, "x": x, "label": numbers.count(n)} for x, n in nearest(points, column, days, room)]
    return pd.DataFrame(found, columns=["contrast", "outcome", "side", "line", "x", "label"])


def nearest(points: pd.DataFrame, column: str, days: Sequence[float], room: float) -> list[tuple[float, float]]:
    """For each of the days the point nearest to it whose number is told, then further points: their days and numbers.
    Day 0 has its own.

    room: days that a number takes up; two never stand closer.
    """
    own = points[points[column].notna()].drop_duplicates("x")
    known = dict(zip(own["x"].astype(float), own[column].astype(float), strict=True))
    apart = min((b - a for a, b in pairwise(days)), default=math.inf) / 2
    wanted: list[float] = []
    for day in days:
        close = [x for x in known if abs(x - day) < apart and (x > 0) == (day > 0)]
        wanted += [min(close, key=lambda x: (abs(x - day), x))] if close else []
    found: list[float] = []
    for x in (*wanted, *(x for x in known if x > 0)):
        found += [x] if all(abs(x - other) >= room for other in found) else []
    return [(x, known[x]) for x in sorted(found)]


def said(shown: pd.DataFrame) -> str:
    """What the numbers are."""
    rounded = ", rounded" if (shown["rounding_error"] > 0).any() else ""
    return f"Below: people of arms 1 and 2 at risk (n{rounded}), effective number under the weights (eff.)"


def _weighted(own: pd.DataFrame, on_day_0: Begin) -> pd.DataFrame:
    """The weighted points of an arm, with the effective number of the design on day 0."""
    points = own[own["weighted"]]
    first = points["x"] == 0
    keys = zip(points["contrast"], points["method"], points["arm"], strict=True)
    sizes = [
        on_day_0.get(key, math.nan) if begins else size
        for key, begins, size in zip(keys, first, points["n_effective"], strict=True)
    ]
    return points.assign(n_effective=sizes)


def placed(
    texts: pd.DataFrame, ends: Mapping[tuple[str, str], tuple[float, float]], inches: tuple[float, float]
) -> tuple[pd.DataFrame, float]:
    """The texts with their places x and y, and the inches that they need below zero.

    ends: last day and greatest height of each panel, by contrast and outcome. inches: width of a panel, and its height
    above zero.
    """
    width, height = inches
    if texts.empty:
        return texts.assign(y=0.0), 0.0
    keys = list(zip(texts["contrast"], texts["outcome"], strict=True))
    left = [-ends[k][0] * MARGIN / (width - MARGIN) for k in keys]
    step = [ends[k][1] * ROW / height for k in keys]
    found = texts.assign(name=texts["x"].isna(), y=[-(n + 1.1) * s for n, s in zip(texts["line"], step, strict=True)])
    lines = int(texts["line"].max()) + 1
    return found.assign(x=found["x"].fillna(dict(zip(found.index, left, strict=True)))), ROW * (lines + 0.7)


def layers(texts: pd.DataFrame) -> list[PlotAddable]:
    """The placed texts as layers of a plot with `panel` set."""
    from plotnine import aes, geom_text

    found: list[PlotAddable] = []
    for (side, name), own in texts.groupby(["side", "name"]) if len(texts) else ():
        found.append(
            geom_text(
                aes("x", "y", label="label"), data=own, ha="left" if name else "center", va="center",
                inherit_aes=False, size=TEXT_SIZE, color=style.COLOURS[int(str(side))],
            )
        )  # fmt: skip
    return found
