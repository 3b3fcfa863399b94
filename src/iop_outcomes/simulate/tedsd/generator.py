"""A file shaped like TEDS-D of one year, at any size, for tests and benchmarks: no record in it is of a real person.

In order: SAMHSA's published counts of the year become a plan of draws (`plan`, `substances`); rows are drawn in chunks,
each variable given what was drawn before; what SAMHSA computes from other variables (regions, flags, counts, injection)
is computed; chunks are written as CSV. Every margin agrees with the published counts up to sampling error. The same
year, number of rows and seed give the same bytes.

Refuses years whose counts are not known.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.codebooks.tedsd import codes, labels
from iop_outcomes.errors import StudyError
from iop_outcomes.simulate.tedsd import plan, structure, substances
from iop_outcomes.simulate.tedsd.margins import OTHER, Margin, of_year
from iop_outcomes.simulate.tedsd.plan import Draw, Plan
from iop_outcomes.tables import reference

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Places = NDArray[np.intp]

CHUNK_ROWS = 250_000
# days waited beyond those that the codebook prints
LONG_WAITS = tuple(range(50, 120))
# the codebook with all areas
FIRST_AREAS = 2006


def write(year: int, rows: int, path: Path, seed: int) -> None:
    """Write a file of so many rows, in one move. Raises StudyError for a year whose counts are not known."""
    from pyarrow import csv as arrow

    if rows < 0 or seed < 0:
        raise StudyError("The number of rows and the seed must be 0 or more.")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    options = arrow.WriteOptions(quoting_style="none")
    pieces = chunks(year, rows, seed)
    first = next(pieces)
    with arrow.CSVWriter(str(beside), first.schema, write_options=options) as out:
        for table in itertools.chain([first], pieces):
            out.write_table(table)
    os.replace(beside, path)


def chunks(year: int, rows: int, seed: int) -> Iterator[pa.Table]:
    """The rows in chunks, columns as in the year's file; one chunk at least."""
    import numpy as np

    margins = _with_areas(year, of_year(year))
    whole = plan.begun(year, margins)
    substances.add(whole)
    plan.finish(whole)
    samplers = [_Sampler(draw) for draw in whole.draws]
    groups = _groups(whole)
    starts = range(0, rows, CHUNK_ROWS) if rows else [0]
    for seeds, start in zip(np.random.SeedSequence((seed, year)).spawn(len(starts)), starts, strict=True):
        size = min(CHUNK_ROWS, rows - start)
        yield _chunk(whole, samplers, groups, np.random.default_rng(seeds), start, size)


class _Sampler:
    """Draws from a table by one search: row r of the cumulative table lies between r and r + 1."""

    def __init__(self, draw: Draw) -> None:
        import numpy as np

        self.draw = draw
        self.outcomes = draw.table.shape[1]
        sums = np.cumsum(draw.table, axis=1)
        sums /= sums[:, -1:]
        self.steps = (sums + np.arange(len(sums))[:, None]).ravel()

    def sample(self, drawn: dict[str, Places], random: np.random.Generator, size: int) -> Places:
        """The place of the outcome of each row."""
        import numpy as np

        row: Any = 0
        for name, categories in zip(self.draw.given, self.draw.sizes, strict=True):
            row = row * categories + drawn[name]
        place = np.searchsorted(self.steps, random.random(size) + row, side="right") - row * self.outcomes
        return np.minimum(place, self.outcomes - 1)


