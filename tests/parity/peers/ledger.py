"""What other packages' own tests hold, and how each of their numbers is held to ours.

`references.json` in the shared folder lists facts: suite, data, quantity, value, where they stand. A suite's module
computes them: one function for each (data, where), which returns a table of quantities by name, each as many values as
the references have, in their order. `judge` compares them one by one. A value given as text holds within half a unit of
its last digit, one given as a number within 1e-6 of itself. What does not hold must be named in `conventions.tsv`, with
what holds instead:

    other           our number turned to the other's convention, by the function (`Both`), holds as strictly
    1e-4            ours is that near, relative to the reference
    other 1e-4      both: turned to the other's convention, ours is that near
    refused         our estimator says that there is no such number: the function gives its EstimationError
    absent          the data are not in the folder
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError

TABLE = Path(__file__).parent / "conventions.tsv"
KINDS = ("convention", "looser", "refused", "absent")


class Both(NamedTuple):
    """Our number, and the same turned to the other's convention."""

    ours: ArrayLike
    other: ArrayLike


class Reference(NamedTuple):
    """One number of another package's tests; value is text where it was printed."""

    suite: str
    data: str
    where: str
    quantity: str
    value: str | float

    @property
    def name(self) -> str:
        """The quantity without its place in a row of several, and without a remark that repeats its value."""
        return re.sub(r"(\[\d+\]| \(SAS [^)]*\))$", "", self.quantity)

    @property
    def tolerance(self) -> float:
        """Half a unit of the last printed digit, or 1e-6 of a number; 1e-9 of zero."""
        if isinstance(self.value, str):
            exponent = Decimal(self.value).as_tuple().exponent
            assert isinstance(exponent, int)
            return 0.5 * 10.0**exponent
        return 1e-6 * abs(self.value) or 1e-9

    def gap(self, ours: float) -> float:
        """Distance in tolerances; rounding of a sum in binary is none."""
        distance = abs(ours - float(self.value)) - 1e-12 * abs(ours)
        return float("inf") if np.isnan(distance) else distance / self.tolerance


class Convention(NamedTuple):
    """A row of the table: which references differ from ours, why, and what holds instead.

    topic: of a convention, as docs/agreement.md names it.
    """

    suite: str
    data: str
    quantity: str
    kind: str
    instead: str
    topic: str
    words: str

    def covers(self, reference: Reference) -> bool:
        """Data and quantity are patterns."""
        return (
            self.suite == reference.suite
            and re.fullmatch(self.data, reference.data) is not None
            and re.fullmatch(self.quantity, reference.quantity) is not None
        )


@dataclass
class Suite:
    """One package: a function for each (data, where) of its references."""

    name: str
    functions: dict[tuple[str, str], Callable[..., Mapping[str, Any]]] = field(default_factory=dict)

    def of(self, data: str, where: str) -> Callable[[Callable[..., Mapping[str, Any]]], Callable[..., Any]]:
        """Note the function that computes the references of `data` at `where`, from the folder's files."""

        def note(function: Callable[..., Mapping[str, Any]]) -> Callable[..., Any]:
            assert (data, where) not in self.functions
            self.functions[data, where] = function
            return function

        return note


def conventions() -> list[Convention]:
    """conventions.tsv."""
    with TABLE.open(encoding="utf-8") as source:
        rows = [Convention(**row) for row in csv.DictReader(source, delimiter="\t", quoting=csv.QUOTE_NONE)]
    assert all(row.kind in KINDS for row in rows)
    return rows


def judge(references: list[Reference], found: Mapping[str, Any], named: list[Convention]) -> dict[str, list[str]]:
    """Of one (data, where): 'held', and the kinds of `named`, each a list of quantities; 'wrong' what is neither."""
    verdicts: dict[str, list[str]] = {kind: [] for kind in ("held", *KINDS, "wrong")}
    needed: dict[Convention, bool] = {}
    for name in dict.fromkeys(r.name for r in references):
        own = [r for r in references if r.name == name]
        given = found.get(name)
        if isinstance(given, Both):
            ours, other = (np.ravel(np.asarray(v, dtype=float)) for v in given)
        elif given is None or isinstance(given, EstimationError):
            ours = other = np.full(len(own), np.nan)
        else:
            ours = other = np.ravel(np.asarray(given, dtype=float))
        assert len(ours) == len(other) == len(own), f"{name}: {len(own)} references, {len(ours)} computed"
        for reference, mine, turned in zip(own, ours, other, strict=True):
            row = next((row for row in named if row.covers(reference)), None)
            strictly = reference.gap(mine) <= 1
            if row is not None:
                needed[row] = needed.get(row, False) or not strictly
            if strictly or row is None:
                kind = "held" if strictly else "wrong"
            else:
                kind = row.kind if _holds(row, reference, given, mine, turned) else "wrong"
            verdicts[kind].append(f"{reference.quantity}: {reference.value} there, {mine:.10g} here ({turned:.10g})")
    unknown = set(found) - {r.name for r in references}
    assert not unknown, f"computed, but no reference speaks of {sorted(unknown)}"
    idle = [row for row, needs in needed.items() if not needs]
    assert not idle, f"named as different, but all holds: {idle}"
    return verdicts


def _holds(row: Convention, reference: Reference, given: Any, mine: float, turned: float) -> bool:
    """What the row says holds instead."""
    if row.kind in ("refused", "absent"):
        assert row.instead == row.kind
        return isinstance(given, EstimationError) if row.kind == "refused" else given is None
    words = row.instead.split()
    value = turned if "other" in words else mine
    if words == ["other"]:
        return reference.gap(value) <= 1
    return abs(value - float(reference.value)) <= float(words[-1]) * abs(float(reference.value))
