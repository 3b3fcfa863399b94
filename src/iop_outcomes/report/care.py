"""Care in the records: levels by label and by hours, hours and days against plan, and moves between levels.

Each function gives a part of the section on records, or None where the records say nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from iop_outcomes.presentation import matrices, numbers, recorded
from iop_outcomes.presentation.labels import sentence, within
from iop_outcomes.report.document import Block, Line, Table, people
from iop_outcomes.report.parts import Part
from iop_outcomes.tables.bands import SHARES, STILL_THERE
from iop_outcomes.tables.results import (
    ATTAINED_OF_PLANNED,
    BY_ASAM,
    BY_BROAD,
    BY_LABEL,
    DELIVERED,
    DELIVERED_OF_SCHEDULED,
    WEEKS_OF_CARE,
)
from iop_outcomes.vocabulary import doses
from iop_outcomes.vocabulary.causes import ENDED
from iop_outcomes.vocabulary.levels import INDETERMINATE, LABELS, NOT_KNOWN

if TYPE_CHECKING:
    import pandas as pd

# Landis and Koch, Biometrics 1977;33:159-174: their word for a kappa from so much on
KAPPA = ((0.8, "almost perfect"), (0.6, "substantial"), (0.4, "moderate"), (0.2, "fair"), (0.0, "slight"))
POOR = "poor"
KAPPA_WORDS = "The words for kappa are those of Landis and Koch (Biometrics 1977;33:159)."
# by pair of definitions: the share in the same class, and kappa
AGREEMENT = {
    (
        BY_LABEL,
        BY_ASAM,
    ): "By ASAM's thresholds for scheduled hours, {} of the {unit} at ambulatory levels are in the class "
    "that their program names{}.",
    (BY_LABEL, BY_BROAD): "With 6 to 30 scheduled hours a week taken as intensive, it is {}{}.",
    (
        BY_ASAM,
        DELIVERED,
    ): "By ASAM's thresholds again, {} are in one class by the hours that were scheduled and by those "
    "that were delivered{}.",
}
AGAINST_PLAN = "Hours and days, delivered against planned"


def levels(counts: pd.DataFrame, unit: str) -> Part | None:
    """How far the program's label and hours a week agree."""
    found = {which: matrices.matrix(counts, *which) for which in matrices.PAIRS}
    found = {which: table for which, table in found.items() if len(table)}
    if not found:
        return None
    said, judged = [], False
    for which, table in found.items():
        found_of = matrices.kappa(table)
        if found_of.n:
            judged = judged or numbers.known(found_of.kappa)
            share, error = matrices.in_one_class(counts, *which)
            said.append(AGREEMENT[which].format(share, _kappa(found_of.kappa, error), unit=unit))
    apart = _apart(found[BY_LABEL, BY_ASAM], unit) if (BY_LABEL, BY_ASAM) in found else ""
    note = KAPPA_WORDS if judged else ""
    figures = ("agreement",) if any(map(matrices.several, found.values())) else ()
    return Part("Levels of care, by label and by hours", tuple(s for s in (*said, apart, note) if s), figures)


def _kappa(value: float, error: float) -> str:
    """Kappa with a word for it, behind a share."""
    if not numbers.known(value):
        return ""
    word = next((w for least, w in KAPPA if value >= least), POOR)
    return f" (kappa {numbers.ratio(value, error)}, {word})"


def _apart(table: pd.DataFrame, unit: str) -> str:
    """The largest group whose label and class by hours differ; '' where none is shown."""
    cells = [
        (float(people), str(label), str(by_hours))
        for label, row in table.iterrows()
        for by_hours, people in row.items()
        if label != by_hours and by_hours != NOT_KNOWN and numbers.known(people) and people > 0
    ]
    if not cells:
        return ""
    people, label, by_hours = max(cells)
    meant = "between outpatient and intensive" if by_hours == INDETERMINATE else within(LABELS[by_hours])
    program = within(LABELS[label])
    return f"The largest group apart: {numbers.count(people)} {unit} in {program} by label, {meant} by hours."


