"""Where people are in the report: what the most days were spent in, and mean days in each place by arm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers, places
from iop_outcomes.presentation.labels import Labels, capital, method, sentence, within
from iop_outcomes.protocol import AsRun
from iop_outcomes.report import protection
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.report.results import value_of, with_interval
from iop_outcomes.report.sentences import effects
from iop_outcomes.tables.rows import Estimated
from iop_outcomes.vocabulary.measures import DAYS_IN_PLACE, DIFFERENCE
from iop_outcomes.vocabulary.methods import PREFERRED
from iop_outcomes.vocabulary.places import PLACES

if TYPE_CHECKING:
    import pandas as pd

# rows of one place by what they are of, and those of one question by place
Rows = Mapping[str, Estimated]
# of an arm so many places are told in a sentence
SAID = 3


def said(estimates: pd.DataFrame, study: AsRun) -> Iterator[str]:
    """A sentence for each contrast and its last day, by the most preferred method: where each arm spent most days."""
    labels = Labels(study)
    for name in study.contrasts:
        found = places.days(estimates, name)
        told = {key: rows for key, rows in found.items() if any(map(_told, rows.values()))}
        if not told:
            continue
        last = max(day for day, _ in told)
        how = min((m for day, m in told if day == last), key=PREFERRED.index)
        parts = [_most(told[last, how], side, labels.arm(name, side)) for side in labels.sides(name)]
        yield f"{labels.contrast(name)}, {within(method(how))}. Mean days up to day {last}: {'; '.join(parts)}."


def _most(rows: Mapping[str, Rows], side: str, arm: str) -> str:
    own = [(name, of[side]) for name, of in rows.items() if side in of and numbers.known(of[side]["estimate"])]
    most = sorted(own, key=lambda pair: -pair[1]["estimate"])[:SAID]
    days = [f"{value_of(row, numbers.days)} {_within(name)}" for name, row in most]
    return f"{within(arm)} {sentence(days)}"


def _within(name: str) -> str:
    """'in outpatient care', 'out of care otherwise', behind a number of days."""
    place = PLACES[name]
    return f"in {within(place.label)}" if place.levels else within(place.label)


def tables(estimates: pd.DataFrame, study: AsRun) -> list[Table]:
    """One table for each contrast with mean days in each place; a block for each day and method."""
    labels = Labels(study)
    made = []
    for name in study.contrasts:
        blocks = [
            Block(
                f"Up to day {day}, {within(method(how))}",
                tuple(_line(place, of, labels, name) for place, of in rows.items()),
            )
            for (day, how), rows in places.days(estimates, name).items()
            if any(map(_told, rows.values()))
        ]
        if blocks:
            columns = ("Place", *labels.arms(name), f"Difference ({effects.level(labels)})")
            own = estimates[(estimates["contrast"] == name) & (estimates["measure"] == DAYS_IN_PLACE)]
            note = protection.of_estimates(own)
            made.append(Table(f"{labels.contrast(name)}: mean days in each place", columns, tuple(blocks), note))
    return made


def _told(of: Rows) -> bool:
    """A number is told of some arm."""
    return any(numbers.known(row["estimate"]) for row in of.values())


def _line(place: str, of: Rows, labels: Labels, contrast: str) -> Line:
    if not _told(of):
        return Line(PLACES[place].label, absent=capital(effects.absent(of[DIFFERENCE], labels)))
    cells = (
        *(value_of(of.get(side), numbers.days) for side in labels.sides(contrast)),
        with_interval(of.get(DIFFERENCE), numbers.signed_days),
    )
    return Line(PLACES[place].label, cells)
