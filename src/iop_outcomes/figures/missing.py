"""The missingness grid: both arms, and their difference, under every reading of a missing answer side by side.

One panel of shares and one of differences for each question that more than the two plain readings were asked of, by its
preferred method among those that answer most of them. A rule is a line; where worst and best case are both there, a
band between their differences holds every other whatever the missing answers would have been. Rules without an estimate
keep their line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import style
from iop_outcomes.presentation import numbers, select
from iop_outcomes.presentation.labels import Labels, method, missing_rule, within
from iop_outcomes.protocol import Compared
from iop_outcomes.tables.rows import estimated
from iop_outcomes.vocabulary.answers import BOUNDS, COUNTED, MISSING_RULES
from iop_outcomes.vocabulary.endpoints import ON_A_DAY
from iop_outcomes.vocabulary.measures import DIFFERENCE, RISK
from iop_outcomes.vocabulary.methods import PREFERRED
from iop_outcomes.vocabulary.statuses import OK

if TYPE_CHECKING:
    import pandas as pd
    from plotnine import ggplot

GROUP = ["contrast", "outcome", "horizon_days"]
SHARES, GAPS = "Share with the outcome, percent", "Difference, percentage points"
WHAT = "Every reading of a missing answer"
PLAIN = "no reading was asked for beside the two plain ones"
COLUMNS = [*GROUP, "method", "missing_rule", "of", "estimate", "conf_low", "conf_high", "rounding_error", "status"]


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One panel of shares and one of differences for each question."""
    labels = Labels(study)
    kinds = [o for o in labels.endpoints() if labels.kind(o) in ON_A_DAY]
    asked = select.of_arms(tables.estimates, RISK, kinds)
    asked = asked[asked["contrast"].isin(list(study.contrasts))]
    shown = _shown(asked)
    if shown.empty or not (shown["status"] == OK).any():
        return style.note(PLAIN if shown.empty else select.why(asked, labels), shown, WHAT)
    return style.Figure(_plot(shown, labels), shown, _alt(shown, labels))


def _shown(asked: pd.DataFrame) -> pd.DataFrame:
    """The rows of arms and differences of the questions with a further reading, by rule."""
    import pandas as pd

    places, plain = {rule: at for at, rule in enumerate(MISSING_RULES)}, set(COUNTED) - set(BOUNDS)
    kept = []
    for _, own in asked.groupby(GROUP, sort=False):
        if set(own["missing_rule"]) <= plain:
            continue
        by_method = own[own["method"].isin(PREFERRED)].groupby("method", sort=False)["missing_rule"].nunique()
        ranks = {m: (-n, PREFERRED.index(str(m))) for m, n in by_method.items()}
        rows = own[own["method"] == min(ranks, key=lambda m: ranks[m])]
        kept.append(rows.assign(place=rows["missing_rule"].map(places)).sort_values("place", kind="stable"))
    if not kept:
        return asked.iloc[:0][COLUMNS]
    whole = pd.concat(kept, ignore_index=True)
    return whole[whole["of"] != "ratio"][COLUMNS].reset_index(drop=True)