def delivered(counts: pd.DataFrame, unit: str) -> Part | None:
    """Hours and days against what was scheduled and planned."""
    shares = recorded.against_plan(counts)
    hours = recorded.scheduled_and_delivered(counts)
    figures = ("hours",) if (hours["people"] > 0).any() else ()
    if not shares and not figures:
        return Part(
            AGAINST_PLAN,
            ("Neither hours a week nor planned days are in these records.",),
        )
    said = []
    for name, most, words in (
        (DELIVERED_OF_SCHEDULED, SHARES[3:], "Attended at least three quarters of the scheduled hours"),
        (ATTAINED_OF_PLANNED, SHARES[4:], "Stayed as long as planned, or longer"),
    ):
        told = list(_reached(shares[name], most)) if name in shares else []
        if told:
            said.append(f"{words}, by level at the start: {sentence(told)}.")
    if not (hours["kind"] == DELIVERED).any():
        said.append("These records hold no sessions, so that delivered hours are not known.")
    tables = tuple(_against(name, table, unit) for name, table in shares.items())
    return Part(AGAINST_PLAN, tuple(said), figures, tables)


def by_week(counts: pd.DataFrame, unit: str) -> Part | None:
    """What is known of the hours of each week in care, where strategies of staying stand on them."""
    rows = recorded.of(counts, WEEKS_OF_CARE)
    if rows.empty:
        return None
    found = {str(level): people for level, people in zip(rows["level"], rows["shown"], strict=True)}
    told = [f"{within(label)}: {found[level]}" for level, label in doses.LABELS.items() if level in found]
    return Part("Care week by week", (f"By the sessions of their weeks in care, of all {unit}: {'; '.join(told)}.",))


def _reached(table: pd.DataFrame, bands: tuple[str, ...]) -> Iterator[str]:
    """'73.0 % in intensive outpatient', for each level whose counts are all shown."""
    for care, own in table.groupby("care", sort=False):
        known = own[~own["level"].isin([NOT_KNOWN, STILL_THERE])]
        if known["people"].notna().all() and known["people"].sum() > 0:
            share = recorded.share_of(known, known["level"].isin(bands))
            yield f"{share} in {within(LABELS[str(care)])}"


HEADINGS = {
    DELIVERED_OF_SCHEDULED: "Delivered hours a week as a part of those scheduled",
    ATTAINED_OF_PLANNED: "Days at the index level as a part of those planned",
}


def _against(name: str, table: pd.DataFrame, unit: str) -> Table:
    bands = [b for b in (*SHARES, STILL_THERE, NOT_KNOWN) if (table["level"] == b).any()]
    lines = []
    for care, own in table.groupby("care", sort=False):
        found = dict(zip(own["level"], own["shown"], strict=True))
        lines.append(Line(LABELS[str(care)], tuple(people(found, b) for b in bands)))
    columns = [recorded.BANDS.get(b, b) for b in bands]
    heads = ("Level at the start", *(c[:1].upper() + c[1:] for c in columns))
    return Table(f"{HEADINGS[name]}: {unit}", heads, (Block("", tuple(lines)),))


def moved(counts: pd.DataFrame) -> Part | None:
    """The first move from each index level."""
    found = recorded.moves(counts)
    first = found[(found["step"] == 1) & (found["people"] > 0)]
    if first.empty:
        return None
    said = []
    for origin, own in first.groupby("origin", sort=False):
        said.append(f"Of those starting in {within(LABELS[str(origin)])}, {_first_move(own)}.")
    if found["people"].isna().any():
        said.append("Moves of a few people are not told as numbers nor drawn; shares are of the moves that are shown.")
    onward = first["to"].isin(list(LABELS)).any()
    return Part("Moves between levels of care", tuple(said), ("transitions",) if onward else ())


def _first_move(moves: pd.DataFrame) -> str:
    """How many went on to another level, to which most, and how the others ended."""
    onward = moves[moves["to"].isin(list(LABELS))]
    parts = []
    if len(onward):
        most = within(LABELS[str(onward.loc[onward["people"].idxmax(), "to"])])
        where = f"to {most}" if len(onward) == 1 else f"most of them to {most}"
        parts.append(f"{recorded.share_of(moves, moves['to'].isin(list(LABELS)))} went on to another level, {where}")
    there = set(moves["to"])
    parts += [f"{recorded.share_of(moves, moves['to'] == to)} {words}" for to, words in ENDED.items() if to in there]
    return "; ".join(parts)
