"""Numbers at risk below curves over days: people of each arm, and their effective number under the weights.

For each arm two rows of text at the breaks of the axis, first arm above. A number stands for the day shown or, where a
curve has no point on it, for the first day after it that has one; beyond the last point nothing is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from iop_outcomes.figures import numbers, style

if TYPE_CHECKING:
    import pandas as pd

TEXT_SIZE = 6.5
# inches from one row of text to the next, and the share of the axis on the left that holds what the rows are
ROW, MARGIN = 0.145, 0.27
SAID = "Below: people of arms 1 and 2 at risk, and under the weights their effective number"
# more breaks than this, and every second has numbers
BREAKS = 5


def rows(shown: pd.DataFrame, breaks: Sequence[float]) -> pd.DataFrame:
    """One row per text: contrast, outcome, line (0 at the top), x (missing for what the line is), label, side.

    shown: points of curves with n_risk and n_effective, as `lines.points` gives them.
    """
    import pandas as pd

    days = list(breaks)[:: 1 if len(breaks) <= BREAKS else 2]
    found: list[dict[str, Any]] = []
    for (contrast, outcome), panel in shown.groupby(["contrast", "outcome"], sort=False):
        effective = bool(panel.loc[panel["weighted"], "n_effective"].notna().any())
        for side in (0, 1):
            own = panel[panel["side"] == side].sort_values("x")
            people = own[~own["weighted"]] if (~own["weighted"]).any() else own
            kinds = [(f"{side + 1} people", people, "n_risk")]
            kinds += [(f"{side + 1} effective", own[own["weighted"]], "n_effective")] if effective else []
            for what, points, column in kinds:
                key = {"contrast": contrast, "outcome": outcome, "side": side, "line": _line(side, column, effective)}
                found.append({**key, "x": math.nan, "label": what})
                known = points.dropna(subset=column)
                for day in days:
                    later = known[known["x"] >= day]
                    if len(later):
                        found.append({**key, "x": float(day), "label": numbers.count(later[column].iloc[0])})
    return pd.DataFrame(found, columns=["contrast", "outcome", "side", "line", "x", "label"])


def _line(side: int, column: str, effective: bool) -> int:
    return side * (1 + effective) + (column == "n_effective")


def layers(texts: pd.DataFrame, top: float, height: float, width: float) -> list[Any]:
    """The texts as layers of a plot whose panels show `top` in so many inches, over `width` days, with `panel` set."""
    from plotnine import aes, geom_text

    step = ROW * top / height
    placed = texts.assign(y=-(texts["line"] + 1.1) * step)
    found: list[Any] = []
    for side, own in placed.groupby("side"):
        color = style.COLOURS[int(str(side))]
        common: dict[str, Any] = {"inherit_aes": False, "size": TEXT_SIZE, "color": color, "va": "center"}
        names, values = own[own["x"].isna()].assign(x=-MARGIN * width), own[own["x"].notna()]
        if len(names):
            found.append(geom_text(aes("x", "y", label="label"), data=names, ha="left", **common))
        if len(values):
            found.append(geom_text(aes("x", "y", label="label"), data=values, ha="center", **common))
    return found


def depth(texts: pd.DataFrame, top: float, height: float) -> float:
    """How far below zero the axis must reach to hold the texts."""
    lines = 0 if texts.empty else int(texts["line"].max()) + 1
    return ROW * top / height * (lines + 0.7) if lines else 0.0