def _groups(whole: Plan) -> dict[str, tuple[str, Places]]:
    """Groupings of drawn variables that other draws are given: their name, the variable, the group of each place."""
    import numpy as np

    steps = len(structure.STEPS)
    found = {
        "kind": ("STFIPS", plan.states(whole.margins["STFIPS"])[1]),
        "severity": ("class", np.arange(steps * steps) // steps),
    }
    for i in (1, 2, 3):
        found[f"kind{i}"] = (f"SUB{i}", substances.kinds(whole.margins[f"SUB{i}"]))
    for name in ("REGION", "DIVISION"):
        found[name] = ("STFIPS", _region(whole.margins["STFIPS"], whole.margins[name], name))
    return found


def _region(state: Margin, region: Margin, name: str) -> Places:
    """The place of the region of each state."""
    import numpy as np

    of = {row["state"]: row[name.lower()] for row in reference.rows("tedsd/states.csv")}
    return np.array([region.codes.index(of[c]) for c in state.codes])


def _chunk(
    whole: Plan,
    samplers: list[_Sampler],
    groups: dict[str, tuple[str, Places]],
    random: np.random.Generator,
    start: int,
    size: int,
) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    drawn: dict[str, Places] = {}
    for sampler in samplers:
        place, names = sampler.sample(drawn, random, size), sampler.draw.name.split()
        for name in reversed(names[1:]):
            place, drawn[name] = np.divmod(place, len(whole.margins[name].codes))
        drawn[names[0]] = place
        for name, (variable, group) in groups.items():
            if variable in names:
                drawn[name] = group[drawn[variable]]
    known = {n: _as_codes(whole.margins[n], p, random) for n, p in drawn.items() if n in whole.margins}
    known |= _computed(whole, drawn, random)
    known |= {"DISYR": np.full(size, whole.year), "CASEID": np.arange(start + 1, start + size + 1)}
    columns = {"CASEID": "CASEID"} | {n: m.name for n, m in whole.margins.items()}
    return pa.table(
        {name: pa.array(known[n].astype(labels.arrow_type(n).to_pandas_dtype())) for n, name in columns.items()}
    )


def _computed(whole: Plan, drawn: dict[str, Places], random: np.random.Generator) -> dict[str, Places]:
    """What SAMHSA computes from substances and routes, as codes."""
    import numpy as np

    three = [whole.margins[f"SUB{i}"] for i in (1, 2, 3)]
    at = np.ravel_multi_index([drawn[f"SUB{i}"] for i in (1, 2, 3)], tuple(len(m.codes) for m in three))
    found = {name: by_place[at] for name, by_place in whole.computed.items()}
    routes = [whole.margins[f"ROUTE{i}"] for i in (1, 2, 3)]
    injected = substances.injections(routes)[tuple(drawn[f"ROUTE{i}"] for i in (1, 2, 3))]
    idu = whole.margins["IDU"]
    none = found["ALCDRUG"] == 0
    # the codebooks of some years count people who named a substance among those without an answer
    said, share = idu.share("not reported"), 1 - idu.share("reported")
    without = whole.margins["ALCDRUG"].share("none")
    quiet = none | (random.random(len(none)) >= said / max(share - without, said, 1e-12))
    missing = int(next(c for c, v in zip(idu.codes, idu.values, strict=True) if v == codes.UNKNOWN))
    found["IDU"] = np.where(injected, 1, np.where(quiet, missing, 0))
    return found


def _as_codes(margin: Margin, place: Places, random: np.random.Generator) -> NDArray[np.integer]:
    """Codes; where the codebook prints the rest of a list as one count, one of the codes that it does not print."""
    import numpy as np

    listed = np.array([int(c) if c != OTHER else codes.MISSING for c in margin.codes], dtype=np.int32)
    found = listed[place]
    if OTHER in margin.codes and margin.name == "DAYWAIT":
        rest = np.flatnonzero(place == margin.codes.index(OTHER))
        found[rest] = random.choice(LONG_WAITS, len(rest))
    return found


def _with_areas(year: int, margins: dict[str, Margin]) -> dict[str, Margin]:
    """The margins with the area in place: the codebooks print it in part, or not at all.

    What is not printed is spread over the other areas as in 2006-2014.
    """
    import numpy as np

    printed = margins.get("CBSA")
    every = of_year(FIRST_AREAS)["CBSA"]
    known = {} if printed is None else dict(zip(printed.codes, printed.shares, strict=True))
    rest = known.pop(OTHER, 0.0 if known else 1.0)
    others = {c: p for c, p in zip(every.codes, every.shares, strict=True) if c not in known}
    total = sum(others.values()) or 1.0
    known |= {c: p / total * rest for c, p in others.items() if rest}
    name = "CBSA2010" if printed is None else "CBSA"
    area = Margin(name, tuple(known), np.array(list(known.values())), tuple(known))
    found: dict[str, Margin] = {}
    for variable, margin in margins.items():
        if variable not in ("CBSA", "PMSA"):
            found[variable] = margin
        if variable == "STFIPS":
            found[name] = area
    return found
