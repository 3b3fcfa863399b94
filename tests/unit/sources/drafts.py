"""Exports to be drafted, and the mapping that comes of one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from iop_outcomes.sources import draft

N = 61  # a prime: each code meets many people
PEOPLE = [f"zq{i:04}x" for i in range(N)]


def cycle(values: Sequence[object], n: int) -> list[object]:
    return list(itertools.islice(itertools.cycle(values), n))


def days(n: int, layout: str, step: int = 3, begin: str = "2022-01-05") -> list[str]:
    return [d.strftime(layout) for d in pd.date_range(begin, periods=n, freq=f"{step}D")]


def written(*paths: Path, **options: object) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(draft.draft(paths, options))
    return content


def one_table(folder: Path, **columns: Sequence[object]) -> Path:
    path = folder / "stays.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return path
