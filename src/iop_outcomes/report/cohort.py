"""Who was studied: what became of records, whom each rule excluded, and what was known of people at the start.

Table 1 shows categories as counts and percent of the arm, numbers as mean and standard deviation, and the standardised
difference of each before and after weighting. A percentage needs the size of the arm: where that cannot be told from
released counts, it is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers, recorded, told
from iop_outcomes.presentation.labels import TABLES_OF_RECORDS, UNITS, Labels, covariate, method, words
from iop_outcomes.presentation.told import NO_ONE, Told
from iop_outcomes.protocol import AsRun
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.tables.readings import EMPTY, LISTED
from iop_outcomes.tables.results import ALL, ATTRITION, CODES, COVARIATE, MEAN, NEVER_FOUND, ROWS, STANDARD_DEVIATION
from iop_outcomes.tables.rows import Counted, counted
from iop_outcomes.vocabulary.methods import PREFERRED_WEIGHTS

if TYPE_CHECKING:
    import pandas as pd

SMD = "standardised_difference"

# by method, covariate and category
Differences = dict[tuple[str, str, str], float]


def excluded(counts: pd.DataFrame) -> Table:
    """Whom each eligibility rule excluded, and who was left."""
    steps = recorded.attrition(counts)
    own = counts[(counts["analysis"] == "cohort") & (counts["outcome"] == ATTRITION)]
    lines = [Line(str(r.rule), (str(r.shown),)) for r in steps.itertuples()]
    blocks = (Block("Excluded under the first rule that applied", tuple(lines[:-1])), Block("Left", tuple(lines[-1:])))
    caption = "People in the records, excluded and eligible"
    return Table(caption, ("Rule", "People"), blocks if lines else (), told.note(own))


def records(counts: pd.DataFrame) -> Table:
    """What became of the rows of each table of records."""
    own = counts[(counts["analysis"] == "cohort") & (counts["outcome"] == ROWS)]
    base, blocks = told.usual(own), []
    for name, label in TABLES_OF_RECORDS.items():
        rows = sorted(counted(own[own["group"] == name]), key=lambda row: (_place(row["level"]), row["detail"]))
        lines = [Line(_fate(row["level"], row["detail"]), (told.count(row, base),)) for row in rows]
        if any(numbers.number(row["count"]) != 0 for row in rows):
            blocks.append(Block(label, tuple(lines)))
    caption = "Records kept, merged and set aside"
    return Table(caption, ("What became of them", "Records"), tuple(blocks), told.note(own))


def codes(counts: pd.DataFrame) -> Table:
    """What became of the codes of each column of which some are not listed by the mapping."""
    own = counts[(counts["analysis"] == "cohort") & (counts["outcome"] == CODES)]
    base, blocks = told.usual(own), []
    for (name, column), rows in own.groupby(["group", "variable"], sort=False):
        if not rows["level"].isin([LISTED, EMPTY]).all():
            lines = [Line(_code(row["level"], row["detail"]), (told.count(row, base),)) for row in counted(rows)]
            blocks.append(Block(f"{name}.{column}", tuple(lines)))
    caption = "Codes, listed by the mapping and not"
    return Table(caption, ("What became of them", "Records"), tuple(blocks), told.note(own))


def _code(became: str, code: str) -> str:
    return words(f"{became}: {code}" if code else became)


def never_found(counts: pd.DataFrame) -> dict[str, list[str]]:
    """By column the codes that the mapping lists and no record has."""
    own = counts[(counts["analysis"] == "cohort") & (counts["outcome"] == NEVER_FOUND)]
    return {
        f"{name}.{column}": [str(code) for code in rows["detail"]]
        for (name, column), rows in own.groupby(["group", "variable"], sort=False)
    }


FATES = {"kept": "Kept", "merged": "Merged", "quarantined": "Set aside", "excluded": "Left out"}


def _place(what: str) -> tuple[int, str]:
    """Fates in order, then by name."""
    return list(FATES).index(what) if what in FATES else len(FATES), what


def _fate(what: str, why: str) -> str:
    said = FATES.get(what, words(what))
    return f"{said}: {why.replace('_', ' ')}" if why else said


def table_one(counts: pd.DataFrame, diagnostics: pd.DataFrame, study: AsRun, contrast: str) -> Table | None:
    """Baseline of one contrast by arm, or None where nothing of it was released."""
    labels = Labels(study)
    own = counts[(counts["analysis"] == "design") & (counts["contrast"] == contrast)]
    made = diagnostics[(diagnostics["analysis"] == "design") & (diagnostics["contrast"] == contrast)]
    weighted = next((m for m in PREFERRED_WEIGHTS if ((made["method"] == m) & (made["quantity"] == SMD)).any()), "")
    differences = made[made["quantity"] == SMD]
    gaps = dict(
        zip(
            zip(*(differences[c] for c in ("method", "variable", "level")), strict=True),
            differences["value"],
            strict=True,
        )
    )
    sizes = [arm_size(own, side) for side in labels.sides(contrast)]
    numeric = _numeric(made, labels, contrast, gaps, weighted)
    blocks = ([Block("Numbers: mean (standard deviation)", tuple(numeric))] if numeric else []) + [
        _category(own, labels, contrast, str(name), sizes, gaps, weighted)
        for name in dict.fromkeys(own.loc[own["outcome"] == COVARIATE, "variable"])
    ]
    if not blocks:
        return None
    shown = own[(own["outcome"] == COVARIATE) & own["arm"].isin(labels.sides(contrast))]
    cost = max(_errors(shown, labels, contrast, sizes), default=0.0)
    heads = [_head(arm, size) for arm, size in zip(labels.arms(contrast), sizes, strict=True)]
    columns = ["At the start", *heads, "Standardised difference"]
    return Table(
        labels.contrast(contrast),
        (*columns, *([f"After {method(weighted).lower()}"] if weighted else [])),
        tuple(blocks),
        " ".join(said for said in (told.note(shown), told.shares(cost)) if said),
    )


def _head(arm: str, size: Told | None) -> str:
    """An arm with its people, as far as they are told."""
    if size is None or not size.count:
        return arm
    mark = f"{told.ABOUT}{numbers.NARROW}" if size.high > size.low else ""
    return f"{arm} ({mark}{numbers.count(size.count)})"


def _errors(own: pd.DataFrame, labels: Labels, contrast: str, sizes: list[Told | None]) -> Iterator[float]:
    """By how much rounding may have moved each share of an arm's people that is shown."""
    of = dict(zip(labels.sides(contrast), sizes, strict=True))
    for row in counted(own):
        found = told.told(row).within(of.get(row["arm"]) or NO_ONE)
        if found and found[0]:
            yield found[1]


