"""Overlap: how the propensity scores of the two arms lie over each other, as a mirrored histogram.

The first arm stands above the line, the second below; bins that may not be shown are marked. One panel for each
contrast that has a score; without any, the figure says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iop_outcomes.figures import style
from iop_outcomes.presentation import numbers, select
from iop_outcomes.presentation.labels import Labels, sentence
from iop_outcomes.protocol import Compared
from iop_outcomes.tables.bands import SCORES
from iop_outcomes.tables.results import SCORE
from iop_outcomes.vocabulary.methods import SCORED

if TYPE_CHECKING:
    import pandas as pd


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One panel for each contrast with a propensity score."""
    import pandas as pd
    from plotnine import (
        aes,
        facet_wrap,
        geom_hline,
        geom_point,
        geom_rect,
        ggplot,
        guide_legend,
        guides,
        labs,
        scale_fill_manual,
        scale_shape_manual,
        scale_x_continuous,
        scale_y_continuous,
        theme,
    )

    labels = Labels(study)
    shown = _shown(tables.counts, labels)
    if shown.empty:
        gated = tables.estimates[tables.estimates["method"].isin(list(SCORED))]
        return style.note(select.why(gated, labels), shown, "The overlap of the propensity scores")
    contrasts = list(dict.fromkeys(shown["contrast"]))
    alone = len(contrasts) == 1
    arms = labels.arms(contrasts[0]) if alone else ("Arm 1 (above the line)", "Arm 2 (below the line)")
    data = shown.assign(
        side_label=pd.Categorical([arms[s] for s in shown["side"]], arms),
        panel=pd.Categorical(
            [_panel(labels, str(c)) for c in shown["contrast"]], [_panel(labels, c) for c in contrasts]
        ),
        height=[(1 - 2 * s) * (0 if pd.isna(n) else n) for s, n in zip(shown["side"], shown["people"], strict=True)],
    )
    few = data[data["people"].isna()].assign(middle=lambda d: (d["low"] + d["high"]) / 2, withheld="withheld")
    step = 0.02 * float(data["height"].abs().max() or 1)
    few = few.assign(height=[(1 - 2 * s) * step for s in few["side"]])
    rows = -(-len(contrasts) // 2)
    plot = (
        ggplot(data)
        + geom_rect(aes(xmin="low", xmax="high", ymin=0, ymax="height", fill="side_label"), color=style.PAPER, size=0.3)
        + geom_hline(yintercept=0, color=style.INK, size=0.5)
        + scale_fill_manual(list(style.COLOURS))
        + scale_x_continuous(limits=(0, 1), breaks=[0, 0.25, 0.5, 0.75, 1], labels=_plain)
        + scale_y_continuous(labels=lambda values: [numbers.count(abs(float(v))) for v in values])
        + guides(fill=guide_legend(order=1), shape=guide_legend(order=2))
        + labs(x="Propensity score: probability of the first arm, given the covariates", y="People")
        + style.look(height=1.2 + (2.0 if alone else rows * 2.3))
        + theme(legend_key_width=14)
    )
    if len(few):
        plot += geom_point(aes("middle", "height", shape="withheld"), data=few, size=1.8, color=style.INK)
        plot += scale_shape_manual(["x"], labels=["Too few people to show"])
    if not alone:
        plot += facet_wrap("panel", ncol=2, scales="free_y")
    return style.Figure(plot, shown, _alt(shown, labels))


def _plain(values: Sequence[float] | Sequence[str]) -> list[str]:
    return [numbers.plain(v) for v in values]


def _panel(labels: Labels, contrast: str) -> str:
    return style.wrap(labels.numbered(contrast), 42)


def _shown(counts: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    import pandas as pd

    own = counts[(counts["analysis"] == "design") & (counts["outcome"] == SCORE)]
    rank = {c: i for i, c in enumerate(labels.study.contrasts)}
    own = own.iloc[own["contrast"].map(rank).argsort(kind="stable")]
    limits = [SCORES[level] for level in own["level"]]
    return pd.DataFrame(
        {
            "contrast": own["contrast"].to_numpy(),
            "arm": own["arm"].to_numpy(),
            "side": [labels.sides(c).index(a) for c, a in zip(own["contrast"], own["arm"], strict=True)],
            "low": [low for low, _ in limits],
            "high": [high for _, high in limits],
            "people": own["count"].astype("Float64").to_numpy(dtype=float, na_value=float("nan")),
            "status": own["status"].to_numpy(),
        }
    )


def _alt(shown: pd.DataFrame, labels: Labels) -> str:
    said = []
    for contrast, own in shown.groupby("contrast", sort=False):
        parts = []
        for side, arm in enumerate(labels.arms(str(contrast))):
            bins = own[own["side"] == side]
            most = bins.loc[bins["people"].idxmax()] if bins["people"].notna().any() else None
            if most is not None:
                where = f"{numbers.decimals(most['low'])} to {numbers.decimals(most['high'])}"
                parts.append(f"{arm} has most people ({numbers.count(most['people'])}) at scores of {where}")
        hidden = int(own["people"].isna().sum())
        if hidden:
            parts.append(f"{numbers.count(hidden)} bins hold too few people to show")
        said.append(f"{labels.contrast(str(contrast))}: {sentence(parts)}")
    return "Mirrored histogram of the propensity score by arm. " + ". ".join(said) + "."
