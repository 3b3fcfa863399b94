"""The table use_patterns from texts of symbols."""

from __future__ import annotations

import pandas as pd

from iop_outcomes.patterns.symbols import SYMBOLS
from iop_outcomes.protocol import Use

RULES = Use(begins=0)


def use_patterns(texts: dict[str, str]) -> pd.DataFrame:
    """The table use_patterns of one symbol per week, week 1 first."""
    rows = [
        {
            "person_id": who,
            "substance": "opioid",
            "clock": "admission",
            "one_in_days": 0,
            "interval": at,
            "state": SYMBOLS[symbol].name,
        }
        for who, text in texts.items()
        for at, symbol in enumerate(text, 1)
    ]
    return pd.DataFrame(rows).assign(tests_due=1, tests_taken=1, residential_days=0)
