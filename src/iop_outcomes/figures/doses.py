"""Hours a week by weeks of care, had everyone had them: the naive grid of each level beside those by the other methods.

A tile holds the share with the outcome in percent, darker for more; a tile is grey where too few people of the level
had nearly such a dose. On top the reason why: how many hours a week people of each level attended.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from iop_outcomes.figures import style, tiles
from iop_outcomes.presentation import numbers, select
from iop_outcomes.presentation.labels import Labels, doses_method, sentence, within
from iop_outcomes.protocol import Compared
from iop_outcomes.tables.bands import MEAN_HOURS
from iop_outcomes.tables.results import HOURS_AT_LEVEL
from iop_outcomes.tables.rows import Estimated, estimated
from iop_outcomes.vocabulary.measures import RISK
from iop_outcomes.vocabulary.methods import NAIVE, OF_DOSES

if TYPE_CHECKING:
    import pandas as pd

QUESTION = ["analysis", "contrast", "outcome", "horizon_days", "missing_rule"]
KEY = [*QUESTION, "method", "of", "weeks_of_care", "hours_per_week"]
COLUMNS = [*KEY, "estimate", "conf_low", "conf_high", "rounding_error", "status", "reason"]
NOTES = (
    "A grey tile has no number: too few people of that level stayed so long at nearly such hours, so that a model "
    "would speak for nobody. Naive tiles, of people who happened to have such doses, are shown as a warning.",
)


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """The grids of a study, one below the other."""
    labels = Labels(study)
    shown = grids(tables.estimates, study)
    if not shown["estimate"].notna().any():
        return style.note(select.why(shown, labels), shown, "What hours and weeks of care do")
    blocks = [block for name in dict.fromkeys(shown["contrast"]) for block in _overlap(tables.counts, labels, name)]
    for _, own in shown.groupby(QUESTION, sort=False):
        blocks += _grids(own, labels)
    return style.Figure(tiles.plot(blocks, NOTES), shown, _alt(shown, labels))


def grids(estimates: pd.DataFrame, study: Compared) -> pd.DataFrame:
    """Shares under doses at either level, without their differences."""
    sides = {name: set(Labels(study).sides(name)) for name in study.doses}
    own = estimates[estimates["contrast"].isin(list(study.doses)) & (estimates["measure"] == RISK)]
    there = [of in sides[name] for name, of in zip(own["contrast"], own["of"], strict=True)]
    return own.loc[there, COLUMNS].sort_values(QUESTION, kind="stable").reset_index(drop=True)


def _overlap(counts: pd.DataFrame, labels: Labels, name: str) -> Iterator[tiles.Block]:
    """People of each level by their mean hours, in percent of those whose cells are shown."""
    own = counts[(counts["contrast"] == name) & (counts["outcome"] == HOURS_AT_LEVEL)]
    if own.empty:
        return
    found = own.drop_duplicates(["arm", "level"]).set_index(["arm", "level"])["count"].astype("Float64")
    rows = []
    for arm in labels.sides(name):
        people = [numbers.number(found.get((arm, band))) for band in MEAN_HOURS]
        whole = sum(n or 0.0 for n in people)
        rows.append(tiles.Row(labels.arm(name, arm), tuple(_part(n, whole) for n in people)))
    yield tiles.Block("People by their mean attended hours a week at the level, in percent", tuple(rows), MEAN_HOURS)


def _part(people: float | None, whole: float) -> tiles.Tile:
    if people is None or not whole:
        return tiles.Tile("", None)
    return tiles.Tile(f"{100 * people / whole:.0f}", people / whole)


def _grids(own: pd.DataFrame, labels: Labels) -> Iterator[tiles.Block]:
    """Of one question the grid of each level by each method, naive ones first; hours stand above the first grid."""
    name = str(own["contrast"].iloc[0])
    hours = tuple(sorted(own["hours_per_week"].unique()))
    columns = tuple(f"{h:g} hours" for h in hours)
    order = [method for method in OF_DOSES if (own["method"] == method).any()]
    row = estimated(own)[0]
    asked = labels.question(row["outcome"], float(row["horizon_days"] or 0), row["missing_rule"])
    for arm in labels.sides(name):
        for method in order:
            cells = own[(own["of"] == arm) & (own["method"] == method)]
            by = {(c["weeks_of_care"], c["hours_per_week"]): c for c in estimated(cells)}
            rows = [
                tiles.Row(f"{weeks} weeks", tuple(_tile(by.get((weeks, h))) for h in hours))
                for weeks in sorted(int(w) for w in cells["weeks_of_care"].unique())
            ]
            heading = f"{labels.arm(name, arm)}. {asked}. {doses_method(method)}"
            yield tiles.Block(heading, tuple(rows), columns)
            columns = ()


def _tile(row: Estimated | None) -> tiles.Tile:
    if row is None or not numbers.known(row["estimate"]):
        return tiles.Tile("", None)
    return tiles.Tile(f"{100 * row['estimate']:.0f}", row["estimate"])


def _alt(shown: pd.DataFrame, labels: Labels) -> str:
    said = []
    for _, own in shown[shown["method"] != NAIVE].groupby([*QUESTION, "of", "method"], sort=False):
        rows = [r for r in estimated(own) if numbers.known(r["estimate"])]
        first = estimated(own)[0]
        asked = labels.question(first["outcome"], float(first["horizon_days"] or 0), first["missing_rule"])
        who = labels.arm(first["contrast"], first["of"])
        longest = [r for r in rows if r["weeks_of_care"] == max(int(r["weeks_of_care"] or 0) for r in rows)]
        parts = [
            f"{numbers.percent(r['estimate'], r['rounding_error'])} at {r['hours_per_week']:g} hours for "
            f"{r['weeks_of_care']} weeks"
            for r in longest
        ]
        method = within(doses_method(first["method"]))
        said.append(f"{asked}, {within(who)}, {method}: {sentence(parts) if parts else 'no dose has a number'}")
    return "Grids of hours a week by weeks of care, naive and by other methods. " + ". ".join(said) + "."