def arm_size(own: pd.DataFrame, side: str) -> Told | None:
    """People of an arm, from the groups of its counts that are shown in full, each of which adds up to them; None
    where there is none.
    """
    found = [
        [told.told(row) for row in counted(group)]
        for _, group in own[own["arm"] == side].groupby(["outcome", "variable"], sort=False)
        if group["count"].notna().all()
    ]
    if not found:
        return None
    low, high = max(sum(c.low for c in cells) for cells in found), min(sum(c.high for c in cells) for cells in found)
    narrowest = min(found, key=lambda cells: sum(c.high - c.low for c in cells))
    return Told(min(max(sum(c.count or 0.0 for c in narrowest), low), high), low, high)


def _numeric(made: pd.DataFrame, labels: Labels, contrast: str, gaps: Differences, weighted: str) -> list[Line]:
    values = {(r.quantity, r.arm, r.variable): r.value for r in made.itertuples()}
    sides = labels.sides(contrast)
    names = dict.fromkeys(name for quantity, _, name in values if quantity == MEAN)
    lines = []
    for name in names:
        cells = [_mean(values.get((MEAN, s, name)), values.get((STANDARD_DEVIATION, s, name))) for s in sides]
        unit = f", {UNITS[str(name)]}" if str(name) in UNITS else ""
        lines.append(Line(covariate(str(name)) + unit, (*cells, *_differences(gaps, str(name), ALL, weighted))))
    return lines


def _mean(mean: object, spread: object) -> str:
    if not numbers.known(mean):
        return told.WITHHELD
    return f"{numbers.decimals(mean)} ({numbers.decimals(spread)})"


def _category(
    own: pd.DataFrame,
    labels: Labels,
    contrast: str,
    name: str,
    sizes: list[Told | None],
    gaps: Differences,
    weighted: str,
) -> Block:
    rows = own[(own["outcome"] == COVARIATE) & (own["variable"] == name)]
    cells = {(r["level"], r["arm"]): r for r in counted(rows)}
    base, lines = told.usual(own[own["outcome"] == COVARIATE]), []
    for value in sorted(set(rows["level"])):
        shown = [
            _share(cells.get((value, side)), size, base)
            for side, size in zip(labels.sides(contrast), sizes, strict=True)
        ]
        lines.append(Line(words(str(value)), (*shown, *_differences(gaps, name, str(value), weighted))))
    return Block(covariate(name), tuple(lines))


def _share(row: Counted | None, size: Told | None, base: int) -> str:
    """A category of an arm: its people, and their share where both are told as numbers."""
    text = told.count(row, base)
    found = (NO_ONE if row is None else told.told(row)).within(size or NO_ONE)
    return f"{text} ({numbers.percent(*found)})" if found else text


def _differences(gaps: Differences, variable: str, level: str, weighted: str) -> list[str]:
    """Standardised differences before and after weighting; a category without one is the reference, or rare."""
    return [
        numbers.decimals(gaps[m, variable, level]) if numbers.known(gaps.get((m, variable, level))) else numbers.DASH
        for m in ("unweighted", *([weighted] if weighted else []))
    ]
