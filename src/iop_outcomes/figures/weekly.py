"""Weekly tests: what each week says of the people of an arm, with weeks that were missed as a band of their own.

One panel for each arm: bars of weeks, each of all people of the arm, from the bottom negative, missed, not negative,
died, no test due. A reading of missed weeks moves the whole band to one side: to the top where they count as use, out
of the bar where they are left out. What is not told of a week, for the protection of people, is a pale part of its bar;
a week of which nothing is told is left out. Where
few have died, so that they are not told apart from those who missed, the two are one band.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import style
from iop_outcomes.presentation import numbers, told
from iop_outcomes.presentation.labels import Labels
from iop_outcomes.protocol import Compared
from iop_outcomes.tables.results import ALL, PEOPLE, WEEK
from iop_outcomes.tables.rows import counted
from iop_outcomes.vocabulary.answers import ABSTINENT, MISSING, NOT_ASKED_FOR, USING
from iop_outcomes.vocabulary.causes import DIED

if TYPE_CHECKING:
    import pandas as pd

NOT_TOLD, MISSED_OR_DIED = "not_told", "missed_or_died"
# from the bottom of a bar: what readers see, and how it is filled
LEVELS = {
    ABSTINENT: ("Negative", style.COLOURS[0]),
    MISSING: ("Missed", "#b9bfc6"),
    MISSED_OR_DIED: ("Missed, or died", "#a2a9b1"),
    USING: ("Not negative", style.COLOURS[1]),
    DIED: ("Died", style.INK),
    NOT_ASKED_FOR: ("No test due", "#e4ecf4"),
    NOT_TOLD: ("Not told", "#f6f3ee"),
}
SAID = {
    ABSTINENT: "negative", MISSING: "missed", MISSED_OR_DIED: "missed, or of people who had died",
    USING: "not negative",
}  # fmt: skip
WHAT = "Tests by week"
PANEL = 1.75


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """Panels of all contrasts with weekly outcomes, the arms of each below each other."""
    import pandas as pd
    from plotnine import (
        aes,
        facet_wrap,
        geom_rect,
        ggplot,
        guide_legend,
        guides,
        labs,
        scale_fill_manual,
        scale_x_continuous,
        scale_y_continuous,
    )

    labels = Labels(study)
    shown = found(tables.counts, labels)
    if shown.empty:
        return style.note("no week is told of", shown, WHAT)
    there = [level for level in LEVELS if (shown["level"] == level).any()]
    data = shown.assign(
        what=pd.Categorical([LEVELS[v][0] for v in shown["level"]], [LEVELS[v][0] for v in there]),
        place=pd.Categorical(shown["panel"], list(dict.fromkeys(shown["panel"]))),
        left=shown["day"] - 6.6,
        right=shown["day"],
    )
    panels = data["place"].nunique()
    plot = (
        ggplot(data)
        + geom_rect(aes(xmin="left", xmax="right", ymin="low", ymax="high", fill="what"))
        + facet_wrap("place", ncol=2)
        + scale_fill_manual([LEVELS[v][1] for v in there])
        + scale_x_continuous(breaks=_weeks(shown["day"]), expand=(0.01, 0))
        + scale_y_continuous(labels=lambda shares: [numbers.whole_percent(s) for s in shares], expand=(0, 0))
        + labs(x="Last day of the week", y="People of the arm")
        + guides(fill=guide_legend(nrow=2))
        + style.look(height=1.2 + PANEL * ((panels + 1) // 2))
    )
    return style.Figure(plot, shown, _alt(shown))


def _weeks(days: pd.Series[float]) -> list[float]:
    """Last days of weeks that are marked: at most about six."""
    known = sorted(set(days))
    return known[:: max(1, -(-len(known) // 6))]


def found(counts: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """One row for each part of a bar: contrast, outcome, arm, panel, day, level, people (as told), share, low and high
    (where the part begins and ends), rounding_error of the share.
    """
    import pandas as pd

    own = counts[(counts["variable"] == WEEK) & (counts["group_by"] == ALL)]
    own = own[own["contrast"].isin(list(labels.study.contrasts))]
    rows: list[dict[str, object]] = []
    for (contrast, outcome), of in own.groupby(["contrast", "outcome"], sort=False):
        for arm in labels.sides(str(contrast)):
            weeks = of[of["arm"] == arm].drop_duplicates(["horizon_days", "level"])
            whole = _people(weeks, counts[(counts["contrast"] == contrast) & (counts["arm"] == arm)])
            if whole is None:
                continue
            panel = style.wrap(f"{labels.arm(str(contrast), arm)}: {labels.endpoint(str(outcome))}", 48)
            for day, week in weeks.groupby("horizon_days", sort=True):
                key = {"contrast": contrast, "outcome": outcome, "arm": arm, "panel": panel, "day": float(str(day))}
                rows += [{**key, **part} for part in _bar(week, whole)]
    columns = ["contrast", "outcome", "arm", "panel", "day", "level", "people", "share", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "rounding_error"])


def _people(weeks: pd.DataFrame, arm: pd.DataFrame) -> float | None:
    """The people of an arm: by a week of which everything is told, else by the people compared; None without either."""
    everyone = arm[(arm["outcome"] == PEOPLE) & (arm["group_by"] == ALL)]
    for group in (*(week for _, week in weeks.groupby("horizon_days", sort=True)), everyone):
        cells = [told.told(row).count for row in counted(group)]
        known = [cell for cell in cells if cell is not None]
        if len(known) == len(cells) and any(known):
            return float(sum(known, 0.0))
    return None


def _bar(week: pd.DataFrame, whole: float) -> list[dict[str, object]]:
    """The parts of a bar from the bottom; nothing of a week of which nothing is told."""
    cells = {row["level"]: told.told(row) for row in counted(week)}
    hidden = {level for level, cell in cells.items() if cell.count is None}
    known = {level: cell for level, cell in cells.items() if cell.count}
    rest = max(whole - sum(cell.count or 0.0 for cell in known.values()), 0.0)
    # what is left of an arm is known as well as what is told of the others
    loose = sum(max(cell.high - (cell.count or 0.0), (cell.count or 0.0) - cell.low) for cell in known.values())
    left = (MISSED_OR_DIED if hidden <= {MISSING, DIED} else NOT_TOLD) if hidden and known and rest else ""
    parts, low = [], 0.0
    for level in LEVELS:
        if level in known:
            cell = known[level]
            people = cell.count or 0.0
            error = max(cell.high - people, people - cell.low)
        elif level == left:
            people, error = rest, loose
        else:
            continue
        share = min(people / whole, 1 - low)
        parts.append(_part(level, people, share, low, error / whole))
        low += share
    return parts


def _part(level: str, people: float, share: float, low: float, error: float) -> dict[str, object]:
    return {
        "level": level, "people": people, "share": share, "low": low, "high": low + share, "rounding_error": error,
    }  # fmt: skip


def _alt(shown: pd.DataFrame) -> str:
    said = []
    for panel, own in shown.groupby("panel", sort=False):
        last = own[own["day"] == own["day"].max()].set_index("level")
        parts = [
            f"{numbers.percent(last.at[level, 'share'], last.at[level, 'rounding_error'])} {words}"
            for level, words in SAID.items()
            if level in last.index
        ]
        said.append(f"{' '.join(str(panel).split())}, in the week to day {own['day'].max():.0f}: {', '.join(parts)}")
    return f"Bars by week of what tests said of the people of each arm. {'; '.join(said)}."
