"""What stands between the command line and `deidentify`: the key, the formats of dates, and the summary in words.

An error that nobody foresaw loses its text, which might quote a cell.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from iop_outcomes.errors import StudyError
from iop_outcomes.privacy import deidentify
from iop_outcomes.privacy.deidentify import keys

DATES_STAY = (
    "Shifted dates are still dates under Safe Harbor: the gate lets them through with `privacy.limited_dataset: true`, "
    "where a data use agreement covers them. --relative leaves none."
)

OPEN_KEY = "Others on this machine can read the key file, and who has the key can undo the pseudonyms: chmod 600 it."
AS_TEXT = (
    "Parquet stays Parquet, all else is comma-separated UTF-8 text: leave `delimiter`, `encoding`, `sheet` and "
    "`labels` out of the mapping."
)
NOT_CARRIED = (
    "The last day of the export fits no date here any more. Give it as --extract-date, and it is carried with each "
    "person: without it nobody can say whose interviews were due, and who was followed how long."
)


def day(text: str) -> date:
    """A date as YYYY-MM-DD. Raises StudyError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise StudyError("--extract-date expects the last day that the export covers, such as 2024-06-30.") from None


def formats(asked: Sequence[str]) -> dict[str, str | None]:
    """The columns of dates with their formats, from COLUMN or COLUMN=FORMAT. Raises StudyError."""
    found: dict[str, str | None] = {}
    for text in asked:
        column, sign, form = text.partition("=")
        if not column or (sign and "%" not in form and form != "excel"):
            raise StudyError("--date expects COLUMN, or COLUMN=FORMAT with a format such as %m/%d/%Y, or excel.")
        found[column] = form if sign else None
    return found


def run(files: Sequence[str], out: Path, key_file: str | None, key_env: str | None, options: deidentify.Options) -> str:
    """De-identify the files and say what became of them. Raises StudyError."""
    key = keys.read(key_file, key_env)
    try:
        summaries = deidentify.run([Path(file) for file in files], out, key, options)
    except StudyError:
        raise
    except Exception as wrong:
        place = traceback.extract_tb(wrong.__traceback__)[-1]
        raise StudyError(
            f"Unexpected {type(wrong).__name__} in {Path(place.filename).name}, line {place.lineno} (its text is "
            "withheld: it may quote a cell). Nothing was written. Please report it."
        ) from None
    open_key = [OPEN_KEY] if keys.others_may_read(key_file) else []
    return "\n".join([*(line for summary in summaries for line in _lines(summary)), _ending(out, options), *open_key])


def _lines(summary: deidentify.Summary) -> list[str]:
    columns = [f"  {made.column}: {made.became} ({made.cells} cells)" for made in summary.columns]
    name = (
        f"{summary.file}, written as {summary.written}" if summary.written not in ("", summary.file) else summary.file
    )
    aside = [f"  set aside, and not written: {n} rows ({rule})" for rule, n in summary.set_aside.items()]
    return [f"{name}: {summary.rows} rows", *aside, *columns]


def _ending(out: Path, options: deidentify.Options) -> str:
    written = f"Written to {out}. {AS_TEXT}"
    carried = NOT_CARRIED if options.extract is None else ""
    return " ".join(filter(None, (written, "" if options.relative else DATES_STAY, carried)))