def _plot(shown: pd.DataFrame, labels: Labels) -> ggplot:
    import pandas as pd
    from plotnine import (
        aes,
        facet_wrap,
        geom_point,
        geom_rect,
        geom_segment,
        geom_vline,
        ggplot,
        labs,
        scale_color_manual,
        scale_shape_manual,
        scale_x_continuous,
        scale_y_continuous,
        theme,
    )

    marks = _marks(shown, labels)
    rules = list(dict.fromkeys(shown["missing_rule"]))
    arms = list(dict.fromkeys(marks["who"]))
    band = marks[marks["panel"].str.endswith(GAPS) & marks["missing_rule"].isin(BOUNDS)]
    bands = band.groupby("panel", observed=True)["estimate"].agg(["min", "max", "count"]).reset_index()
    bands = bands[bands["count"] == len(BOUNDS)].assign(y0=-len(rules) - 0.0, y1=0.0)
    zero = pd.DataFrame({"panel": [p for p in marks["panel"].cat.categories if p.endswith(GAPS)], "x": 0.0})
    zero["panel"] = pd.Categorical(zero["panel"], marks["panel"].cat.categories)
    out = ggplot(marks, aes("estimate", "y", color="who", shape="who"))
    if len(bands):
        out += geom_rect(
            aes(xmin="min", xmax="max", ymin="y0", ymax="y1"), data=bands, inherit_aes=False, fill=style.GRID, alpha=0.5
        )
    colours = {who: (*style.COLOURS, style.INK)[min(at, 2)] for at, who in enumerate(arms)}
    return (
        out
        + geom_vline(aes(xintercept="x"), data=zero, color=style.INK, size=0.5)
        + geom_segment(aes("conf_low", "y", xend="conf_high", yend="y"), size=0.8)
        + geom_point(size=2.8)
        + facet_wrap("panel", ncol=2, scales="free_x")
        + scale_color_manual([colours[who] for who in arms])
        + scale_shape_manual([style.SHAPES[min(at, 2)] for at in range(len(arms))])
        + scale_x_continuous(labels=lambda values: [numbers.plain(v) for v in values])
        + scale_y_continuous(
            breaks=[-at - 0.5 for at in range(len(rules))],
            labels=[style.wrap(missing_rule(rule), 24) for rule in rules],
            limits=(-len(rules), 0),
            expand=(0, 0.1),
        )
        + labs(x="", y="")
        + style.look(height=1.0 + marks["panel"].nunique() / 2 * (0.5 + 0.36 * len(rules)))
        + theme(panel_spacing_x=0.03)
    )


def _marks(shown: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """What is drawn, in percent: place of a rule, arms a little above and below it; who: an arm, or the difference."""
    import pandas as pd

    rules = {rule: at for at, rule in enumerate(dict.fromkeys(shown["missing_rule"]))}
    rows = []
    for row in estimated(shown):
        if not numbers.known(row["estimate"]):
            continue
        gap = row["of"] == DIFFERENCE
        first, second = labels.sides(row["contrast"])
        lift = 0.0 if gap else {first: 0.12, second: -0.12}.get(row["of"], 0.0)
        how = method(row["method"]) + labels.mark(row)
        title = f"{labels.against(row['contrast'])}. {labels.endpoint(row['outcome'])}, day {row['horizon_days']:.0f}"
        rows.append(
            {
                "panel": f"{style.wrap(title, 40)}\n{how}\n{GAPS if gap else SHARES}",
                "who": "Difference" if gap else labels.arm(row["contrast"], row["of"]),
                "gap": gap, "missing_rule": row["missing_rule"], "y": -rules[row["missing_rule"]] - 0.5 + lift,
                **{name: 100 * row[name] for name in ("estimate", "conf_low", "conf_high")},
            }
        )  # fmt: skip
    made = pd.DataFrame(rows)
    made = made.sort_values("gap", kind="stable")  # arms before their difference
    for column in ("panel", "who"):
        made[column] = pd.Categorical(made[column], list(dict.fromkeys(made[column])))
    return made


def _alt(shown: pd.DataFrame, labels: Labels) -> str:
    said = []
    for (contrast, outcome, day), own in shown[shown["of"] == DIFFERENCE].groupby(GROUP, sort=False):
        told = [
            f"{within(missing_rule(r['missing_rule']))} {numbers.points(r['estimate'], r['rounding_error'])}"
            for r in estimated(own)
            if numbers.known(r["estimate"])
        ]
        name = f"{labels.against(str(contrast))}, {within(labels.endpoint(str(outcome)))} on day {day:.0f}"
        said.append(f"{name}: {', '.join(told)}")
    return (
        "Shares of both arms and their difference in percentage points under every reading of a missing answer. "
        f"{'; '.join(said)}."
    )
