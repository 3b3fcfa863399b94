"""Versions of one stay: recorded at admission, while it was open, and again at discharge, with its end and reason.

Exports write a row at admission and another at discharge, or a snapshot every month. An open stay is an earlier version
of an ended one where both are of one person, level of care and kind of program, and either bear the same stay_id or are
of one site and begin within two days of each other, the open one not after the ended one ended. Sites that differ in
capitals, blanks, signs or leading zeros only are one site here. The ended record is the later one, and stands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# stands for the end of a stay that is open
OPEN = 10**9
# versions of one stay may begin so many days apart, and copies of one stay begin and end
COPY_DAYS = 2
# what a stay's versions share, beside the site or the number of the record
KIND = ["person_id", "level_of_care", "program_type"]
SITE = "site"


def spelled(sites: pd.Series) -> pd.Series:
    """Names of sites without what may differ between two spellings of one: '01', '1.0' and '1'; 'Site-A', 'SITE A'."""
    return sites.map({name: _spelling(name) for name in sites.dropna().unique()})


def _spelling(name: str) -> str:
    number = re.fullmatch(r"\s*0*([0-9]+)(?:\.0+)?\s*", name)
    return number[1] if number else re.sub(r"[\W_]+", "", name.casefold()) or name


def superseded(rows: pd.DataFrame) -> pd.Series:
    """For each open stay that an ended one stands for: its index, and as the value the index of the ended one.

    rows: stays. Of several ended ones the one with the same stay_id, then the one that begins nearest, then the first.
    """
    import pandas as pd

    none = pd.Series(dtype=rows.index.dtype)
    is_open = rows["end_day"].isna()
    if not is_open.any() or is_open.all():
        return none
    known = rows[is_open & rows["start_day"].notna()]
    ended = rows[~is_open & rows["start_day"].notna() & rows["person_id"].isin(known["person_id"])]
    if known.empty or ended.empty:
        return none
    pairs = _pairs(known, ended)
    apart = (pairs["start_day"] - pairs["start_day_ended"]).abs()
    near = (pairs["site"] == pairs["site_ended"]) & (apart <= COPY_DAYS) & (pairs["start_day"] <= pairs["last_ended"])
    same = pairs["stay_id"] == pairs["stay_id_ended"]
    found = pairs.assign(other=~same, apart=apart)[(near | same).astype(bool)]
    first = found.sort_values(["at", "other", "apart", "start_day_ended", "last_ended", "stay_id_ended", "at_ended"])
    return first.drop_duplicates("at").set_index("at")["at_ended"].rename(None)


def elsewhere(rows: pd.DataFrame) -> pd.Series:
    """True for open stays and ended ones of other sites that begin together, at one level: versions, or two stays.

    rows: stays of which no open one is superseded. An ended stay that ends on the day on which the open one begins was
    left for it.
    """
    import pandas as pd

    is_open = rows["end_day"].isna()
    ended = rows[~is_open & rows["person_id"].isin(rows.loc[is_open, "person_id"])]
    if ended.empty:
        return pd.Series(False, index=rows.index)
    pairs = _pairs(rows[is_open], ended)
    apart = (pairs["start_day"] - pairs["start_day_ended"]).abs()
    alike = (pairs["site"] != pairs["site_ended"]) & (apart <= COPY_DAYS) & (pairs["start_day"] < pairs["last_ended"])
    found = pairs[alike.astype(bool)]
    return pd.Series(rows.index.isin([*found["at"], *found["at_ended"]]), index=rows.index)


def _pairs(known: pd.DataFrame, ended: pd.DataFrame) -> pd.DataFrame:
    """Each open stay beside each ended one of its person, level and kind of program."""
    columns = [*KIND, "stay_id", "site", "start_day"]
    one = known.assign(site=spelled(known["site_id"]))[columns].assign(at=known.index)
    latest = ended["end_day"]
    if "end_day_latest" in ended:
        latest = ended["end_day_latest"].fillna(latest)
    other = ended.assign(site=spelled(ended["site_id"]))[columns].assign(at=ended.index, last=latest)
    return one.merge(other.dropna(subset=KIND), on=KIND, suffixes=("", "_ended")).rename(columns={"last": "last_ended"})
