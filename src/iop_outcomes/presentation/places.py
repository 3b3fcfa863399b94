"""Where people are, as the released estimates tell it: shares in each place by day, and days in each, of each arm.

For shares the most preferred method speaks that was asked for; for days every method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.presentation.labels import Labels
from iop_outcomes.tables.rows import Estimated, estimated
from iop_outcomes.vocabulary.measures import DAYS_IN_PLACE, DIFFERENCE, SHARE_IN_PLACE
from iop_outcomes.vocabulary.methods import METHODS, PREFERRED
from iop_outcomes.vocabulary.places import NAMES, PLACES

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["contrast", "arm", "method", "horizon_days", "group"]


def shares(estimates: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Shares by contrast, arm, day and place, of one method each contrast: columns of estimates with the label of the
    arm (arm_label), its place (side) and the order of places. Places that are not told have no row.
    """
    own = estimates[(estimates["measure"] == SHARE_IN_PLACE) & (estimates["of"] != DIFFERENCE)]
    own = own[own["estimate"].notna() & own["contrast"].isin(list(labels.study.contrasts))]
    rank = own["method"].map({name: at for at, name in enumerate(PREFERRED)})
    own = own[rank == rank.groupby(own["contrast"]).transform("min")].rename(columns={"of": "arm"})
    pairs = list(zip(own["contrast"], own["arm"], strict=True))
    own = own.assign(
        side=[labels.sides(contrast).index(arm) for contrast, arm in pairs],
        arm_label=[labels.arm(contrast, arm) for contrast, arm in pairs],
        rank=own["group"].map({name: at for at, name in enumerate(NAMES)}),
    )
    order = ["contrast", "side", "horizon_days", "rank"]
    numbers = ["estimate", "conf_low", "conf_high", "rounding_error"]
    return own.sort_values(order, kind="stable")[[*COLUMNS, "arm_label", "side", *numbers]].reset_index(drop=True)


def days(estimates: pd.DataFrame, contrast: str) -> dict[tuple[int, str], dict[str, dict[str, Estimated]]]:
    """Rows of mean days of a contrast by day and method, and within by place and what they are of; methods and places
    in the order of tables.
    """
    own = estimates[(estimates["measure"] == DAYS_IN_PLACE) & (estimates["contrast"] == contrast)]
    own = own[own["group"].isin(list(PLACES))]
    found: dict[tuple[int, str], dict[str, dict[str, Estimated]]] = {}
    for row in estimated(own):
        asked = (int(row["horizon_days"] or 0), row["method"])
        found.setdefault(asked, {}).setdefault(row["group"], {})[row["of"]] = row
    order = {name: at for at, name in enumerate(METHODS)}
    asked_for = sorted(found, key=lambda key: (key[0], order[key[1]]))
    return {key: {name: found[key][name] for name in NAMES if name in found[key]} for key in asked_for}
