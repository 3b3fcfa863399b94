"""Every table that crosses a step boundary, declared once."""

from __future__ import annotations

from iop_outcomes.tables.beside import BESIDE
from iop_outcomes.tables.canonical import CANONICAL
from iop_outcomes.tables.declare import Column, Table
from iop_outcomes.tables.enforce import check
from iop_outcomes.tables.private import PRIVATE
from iop_outcomes.tables.results import RESULTS

# as a source delivers them: typed, not yet validated
RAW = tuple(t.loosened() for t in CANONICAL)

TABLES: dict[str, Table] = {t.name: t for t in (*CANONICAL, *RAW, *PRIVATE, *RESULTS, *BESIDE)}

__all__ = ["CANONICAL", "RAW", "TABLES", "Column", "Table", "check"]
