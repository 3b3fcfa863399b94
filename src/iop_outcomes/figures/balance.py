"""Balance: how far apart the arms are in each covariate, before and after weighting (a love plot).

Absolute standardised differences, covariates in the order of the largest difference before weighting, one panel for
each contrast, the limit of the gate as a line. Without differences the figure says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import style
from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, covariate, method, sentence, within
from iop_outcomes.protocol import Compared
from iop_outcomes.vocabulary.methods import PREFERRED_WEIGHTS, WEIGHTS

if TYPE_CHECKING:
    import pandas as pd

PHRASES = {"unweighted": "before weighting"} | {name: f"after {within(method(name))}" for name in WEIGHTS}
CATEGORY = ["variable", "level"]
# colour, shape and place beside the covariate's line, so that no mark hides another: before, second and first weights
BEFORE = (style.SOFT, "x", 0.0)
MARKS = ((style.COLOURS[0], "o", 0.17), (style.COLOURS[1], "s", -0.17))


def _marks(present: set[str]) -> dict[str, tuple[str, str, float]]:
    """Colour, shape and place of what is shown, in the order of the legend."""
    # those that speak before others do, two at most: the table of the design holds the rest
    weights = [m for m in PREFERRED_WEIGHTS if m in present][: len(MARKS)]
    return {"unweighted": BEFORE} | dict(reversed(list(zip(weights, MARKS, strict=False))))


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One panel for each contrast."""
    import pandas as pd
    from plotnine import (
        aes,
        expand_limits,
        facet_wrap,
        geom_point,
        geom_vline,
        ggplot,
        guide_legend,
        guides,
        labs,
        scale_color_manual,
        scale_shape_manual,
        scale_x_continuous,
        scale_y_continuous,
        theme,
    )

    labels = Labels(study)
    limit = study.gate.max_standardised_difference
    shown = _shown(tables.diagnostics, labels)
    data = shown.drop(columns="rank")
    if shown.empty:
        return style.note("no contrast has people in both arms", data, "Balance of the covariates")
    contrasts = list(dict.fromkeys(shown["contrast"]))
    marks = _marks(set(shown["method"]))
    order = list(dict.fromkeys(shown.sort_values("rank")["covariate"]))
    titles = [style.wrap(labels.contrast(c), 30) for c in contrasts]
    points = shown.assign(
        y=[order.index(c) + marks[m][2] for c, m in zip(shown["covariate"], shown["method"], strict=True)],
        panel=pd.Categorical([titles[contrasts.index(c)] for c in shown["contrast"]], titles),
        line=pd.Categorical([method(m) for m in shown["method"]], [method(m) for m in marks]),
    )
    rows = -(-len(contrasts) // 2)
    strips = max(t.count("\n") + 1 for t in titles) if len(contrasts) > 1 else 0
    plot = (
        ggplot(points, aes("size", "y", color="line", shape="line"))
        + geom_vline(xintercept=limit, linetype="dashed", color=style.SOFT, size=0.5)
        + geom_point(size=2.2, stroke=0.7)
        + expand_limits(x=[0, 1.5 * limit])
        + scale_color_manual([colour for colour, _, _ in marks.values()])
        + scale_shape_manual([shape for _, shape, _ in marks.values()])
        + scale_x_continuous(labels=lambda values: [numbers.plain(round(float(v), 2)) for v in values])
        + scale_y_continuous(breaks=list(range(len(order))), labels=order, expand=(0, 0.5))
        + labs(
            x=f"Absolute standardised difference\n(dashed line: limit after weighting, {numbers.plain(limit)})", y=""
        )
        # long names of covariates leave the panels, over which the legend stands, little room
        + guides(**{k: guide_legend(nrow=-(-len(marks) // 2), byrow=True) for k in ("color", "shape")})
        + style.look(height=1.55 + rows * (0.25 + 0.25 * len(order) + 0.17 * strips))
        + theme(legend_key_width=14)
    )
    if len(contrasts) > 1:
        plot += facet_wrap("panel", ncol=2)
    return style.Figure(plot, data, _alt(shown, labels, limit))


def _shown(diagnostics: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    own = diagnostics[(diagnostics["quantity"] == "standardised_difference") & diagnostics["value"].notna()]
    own = own[own["method"].isin(_marks(set(own["method"])))]
    rank = {c: i for i, c in enumerate(labels.study.contrasts)}
    own = own.iloc[own["contrast"].map(rank).argsort(kind="stable")]
    before = own[own["method"] == "unweighted"].assign(size=lambda d: d["value"].abs())
    largest = before.groupby(CATEGORY)["size"].max()
    categories = list(zip(*(own[c] for c in CATEGORY), strict=True))
    return own[["contrast", "method", *CATEGORY, "value"]].assign(
        size=own["value"].abs(),
        covariate=[covariate(*category) for category in categories],
        rank=[float(largest.get(category, 0.0)) for category in categories],
    )


def _alt(shown: pd.DataFrame, labels: Labels, limit: float) -> str:
    said = []
    for contrast, own in shown.groupby("contrast", sort=False):
        largest = own.groupby("method")["size"].max()
        named = [m for m in ("unweighted", *reversed(PREFERRED_WEIGHTS)) if m in largest]
        parts = [f"{numbers.decimals(largest[m])} {PHRASES[m]}" for m in named]
        said.append(f"{labels.contrast(str(contrast))}: largest difference {sentence(parts)}")
    return (
        "Points for each covariate: absolute standardised difference between the arms, with a limit of "
        f"{numbers.plain(limit)} after weighting. " + ". ".join(said) + "."
    )
