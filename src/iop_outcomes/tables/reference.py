"""The small tables under data/reference that the code reads, wherever the package is installed."""

from __future__ import annotations

import csv
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
CHECKOUT = HERE.parents[1] / "data" / "reference"
INSTALLED = HERE / "reference"
FOLDER = CHECKOUT if CHECKOUT.is_dir() else INSTALLED


def path(name: str) -> Path:
    """The file of a reference table, such as 'levels_of_care.csv'."""
    return FOLDER / name


def rows(name: str) -> list[dict[str, str]]:
    """A reference table (CSV, UTF-8) as one dict per row; cells are text, as they stand."""
    with open(path(name), encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
