"""What people report of their use beside tests of the same days: how far the two agree, in each arm.

All is computed from the released counts of people who have both; where one of the four is not told, nothing is. Tests
are no truth either: each finds use of the days that it covers, and an interview asks about all of its look-back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.two_by_two.kappa import kappa
from iop_outcomes.presentation import numbers, told
from iop_outcomes.presentation.labels import Labels
from iop_outcomes.protocol import AsRun
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.report.sentences import effects
from iop_outcomes.tables.results import REPORT_BY_TEST
from iop_outcomes.tables.rows import counted
from iop_outcomes.vocabulary.answers import ABSTINENT, USING

if TYPE_CHECKING:
    import pandas as pd

SAYS = (ABSTINENT, USING)
NOTE = (
    "People who told of the days before the interview and have a test of those days. Kappa is agreement beyond chance "
    "(Cohen 1960, Educational and Psychological Measurement 20:37; error after Fleiss, Cohen and Everitt 1969), "
    "and is left out where tests, or reports, are all alike. A test finds use of a few days only, so that people may "
    "report use that it cannot find; reports of none beside a positive test are use that was not told."
)
FEW = "Withheld: one of the four counts is of few people, or would give such a one away"


def tables(counts: pd.DataFrame, study: AsRun) -> list[Table]:
    """The tables of the contrasts whose people have both."""
    labels = Labels(study)
    own = counts[counts["variable"] == REPORT_BY_TEST]
    found = [_of_contrast(own[own["contrast"] == name], labels, name) for name in study.contrasts]
    return [table for table in found if table.blocks]


def _of_contrast(own: pd.DataFrame, labels: Labels, name: str) -> Table:
    blocks = []
    for (outcome, day), rows in own.groupby(["outcome", "horizon_days"], sort=False):
        sides = zip(labels.sides(name), labels.arms(name), strict=True)
        lines = [_line(rows[rows["arm"] == side], words, labels) for side, words in sides]
        blocks.append(Block(f"{labels.endpoint(str(outcome))}, day {day:.0f}", tuple(lines)))
    agreement = ("Agree", f"Kappa ({effects.level(labels)})")
    of_tests = ("Reported use, of those tested positive", "Reported none, of those tested negative")
    columns = ("Arm", "People with both", *agreement, *of_tests)
    note = " ".join(words for words in (NOTE, told.note(own)) if words)
    return Table(f"{labels.contrast(name)}: report and test", columns, tuple(blocks), note)


def _line(rows: pd.DataFrame, words: str, labels: Labels) -> Line:
    """An arm; why there is nothing, where a cell is not told."""
    import pandas as pd

    cells = {(row["group"], row["level"]): told.told(row) for row in counted(rows.drop_duplicates(["group", "level"]))}
    known = {key: cell.count for key, cell in cells.items() if cell.count is not None}
    if len(known) < len(SAYS) ** 2:
        return Line(words, absent=FEW)
    table = pd.DataFrame([[known[test, report] for report in SAYS] for test in SAYS], index=SAYS, columns=SAYS)
    found, people = kappa(table), float(table.to_numpy().sum())
    if not people:
        return Line(words, absent="No one has both")
    most = max(max(cell.high - known[key], known[key] - cell.low) for key, cell in cells.items())
    reach = float(stats.norm.ppf(0.5 + labels.study.inference.confidence_level / 2)) * found.standard_error
    return Line(
        words,
        (
            numbers.count(people),
            numbers.percent(found.observed, len(cells) * most / people),
            numbers.with_limits(found.kappa, max(found.kappa - reach, -1.0), min(found.kappa + reach, 1.0), _kappa)
            if numbers.known(found.kappa) and _both_tell_apart(table)
            else numbers.DASH,
            _share(cells[USING, USING], cells[USING, ABSTINENT]),
            _share(cells[ABSTINENT, ABSTINENT], cells[ABSTINENT, USING]),
        ),
    )


def _both_tell_apart(table: pd.DataFrame) -> bool:
    """Tests and reports know both answers: else kappa is 0 whatever the other says, and its error tells nothing."""
    return all(bool((table.sum(axis=axis) > 0).all()) for axis in (0, 1))


def _kappa(value: object, error: object = 0.0, more: int = 0) -> str:
    return numbers.decimals(value, 2 + more)


def _share(some: told.Told, others: told.Told) -> str:
    """The share of some people of themselves and others."""
    found = some.of(others)
    return numbers.DASH if found is None else numbers.percent(*found)
