"""Missing values that a file keeps apart: the user's own of SPSS, .a to .z of Stata, .A to .Z and ._ of SAS.

A cell that holds one is missing, as every other; what it holds stands beside, as a text: the value itself in SPSS, a
dot and the letter in Stata and SAS; or its label, where labels are read. A mapping that names it among its codes reads
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from iop_outcomes.files.text_cells import column, text

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


def found(data: pd.DataFrame, about: Any, labels: bool) -> dict[str, pd.Series]:
    """By column, what is kept apart: a text or None per row. Columns without any are left out.

    data, about: as pyreadstat reads a file with `user_missing`, codes and not labels. labels: whether labels are
    wanted.
    """
    kinds = {
        **{name: _letters(data[name]) for name in about.missing_user_values or {}},
        **{name: _in_ranges(data[name], ranges) for name, ranges in (about.missing_ranges or {}).items()},
    }
    names = about.variable_value_labels if labels else {}
    told = {name: _texts(data[name], mask, about, names.get(name, {})) for name, mask in kinds.items()}
    return {name: values for name, values in told.items() if values.notna().any()}


def without(data: pd.DataFrame, about: Any) -> pd.DataFrame:
    """The data with every value that is kept apart missing. data, about: as for `found`."""
    changed = {}
    for name in about.missing_user_values or {}:
        changed[name] = data[name].mask(_letters(data[name])).astype("float64")
    for name, ranges in (about.missing_ranges or {}).items():
        inside = _in_ranges(data[name], ranges)
        changed[name] = data[name].mask(inside, None) if data[name].dtype == object else data[name].mask(inside)
    return data.assign(**changed) if changed else data


def _letters(values: pd.Series) -> pd.Series:
    """True where a number is one of the letters of Stata and SAS."""
    return values.map(lambda value: isinstance(value, str)).astype(bool)


def _in_ranges(values: pd.Series, ranges: list[Mapping[str, Any]]) -> pd.Series:
    """True within one of the ranges of SPSS, of which a single value is one."""
    import pandas as pd

    inside = pd.Series(False, index=values.index)
    for each in ranges:
        low, high = each["lo"], each["hi"]
        if isinstance(low, str):
            # texts are filled up with blanks in the file
            inside |= values.str.rstrip() == low.rstrip()
        else:
            inside |= values.between(low, high).fillna(False).astype(bool)
    return inside


def _texts(values: pd.Series, mask: pd.Series, about: Any, labels: Mapping[Any, str]) -> pd.Series:
    import numpy as np
    import pandas as pd

    own = values[mask].tolist()
    lettered = values.name in (about.missing_user_values or {})
    written = [f".{value}" for value in own] if lettered else column(own)
    told = [text(labels.get(value)) or code for value, code in zip(own, written, strict=True)]
    found: NDArray[np.object_] = np.full(len(values), None, dtype=object)
    found[mask.to_numpy()] = told
    return pd.Series(found, index=values.index)
