"""Run one step: read its tables, call its function, check and write what it returns.

A step is a module of the package with a function `run`. It takes its input tables and its settings by name and
returns its output tables by name; it opens no file and reads no config. Inputs and outputs whose names are declared in
`iop_outcomes.tables` are tables; all others are passed to the function as paths. Settings come as plain data and are
built as the function's annotations say: parts of the protocol, lists and tables of them. A step that writes files which
are not tables returns their content (text or bytes) under the output's name. Where the module has a function `reads`,
that takes those of the built settings that it names, and says which columns and rows of which tables are read.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from inspect import signature
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from iop_outcomes.errors import StudyError, ended
from iop_outcomes.tables import TABLES

if TYPE_CHECKING:
    from concurrent.futures import Future

    from iop_outcomes.steps.store import Wanted

STARTED = time.perf_counter()

# steps that may see no outcome: columns declared as outcomes are taken away before they are called
BLIND = ("cohort.population", "design")

Files = Mapping[str, str | Sequence[str]]


def run(module: str, inputs: Files, outputs: Files, settings: Mapping[str, Any]) -> None:
    """Run the step `iop_outcomes.<module>`. Raises StudyError where inputs, settings or results are wrong."""
    from iop_outcomes.steps import store

    step = importlib.import_module(f"iop_outcomes.{module}")
    function: Callable[..., Mapping[str, Any]] = step.run
    if any(name in TABLES for name in (*inputs, *outputs)):
        _sparing()
    built = arguments(function, settings)
    wanted = parts(step, built)
    given = {
        name: store.read(name, [files] if isinstance(files, str) else files, wanted.get(name, store.ALL))
        if name in TABLES
        else files
        for name, files in inputs.items()
    }
    if module in BLIND:
        given = {name: blinded(name, table) for name, table in given.items()}
    results = function(**given, **built)
    missing = sorted(set(outputs) - set(results))
    if missing:
        raise StudyError(
            f"The step '{module}' did not return {', '.join(missing)}. This is a defect; please report it."
        )
    _withdraw(outputs)
    with _beside() as write:
        for name, path in outputs.items():
            if name in TABLES:
                write(store.ready(name, results[name], str(path), where=f"step {module}"))
            else:
                write(partial(store.write_text, results[name], str(path)))


@contextmanager
def _beside() -> Iterator[Callable[[Callable[[], object]], object]]:
    """Takes what writes a file, and has it written: one after the other, while the next is made ready where the job has
    a processor for it."""
    if _threads() < 2:
        yield lambda write: write()
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        waiting: list[Future[object]] = []
        yield lambda write: waiting.append(pool.submit(write))
        for one in waiting:
            one.result()


def _threads() -> int:
    """How many Snakemake gives the job."""
    return int(os.environ.get("IOP_OUTCOMES_THREADS") or 1)


def arguments(function: Callable[..., object], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, of which those that the function annotates with parts of the protocol are built as such.

    Rules pass plain data; `rows: Sequence[Analysis]` makes a list of Analysis of it. Nothing is imported for a step
    whose settings are plain. Raises StudyError for a setting that is not what the function takes.
    """
    annotated = {n: kind for n, kind in getattr(function, "__annotations__", {}).items() if n in settings}
    # of settings alone: the types of tables are imported for the type checker only
    kinds = get_type_hints(SimpleNamespace(__annotations__=annotated), getattr(function, "__globals__", {}))
    return {n: _built(n, kinds[n], v) if n in kinds and _is_part(kinds[n]) else v for n, v in settings.items()}


def _is_part(kind: Any) -> bool:
    """A part of the protocol stands in a type."""
    return hasattr(kind, "model_validate") or any(_is_part(one) for one in get_args(kind))


def _built(name: str, kind: Any, value: Any) -> Any:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as wrong:
        error = wrong.errors(include_input=False)[0]
        at = ".".join(map(str, (name, *error["loc"])))
        raise StudyError(
            f"The setting '{at}' is not what its step takes: {ended(error['msg'])} This is a defect; please report it."
        ) from None


