"""The records: what came in and what became of it, how complete it is, and care as it was delivered.

Parts of the section, each with sentences, figures and tables, from released counts. A part about which the records say
nothing is left out, or says so in one sentence; a figure is shown only where there is something in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers, recorded, told
from iop_outcomes.presentation.labels import TABLES_OF_RECORDS, sentence, within
from iop_outcomes.protocol import GAP, AsRun
from iop_outcomes.report import care, cohort, published, testing
from iop_outcomes.report.document import Block, Line, Table, people
from iop_outcomes.report.parts import Part
from iop_outcomes.tables import results
from iop_outcomes.tables.bands import EPISODES
from iop_outcomes.tables.results import ROWS

if TYPE_CHECKING:
    import pandas as pd

# sources whose stays cannot be linked: one row, one person
UNLINKED = ("tedsd",)
NO_MORE = "no one"
# places and fields named in a sentence before the others are only counted
MOST_NAMED = 5
WHERE = {
    "site": "Known of fewer than half at a site",
    "period": "Known of fewer than half of those who entered then",
}


def parts(counts: pd.DataFrame, diagnostics: pd.DataFrame, study: AsRun) -> list[Part]:
    """The section, part by part; parts without a sentence and a table are left out."""
    unit = recorded.UNITS[study.population.unit]
    found = [
        came_in(counts),
        complete(counts, diagnostics, unit),
        linked(counts, study),
        care.levels(counts, unit),
        care.delivered(counts, unit),
        care.by_week(counts, unit),
        care.moved(counts),
        testing.tested(counts, unit),
        observed(counts, unit),
        published.beside(counts, study),
    ]
    return [p for p in found if p is not None and (p.said or p.tables)]


def rounded(counts: pd.DataFrame) -> str:
    """How counts of people in this section are rounded, or ''."""
    base = told.usual(counts[counts["analysis"] == recorded.RECORDS])
    if base == 1:
        return ""
    return (
        f"Counts of people in this section are rounded to the nearest {base}, and shares are made from them: the same "
        "people are counted in many ways here, and differences must not tell of a few."
    )


def came_in(counts: pd.DataFrame) -> Part:
    """What became of the rows of each table."""
    kept = []
    for name, label in TABLES_OF_RECORDS.items():
        own = counts[(counts["analysis"] == "cohort") & (counts["outcome"] == ROWS) & (counts["group"] == name)]
        rows = recorded.with_people(own, told.usual(own))
        share = recorded.share(rows, rows["level"] == "kept") if len(rows) > 1 else None
        if share:
            whole = told.together(rows)
            mark = f"{told.ABOUT}{numbers.NARROW}" if whole.high > whole.low else ""
            kept.append(f"{numbers.percent(*share)} of {mark}{numbers.count(whole.count)} {_rows(name, label)}")
    said = (
        "Every row that came in is accounted for: kept, merged with another one, set aside under the rule that it "
        "broke, or left out, with the reason. A row that was kept without a value that cannot be true, or of which "
        "something is to be said, is counted under what is said.",
    )
    more = (f"Kept were {sentence(kept)}.",) if kept else ()
    return Part(
        "What came in", (*said, *more, *_never(counts)), (), _filled(cohort.records(counts), cohort.codes(counts))
    )


def _filled(first: Table, *others: Table) -> tuple[Table, ...]:
    return (first, *(t for t in others if t.blocks))


def _never(counts: pd.DataFrame) -> tuple[str, ...]:
    """Codes that the mapping lists and no record has."""
    found = [f"{column} ({', '.join(codes)})" for column, codes in cohort.never_found(counts).items()]
    return (f"Listed by the mapping, and in no record: {'; '.join(found)}.",) if found else ()


def _rows(name: str, label: str) -> str:
    return "records of people" if name == "persons" else within(label)


def complete(counts: pd.DataFrame, diagnostics: pd.DataFrame, unit: str) -> Part | None:
    """How much is known, of everyone and by group."""
    found = recorded.completeness(counts, diagnostics)
    if found.empty:
        return None
    full, partly, empty = recorded.unanswered(found)
    known = recorded.by(found[found["kind"] == "all"], "field")
    ranked = sorted(partly, key=lambda f: (known[f,][1] == "withheld", known[f,][0]))
    said = []
    if ranked:
        named = [f"{within(recorded.field(f))} ({recorded.share_words(*known[f,])})" for f in ranked[:MOST_NAMED]]
        said.append(f"Least often known, of all {unit}: {sentence(named)}.")
    if full:
        said.append(f"Known throughout: {sentence([within(recorded.field(f)) for f in full])}.")
    if empty:
        said.append(f"Not in these records: {sentence([within(recorded.field(f)) for f in empty])}.")
    for kind, words in WHERE.items():
        gaps = found[(found["kind"] == kind) & found["field"].isin(partly) & _under_half(found)]
        if len(gaps):
            said.append(f"{words}: {_places(gaps)}.")
    return Part("How complete they are", tuple(said), ("completeness",) if partly else ())


def _under_half(found: pd.DataFrame) -> pd.Series[bool]:
    """Groups of which fewer than half are known; a share to the quarter below may lie anywhere in its quarter."""
    least = found["share"].where(found["told"] != "from", found["share"] + 0.25)
    return found["told"].isin(["exact", "rounded", "about"]) & (least < 0.5) | (found["told"] == "from") & (
        least <= 0.5
    )


def _places(gaps: pd.DataFrame) -> str:
    by_field = [
        f"{within(recorded.field(str(name)))} ({', '.join(recorded.ordered(own['group'])[:MOST_NAMED])}"
        + (f" and {numbers.count(len(own) - MOST_NAMED)} more)" if len(own) > MOST_NAMED else ")")
        for name, own in gaps.groupby("field", sort=False)
    ]
    return "; ".join(by_field)


def linked(counts: pd.DataFrame, study: AsRun) -> Part | None:
    """People by number of episodes under each gap rule."""
    own = recorded.of(counts, results.EPISODES)
    if own.empty or study.source.kind in UNLINKED:
        return None
    by_gap = {int(str(gap)): rows for gap, rows in own.groupby("group")}
    sums = [rows["people"].sum(skipna=False) for rows in by_gap.values()]
    whole = max(filter(numbers.known, sums), default=None)
    more = {gap: _more_than_one(by_gap[gap], whole) for gap in sorted(by_gap)}
    chosen = study.care.gap_days
    said = f"Stays no more than {chosen} days apart were linked into one episode of care."
    if all(share == NO_MORE for share in more.values()):
        said += f" Under no rule from {min(more)} to {max(more)} days does anyone have more than one episode."
        return Part("Stays linked into episodes", (said,))
    others = [f"{share} under {gap} days" for gap, share in more.items() if gap != chosen]
    said += f" People with more than one: {more.get(chosen, told.WITHHELD)}; {sentence(others)}."
    shown = {gap: dict(zip(rows["level"], rows["shown"], strict=True)) for gap, rows in sorted(by_gap.items())}
    lines = [Line(f"{gap} days", tuple(people(found, b) for b in EPISODES)) for gap, found in shown.items()]
    columns = (f"Stays at most so far apart, {GAP}", "One", "Two", "Three or more")
    table = Table("People by number of episodes of care", columns, (Block("", tuple(lines)),))
    return Part("Stays linked into episodes", (said,), (), (table,))


def _more_than_one(rows: pd.DataFrame, whole: float | None) -> str:
    """The share of people with more than one episode, as far as it is told. whole: everyone, by another gap."""
    more = rows["level"] != EPISODES[0]
    if not (rows.loc[more, "high"] > 0).any():
        return NO_MORE
    if rows["people"].notna().all():
        return recorded.share_of(rows, more)
    one = rows.loc[~more, "people"].sum(min_count=1)
    if not whole or not numbers.known(one):
        return told.WITHHELD
    # everyone less those with one, both as far as they are told
    return numbers.percent(max(0.0, 1 - one / whole), float((rows.loc[~more, "high"] - one).max()) / whole)


def observed(counts: pd.DataFrame, unit: str) -> Part | None:
    """Whose days lie within their observation."""
    found = recorded.maturity(counts)
    if found.empty:
        return None
    known = recorded.by(found[found["kind"] == "all"], "day")
    days = sorted(int(str(d)) for (d,) in known)
    if all(known[d,] == (1.0, "exact") for d in days):
        text = f"Every day that is asked about, up to day {days[-1]}, lies within the observation of all {unit}."
        return Part("What could be observed", (text,))
    named = [f"day {d} of {recorded.share_words(*known[d,])}" for d in days]
    said = [
        f"Within observation lies {sentence(named)} of the {unit}. For the others observation ended before: they "
        "are not counted as failures on that day."
    ]
    none = found[(found["kind"] == "period") & (found["told"] == "exact") & (found["share"] == 0)]
    if len(none):
        by_day = [f"day {day} ({', '.join(recorded.ordered(own['group']))})" for day, own in none.groupby("day")]
        said.append(f"Beyond observation for everyone who entered then: {sentence(by_day)}.")
    return Part("What could be observed", tuple(said), ("maturity",))
