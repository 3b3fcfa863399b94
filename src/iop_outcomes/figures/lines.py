"""Curves over days by arm, shared by the figures of leaving and of staying.

A curve is known on the days of its released points and drawn straight between them; where it ends before the day that
is asked about, this is said. Unadjusted curves are thin, weighted ones bold in a band. With one contrast the legend
names the arms; with several, each panel numbers its arms and the legend speaks of arm 1 and arm 2. Numbers at risk
stand below the curves of each panel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.figures import atrisk, style
from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, capital
from iop_outcomes.vocabulary.methods import CRUDE, DRAWN, PREFERRED

if TYPE_CHECKING:
    import pandas as pd
    from plotnine import ggplot

COLUMNS = 3
# kinds of line, in the order of the legend: side of the arm (0 first, 1 second) and whether it is weighted
KINDS = ((0, True), (1, True), (0, False), (1, False))
LINETYPES = ("solid", "dashed", "dotted", "dashdot")
SIZES = (1.0, 1.0, 0.6, 0.6)

# a point of a curve
POINT = ("x", "estimate", "conf_low", "conf_high", "n_risk", "n_effective", "rounding_error")
# marks of an axis of days, and inches of a panel that has room for so many
MARKS, WIDE_PANEL = 7, 2.4
# inches of a panel above zero, and how far its axes go past the curves
PANEL, PAST = 1.5, 1.06

# names the panel of a contrast and an outcome
Panel = Callable[[str, str], str]


def points(curves: pd.DataFrame, labels: Labels, start: float, last: dict[str, float]) -> pd.DataFrame:
    """Curves of contrasts with both arms, from day 0 at `start` up to the last day of the contrast.

    Adds the columns side (0 first arm, 1 second), weighted, arm_label, last_day (that is asked about). Empty without
    such curves.
    """
    import pandas as pd

    parts = []
    for contrast, own in curves[curves["axis"] == "days"].groupby("contrast", sort=False):
        sides = labels.sides(str(contrast))
        if set(own["arm"]) < set(sides):
            continue
        weighted = next((m for m in PREFERRED if m in DRAWN and (own["method"] == m).any()), "")
        for method in (CRUDE, weighted):
            for (outcome, arm), line in own[own["method"] == method].groupby(["outcome", "arm"], sort=True):
                parts.append(
                    _from_zero(_of_one(line), start, last.get(str(contrast), float("inf"))).assign(
                        contrast=contrast,
                        outcome=str(outcome),
                        arm=str(arm),
                        side=sides.index(str(arm)),
                        arm_label=labels.arm(str(contrast), str(arm)),
                        weighted=method != CRUDE,
                        method=method,
                        last_day=last.get(str(contrast), float("nan")),
                    )
                )
    order = ["contrast", "outcome", "arm", "arm_label", "side", "method", "weighted", *POINT, "last_day"]
    if not parts:
        return pd.DataFrame(columns=order)
    return pd.concat(parts, ignore_index=True)[order]


def _of_one(line: pd.DataFrame) -> pd.DataFrame:
    """The points of one analysis, where several have the curve: of that which goes furthest, with the most points."""
    found = line.groupby("analysis")["x"].agg(["max", "size"]).sort_values(["max", "size"], kind="stable")
    return line[line["analysis"] == found.index[-1]]


def _from_zero(line: pd.DataFrame, start: float, last: float) -> pd.DataFrame:
    """One curve with its point on day 0, as far as it is known up to the last day."""
    import pandas as pd

    kept = line[list(POINT)].astype({"n_risk": float}).sort_values("x")
    inside = kept[(kept["x"] > 0) & (kept["x"] <= last)]
    begin = pd.DataFrame({"x": [0.0], "estimate": [start], "conf_low": [start], "conf_high": [start]})
    on_day_0 = kept[kept["x"] == 0]
    begin["n_risk"] = on_day_0["n_risk"].iloc[0] if len(on_day_0) else float("nan")
    begin["n_effective"], begin["rounding_error"] = float("nan"), 0.0
    return pd.concat([e for e in (begin, inside) if len(e)], ignore_index=True)


@dataclass(frozen=True)
class End:
    """Where the curves of both arms stand at last. weighted: of the weighted ones. days, heights: of each arm, heights
    in percent to the digits that their rounding leaves; the same day wherever one of the arms ends on it.
    """

    weighted: bool
    days: tuple[float, float]
    heights: tuple[str, str]

    def said(self, arms: Sequence[str], when: str) -> str:
        """'A 41.2 %, B 19.9 %', with the day of each where they differ. when: what stands before a day."""
        one, other = self.days
        each = [f" ({when} {day:.0f})" if one != other else "" for day in self.days]
        return ", ".join(f"{arm} {height}{day}" for arm, height, day in zip(arms, self.heights, each, strict=True))

    def begin(self, when: str) -> str:
        """'by day 90, weighted', without the day where the arms end on different ones."""
        kind = "weighted" if self.weighted else "unadjusted"
        return f"{when} {self.days[0]:.0f}, {kind}" if self.days[0] == self.days[1] else kind


def at_end(shown: pd.DataFrame) -> dict[tuple[str, str], End]:
    """By contrast and outcome where the curves stand at last: on the last day on which both arms have a point, or each
    on its own last day where both go on.
    """
    found = {}
    for (contrast, outcome), own in shown.groupby(["contrast", "outcome"], sort=False):
        weighted = bool(own["weighted"].any())
        used = own[(own["weighted"] == weighted) & (own["x"] > 0)].sort_values("x", kind="stable")
        arms = [
            {
                float(x): (y, error)
                for x, y, error in zip(line["x"], line["estimate"], line["rounding_error"], strict=True)
            }
            for line in (used[used["side"] == side] for side in (0, 1))
        ]
        if not all(arms):
            continue
        one, other = (max(arm) for arm in arms)
        if all(min(one, other) in arm for arm in arms):
            one = other = min(one, other)
        first, second = (numbers.percent(*arm[day]) for arm, day in zip(arms, (one, other), strict=True))
        found[str(contrast), str(outcome)] = End(weighted, (one, other), (first, second))
    return found


def told(said: Sequence[str]) -> list[str]:
    """Sentences of an alternative text, without those that say nothing."""
    return [f"{capital(text)}." for text in said if text]


def ended(shown: pd.DataFrame) -> str:
    """Which curves end before the day that is asked about, in a sentence; '' where none does."""
    line = ["contrast", "outcome", "arm_label", "weighted"]
    ends = shown.groupby(line, sort=False).agg(day=("x", "max"), last=("last_day", "first")).reset_index()
    early = ends[ends["day"] < ends["last"]]
    if early.empty:
        return ""
    days = sorted({f"{day:.0f}" for day in early["day"]}, key=float)
    some = "All" if len(early) == len(ends) else capital(numbers.word(len(early)))
    some = "One curve ends" if 1 == len(early) < len(ends) else f"{some} curves end"
    return (
        f"{some} before day {early['last'].max():.0f} ({'on' if len(days) == 1 else 'between'} day "
        f"{days[0] if len(days) == 1 else f'{days[0]} and {days[-1]}'}): later, too few are followed or may be told of."
    )


def panel_words(labels: Labels, contrast: str, alone: bool, width: int = 42) -> str:
    """What a panel says of its contrast: nothing when it is the only one, else its arms by number."""
    if alone:
        return ""
    return style.wrap(labels.numbered(contrast), width)


def plot(
    shown: pd.DataFrame,
    labels: Labels,
    panel: Panel,
    y_title: str,
    columns: int = COLUMNS,
    begin: atrisk.Begin | None = None,
    shared: bool = True,
) -> ggplot:
    """Panels in the order of the rows. begin: effective numbers on day 0. shared: the panels have common axes, and all
    curves of a contrast are of the same people at risk.
    """
    import pandas as pd
    from plotnine import (
        aes,
        facet_wrap,
        geom_blank,
        geom_line,
        geom_ribbon,
        ggplot,
        guide_legend,
        guides,
        labs,
        scale_color_manual,
        scale_fill_manual,
        scale_linetype_manual,
        scale_size_manual,
        scale_x_continuous,
        scale_y_continuous,
    )

    pairs = list(shown[["contrast", "outcome"]].drop_duplicates().itertuples(index=False, name=None))
    names = [panel(c, o) for c, o in pairs]
    keyed = dict(zip(pairs, names, strict=True))
    kinds = [k for k in KINDS if ((shown["side"] == k[0]) & (shown["weighted"] == k[1])).any()]
    legend = {k: _legend(k, labels, list(dict.fromkeys(shown["contrast"]))) for k in kinds}
    data = shown.assign(
        panel=pd.Categorical([keyed[p] for p in zip(shown["contrast"], shown["outcome"], strict=True)], names),
        line=pd.Categorical(
            [legend[k] for k in zip(shown["side"], shown["weighted"], strict=True)], list(legend.values())
        ),
    )
    at = [KINDS.index(k) for k in kinds]
    colours = [style.COLOURS[k[0]] for k in kinds]
    columns = min(columns, len(names))
    ends = _ends(shown, names, [keyed[p] for p in zip(shown["contrast"], shown["outcome"], strict=True)], shared)
    inches = (style.WIDTH - 0.6) / columns - 0.25
    most = MARKS if inches >= WIDE_PANEL else MARKS // 2 + 1
    texts, below = atrisk.placed(
        atrisk.rows(
            shown, {p: days((0.0, ends[n][0]), most) for p, n in keyed.items()},
            {p: ends[n][0] / inches for p, n in keyed.items()}, begin or {}, shared,
        ),
        {p: ends[n] for p, n in keyed.items()}, (inches, PANEL),
    )  # fmt: skip
    texts["panel"] = pd.Categorical([keyed[p] for p in zip(texts["contrast"], texts["outcome"], strict=True)], names)
    corners = pd.DataFrame(
        [
            (n, x, y)
            for n, (reach, top) in ends.items()
            for x, y in ((0.0, -below / PANEL * top), (PAST * reach, PAST * top))
        ],
        columns=["panel", "x", "estimate"],
    ).assign(panel=lambda c: pd.Categorical(c["panel"], names))
    rows = -(-len(names) // columns)
    notes = [*_lines(atrisk.said(shown) if below else ""), *_lines(ended(shown))]
    under = ["Days since time zero", *notes]
    strips = max(name.count("\n") + 1 for name in names) if names[0] else 0
    return (
        ggplot(data, aes("x", "estimate", color="line", linetype="line", size="line", group="line"))
        + geom_ribbon(
            aes(ymin="conf_low", ymax="conf_high", fill="line"),
            data=data[data["weighted"]],
            alpha=0.16,
            color="none",
            show_legend=False,
        )
        + geom_line()
        + geom_blank(aes("x", "estimate"), data=corners, inherit_aes=False)
        + facet_wrap("panel", ncol=columns, scales="fixed" if shared else "free")
        + scale_color_manual(colours)
        + scale_fill_manual(colours, guide=None)
        + scale_linetype_manual([LINETYPES[i] for i in at])
        + scale_size_manual([SIZES[i] for i in at])
        + atrisk.layers(texts)
        + scale_x_continuous(breaks=lambda limits: days((0.0, limits[1] / PAST), most), expand=(0, 0))
        + scale_y_continuous(
            breaks=lambda limits: _shares(limits[1] / PAST),
            labels=lambda shares: [numbers.whole_percent(s) for s in shares],
            expand=(0, 0),
        )
        + labs(x="\n".join(under), y=y_title)
        + guides(**{k: guide_legend(nrow=-(-len(kinds) // 2), byrow=True) for k in ("color", "linetype", "size")})
        + style.look(
            height=1.25
            + 0.15 * max(0, len(notes) - 1)
            + rows * (PANEL + 0.4 + 0.17 * strips + below + 0.2 * (not shared))
        )
    )


def _ends(shown: pd.DataFrame, names: list[str], of: list[str], shared: bool) -> dict[str, tuple[float, float]]:
    """By panel: the last day and the greatest height of its curves; of all together where the axes are shared."""
    greatest = shown[["estimate", "conf_high"]].max(axis=1)
    by = shown.assign(panel=of, greatest=greatest).groupby("panel")[["x", "greatest"]].max()
    if shared:
        by[:] = by.max().to_numpy()
    return {n: (float(by.loc[n, "x"]), float(by.loc[n, "greatest"])) for n in names}  # type: ignore[arg-type]


def _shares(top: float) -> list[float]:
    """Breaks of an axis of shares from 0 to the top."""
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if top / s <= 5 or s == 0.25)
    return [step * i for i in range(int(top / step + 1e-9) + 1)]


def _lines(text: str) -> list[str]:
    return style.wrap(text, 92).split("\n") if text else []


def _legend(kind: tuple[int, bool], labels: Labels, contrasts: list[str]) -> str:
    number = kind[0] + 1
    arm = f"{number}: {labels.arms(contrasts[0])[kind[0]]}" if len(contrasts) == 1 else f"Arm {number}"
    return f"{arm}, {'weighted' if kind[1] else 'unadjusted'}"


def days(limits: tuple[float, float], most: int = MARKS) -> list[float]:
    """Breaks of an axis of days: weeks, or months of 30 days, where that gives no more than `most`, else coarser."""
    low, high = limits
    step = next(s for s in (7, 30, 60, 90, 180, 360, 720, 10**6) if (high - low) / s <= most)
    return [float(d) for d in range(0, int(high) + 1, step)]