def parts(step: ModuleType, built: Mapping[str, Any]) -> Mapping[str, Wanted]:
    """What a step reads of its tables, as its function `reads` says; of others all. built: its settings."""
    if not hasattr(step, "reads"):
        return {}
    told: Mapping[str, Wanted] = step.reads(**{n: built[n] for n in signature(step.reads).parameters})
    return told


def _sparing() -> None:
    """A frame made of another shares its columns with it until one of them is changed: of a national year a copy of
    every column for each new one takes longer than the steps themselves. From pandas 3 on it is always so. Files are
    read by as many threads as Snakemake gives the job.
    """
    import pandas as pd
    import pyarrow as pa

    pa.set_cpu_count(_threads())
    pd.options.mode.copy_on_write = True


def _withdraw(outputs: Files) -> None:
    """Take away the manifest of a release of which a file is about to be written anew: it no longer speaks for it."""
    for path in (Path(str(path)) for path in outputs.values()):
        for folder in (path.parent, path.parent.parent):
            if folder.name == "release":
                for name in ("manifest.json", "ro-crate-metadata.json"):
                    (folder / name).unlink(missing_ok=True)


def blinded(name: str, table: Any) -> Any:
    """An input of a blind step: a declared table without the columns that are outcomes."""
    if name not in TABLES:
        return table
    return table.drop(columns=[c for c, d in TABLES[name].columns.items() if d.outcome and c in table.columns])


def main(module: str, inputs: Files, outputs: Files, settings: Mapping[str, Any], log: str) -> int:
    """Run a step as a job: warnings and errors go to the log; 0 when all is well, 1 otherwise.

    The log and the screen get messages of StudyError as they are. Of any other exception they get the type and the
    places in the code, not the message, which could quote a row.
    """
    from iop_outcomes.files import owner

    owner.folder(log)
    with owner.closed(log):
        Path(log).touch()
    if owner.private(log):
        owner.only(log)  # one of an earlier run
    with open(log, "w", encoding="utf-8") as notes, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            run(module, inputs, outputs, settings)
        except StudyError as wrong:
            _say(notes, f"{module}: {wrong}")
            return 1
        except Exception as wrong:
            places = traceback.extract_tb(wrong.__traceback__)
            trail = "\n".join(f"  {p.filename}:{p.lineno} in {p.name}" for p in places)
            _say(
                notes,
                f"{module}: unexpected {type(wrong).__name__} (its text is withheld: it may quote a row)\n{trail}",
            )
            return 1
        finally:
            for kind in sorted({w.category.__name__ for w in caught}):
                notes.write(f"warnings: {sum(w.category.__name__ == kind for w in caught)} {kind}\n")
        notes.write(f"{module}: done\n")
    if folder := os.environ.get("IOP_OUTCOMES_MEASURE"):
        _measure(module, Path(folder))
    return 0


def _measure(module: str, folder: Path) -> None:
    """What this process has used so far, as one JSON line; for `make bench`."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    line = {
        "step": module,
        "wall_seconds": time.perf_counter() - STARTED,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_mb": peak_mb(),
    }
    (folder / f"{module}-{os.getpid()}.json").write_text(json.dumps(line), encoding="utf-8")


def peak_mb() -> float:
    """Peak memory of this process in megabytes.

    On Linux from its status file, as the peak that getrusage tells is handed down by the process that started it.
    """
    import resource

    status = Path("/proc/self/status")
    if status.is_file():
        line = next(t for t in status.read_text(encoding="utf-8").splitlines() if t.startswith("VmHWM"))
        return int(line.split()[1]) / 1e3
    # bytes on macOS
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _say(notes: Any, text: str) -> None:
    notes.write(text + "\n")
    print(text, file=sys.stderr)
