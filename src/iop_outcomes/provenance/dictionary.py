"""The data dictionary of a release, from the declarations of its tables: column by column, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.release.policy import Policy

if TYPE_CHECKING:
    import pandas as pd


# the tables that a release holds
RELEASED = ("counts", "estimates", "curves", "diagnostics", "verdicts", "ledger", "target_trials")


def written(policy: Policy) -> pd.DataFrame:
    """The table dictionary of the released tables, and of itself last. policy: says how few people may be shown."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    own = TABLES["dictionary"]
    rows = [
        {
            "table": table.name,
            "column": name,
            "meaning": column.meaning,
            "kind": column.kind,
            "unit": column.unit,
            "values": "; ".join(column.allowed),
            "nullable": column.nullable,
            "key": name in table.key,
            "minimum_cell": policy.minimum_count if column.cell else None,
        }
        for table in (*(TABLES[name] for name in RELEASED), own)
        for name, column in table.columns.items()
    ]
    return pd.DataFrame(rows).astype({name: column.dtype for name, column in own.columns.items()})
