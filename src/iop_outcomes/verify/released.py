"""A release as it lies in its folder: manifest, study, tables and the known truths it shows, read when asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import AsRun, Compared, Origin
from iop_outcomes.provenance import manifest
from iop_outcomes.verify import files

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("counts", "estimates", "curves", "diagnostics", "verdicts")
# where tables of known truths lie: in the folder of the project, from here and from the package
REFERENCES = (Path("data/reference"), manifest.PACKAGE.parents[1] / "data/reference")


@dataclass(frozen=True)
class Release:
    """The folder of a release. told: its manifest."""

    folder: Path
    told: manifest.Manifest = field(repr=False)

    @cached_property
    def plain(self) -> dict[str, Any]:
        """The study as plain data. Raises StudyError where it cannot be read."""
        import yaml

        path = self.folder / "study.yaml"
        try:
            found = yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except (OSError, ValueError, yaml.YAMLError):
            found = None
        if not isinstance(found, dict):
            raise StudyError(f"{path} is not the study of a release: it is not there, or was edited or damaged.")
        return found

    @cached_property
    def study(self) -> AsRun:
        """The study as the report read it. Raises StudyError where it is none of this version."""
        from pydantic import ValidationError

        try:
            plain = dict(self.plain)
            plain["endpoints"] = {one["outcome"]: one for one in plain["endpoints"]}
            plain["source"] = {name: plain["source"][name] for name in Origin.model_fields}
            return AsRun.model_validate({name: plain[name] for name in AsRun.model_fields if name in plain})
        except (ValidationError, LookupError, TypeError) as wrong:
            what = wrong.errors(include_input=False)[0]["loc"] if isinstance(wrong, ValidationError) else wrong.args
            raise StudyError(
                f"study.yaml is not a study that this version of the program ({self.version_here}) can read, at "
                f"{'.'.join(map(str, what))}. The release was made by version {self.version}."
            ) from None

    @cached_property
    def compared(self) -> Compared:
        """The part of the study that figures get."""
        return Compared(
            **{name: getattr(self.study, name) for name in Compared.model_fields if name != "endpoints"},
            endpoints={n: e.model_copy(update={"definition": ""}) for n, e in self.study.endpoints.items()},
        )

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The released tables by name. Raises TableError for one that does not keep to its declaration."""
        from iop_outcomes.steps import store

        return {name: store.read(name, [self.folder / f"{name}.csv"]) for name in TABLES}

    @cached_property
    def truth(self) -> pd.DataFrame | None:
        """The table of known truths that the report shows, or None; raises StudyError where it is not at hand."""
        from iop_outcomes.steps import store

        name = self.plain.get("truth")
        if not name:
            return None
        digest = self.told["inputs"].get(name)
        for path in (folder / name for folder in REFERENCES):
            if path.is_file() and digest in (None, manifest.digest(path)):
                return store.read("truth", [path])
        raise StudyError(
            f"The report shows known truths of {name}, which is not here with the digest that the manifest names. Run "
            "this in the folder of the project that made the release."
        )

    @property
    def version(self) -> str:
        """Of the program that made the release."""
        return str(self.told["package"].get("version"))

    @property
    def version_here(self) -> str:
        """Of this program."""
        import iop_outcomes

        return iop_outcomes.__version__

    @cached_property
    def same_code(self) -> bool:
        """The program that made it is this one, to the byte."""
        return bool(self.told["package"].get("code") == manifest.code_digest())


def opened(folder: str | Path) -> Release:
    """The release in a folder. Raises StudyError where there is none."""
    return Release(Path(folder), files.read_manifest(Path(folder)))
