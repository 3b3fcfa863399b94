"""Numbers at risk below curves over days: people of each arm, and their effective number under the weights.

For each arm two rows of text at the breaks of the axis, first arm above. A number stands for the day shown or, where no
curve has a point on it, for the next point: for people, who are counted whenever someone leaves, however late it is;
for the effective number at most a week later. Where that point's number is withheld nothing stands there. On day 0 the
effective number is that of the design.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.figures import style
from iop_outcomes.presentation import numbers

if TYPE_CHECKING:
    import pandas as pd
    from plotnine.ggplot import PlotAddable

TEXT_SIZE = 6.5
# inches from one row of text to the next, and of the margin on the left that says what the rows are
ROW, MARGIN = 0.145, 0.55
SAID = "Below: people of arms 1 and 2 at risk (n), and their effective number under the weights (eff.)"
# more breaks than this, and every second has numbers
BREAKS = 5
# days within which the next point may speak for a day
WEEK = 7

# effective number of an arm on day 0, by contrast, method and arm
Begin = Mapping[tuple[str, str, str], float]


def begin(diagnostics: pd.DataFrame) -> dict[tuple[str, str, str], float]:
    """Effective numbers of the arms on day 0, from the released diagnostics."""
    own = diagnostics[diagnostics["quantity"] == "effective_sample_size"]
    return {(str(r.contrast), str(r.method), str(r.arm)): float(r.value) for r in own.itertuples()}  # type: ignore[arg-type]


def rows(
    shown: pd.DataFrame, breaks: Mapping[tuple[str, str], Sequence[float]], on_day_0: Begin, shared: bool
) -> pd.DataFrame:
    """One row per text: contrast, outcome, side, line (0 at the top), x (missing for what the line is), label.

    shown: points of curves with n_risk and n_effective, as `lines.points` gives them. breaks: of the axis of days, by
    contrast and outcome. shared: the curves of a contrast are of the same people at risk.
    """
    import pandas as pd

    found: list[dict[str, object]] = []
    for (contrast, outcome), panel in shown.groupby(["contrast", "outcome"], sort=False):
        of = shown[shown["contrast"] == contrast] if shared else panel
        axis = breaks[str(contrast), str(outcome)]
        days = list(axis)[:: 1 if len(axis) <= BREAKS else 2]
        effective = bool(of.loc[of["weighted"], "n_effective"].notna().any())
        for side in (0, 1):
            own = of[of["side"] == side].sort_values("x", kind="stable")
            kinds = [("n", "n_risk", own[~own["weighted"]] if (~own["weighted"]).any() else own, math.inf)]
            kinds += [("eff.", "n_effective", _weighted(own, on_day_0), WEEK)] if effective else []
            for what, column, points, wait in kinds:
                line = side * (1 + effective) + (column == "n_effective")
                key = {"contrast": contrast, "outcome": outcome, "side": side, "line": line}
                found.append({**key, "x": math.nan, "label": f"{side + 1} {what}"})
                # of people, a point without a number is one whose number is withheld, but for the one drawn on day 0
                told = points[column].notna() | ((points["x"] > 0) & (column == "n_risk"))
                known = points[told]
                for day in days:
                    later = known[(known["x"] >= day) & (known["x"] <= day + wait)]
                    if len(later) and not math.isnan(later[column].iloc[0]):
                        found.append({**key, "x": float(day), "label": numbers.count(later[column].iloc[0])})
    return pd.DataFrame(found, columns=["contrast", "outcome", "side", "line", "x", "label"])


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
