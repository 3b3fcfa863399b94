"""What `make report` costs on the demo, and again once a sentence is edited, beside an older checkout of ours.

Each side runs in its own checkout and environment, interleaved, on two cores, after one run that is not measured and
leaves byte code behind. Results that are there are set aside and put back, and so is the edited file. CPU seconds are
those of all processes, uv's and Snakemake's among them. Without an older checkout the rows have no peer.

    python benchmarks/reports.py [repeats] [older checkout]
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cleaning import commit

PROJECT = Path(__file__).resolve().parents[1]
MADE = ("results", ".snakemake")
# work, file of the package, what stands there, what then stands there. Of the report a text that is not printed stands
# for one that is, so that the same edit can be made to any version
EDITS = (
    ("a sentence of the report edited", "report/__init__.py", "", '\nEDITED = "A sentence."\n'),
    ("a sentence on a table edited", "tables/results.py", "One row per", "A row per"),
)
Times = dict[str, float]
Row = dict[str, object]


def rows(repeats: int, older: Path | None = None) -> list[Row]:
    """The rows of results.csv: wall and CPU of each work."""
    sides = {"ours": PROJECT} | ({"theirs": older.resolve()} if older else {})
    works = ["make report", *(f"make report, {work}" for work, *_ in EDITS)]
    seen: dict[str, dict[str, list[Times]]] = {work: {side: [] for side in sides} for work in works}
    with ExitStack() as aside:
        for checkout in sides.values():
            aside.enter_context(cleared(checkout))
            report(checkout)
        for _ in range(repeats):
            for side, checkout in sides.items():
                for work, times in measured(checkout):
                    seen[work][side].append(times)
    peer = f"ours, commit {commit(older)}" if older else ""
    return [row(f"{work}: {kind}", kind, seen[work], peer) for work in works for kind in ("wall", "CPU")]


def measured(checkout: Path) -> Iterator[tuple[str, Times]]:
    """A report from nothing, then one after each edit."""
    subprocess.run(["rm", "-rf", *MADE], cwd=checkout, check=True)
    yield "make report", report(checkout)
    for at, (work, name, old, new) in enumerate(EDITS):
        if at:
            report(checkout)
        file = checkout / "src/iop_outcomes" / name
        text = file.read_text(encoding="utf-8")
        if old not in text:
            raise SystemExit(f"{file} has no '{old}' to edit.")
        try:
            file.write_text(text.replace(old, new, 1) if old else text + new, encoding="utf-8")
            yield f"make report, {work}", report(checkout)
        finally:
            file.write_text(text, encoding="utf-8")


def report(checkout: Path) -> Times:
    """Seconds of `make report`."""
    left_out = ("PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "OMP_NUM_THREADS")
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        ["make", "report", "CORES=2"], cwd=checkout, check=True, capture_output=True,
        env={k: v for k, v in os.environ.items() if k not in left_out},
    )  # fmt: skip
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"wall": wall, "CPU": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


@contextmanager
def cleared(checkout: Path) -> Iterator[None]:
    """The checkout without results, which are put back at the end."""
    with tempfile.TemporaryDirectory(prefix=".benchmark-", dir=checkout) as name:
        there = [part for part in MADE if (checkout / part).exists()]
        for part in there:
            (checkout / part).rename(Path(name) / part)
        try:
            yield
        finally:
            subprocess.run(["rm", "-rf", *MADE], cwd=checkout, check=True)
            for part in there:
                (Path(name) / part).rename(checkout / part)


def row(work: str, kind: str, seen: dict[str, list[Times]], peer: str) -> Row:
    """Medians with their ranges, and the median of peer over ours."""
    ours = [times[kind] for times in seen["ours"]]
    said: Row = {"work": work, "size": "demo", "repeats": len(ours), **_told("ours", ours)}
    if not peer:
        return said
    theirs = [times[kind] for times in seen["theirs"]]
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    return said | _told("peer", theirs) | {"peer": peer, "ratio": round(ratio, 2)}


def _told(side: str, seconds: list[float]) -> Row:
    return {
        f"{side}_seconds": round(statistics.median(seconds), 2),
        f"{side}_range": f"{min(seconds):.2f} to {max(seconds):.2f}",
    }


if __name__ == "__main__":
    several = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(json.dumps(rows(several, Path(sys.argv[2]) if len(sys.argv) > 2 else None), indent=1))
