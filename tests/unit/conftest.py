"""A real PostgreSQL for the tests of SQL sources."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

USER, DATABASE = "reader", "postgres"


def _programs() -> Path | None:
    """The folder with PostgreSQL's programs: on the path, or where Debian keeps them."""
    found = shutil.which("initdb")
    here = [Path(found).resolve().parent] if found else []
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: p.parent.name.zfill(3), reverse=True)
    return next((p for p in [*here, *debian] if (p / "initdb").exists() and (p / "postgres").exists()), None)


def _unprivileged() -> dict[str, Any]:
    """Whom to run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    pytest.skip("needs an unprivileged user (postgres or nobody) to run PostgreSQL as")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _answers(address: str, server: subprocess.Popen[bytes]) -> bool:
    """Wait until the server answers a query: a port is open before that, while the database is starting up.

    False where the server has ended. A server that neither ends nor answers is waited for: how long a start takes
    says nothing on a busy machine.
    """
    import psycopg

    while server.poll() is None:
        try:
            with psycopg.connect(address, connect_timeout=10) as connection:
                return connection.execute("select 1").fetchone() == (1,)
        except psycopg.OperationalError:
            time.sleep(0.1)
    return False


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of an empty PostgreSQL on the loopback, with a password; skipped where it is not installed."""
    programs = _programs()
    if programs is None:
        pytest.skip("needs PostgreSQL: install the Debian package postgresql")
    person, password = _unprivileged(), secrets.token_hex(8)
    # not below pytest's own folder, which only the user who runs the tests can enter
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    (folder / "password").write_text(password)
    if person:
        for path in (folder, folder / "password"):
            os.chown(path, person["user"], person["group"])
    quiet: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **person}
    server: subprocess.Popen[bytes] | None = None
    try:
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-U", USER, "--pwfile", folder / "password", "-A",
             "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C"}, **quiet,
        )  # fmt: skip
        for _ in range(3):  # another program may take the port first
            port = _free_port()
            server = subprocess.Popen(
                [programs / "postgres", "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"],
                **quiet,
            )
            address = f"postgresql://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"
            if _answers(address, server):
                break
        else:
            pytest.fail("PostgreSQL did not start")
        yield address
    finally:
        if server is not None and server.poll() is None:
            server.send_signal(signal.SIGINT)
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)
