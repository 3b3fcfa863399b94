"""A release as a whole: what is wrong with it, and where every number that is printed comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from iop_outcomes.errors import StudyError
from iop_outcomes.figures import processes
from iop_outcomes.presentation import numbers
from iop_outcomes.verify import files, findings, judged, ledgers, origins, page, pictures, printed, released, tables
from iop_outcomes.verify.findings import Finding
from iop_outcomes.verify.origins import Heard
from iop_outcomes.verify.printed import Traced

# words of figures by the words without marks, and what is wrong
Pictured = tuple[dict[str, tuple[str, Heard]], list[Finding]]
# what a copied process looks at: it begins with it, so that nothing has to be sent
_LOOKED_AT: list[released.Release] = []


@dataclass
class Verdict:
    """found: what is wrong. traced: the numbers of the report, with their origins. notes: what else is to be known."""

    folder: Path
    files: int
    found: list[Finding] = field(default_factory=list)
    traced: list[Traced] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Nothing is wrong."""
        return not self.found

    def text(self) -> str:
        """In words: what holds, or what does not and where."""
        if self.holds:
            said = [
                f"{self.folder}: {numbers.count(self.files)} files are as released. The tables agree with each other, "
                "and the report, the data of the figures and what they say follow from them.",
                *self._origins(),
            ]
        else:
            said = [f"{self.folder} is not what it says it is:", *(f"  {t}" for t in findings.texts(self.found))]
        return "\n".join([*said, *self.notes])

    def _origins(self) -> list[str]:
        """How many numbers come from where."""
        by = Counter(one.origin.how for one in self.traced)
        if not by:
            return []
        told = ", ".join(f"{numbers.count(n)} {_AS[how]}" for how, n in sorted(by.items(), key=lambda pair: -pair[1]))
        return [f"The report prints {numbers.count(len(self.traced))} numbers: {told}."]

    def trace(self) -> str:
        """The numbers of the report with their origins, as CSV."""
        import csv
        import io

        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(("place", "kind", "number", "from", "table", "row", "column", "cells_of_that_value", "words"))
        for one in self.traced:
            cell = one.origin.cell
            where = (cell.table, cell.row, cell.column) if cell else ("", "", "")
            among = one.origin.among or ""
            rows.writerow((one.place.text(), one.kind, one.number, one.origin.how, *where, among, one.origin.words))
        return out.getvalue()


_AS = {
    origins.CELL: "are cells of a table",
    origins.SHARE: "shares of a count",
    origins.COMPUTED: "computed from cells",
    origins.DAY: "days of the tables",
    origins.STUDY: "settings of the study",
    origins.WORDS: "within fixed words",
    origins.NOTES: "notes on the files",
    origins.UNTRACED: "of unknown origin",
}


def of(folder: str | Path, redraw: bool = False) -> Verdict:
    """The verdict on a release. redraw: draw the figures once more, too. Raises StudyError where the folder is none."""
    release = released.opened(folder)
    verdict = Verdict(release.folder, len(release.told["files"]) + 2)
    try:
        plain = release.plain
    except StudyError:
        plain = None
    verdict.found += files.check(release.folder, release.told, plain)
    try:
        _derived(release, verdict, redraw)
    except StudyError as wrong:
        verdict.found.append(Finding("release", "", f"nothing can be made anew of it. {wrong}"))
    if not (release.same_code or verdict.holds):
        verdict.notes.append(
            f"It was made by version {release.version} of the program, whose code differs from the code here "
            f"({release.version_here}). Where nothing was edited, what does not follow may be due to that: run this "
            "with the program that made the release to be sure."
        )
    return verdict


def _derived(release: released.Release, verdict: Verdict, redraw: bool) -> None:
    """What follows from the released tables, and does not."""
    told = tables.told(release)
    with _beside(release) as pictured:
        verdict.found += [*tables.check(told), *ledgers.check(release), *judged.check(release)]
        anew = printed.made(release)
        verdict.found += printed.check(release, anew)
        words, found = pictured()
    verdict.found += found
    verdict.traced = anew.traced(words)
    if redraw:
        verdict.found += pictures.redrawn(release)


@contextmanager
def _beside(release: released.Release) -> Iterator[Callable[[], Pictured]]:
    """The figures, looked at by a second process while this one looks at the report, where a process can be copied."""
    if not processes.CAN_COPY:
        yield lambda: _pictures(release)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        _LOOKED_AT[:] = [release]
        yield pool.submit(_pictures_beside).result


def _pictures_beside() -> Pictured:
    return _pictures(_LOOKED_AT[0])


def _pictures(release: released.Release) -> Pictured:
    """Words of the figures with marks and what they are of, by the words without; and what is wrong with figures."""
    built = [pictures.built(release, name) for name in pictures.names(release)]
    words = {page.bare(one.alt): (one.alt, one.heard) for one in built}
    return words, [found for one in built for found in pictures.check(release, one)]
