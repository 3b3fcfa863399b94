"""Invented discharges in the form of TEDS-D, and how they are read."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandas as pd

from iop_outcomes import clean, sources
from iop_outcomes.tables import TABLES, check

# an invented discharge, valid in 2019
ROW = {
    "DISYR": 2019, "CASEID": 1, "STFIPS": 36, "AGE": 6, "GENDER": 1, "RACE": 5, "ETHNIC": 4, "MARSTAT": 1, "EDUC": 3,
    "EMPLOY": 3, "SERVICES": 6, "SERVICES_D": 6, "REASON": 1, "LOS": 28, "SUB1": 2, "ROUTE1": 1, "FREQ1": 3,
    "FREQ1_D": 1, "FRSTUSE1": 3, "IDU": 0, "PSYPROB": 2, "LIVARAG": 3, "PSOURCE": 1, "NOPRIOR": 1, "HLTHINS": 4,
    "PRIMPAY": 4, "PRIMINC": 5, "ARRESTS": 0, "VET": 2, "PREG": -9, "METHUSE": 2, "DSMCRIT": 4, "REGION": 1,
    "DAYWAIT": 0, "FREQ_ATND_SELF_HELP": 1,
}  # fmt: skip


def write(path: Path, *rows: dict[str, Any], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    """A file of discharges that differ from ROW as told; each has its own CASEID. None leaves a column out."""
    whole = [{**ROW, "CASEID": i, **row} for i, row in enumerate(rows, 1)]
    names = [n for n in whole[0] if whole[0][n] is not None]
    with path.open("w", encoding=encoding, newline="") as out:
        table = csv.DictWriter(out, names, delimiter=delimiter, extrasaction="ignore")
        table.writeheader()
        table.writerows(whole)
    return path


def read(path: Path, **settings: Any) -> dict[str, pd.DataFrame]:
    tables = sources.read("tedsd", {"path": str(path), **settings})
    for name, frame in tables.items():
        check(TABLES[name if name in ("quarantine", "arrivals") else f"raw_{name}"], frame)
    return tables


def validated(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    raw = {n if n in ("quarantine", "arrivals") else f"raw_{n}": t for n, t in tables.items()}
    return clean.run(**raw, gap_days=14, gap_sensitivity_days=(), max_quarantined_share=1.0)
