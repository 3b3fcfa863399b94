"""A figure of the study made by hand, as its module draws it."""

from __future__ import annotations

import importlib
from typing import Any

import pandas as pd
from released_study import words

from iop_outcomes.figures import style


def drawn(name: str, tables: dict[str, pd.DataFrame], whole: dict[str, Any] | None = None) -> style.Figure:
    module = importlib.import_module(f"iop_outcomes.figures.{name}")
    return module.draw(style.Tables(**tables), words(whole))
