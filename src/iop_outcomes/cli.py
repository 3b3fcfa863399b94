"""`iop-outcomes`: the helpers that are not workflow steps. Each subcommand is one function and one row of COMMANDS."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from iop_outcomes.errors import StudyError


def check(options: argparse.Namespace) -> int:
    """Say what the records will support and what is still missing, before a long run; 1 if a run would stop."""
    from iop_outcomes.checks import preflight
    from iop_outcomes.study import loading

    config = loading.read_yaml(Path(options.config))
    if options.cohort:
        config["cohort"] = options.cohort
    if options.data:
        config["data"] = options.data
    found = preflight.look(loading.load(config, [options.config]))
    print(found.text())
    return 1 if found.stops else 0


def schemas(options: argparse.Namespace) -> int:
    """Write the JSON Schemas of the study and its sheets."""
    import json

    from iop_outcomes.protocol.schemas import schemas as written
    from iop_outcomes.steps import store

    for name, schema in written().items():
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
            if declared.low is not None and declared.high is not None:
                allowed = f" ({declared.low:g} to {declared.high:g})"
            print(f"  {column}: {declared.meaning}{unit}{allowed}")
    return 0


def draft_mapping(options: argparse.Namespace) -> int:
    """Look at an unknown export and write a cohort's file to start from."""
    from iop_outcomes.sources import draft
    from iop_outcomes.steps import store

    given = {name: getattr(options, name) for name in ("delimiter", "encoding")} | {"labels": options.labels or None}
    text = draft.draft([Path(f) for f in options.files], given)
    if not options.out:
        print(text, end="")
        return 0
    if Path(options.out).exists():
        raise StudyError(f"{options.out} exists already, and may have been edited. Name another file with --out.")
    store.write_text(text, options.out)
    print(f"{options.out} is written. Read it from top to bottom, and decide what says TODO.")
    return 0


def deidentify(options: argparse.Namespace) -> int:
    """Turn an identified export into one that passes the identifier gate."""
    from iop_outcomes.privacy import deidentify
    from iop_outcomes.privacy.deidentify import command

    asked = deidentify.Options(
        persons=options.id,
        identifiers=options.other_id,
        dates=command.formats(options.date),
        keep=options.keep,
        drop=options.drop,
        relative=options.relative,
        extract=None if options.extract_date is None else command.day(options.extract_date),
        entry_period=options.entry_period or "",
        reading={
            n: v
            for n in ("delimiter", "encoding", "sheet", "labels")
            if (v := getattr(options, n)) not in (None, False)
        },
    )
    print(command.run(options.files, Path(options.out), options.key_file, options.key_env, asked))
    return 0


def purge(options: argparse.Namespace) -> int:
    """Remove what a cohort's run knows of single people, and record that it was done; 1 if not agreed to."""
    from iop_outcomes.provenance import purge

    plan = purge.plan(Path(options.folder))
    print(plan.text())
    if not options.yes and input("Type yes to remove it: ").strip().lower() != "yes":
        print("Nothing was removed.")
        return 1
    print(f"It is removed, and {purge.carry_out(plan)} says so.")
    return 0


def generate_tedsd(options: argparse.Namespace) -> int:
    """Write an invented file shaped like TEDS-D of a year, whose margins are those that SAMHSA published."""
    from iop_outcomes.simulate.tedsd import generator

    generator.write(options.year, options.rows, Path(options.out), options.seed)
    print(options.out)
    return 0


def verify(options: argparse.Namespace) -> int:
    """Say whether a release is what it says it is, file by file and number by number; 1 if it is not."""
    from iop_outcomes.steps import store
    from iop_outcomes.verify import again as rerun
    from iop_outcomes.verify import verdict

    found = verdict.of(options.release, options.redraw)
    print(found.text())
    again = rerun.run(options.release, ".", options.config, options.cores) if options.rerun else None
    if again:
        print(again.text)
    if options.trace:
        store.write_text(found.trace(), options.trace)
        print(f"{options.trace} is written: every number of the report with where it comes from.")
    return 0 if found.holds and (again is None or again.same) else 1


def compare(options: argparse.Namespace) -> int:
    """Lay two releases side by side: which numbers moved, came, went or are withheld, and what may be why."""
    from iop_outcomes.steps import store
    from iop_outcomes.verify import compare, released

    both = compare.Comparison(released.opened(options.first), released.opened(options.second))
    print(both.text())
    if options.out:
        store.write_text(both.table(), options.out)
        print(f"{options.out} is written: every number that is not the same.")
    return 0


def pool(options: argparse.Namespace) -> int:
    """Take the released estimates of several places together, where records may not leave any of them."""
    from iop_outcomes.steps import store
    from iop_outcomes.verify import pool as pooling

    found = pooling.of(options.releases)
    print(found.text())
    if options.out:
        store.write_text(found.table(), options.out)
        print(f"{options.out} is written: every question that two places or more answer alike.")
    return 0


def _check_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", default="config/config.yaml", help="the protocol (default: %(default)s)")
    parser.add_argument("--cohort", help="cohort to check in place of the one in the config")
    parser.add_argument("--data", help="file or folder with the records")


def _schema_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", default="workflow/schemas", help="where to write (default: %(default)s)")


