"""Columns of a frame as the arrays that estimators take, or a sentence on what is wrong with them."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, categories

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

# texts that are shown of a column before the list is cut
SHOWN = 6
# what holds no numbers, by the beginning of pandas' word for it: its name, and what makes numbers of it
CURES = {
    "date": ("dates", "days from a day 0 of each person"),
    "period": ("dates", "days from a day 0 of each person"),
    "timedelta": ("durations", "dt.total_seconds() / 86400 gives days"),
    "categorical": ("categories", "astype(float), where they are numbers"),
}


@dataclass(frozen=True)
class Frame:
    """A frame whose columns are read by name. weight, frequency, entry, cluster: names of columns, or None."""

    data: pd.DataFrame
    weight: str | None = None
    frequency: str | None = None
    entry: str | None = None
    cluster: str | None = None

    def __post_init__(self) -> None:
        import pandas as pd

        if not isinstance(self.data, pd.DataFrame):
            raise EstimationError(f"`data` is a pandas DataFrame; it is {type(self.data).__name__}.")
        if not len(self.data):
            raise EstimationError("The frame has no rows, so there is no one to estimate from.")

    def column(self, name: str, argument: str) -> pd.Series:
        """A column that has no missing value; one of objects that are all numbers is one of numbers.

        argument: what it was named for, for messages.
        """
        import pandas as pd

        if not isinstance(name, Hashable):
            raise EstimationError(f"`{argument}` is the name of one column; it is {type(name).__name__}.")
        if name not in self.data:
            known = [str(c) for c in self.data.columns]
            near = difflib.get_close_matches(str(name), known, 1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise EstimationError(f"`{argument}`: the frame has no column '{name}'.{hint} It has: {', '.join(known)}.")
        found = self.data[name]
        if getattr(found, "ndim", 1) != 1:
            raise EstimationError(f"`{argument}`: the frame has several columns called '{name}'. Rename all but one.")
        missing = int(found.isna().sum())
        if missing:
            raise EstimationError(
                f"`{argument}`: '{name}' is missing in {missing} of {len(found)} rows. Estimators take complete rows "
                f"only: impute, or leave those rows out and say so, for example data.dropna(subset=['{name}'])."
            )
        if found.dtype != object:
            return found
        # decimals are how databases hand numbers over
        return found.astype(float) if pd.api.types.infer_dtype(found) == "decimal" else found.infer_objects()

    def numbers(self, name: str, argument: str) -> Array:
        """(n,) a column of numbers. Texts, and dates, are refused."""
        import pandas as pd

        found = self.column(name, argument)
        if not (pd.api.types.is_numeric_dtype(found) or pd.api.types.is_bool_dtype(found)):
            kind = next((kind for kind in CURES if pd.api.types.infer_dtype(found).startswith(kind)), "text")
            held, cure = CURES.get(kind, ("text", "pd.to_numeric"))
            raise EstimationError(f"`{argument}`: '{name}' holds {held} where numbers are needed. Convert it ({cure}).")
        return found.to_numpy(dtype=float)

    def happened(self, name: str, argument: str) -> Array:
        """(n,) zeros and ones: 0 and 1, or false and true. Other codes and labels are refused."""
        import pandas as pd

        found = self.column(name, argument)
        if not (pd.api.types.is_numeric_dtype(found) or pd.api.types.is_bool_dtype(found)):
            raise EstimationError(
                f"`{argument}`: '{name}' holds text. Say which label means that it happened: "
                f"data['{name}'] == 'left', for example; labels are {self._labels(found)}."
            )
        values = found.to_numpy(dtype=float)
        if not np.isin(values, (0.0, 1.0)).all():
            raise EstimationError(f"`{argument}`: '{name}' holds values other than 0 and 1 (or false and true).")
        return values

    def labels(self, name: str, argument: str) -> NDArray[np.object_]:
        """(n,) a column of labels, as objects."""
        return self.column(name, argument).astype(object).to_numpy()

    def groups(self, name: str | None) -> list[Any]:
        """The labels of a grouping in order; one None where there is no grouping."""
        if name is None:
            return [None]
        found = self.column(name, "by")
        if getattr(found, "cat", None) is not None:
            return [c for c in found.cat.categories if (found == c).any()]
        return in_order(found.unique())

    def one_of(self, label: Any, name: str, argument: str) -> Any:
        """A label that occurs in a column, or EstimationError naming those that do."""
        found = self.column(name, argument)
        if not isinstance(label, Hashable) or _missing(label) or not (found == label).any():
            raise EstimationError(
                f"`{argument}`: no row of '{name}' is {label!r}. Its labels are {self._labels(found)}."
            )
        return label

    def causes(self, name: str, argument: str, censored: Any) -> NDArray[np.object_]:
        """(n,) labels of what happened, among which is that of the censored, unless nobody can be.

        Where no row is `censored`, all labels are to be numbers, and so is it (nobody is censored), or it is None;
        else a label of the censored would be taken for something that happened.
        """
        labels = self.labels(name, argument)
        number = (int, float, np.number)
        if censored is None or (not _missing(censored) and (labels == censored).any()):
            return labels
        if isinstance(censored, number) and not _missing(censored) and all(isinstance(one, number) for one in labels):
            return labels
        raise EstimationError(
            f"`censored`: no row of '{name}' is {censored!r}. Say which label means that nothing has happened yet, or "
            f"None where something has happened to everyone; labels are {self._labels(self.column(name, argument))}."
        )

    def per_row(self) -> dict[str, Array]:
        """Weights, frequencies and entry, as far as they are named, by the argument of an estimator."""
        asked = {"weight": self.weight, "frequency": self.frequency, "entry": self.entry}
        return {argument: self.numbers(name, argument) for argument, name in asked.items() if name is not None}

    def covariates(self, names: Sequence[str], without: Sequence[str] = ()) -> ModelMatrix:
        """The model's columns: numbers as they are, labels as categories whose first one is the reference.

        without: columns that may not be among them, such as the outcome.
        """

        if names is None or isinstance(names, str) or not len(names):
            raise EstimationError("`covariates` is a list of one or more names of columns, such as ['age', 'sex'].")
        twice = [n for at, n in enumerate(names) if n in list(names)[:at] or n in without]
        if twice:
            raise EstimationError(f"`covariates`: '{twice[0]}' is there already, as another argument or a covariate.")
        numeric: list[str] = []
        coded: dict[str, ArrayLike] = {}
        words: dict[str, list[Any]] = {}
        for name in names:
            found = self.column(name, "covariates")
            if _measured(found):
                numeric.append(name)
                continue
            kinds = found.cat.remove_unused_categories() if getattr(found, "cat", None) is not None else found
            made = kinds.astype("category").cat
            if len(made.categories) < 2:
                raise EstimationError(f"`covariates`: '{name}' has one label only. Leave it out.")
            if 2 * len(made.categories) > len(found) > SHOWN:
                raise EstimationError(
                    f"`covariates`: '{name}' holds {len(made.categories)} labels in {len(found)} rows, so that it "
                    "tells people and not kinds of people. Leave it out, or merge its labels."
                )
            coded[name], words[name] = made.codes.to_numpy().astype(np.int64), list(made.categories)
        table = np.column_stack([self.numbers(n, "covariates") for n in numeric]) if numeric else None
        if not coded:
            return ModelMatrix(np.asarray(table), tuple(numeric))
        made_of = categories(coded, table, numeric)
        named = [f"{name}={word}" for name, listed in words.items() for word in listed[1:]]
        return ModelMatrix(made_of.numeric, (*numeric, *named), made_of.codes, made_of.levels)

    def _labels(self, found: pd.Series) -> str:
        """The labels of a column, where they are few enough to be kinds of people rather than people."""
        labels = in_order(found.astype(object).unique())
        if len(labels) > SHOWN or len(labels) == len(found) > 2:
            return f"{len(labels)} different ones"
        return ", ".join(repr(label) if isinstance(label, str) else str(label) for label in labels)


def in_order(labels: Iterable[Any]) -> list[Any]:
    """Labels sorted, numbers as numbers, those of each type together."""
    return sorted(labels, key=lambda label: (str(type(label)), label))


def _missing(label: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(label))


def _measured(found: pd.Series) -> bool:
    """Whether a covariate is a number, or a date or a duration, which are no categories either."""
    import pandas as pd

    kinds = pd.api.types
    return bool(
        kinds.is_numeric_dtype(found)
        or kinds.is_bool_dtype(found)
        or pd.api.types.infer_dtype(found).startswith(("date", "period", "timedelta"))
    )
