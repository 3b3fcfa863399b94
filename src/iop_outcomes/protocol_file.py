"""The step that writes the merged study beside the results: the protocol, the cohort's file and the sheets in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def run(study: Mapping[str, Any]) -> dict[str, str]:
    """The merged study as YAML under the name 'protocol'."""
    import yaml

    head = "# The study as it was run: config.yaml with the cohort's file laid over it, and the rows of the sheets.\n"
    return {"protocol": head + yaml.safe_dump(dict(study), sort_keys=False, allow_unicode=True, width=110)}
