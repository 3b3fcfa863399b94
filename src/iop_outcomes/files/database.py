"""The rows of a SQL query as text cells, in batches.

In order: the address of the database is taken from an environment variable; the session is made read-only where the
database can; the query runs as it stands, with its rows kept on the server where the driver can, and each batch is
written as text; nothing is ever committed. Times with a time zone come in UTC.

Refuses a missing address and a query that fails. What a driver says may quote rows or the address, so a message holds
the kind of the error only and what to check; the loggers of the drivers are silenced.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from iop_outcomes.errors import StudyError
from iop_outcomes.files.text_cells import Cells, column, named

if TYPE_CHECKING:
    import sqlalchemy

BATCH = 50_000

# names of columns, and rows
Batch = tuple[list[str], list[Any]]

# the driver that reads a database whose address does not name one
DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
# what makes a session read-only, and its times UTC
SESSION: dict[str, tuple[str, ...]] = {
    "postgresql": ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SET TIME ZONE 'UTC'"),
    "sqlite": ("PRAGMA query_only = ON",),
    "mysql": ("SET SESSION TRANSACTION READ ONLY", "SET time_zone = '+00:00'"),
    "mariadb": ("SET SESSION TRANSACTION READ ONLY", "SET time_zone = '+00:00'"),
}
# what to check, by the kind of the error
CHECKS = {
    "OperationalError": "that the database runs and can be reached, the name, user and password in the address, and "
    "the query: names of tables and columns, and text that is not UTF-8",
    "ProgrammingError": "the query: names of tables and columns, its spelling, and the right to read them",
    "DataError": "what the query computes and converts: some row does not allow it",
    "InternalError": "that the query only reads",
    "NotSupportedError": "that the query is one SELECT",
    "NoSuchModuleError": "how the address begins: postgresql://, sqlite:///, or dialect+driver:// of SQLAlchemy",
    "ModuleNotFoundError": "that the driver that the address names is installed",
    "ArgumentError": "the form of the address: dialect://user:password@host:port/database",
    "ResourceClosedError": "that the query is a SELECT",
}
OTHERWISE = "the address and the query"


def query(url_env: str, sql: str, where: str) -> Iterator[Cells]:
    """The rows of a query, in batches of at most BATCH; one batch without rows when there are none.

    url_env: name of the environment variable that holds the address. sql: one statement. Raises StudyError.
    """
    batches = _batches(_address(url_env, where), sql)
    try:
        while (batch := _next(batches, url_env, where)) is not None:
            names, rows = batch
            columns = zip(*rows, strict=True) if rows else [()] * len(names)
            yield named(where, names, [column(values) for values in columns])
    finally:
        with suppress(Exception):  # a connection that is already gone
            batches.close()


def _next(batches: Generator[Batch], url_env: str, where: str) -> Batch | None:
    """The next batch, or None after the last."""
    try:
        return next(batches, None)
    except StudyError:
        raise
    except Exception as wrong:  # whatever a driver raises; its text stays here
        kind = type(wrong).__name__
    raise StudyError(
        f"{where}: the database gave an error ({kind}). Check {CHECKS.get(kind, OTHERWISE)}. The address is in the "
        f"environment variable {url_env}."
    )


def _address(url_env: str, where: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", url_env):
        # it may be the address itself, with a password
        raise StudyError(
            f"{where}: expected the name of an environment variable that holds the address of the database, in "
            "letters, digits and underscores. The address itself stays out of the study."
        )
    address = os.environ.get(url_env, "")
    if not address:
        raise StudyError(
            f"{where}: the environment variable {url_env} is not set. Set it to the address of the database, such as "
            "postgresql://user:password@host/database or sqlite:///file.db."
        )
    return address


def _batches(address: str, sql: str) -> Generator[Batch]:
    import sqlalchemy

    for name in ("sqlalchemy", "psycopg"):
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    engine = sqlalchemy.create_engine(
        _url(address), hide_parameters=True, poolclass=sqlalchemy.NullPool, execution_options={"no_parameters": True}
    )
    with engine.connect() as connection, closing(_rows(connection, sql)) as rows:
        yield from rows


def _url(address: str) -> sqlalchemy.URL:
    import sqlalchemy

    url = sqlalchemy.make_url(address)
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    if url.get_backend_name() != "sqlite" or not url.database or url.database.startswith((":", "file:")):
        return url
    # SQLite makes a file that is not there
    if not Path(url.database).is_file():
        raise StudyError("The SQLite file that the address names does not exist. Check the path in the address.")
    return url.set(database=f"file:{quote(url.database)}", query={**url.query, "mode": "ro", "uri": "true"})


def _rows(connection: sqlalchemy.Connection, sql: str) -> Generator[Batch]:
    for statement in SESSION.get(connection.dialect.name, ()):
        connection.exec_driver_sql(statement)
    connection.commit()  # of the session's settings, which a rollback would undo
    result = connection.execution_options(yield_per=BATCH).exec_driver_sql(sql.strip().rstrip(";"))
    names, seen = list(result.keys()), False
    for rows in result.partitions(BATCH):
        seen = True
        yield names, list(rows)
    if not seen:
        yield names, []
