"""The report against the released tables: it is made anew from them, and each number that is printed is held to it.

The page is a function of the released tables, the study, the notes and the figures beside it, and of nothing else. So
what is printed follows from them if, and only if, the page that is made of them is the one that lies there. Where it is
not, the texts are laid side by side, and a number that differs is told with its place and with the cell that says
otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path

from iop_outcomes.presentation import numbers
from iop_outcomes.report import run
from iop_outcomes.verify import page
from iop_outcomes.verify.findings import Finding
from iop_outcomes.verify.origins import Heard, Origin, Sources, traced
from iop_outcomes.verify.released import Release

REPORT = "report.html"
# tables that are written with the report, and what they are made of
BESIDE = {
    "dictionary": "the declared columns and the policy of the study",
    "target_trials": "the comparisons of the study and the words of its authors",
}


@dataclass(frozen=True)
class Traced:
    """A number of the report with its origin."""

    place: page.Place
    kind: str
    number: str
    at: int
    origin: Origin


@dataclass(frozen=True)
class Printed:
    """The report made anew. pieces: with marks around numbers; heard: their values; tables: made with it, as text."""

    text: str
    pieces: list[page.Piece]
    heard: Heard
    sources: Sources
    tables: Mapping[str, str]

    def traced(self, pictures: Mapping[str, tuple[str, Heard]]) -> list[Traced]:
        """Every number of the page, in order. pictures: words of the figures with marks, by the words without."""
        told = []
        for piece in self.pieces:
            marked, heard = (
                pictures.get(piece.text, (piece.text, self.heard)) if piece.kind == "alt" else ("", self.heard)
            )
            one = replace(piece, text=marked) if marked else piece
            told += [Traced(p.place, p.kind, n, at, origin) for p, n, at, origin in traced([one], heard, self.sources)]
        return told


def made(release: Release, marked: bool = True) -> Printed:
    """The report as the released tables give it, by this program. Raises StudyError where they cannot be read.

    marked: with marks around numbers. A page that compared texts with each other would be another with them.
    """
    from iop_outcomes.files import csv_text
    from iop_outcomes.steps import store

    figures = [str(release.folder / n) for n in sorted(release.told["files"]) if n.endswith(".svg")]
    notes = release.folder / "notes.txt"
    heard = Heard()
    with numbers.heard(heard) if marked else nullcontext(), _signed(release) as signed:
        told = run(
            release.tables["counts"],
            release.tables["estimates"],
            release.tables["curves"],
            release.tables["diagnostics"],
            figures,
            release.study,
            "",
            truth=release.truth,
            notes=str(notes) if notes.is_file() else (),
            signed=signed,
            verdicts=release.tables["verdicts"],
        )
    text = str(told["report"])
    sources = Sources(
        release.tables,
        release.truth,
        (release.folder / "study.yaml").read_text("utf-8"),
        notes.read_text("utf-8") if notes.is_file() else "",
    )
    beside = {
        name: csv_text.write(told[name], float_format=f"%.{store.DIGITS}g") or ""  # type: ignore[arg-type]
        for name in BESIDE
    }
    return Printed(page.bare(text), page.pieces(text), heard, sources, beside)


@contextmanager
def _signed(release: Release) -> Iterator[list[str]]:
    """What was said by who looked at the tables before, which the manifest tells, as the file that the report reads."""
    said = release.told.get("sign_off")
    if said is None:
        yield []
        return
    import json
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "signed.json"
        path.write_text(json.dumps(said), encoding="utf-8")
        yield [str(path)]


def check(release: Release, anew: Printed) -> Iterator[Finding]:
    """Where the report, or a table that is written with it, is not what the released tables give."""
    text = _read(release, REPORT)
    if text not in (None, anew.text):
        anew = made(release, marked=False)
    if text not in (None, anew.text):
        yield from differences(page.pieces(text), anew) or [
            Finding(REPORT, "", "its markup is not as this program writes it.")
        ]
    for name, what in BESIDE.items():
        if _read(release, f"{name}.csv") not in (None, anew.tables[name]):
            yield Finding(f"{name}.csv", "", f"is not what {what} give.")


def _read(release: Release, name: str) -> str | None:
    """A released text; None where it is not there, which is told with the files."""
    path = release.folder / name
    return path.read_bytes().decode("utf-8", "replace") if path.is_file() else None


def differences(there: Sequence[page.Piece], anew: Printed) -> list[Finding]:
    """What the pieces of a page say that the released tables do not."""
    wanted = [(p.kind, page.bare(p.text)) for p in anew.pieces]
    found = [(p.kind, p.text) for p in there]
    told: list[Finding] = []
    for what, a, b, c, d in SequenceMatcher(None, wanted, found, autojunk=False).get_opcodes():
        if what != "equal":
            for expected, printed in zip_longest(anew.pieces[a:b], there[c:d]):
                told += _differs(expected, printed, anew)
    return told


def _differs(wanted: page.Piece | None, found: page.Piece | None, anew: Printed) -> Iterator[Finding]:
    """What is wrong with one piece."""
    one = found or wanted
    assert one is not None
    where = one.place.text() + (f", {one.kind}" if one.kind != "text" else "")
    if one.kind == "picture":
        yield Finding(REPORT, where, "the picture within the page is not the one in the folder figures.")
    elif wanted is None or found is None:
        what = "is printed, but does not follow" if wanted is None else "follows, but is not printed,"
        yield Finding(REPORT, where, f"'{page.bare(one.text)}' {what} from the released tables and the study.")
    else:
        yield from _numbers(wanted, found, where, anew)


def _numbers(wanted: page.Piece, found: page.Piece, where: str, anew: Printed) -> Iterator[Finding]:
    """The numbers of a piece that are not what they should be; the whole text where other words differ."""
    should = list(traced([wanted], anew.heard, anew.sources))
    stands = list(page.marked(found.text))
    words = [page.NUMBER.sub("#", t) for t in (page.bare(wanted.text), found.text)]
    if words[0] != words[1] or len(should) != len(stands):
        yield Finding(REPORT, where, f"'{found.text}' is printed; '{page.bare(wanted.text)}' follows.")
        return
    for (_, number, _, origin), (printed, _, _) in zip(should, stands, strict=True):
        if number != printed:
            yield Finding(REPORT, where, f"{printed} is printed; {number} follows from {origin.text()}.")
