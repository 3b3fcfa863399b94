"""Where only one arm is in use, or hardly anybody is in the other: by stratum (site, trial) and by category.

In order: everyone of the contrast is counted by stratum and arm, the people compared by category and arm; each becomes
the share of people in the first arm, flagged where an arm has fewer people than the protocol's minimum. Nothing is
gated here: people of a stratum with one arm have left the comparison already, and a rare category is the reader's to
judge. Rows of single strata are private: release keeps them back, as a site may have few people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.protocol import Adjustment, Gate
from iop_outcomes.tables.results import OF_THE_WHOLE, SHARE_IN_FIRST_ARM, STRATUM

if TYPE_CHECKING:
    import pandas as pd


def table(
    key: Mapping[str, str],
    everyone: pd.DataFrame,
    members: pd.DataFrame,
    adjustment: Adjustment,
    thresholds: Gate,
) -> pd.DataFrame:
    """Rows of the table diagnostics by category, or by level of STRATUM. threshold: the minimum of people.

    everyone: all people of the contrast, with arm and stratum; members: the people compared, with their categories.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    minimum = float(thresholds.min_stratum_people)
    parts = [TABLES["diagnostics"].empty()]
    for name, own in ((STRATUM, everyone), *((n, members) for n in adjustment.categorical)):
        if not len(own):
            continue
        cells = own.groupby(name, observed=True)["arm"].agg(["sum", "size"]).sort_index()
        first, people = cells["sum"].to_numpy(dtype=float), cells["size"].to_numpy(dtype=float)
        few = np.minimum(first, people - first) < minimum
        same = {**OF_THE_WHOLE, **key, "method": "unweighted", "quantity": SHARE_IN_FIRST_ARM, "variable": name}
        part = pd.DataFrame(same, index=range(len(cells))).astype({"horizon_days": "Int64"})
        parts.append(
            part.assign(
                level=[str(level) for level in cells.index],
                value=first / people,
                threshold=minimum,
                status=np.where(few, "failed", "ok").astype(object),
            )
        )
    filled = [p for p in parts if len(p)]
    return pd.concat(filled, ignore_index=True)[list(TABLES["diagnostics"].columns)] if filled else parts[0]
