"""The bytes of a text file as UTF-8, whatever they were written in.

In order: the file is read, and unpacked where its name ends in .gz; a byte-order mark tells UTF-8 and UTF-16; else the
encoding is the one that was given, or UTF-8. Bytes that are not valid in the encoding stay invalid in the result, so
that the rows that hold them can be told.

Refuses missing and empty files, what is not text, broken archives, and encodings that are not known.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from pathlib import Path

from iop_outcomes.errors import StudyError

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
END_OF_FILE = b"\x1a"  # DOS
# bytes that show at once that a file is not empty
LEAD = 4096


def utf8(path: Path, encoding: str | None = None) -> tuple[bytes, str]:
    """The text of a file in UTF-8, and the name of the encoding that it had. Raises StudyError."""
    content = _unpacked(path)
    mark, named = next(((m, n) for m, n in MARKS if content.startswith(m)), (b"", _known(path.name, encoding)))
    content = content[len(mark) :] if mark else content
    content = _transcoded(path.name, content, named) if named != "utf-8" else content
    if b"\0" in content:
        raise StudyError(
            f"{path.name} is not a text file, or text in UTF-16 without a byte-order mark. Export it again as "
            "comma-separated UTF-8, or say `encoding: utf-16-le`."
        )
    content = content.removesuffix(END_OF_FILE)
    if not content[:LEAD].strip() and not content.strip():
        raise StudyError(f"{path.name} is empty. Expected a header and one line per row.")
    return content, "UTF-8" if named == "utf-8" else named


def _unpacked(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as wrong:
        raise StudyError(f"{path.name} cannot be read ({wrong.strerror}). Check the path and its rights.") from None
    if path.suffix.lower() != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        raise StudyError(f"{path.name} is not a whole gzip archive. Copy or export it again.") from None


def _known(where: str, encoding: str | None) -> str:
    """The codec's own name."""
    if encoding is None:
        return "utf-8"
    try:
        codec = codecs.lookup(str(encoding))
        "".encode(codec.name)  # refuses codecs that are not between text and bytes
    except LookupError:
        raise StudyError(
            f"{where}: the encoding '{encoding}' is not known. Common ones: utf-8, cp1252 (Windows), latin-1, "
            "utf-16, mac-roman."
        ) from None
    return {"utf-8-sig": "utf-8"}.get(codec.name, codec.name)


def _transcoded(where: str, content: bytes, encoding: str) -> bytes:
    """As UTF-8; a byte that the encoding lacks becomes a lone surrogate, which UTF-8 does not allow either."""
    try:
        return content.decode(encoding, "surrogateescape").encode("utf-8", "surrogatepass")
    except UnicodeError:
        raise StudyError(
            f"{where} is not {encoding}, although its first bytes or the study say so. Export it again as UTF-8."
        ) from None
