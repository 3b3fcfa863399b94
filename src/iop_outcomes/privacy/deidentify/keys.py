"""The key, and what is derived from it: pseudonyms and the number of days by which a person's dates move.

Pseudonym: the first 100 bits of HMAC-SHA256(key, domain, 0, identifier), in base32 (RFC 2104, RFC 4648). Each kind of
identifier is a domain of its own, so that equal numbers of a person and a stay do not meet. Whoever has the key can
compute the pseudonym of an identifier that they know; the key is never written, logged or shown.

Refuses a key of fewer than 32 bytes, or one that is plainly not random.
"""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Mapping
from pathlib import Path

from iop_outcomes.errors import StudyError
from iop_outcomes.files import owner

SHORTEST, FEWEST_BYTES = 32, 10
LETTERS = 20
FARTHEST_DAYS = 365

MAKE_ONE = "Make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'. Keep it apart from the data."


class Key:
    """A secret key; it has no other way out than pseudonyms and shifts."""

    def __init__(self, secret: bytes) -> None:
        secret = secret.strip()
        if len(secret) < SHORTEST:
            raise StudyError(f"The key has {len(secret)} bytes. Expected at least {SHORTEST}. {MAKE_ONE}")
        if len(set(secret)) < FEWEST_BYTES:
            raise StudyError(f"The key repeats a few characters and can be guessed. Expected a random one. {MAKE_ONE}")
        self.__secret = secret

    def __repr__(self) -> str:
        return "Key(...)"

    def __reduce__(self) -> str:
        raise StudyError("A key is not written anywhere.")

    def _digest(self, domain: str, identifier: str) -> bytes:
        return hmac.digest(self.__secret, f"{domain}\0{identifier}".encode(), "sha256")

    def pseudonym(self, domain: str, identifier: str) -> str:
        """Twenty letters and digits (A-Z, 2-7) that stand for an identifier of one kind."""
        return base64.b32encode(self._digest(f"pseudonym of {domain}", identifier)).decode()[:LETTERS]

    def shift(self, person: str) -> int:
        """The days by which a person's dates move: -365 to 365, each as likely, never 0."""
        number = int.from_bytes(self._digest("days", person)[:8], "big") % (2 * FARTHEST_DAYS) - FARTHEST_DAYS
        return number if number < 0 else number + 1


def others_may_read(file: str | None) -> bool:
    """Whether a key file can be read by others than its owner, where a file system tells."""
    try:
        return file is not None and os.name == "posix" and bool(os.stat(file).st_mode & owner.OTHERS)
    except OSError:
        return False


def read(file: str | None, variable: str | None, environment: Mapping[str, str] = os.environ) -> Key:
    """The key from a file or from an environment variable, without white space around it. Raises StudyError."""
    if (file is None) == (variable is None):
        raise StudyError(f"Say where the key is: --key-file or --key-env, one of the two. {MAKE_ONE}")
    if variable is not None:
        if variable not in environment:
            raise StudyError(f"The environment variable {variable} is not set. It should hold the key. {MAKE_ONE}")
        return Key(os.fsencode(environment[variable]))
    try:
        return Key(Path(str(file)).read_bytes())
    except OSError as wrong:
        raise StudyError(f"The key file {file} cannot be read ({wrong.strerror}). {MAKE_ONE}") from None
