"""`iop-outcomes`: the helpers that are not workflow steps. Each subcommand is one function and one row of COMMANDS."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from iop_outcomes.errors import StudyError


def check(options: argparse.Namespace) -> int:
    """Type the study and find its data, without running anything."""
    from iop_outcomes import prepare, study

    config = study.read_yaml(Path(options.config))
    if options.cohort:
        config["cohort"] = options.cohort
    if options.data:
        config["data"] = options.data
    loaded = study.load(config, [options.config])
    files = prepare.records(loaded.study)
    print(
        f"The study '{loaded.study.cohort}' is well formed: {len(loaded.analyses)} estimands, "
        f"{len(loaded.study.contrasts)} contrasts, {len(files)} input files, disclosure policy "
        f"'{loaded.study.disclosure.policy}'."
    )
    return 0


def schemas(options: argparse.Namespace) -> int:
    """Write the JSON Schemas of the study and its sheets."""
    import json

    from iop_outcomes import store, study

    for name, schema in study.schemas().items():
        path = Path(options.folder) / f"{name}.schema.json"
        store.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", path)
        print(path)
    return 0


def tables(options: argparse.Namespace) -> int:
    """Print the data dictionary: every table and column with meaning and unit."""
    from iop_outcomes.tables import TABLES

    wanted = options.names or list(TABLES)
    unknown = sorted(set(wanted) - set(TABLES))
    if unknown:
        raise StudyError(f"No table is called {', '.join(unknown)}. Known: {', '.join(TABLES)}.")
    for name in wanted:
        table = TABLES[name]
        print(f"\n{name}: {table.meaning}")
        for column, declared in table.columns.items():
            unit = f" [{declared.unit}]" if declared.unit else ""
            allowed = f" ({', '.join(declared.allowed)})" if declared.allowed else ""
            print(f"  {column}: {declared.meaning}{unit}{allowed}")
    return 0


def generate_tedsd(options: argparse.Namespace) -> int:
    """Write an invented file shaped like TEDS-D of a year, whose margins are those that SAMHSA published."""
    from iop_outcomes.sources.tedsd import generator

    generator.write(options.year, options.rows, Path(options.out), options.seed)
    print(options.out)
    return 0


def _check_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", default="config/config.yaml", help="the protocol (default: %(default)s)")
    parser.add_argument("--cohort", help="cohort to check in place of the one in the config")
    parser.add_argument("--data", help="file or folder with the records")


def _schema_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", default="workflow/schemas", help="where to write (default: %(default)s)")


def _table_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", help="tables to print; all when none is named")


def _generate_tedsd_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--year", type=int, default=2019, help="year of discharge (default: %(default)s)")
    parser.add_argument("--rows", type=int, default=60_000, help="discharges (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=20260101, help="same seed, same file (default: %(default)s)")
    parser.add_argument("--out", required=True, help="the CSV file to write")


COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], int], Callable[[argparse.ArgumentParser], None]]] = {
    "check": (check, _check_options),
    "generate-tedsd": (generate_tedsd, _generate_tedsd_options),
    "schemas": (schemas, _schema_options),
    "tables": (tables, _table_options),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; a StudyError is printed as it is and ends with 1."""
    parser = argparse.ArgumentParser(prog="iop-outcomes", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (function, options) in COMMANDS.items():
        options(commands.add_parser(name, help=(function.__doc__ or "").strip()))
    chosen = parser.parse_args(arguments)
    try:
        return COMMANDS[chosen.command][0](chosen)
    except StudyError as wrong:
        print(wrong, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
