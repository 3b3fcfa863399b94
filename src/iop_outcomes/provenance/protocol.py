"""The merged study as it is written beside the results: the protocol, the cohort's file and the sheets in one."""

from __future__ import annotations

from collections.abc import Mapping


def written(study: Mapping[str, object]) -> str:
    """The merged study, as plain data, as YAML."""
    import yaml

    head = "# The study as it was run: config.yaml with the cohort's file laid over it, and the rows of the sheets.\n"
    return head + yaml.safe_dump(dict(study), sort_keys=False, allow_unicode=True, width=110)
