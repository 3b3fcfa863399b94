"""What others have found: what each study printed, beside what was seen of it."""

from __future__ import annotations

from itertools import groupby

from iop_outcomes.presentation import evidence, judged, numbers
from iop_outcomes.presentation.evidence import QUESTIONS, Result
from iop_outcomes.report import explanations
from iop_outcomes.report.document import Block, Item, Line, Paragraph, Table
from iop_outcomes.report.material import Sources

JUDGED = "Was the first no worse, by ten of 100?"


def found(of: Sources) -> tuple[Item, ...]:
    """The figure with this cohort beneath, then both tables, the same in every report."""
    return Paragraph(explanations.OF_OTHERS), *of.drawn("known"), _printed(), _studies()


def _studies() -> Table:
    """Every study with its design and its finding, by question."""
    rows = sorted(evidence.studies().values(), key=lambda s: list(QUESTIONS).index(s.question))
    blocks = tuple(
        Block(QUESTIONS[question], tuple(Line(_of(s.source), (_of(s.design), _of(s.finding), s.seen)) for s in own))
        for question, own in groupby(rows, key=lambda s: s.question)
    )
    columns = ("Source", "Design", "Finding", "Seen of it")
    return Table("Studies of setting, intensity and duration", columns, blocks, words=True, name="Earlier studies")


def _printed() -> Table:
    """Every printed result with limits, where there are counts."""
    lines = tuple(
        Line(_of(r.study.source), (r.study.arms, r.asked, _result(r), _of(judged.told(r)))) for r in evidence.results()
    )
    columns = ("Source", "First and second arm", "Outcome", "First and second share; difference or ratio", JUDGED)
    caption = "What they printed, the difference with limits where people were told"
    return Table(caption, columns, (Block("", lines),), words=True, name="Results of earlier studies")


def _result(result: Result) -> str:
    return f"{result.told()} ({result.note})" if result.note else result.told()


def _of(text: str) -> str:
    return text.replace(" %", f"{numbers.NARROW}%")
