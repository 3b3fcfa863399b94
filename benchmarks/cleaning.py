"""What the step `clean` costs on a year of the national file, beside an older checkout of this project.

A year of 1.5 million discharges is generated and read once; then both sides clean its raw tables as processes of their
own, interleaved, on one thread, and must come to the same tables. Seconds are CPU seconds of the whole step. Without an
older checkout the row has no peer.

    python benchmarks/cleaning.py [repeats] [older checkout]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import national

HERE = Path(__file__).resolve().parent
SCRIPT, SOURCE = HERE / "peers/clean_ours.py", HERE.parent / "src"


def rows(repeats: int, older: Path | None = None) -> list[national.Row]:
    """The row of results.csv."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        year, raw = folder / "tedsd_puf_2019.csv", folder / "raw"
        command = ["generate-tedsd", "--year", "2019", "--rows", str(national.ROWS), "--out", str(year)]
        subprocess.run([sys.executable, "-m", "iop_outcomes.cli", *command], check=True, env=environment())
        subprocess.run(_command(SOURCE, raw, "sources", str(year)), check=True, env=environment())
        sides = {"ours": SOURCE} | ({"theirs": older / "src"} if older else {})
        seen: dict[str, list[national.Run]] = {side: [] for side in sides}
        for _ in range(repeats):
            for side, source in sides.items():
                seen[side].append(run(_command(source, raw, str(folder / side))))
    if older and any(a["value"] != b["value"] for a, b in zip(seen["ours"], seen["theirs"], strict=True)):
        raise SystemExit("The two checkouts clean the year to different tables, so their times say nothing.")
    peer = f"ours, commit {commit(older)}" if older else ""
    return [national.row("TEDS-D: clean", f"{national.ROWS} discharges", seen["ours"], peer, seen.get("theirs"))]


def environment() -> dict[str, str]:
    """The surroundings of a process on one thread."""
    return national.environment() | {n: "1" for n in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}


def _command(source: Path, *arguments: str | Path) -> list[str]:
    return [sys.executable, str(SCRIPT), str(source), *map(str, arguments)]


def run(command: list[str]) -> national.Run:
    """What a process said of its cost, in its last line."""
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment())
    return dict(json.loads(done.stdout.splitlines()[-1]))


def commit(checkout: Path) -> str:
    """The commit that a checkout is at."""
    asked = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    several = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(json.dumps(rows(several, Path(sys.argv[2]) if len(sys.argv) > 2 else None), indent=1))
