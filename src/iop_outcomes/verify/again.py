"""The whole workflow once more, from the records, in a folder of its own; and whether the same release comes out.

Where another one does, the difference is put down to what the two were made from: data, config, code or environment, by
the digests of both manifests. The folder is for its owner only, and is taken away at the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from iop_outcomes.errors import StudyError
from iop_outcomes.provenance import manifest
from iop_outcomes.verify import compare, released

# what a run reads of the project, beside the workflow
READS = ("config", "data")
# lines of a failed run that are shown: the last ones
SHOWN = 15


@dataclass(frozen=True)
class Again:
    """A release and the one that a second run gave. files: those that differ; text: the comparison in words."""

    files: list[str]
    text: str

    @property
    def same(self) -> bool:
        """Every byte is the same."""
        return not self.files


def run(folder: str | Path, project: str | Path = ".", settings: Sequence[str] = (), cores: int = 2) -> Again:
    """Run the workflow once more and hold its release against the one in a folder.

    project: folder with `workflow` and `config`. settings: for Snakemake's --config, as key=value. Raises StudyError
    where there is no release or no project, and where the run stops.
    """
    first = released.opened(folder)
    project = Path(project).resolve()
    snakefile = project / "workflow/Snakefile"
    if not snakefile.is_file():
        raise StudyError(f"{project} holds no workflow/Snakefile. Run this in the folder of the project.")
    cohort = str(first.plain.get("cohort"))
    with tempfile.TemporaryDirectory(prefix="iop-outcomes-") as place:
        for name in READS:
            if (project / name).exists():
                (Path(place) / name).symlink_to(project / name)
        _snakemake(snakefile, Path(place), [f"cohort={cohort}", *_absolute(settings, project)], cores)
        second = released.opened(Path(place) / "results" / cohort / "release")
        return _held(first, second)


def _absolute(settings: Sequence[str], project: Path) -> list[str]:
    """Settings whose folders hold from anywhere."""
    split = (one.partition("=") for one in settings)
    return [f"{name}={project / value if name == 'data' else value}" for name, _, value in split]


def _snakemake(snakefile: Path, place: Path, settings: Sequence[str], cores: int) -> None:
    command = [
        sys.executable, "-m", "snakemake", "--cores", str(cores), "--snakefile", str(snakefile),
        "--workflow-profile", str(snakefile.parent / "profiles/default"), "--directory", str(place),
        "--config", *settings,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=place, env={**os.environ}, check=False)
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-SHOWN:]).replace(str(place), "<run>")
        raise StudyError(f"The second run stopped, so that nothing can be compared. Its last lines:\n{last}")


def _held(first: released.Release, second: released.Release) -> Again:
    """The two releases against each other."""
    one, other = first.told["files"], second.told["files"]
    # as they lie, whatever the manifest says
    lie = {name: manifest.digest(first.folder / name) for name in one if (first.folder / name).is_file()}
    made = {name: told["sha256"] for name, told in other.items()}
    differ = sorted(name for name in {*lie, *made} if lie.get(name) != made.get(name))
    if not differ:
        return Again([], f"Made once more from the records, every one of {len(other)} files is the same to the byte.")
    both = compare.Comparison(first, second)
    why = both.origins or [
        "Data, config, code and environment are the same. Either the release was edited, which is told above, or the "
        "program does not give the same twice on this machine: please report it."
    ]
    said = [f"Made once more from the records, {len(differ)} files differ: {', '.join(differ[:6])}"
            f"{', ...' if len(differ) > 6 else ''}.", "What may be why:", *(f"  {w}" for w in why)]  # fmt: skip
    return Again(differ, "\n".join([*said, *both.told()]))
