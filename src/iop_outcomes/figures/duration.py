"""Longer stays: the naive comparison of those who stayed with those who left, beside the fair ones (a forest plot).

Hazard ratios where a study asks for them, with the randomised duration where there was one; differences in abstinence
otherwise. The naive row is set apart by mark and colour. Estimates that do not exist keep their row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import forest, style
from iop_outcomes.presentation import numbers, select
from iop_outcomes.presentation.labels import Labels, duration_method, missing_rule, sentence, within
from iop_outcomes.protocol import Compared
from iop_outcomes.tables.rows import Estimated, estimated
from iop_outcomes.vocabulary.measures import HAZARD_RATIO, MEASURES, RISK
from iop_outcomes.vocabulary.methods import CRUDE, LANDMARK, LANDMARK_ADJUSTED, NAIVE, RANDOMISED

if TYPE_CHECKING:
    import pandas as pd

FLATTERED = (NAIVE, CRUDE)
METHODS = (NAIVE, CRUDE, LANDMARK, LANDMARK_ADJUSTED, RANDOMISED)
GROUP = ["analysis", "contrast", "outcome", "horizon_days", "missing_rule"]
COLUMNS = [
    *GROUP,
    "method",
    "measure",
    "estimate",
    "conf_low",
    "conf_high",
    "n",
    "events",
    "status",
    "reason",
    "rounding_error",
]


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One forest plot of the durations of a study, hazard ratios before differences."""
    labels = Labels(study)
    asked = questions(tables.estimates, study)
    there = [m for m in (HAZARD_RATIO, RISK) if asked.loc[asked["measure"] == m, "estimate"].notna().any()]
    if not there:
        return style.note(select.why(asked, labels), asked, "The comparison of longer with shorter stays")
    shown = asked[asked["measure"] == there[0]].reset_index(drop=True)
    ratio = MEASURES[there[0]].ratio
    axis = forest.Axis(
        f"Hazard ratio of {within(labels.endpoint(shown['outcome'][0]))} (left of 1: less often with the longer stay)"
        if ratio
        else "Difference in abstinence in percentage points (right of 0: more abstinent after staying)",
        "Hazard ratio (interval)" if ratio else "Points (interval)",
        logarithmic=ratio,
        percent=not ratio,
        text_share=0.55,
        label_share=0.75,
    )
    return style.Figure(forest.plot(_rows(shown, labels), axis), shown, _alt(shown, labels))


def questions(estimates: pd.DataFrame, study: Compared) -> pd.DataFrame:
    """The comparisons of longer with shorter stays, one row each: durations, then the randomised ones beside them."""
    found = estimates
    durations = list(study.durations)
    beside = found["analysis"].isin(found.loc[found["contrast"].isin(durations), "analysis"])
    main = found["measure"].map({name: m.main for name, m in MEASURES.items()})
    wanted = (found["of"] == main) & found["method"].isin(METHODS)
    own = found[beside & wanted].copy()
    own["last"] = ~own["contrast"].isin(durations)
    own["rank"] = own["method"].map(METHODS.index)
    return own.sort_values(["last", *GROUP, "rank"], kind="stable").reset_index(drop=True)[COLUMNS]


def heading(labels: Labels, row: Estimated) -> tuple[str, str]:
    """What a group of rows compares, and by which outcome."""
    rule = missing_rule(row["missing_rule"])
    by = ", day" if row["measure"] == RISK else " up to day"
    asked = f"{labels.endpoint(row['outcome'])}{by} {row['horizon_days']:.0f}"
    return labels.contrast(row["contrast"]), f"{asked}: {within(rule)}" if rule else asked


def landmark(study: Compared, contrast: str) -> int:
    """The landmark of a duration; 0 for a randomised contrast, which has none."""
    asked = study.durations.get(contrast)
    return asked.days if asked else 0


def _rows(shown: pd.DataFrame, labels: Labels) -> list[forest.Row]:
    rows: list[forest.Row] = []
    last = ""
    for _, own in shown.groupby(GROUP, sort=False, dropna=False):
        records = estimated(own)
        title, asked = heading(labels, records[0])
        rows += [forest.Row(words, heading=True) for words in ((title, asked) if title != last else (asked,))]
        rows += [_row(r, labels) for r in records]
        last = title
    return rows


def _row(row: Estimated, labels: Labels) -> forest.Row:
    form = numbers.ratio if MEASURES[row["measure"]].ratio else numbers.points
    there = numbers.known(row["estimate"])
    limits, error = (row["conf_low"], row["conf_high"]), row["rounding_error"]
    text = numbers.with_limits(row["estimate"], *limits, form, error)
    naive = row["method"] in FLATTERED
    return forest.Row(
        duration_method(row["measure"], row["method"], landmark(labels.study, row["contrast"])),
        row["estimate"],
        row["conf_low"],
        row["conf_high"],
        text=text if there else "not shown",
        color=style.WARNING if naive else style.COLOURS[0],
        shape="s" if naive else "o",
    )


def _alt(shown: pd.DataFrame, labels: Labels) -> str:
    said = []
    for _, own in shown.groupby(GROUP, sort=False, dropna=False):
        records = estimated(own)
        parts = [f"{within(r.label)} {r.text}" for r in (_row(x, labels) for x in records)]
        said.append(f"{', '.join(heading(labels, records[0]))}: {sentence(parts)}")
    return (
        "Forest plot of longer against shorter stays, the naive comparison beside fairer ones. " + ". ".join(said) + "."
    )
