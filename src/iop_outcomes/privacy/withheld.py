"""Passwords stay out of what is written: study.yaml, logs, messages and what Snakemake remembers of a job.

A query of a database may hold one in any of its texts. So it is shown without its texts and comments, with a digest
that changes as the query does, and travels to the step that runs it in an environment variable of the process, as the
address of the database does. Anywhere else, credentials in an address or behind `password=` are struck out.

`lend` puts the queries of a study into the environment, `source` takes them out of its settings, `restored` puts them
back for the one who runs them. Refuses settings whose query is not, or no longer, in the environment.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from iop_outcomes.errors import STRUCK, VALUE, WORDS, struck

VARIABLE = "IOP_OUTCOMES_QUERY_{}"
DIGEST = re.compile(r" \[text withheld, digest ([0-9a-f]{16})\]$")
# comments, then whatever stands between quotation marks or dollar signs; names in brackets and backticks stay
TEXTS = re.compile(
    r"""--[^\n]*|/\*.*?(?:\*/|$)|\#[^\n]*|'(?:[^'\\]|\\.|'')*(?:'|$)|"(?:[^"\\]|\\.|"")*(?:"|$)|\$(\w*)\$.*?(?:\$\1\$|$)""",
    re.DOTALL,
)
# in a query also without a sign between them
SPOKEN = re.compile(rf"(?i)(\b(?:\w*(?:{WORDS})|identified\s+by)\s*(?:=>|:=|[=: ])\s*){VALUE}")
# slow on purpose: the digest is released, and a password must not be guessed from it
ROUNDS = 200_000


@cache
def shown(sql: str) -> str:
    """A query as it may be shown: without texts and comments, with a digest of the whole."""
    if DIGEST.search(sql):
        return sql
    plain = " ".join(SPOKEN.sub(rf"\1{STRUCK}", struck(TEXTS.sub(STRUCK, sql))).split())
    return f"{plain} [text withheld, digest {_digest(sql)}]"


@cache
def _digest(sql: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", sql.encode(), b"iop-outcomes: a query", ROUNDS).hex()[:16]


def source(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a source with its queries as they may be shown."""
    tables = {
        name: {**mapped, "query": shown(mapped["query"])} if mapped.get("query") else mapped
        for name, mapped in (settings.get("tables") or {}).items()
    }
    return {**settings, "tables": tables} if tables else dict(settings)


def study(content: Any) -> Any:
    """A part of a study as plain data without credentials in any of its texts."""
    if isinstance(content, Mapping):
        return {key: study(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [study(value) for value in content]
    return struck(content) if isinstance(content, str) else content


def lend(settings: Mapping[str, Any]) -> None:
    """Put the queries of a source into the environment of this process, and so of the jobs that it starts."""
    for name, mapped in (settings.get("tables") or {}).items():
        if mapped.get("query"):
            os.environ[VARIABLE.format(name.upper())] = mapped["query"]


def restored(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a source with its queries as they run. Raises StudyError."""
    from iop_outcomes.errors import StudyError

    tables = dict(settings.get("tables") or {})
    for name, mapped in tables.items():
        asked = DIGEST.search(mapped.get("query") or "")
        if not asked:
            continue
        sql = os.environ.get(VARIABLE.format(name.upper()), "")
        if not sql or _digest(sql) != asked[1]:
            raise StudyError(
                f"query of {name}: its text did not reach the step, or has changed since. Run the workflow by `make "
                "report` or snakemake in the project, which hands it over in the environment; not the step alone."
            )
        tables[name] = {**mapped, "query": sql}
    return {**settings, "tables": tables} if tables else dict(settings)
