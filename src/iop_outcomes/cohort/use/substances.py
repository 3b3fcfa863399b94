"""Substances and their classes, what is prescribed for one, and how long one is found in a specimen.

The tables are `substance_classes.csv`, `detection_windows.csv` and, for how long one administration of a medication
lasts, `medication_durations.csv` of data/reference. A name that stands in neither is a
substance and a class of its own, of which nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from iop_outcomes.tables import reference
from iop_outcomes.vocabulary.testing import ANY

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Substances:
    """What the reference tables say.

    named: substance by a way in which it is written. classes: substances of a class. medications: of a substance, the
    names of what is prescribed of it, or of what it is a metabolite of, or of what the panel finds. hours: shortest and
    longest time in which a substance is found in a specimen. durations: days for which one administration lasts, by the
    words that name a medication, of those that last for more than one.
    """

    named: Mapping[str, str]
    classes: Mapping[str, frozenset[str]]
    medications: Mapping[str, frozenset[str]]
    hours: Mapping[tuple[str, str], tuple[float, float]]
    durations: Mapping[frozenset[str], int]


@cache
def known() -> Substances:
    """The reference tables, read once."""
    rows = reference.rows("substance_classes.csv")
    classes: dict[str, set[str]] = {}
    for row in rows:
        for name in row["class"].split():
            classes.setdefault(name, set()).add(row["substance"])
    own = {row["substance"]: frozenset(row["prescribed_as"].split()) for row in rows}
    return Substances(
        {written: row["substance"] for row in rows for written in (row["substance"], *row["written"].split())},
        {name: frozenset(of) for name, of in classes.items()},
        {row["substance"]: own[row["substance"]].union(*(own[n] for n in row["also_of"].split())) for row in rows},
        {
            (row["substance"], row["specimen"]): (float(row["hours_from"]), float(row["hours_to"]))
            for row in reference.rows("detection_windows.csv")
        },
        {frozenset(_words(r["medication"])): int(r["days"]) for r in reference.rows("medication_durations.csv")},
    )


def named(written: pd.Series) -> pd.Series:
    """The substance that each text names; a text that names none is its own, in small letters."""
    table = known().named
    tidy = {text: " ".join(str(text).casefold().split()) for text in written.dropna().unique()}
    return written.map({text: table.get(name, name) for text, name in tidy.items()})


def prescribed(written: pd.Series) -> pd.DataFrame:
    """What medications are, for tests: `at`, their place in `written`, `substance`, and `lasts_days`, the days that one
    administration lasts, its own among them; a row for each substance that is named.

    A medication is known by a word of its text, whatever its salt, dose and form.
    """
    import pandas as pd

    listed = [(frozenset(_words(n)), substance) for substance, names in known().medications.items() for n in names]
    texts = [(text, frozenset(_words(str(text)))) for text in written.dropna().unique()]
    meant: dict[tuple[str, str], int] = {}
    for text, said in texts:
        for name, substance in listed:
            if name <= said:
                meant[text, substance] = max(_lasts(said, name), meant.get((text, substance), 1))
    rows = pd.DataFrame({"text": written.to_numpy(), "at": range(len(written))})
    named = [(text, substance, days) for (text, substance), days in sorted(meant.items())]
    found = pd.DataFrame(named, columns=["text", "substance", "lasts_days"])
    return rows.merge(found, on="text")[["at", "substance", "lasts_days"]]


def _lasts(said: frozenset[str], name: frozenset[str]) -> int:
    """Days of one administration of the medication of a name: of what names it most closely in the words of a text."""
    of = [(len(words), days) for words, days in known().durations.items() if name <= words <= said]
    return max(of)[1] if of else 1


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def of_class(substance: pd.Series, wanted: str) -> pd.Series:
    """True for substances of a class, or for the one of this name. substance: as `named` gives them."""
    import pandas as pd

    if wanted == ANY:
        return pd.Series(True, index=substance.index)
    return substance.isin(known().classes.get(wanted, frozenset()) | {known().named.get(wanted, wanted)})


def longest_days(substance: pd.Series, specimen: pd.Series) -> NDArray[np.float64]:
    """(n,) days in which a substance may be found in a specimen after use; infinite where that is not known."""
    return _longest(substance, specimen, unknown=float("inf"))


def explained_days(substance: pd.Series, specimen: pd.Series) -> NDArray[np.float64]:
    """(n,) days after its last day for which a medication explains a substance; 0 where that is not known."""
    return _longest(substance, specimen, unknown=0.0)


def _longest(substance: pd.Series, specimen: pd.Series, unknown: float) -> NDArray[np.float64]:
    import pandas as pd

    hours = known().hours
    pairs = pd.DataFrame({"substance": substance.to_numpy(), "specimen": specimen.to_numpy()})
    distinct = pairs.drop_duplicates()
    longest = [
        hours.get((substance, specimen), hours.get((ANY, specimen), (0.0, 24 * unknown)))
        for substance, specimen in zip(distinct["substance"], distinct["specimen"], strict=True)
    ]
    found = distinct.assign(days=[to / 24 for _, to in longest])
    return pairs.merge(found, on=["substance", "specimen"], how="left")["days"].to_numpy("float64")
