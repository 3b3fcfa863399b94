"""Read a YAML file of a study: keys once, and digits as they stand.

YAML 1.1 reads 010 as eight and 12:30 as 750. In a study these are codes and times as a file has them, so that they stay
text; 0x1f, 1_000, 1.5 and 1e3 are numbers as ever.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from iop_outcomes.errors import StudyError
from iop_outcomes.study.mistakes import check_keys

INT, FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
PLAIN = {
    INT: re.compile(r"^(?:[-+]?(?:0|[1-9][0-9_]*)|0x[0-9a-fA-F_]+)$"),
    FLOAT: re.compile(
        r"^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
}


class Loader(yaml.SafeLoader):
    """The safe loader, without octal numbers and those of base sixty."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, PLAIN.get(tag, pattern)) for tag, pattern in known]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file as a dict; StudyError with the line where it cannot be read."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader)
    except yaml.YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise StudyError(
            f"{path}{line}: this is not YAML ({getattr(wrong, 'problem', None) or 'unreadable'}). "
            "Check the indentation and the colons there."
        ) from None
    except (OSError, UnicodeDecodeError):
        raise StudyError(f"{path} cannot be read as UTF-8 text. Check the path and save it as UTF-8.") from None
    if not isinstance(content, dict):
        raise StudyError(f"{path}: expected keys and values (`key: value`) at the top.")
    check_keys(path)
    return content
