"""What reading records costs beside an older checkout: a national year, and a text export of a million rows.

Within it stand the identifier gate, one spelling for one value, and the checks of codes and dates. The files are made
once; both sides read them as processes of their own, interleaved, on one thread, and must find the same rows.

    python benchmarks/reading.py [repeats] [older checkout]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import national
import numpy as np
import pandas as pd
from cleaning import commit, environment, run

HERE = Path(__file__).resolve().parent
SCRIPT, SOURCE = HERE / "peers/read_ours.py", HERE.parent / "src"
ROWS, SEED = 1_000_000, 20260101


def export(path: Path) -> None:
    """Admissions of some 290,000 people, as a program writes them."""
    rng = np.random.default_rng(SEED)
    person = rng.integers(0, 300_000, ROWS)
    start = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1600, ROWS), "D")
    left = start + pd.to_timedelta(rng.integers(1, 120, ROWS), "D")
    pd.DataFrame(
        {
            "client": [f"K{p:06d}" for p in person], "episode": [f"E{i:07d}" for i in range(ROWS)],
            "site": rng.choice([f"S{i:02d}" for i in range(40)], ROWS), "loc": rng.choice(["IOP", "RES", "OP"], ROWS),
            "admitted": start.strftime("%Y-%m-%d"), "discharged": left.strftime("%Y-%m-%d"),
            "dis": rng.choice(["1", "2", "9"], ROWS), "planned": rng.choice([30, 60, 90], ROWS),
            "age": 20 + person % 45, "sex": np.where(person % 3 == 0, "F", "M"),
        }
    ).to_csv(path, index=False)  # fmt: skip


def rows(repeats: int, older: Path | None = None) -> list[national.Row]:
    """The rows of results.csv."""
    with tempfile.TemporaryDirectory() as name:
        year, text = Path(name) / "tedsd_puf_2019.csv", Path(name) / "admissions.csv"
        command = ["generate-tedsd", "--year", "2019", "--rows", str(national.ROWS), "--out", str(year)]
        subprocess.run([sys.executable, "-m", "iop_outcomes.cli", *command], check=True, env=environment())
        export(text)
        made = (("TEDS-D: reading a year", "tedsd", year, f"{national.ROWS} x 76"),
                ("text export: reading admissions", "mapping", text, f"{ROWS} x 10"))  # fmt: skip
        return [_row(work, size, kind, path, repeats, older) for work, kind, path, size in made]


def _row(work: str, size: str, kind: str, path: Path, repeats: int, older: Path | None) -> national.Row:
    sides = {"ours": SOURCE} | ({"theirs": older / "src"} if older else {})
    seen: dict[str, list[national.Run]] = {side: [] for side in sides}
    for _ in range(repeats):
        for side, source in sides.items():
            seen[side].append(run([sys.executable, str(SCRIPT), str(source), kind, str(path)]))
    if older and any(a["value"] != b["value"] for a, b in zip(seen["ours"], seen["theirs"], strict=True)):
        raise SystemExit("The two checkouts find different rows, so their times say nothing.")
    peer = f"ours, commit {commit(older)}" if older else ""
    return national.row(work, size, seen["ours"], peer, seen.get("theirs"))


if __name__ == "__main__":
    several = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(json.dumps(rows(several, Path(sys.argv[2]) if len(sys.argv) > 2 else None), indent=1))