def _deidentify_options(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Person identifiers become pseudonyms under a secret key, the same in every file and run; each person's dates "
        "move by a number of days of their own, between -365 and 365; ages over 89 become 90, birth dates an age, ZIP "
        "codes three digits; other identifiers, free text and what is undecided are dropped, and the summary says so. "
        "Shifted dates are still dates under HIPAA's Safe Harbor (45 CFR 164.514(b)(2)): they need `limited_dataset: "
        "true` and a data use agreement, or an expert's determination. With --relative no date is left."
    )
    parser.add_argument(
        "files", nargs="+", metavar="IN", help="files of the export, of any format that a mapping reads"
    )
    parser.add_argument("--out", required=True, metavar="FOLDER", help="where to write: a new or an empty folder")
    parser.add_argument("--key-file", metavar="FILE", help="file with the secret key, at least 32 random bytes")
    parser.add_argument("--key-env", metavar="NAME", help="environment variable with the secret key, in its place")
    for name, metavar, text in (
        ("--id", "COLUMN", "column with the person's identifier; one in each file"),
        ("--other-id", "COLUMN", "column with another identifier, which gets pseudonyms of its own"),
        ("--date", "COLUMN[=FORMAT]", "column with dates, and how they are written (%%m/%%d/%%Y, or excel)"),
        ("--keep", "COLUMN", "column to keep as it is"),
        ("--drop", "COLUMN", "column to leave out"),
    ):
        parser.add_argument(
            name, action="append", default=[], metavar=metavar, help=f"{text}; may be repeated", required=name == "--id"
        )
    parser.add_argument("--relative", action="store_true", help="write dates as days from the person's first date")
    parser.add_argument(
        "--extract-date", metavar="DATE",
        help="last day that the export covers (2024-06-30): carried with each person, moved as their dates were",
    )  # fmt: skip
    parser.add_argument(
        "--entry-period", choices=("year", "quarter"),
        help="carry the true year or quarter of each person's first date; a quarter is finer than Safe Harbor allows",
    )  # fmt: skip
    parser.add_argument("--delimiter", help="what parts the cells of text files (default: told from their first lines)")
    parser.add_argument("--encoding", help="encoding of text files, such as cp1252 (default: UTF-8)")
    parser.add_argument(
        "--sheet", action="append", help="sheet of workbooks, by name or number (default: all filled); may be repeated"
    )
    parser.add_argument("--labels", action="store_true", help="Stata, SPSS, SAS: labels in place of codes")


def _purge_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="RESULTS/COHORT", help="folder of a cohort's results, such as results/demo")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _table_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", help="tables to print; all when none is named")


def _draft_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="files of the export, or folders that hold them")
    parser.add_argument("--out", help="where to write, such as config/cohorts/ours.yaml (default: print it)")
    parser.add_argument("--delimiter", help="what parts the cells of text files (default: told from their first lines)")
    parser.add_argument("--encoding", help="encoding of text files, such as cp1252 (default: UTF-8)")
    parser.add_argument("--labels", action="store_true", help="Stata, SPSS, SAS: labels in place of codes")


def _generate_tedsd_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--year", type=int, default=2019, help="year of discharge (default: %(default)s)")
    parser.add_argument("--rows", type=int, default=60_000, help="discharges (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=20260101, help="same seed, same file (default: %(default)s)")
    parser.add_argument("--out", required=True, help="the CSV file to write")


def _verify_options(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "With the release alone: every file is held to its digest, every line to its seal, the released tables to each "
        "other, and the report and the figures are made anew from them and compared, number by number."
    )
    parser.add_argument("release", metavar="RELEASE", help="folder of the release: results/<cohort>/release")
    parser.add_argument("--trace", metavar="FILE", help="write where every number of the report comes from, as CSV")
    parser.add_argument("--rerun", action="store_true", help="run the workflow once more from the records, and compare")
    parser.add_argument(
        "--config", nargs="+", default=[], metavar="KEY=VALUE", help="what the run was told, such as data=<folder>"
    )
    parser.add_argument("--cores", type=int, default=2, help="cores of a second run (default: %(default)s)")
    parser.add_argument("--redraw", action="store_true", help="draw the figures once more, too, and compare every byte")


def _compare_options(parser: argparse.ArgumentParser) -> None:
    for name, which in (("first", "one release: results/<cohort>/release"), ("second", "the other, the later one")):
        parser.add_argument(name, metavar=name.upper(), help=which)
    parser.add_argument("--out", metavar="FILE", help="write every number that is not the same, as CSV")


def _pool_options(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Adjusted differences and ratios of questions that go by one name and are defined alike are taken together "
        "with random effects: the mean with its interval (Hartung and Knapp), the interval of one more place, and what "
        "remains without any one of them."
    )
    parser.add_argument("releases", nargs="+", metavar="RELEASE", help="folders of releases, one of each place")
    parser.add_argument("--out", metavar="FILE", help="write every question, as CSV")


COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], int], Callable[[argparse.ArgumentParser], None]]] = {
    "check": (check, _check_options),
    "compare": (compare, _compare_options),
    "draft-mapping": (draft_mapping, _draft_options),
    "deidentify": (deidentify, _deidentify_options),
    "pool": (pool, _pool_options),
    "purge": (purge, _purge_options),
    "generate-tedsd": (generate_tedsd, _generate_tedsd_options),
    "schemas": (schemas, _schema_options),
    "tables": (tables, _table_options),
    "verify": (verify, _verify_options),
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
