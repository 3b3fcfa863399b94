"""Somebody looks before anything is published: the report waits for a file that says who did, when, and at what.

The released tables are made first. Where the config asks for a sign-off (`disclosure: sign_off: <path>`), the run then
stops and says which files to look at and the hash over them. Once the file names that hash, the run goes on, and the
manifest says who signed. A sign-off of other tables than these is refused: what changed must be looked at again.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from iop_outcomes.errors import StudyError

KEYS = ("who", "when", "release")


def run(released: Sequence[str] | str, path: str, cohort: str) -> dict[str, str]:
    """The step: what the sign-off says, under the name 'signed'.

    released: paths of the released tables; path: of the sign-off. Raises StudyError while it is not there, or not of
    these tables.
    """
    files = [Path(p) for p in ([released] if isinstance(released, str) else released)]
    # until somebody has signed, the release is not whole: an earlier manifest no longer speaks for it
    (files[0].parent / "manifest.json").unlink(missing_ok=True)
    fingerprint = over(files)
    if not Path(path).is_file():
        raise StudyError(
            f"The release of '{cohort}' waits for a sign-off. Look at {', '.join(p.as_posix() for p in files)}: may "
            f"they leave? If so, write this into {path} and run again:\n\n{template(fingerprint)}"
        )
    said = _read(Path(path))
    if said["release"] != fingerprint:
        raise StudyError(
            f"{path} signs another release of '{cohort}' than this one: its hash is {said['release'][:16]}..., that of "
            f"the tables {fingerprint}. Something has changed since: look at {', '.join(p.name for p in files)} again, "
            "and sign them with the new hash."
        )
    return {"signed": json.dumps(said, indent=2, sort_keys=True, ensure_ascii=False) + "\n"}


def over(files: Sequence[Path]) -> str:
    """The hash that is signed: SHA-256 over the names and contents of the tables, in the order of their names."""
    total = hashlib.sha256()
    for path in sorted(files, key=lambda p: p.name):
        total.update(f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def template(fingerprint: str) -> str:
    """A sign-off to fill in."""
    return f"who: your name and function\nwhen: 2026-01-31\nrelease: {fingerprint}\n"


def _read(path: Path) -> Mapping[str, str]:
    """Who signed, when, and which release. Raises StudyError for a file that does not say so."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        content = None
    if not isinstance(content, dict) or set(content) != set(KEYS):
        raise StudyError(f"{path}: expected three lines, `who`, `when` and `release`, as the run printed them.")
    who, when, release = (content[key] for key in KEYS)
    if not isinstance(who, str) or not who.strip() or who.startswith("your name"):
        raise StudyError(f"{path}: `who` must say who looked at the tables: a name and a function.")
    try:
        day = when if isinstance(when, datetime.date) else datetime.date.fromisoformat(str(when))
    except ValueError:
        raise StudyError(f"{path}: `when` must be a date such as 2026-01-31.") from None
    return {"who": who.strip(), "when": day.isoformat()[:10], "release": str(release).strip().lower()}
