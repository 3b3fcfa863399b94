"""The manifest as RO-Crate 1.1 (https://w3id.org/ro/crate/1.1): what each file is, and what it was made of.

It tells what `manifest.json` tells, in the words that archives and other tools read: the files with size and digest,
the analyses that each is of, the steps of which they are the results with what those took, the records by their
digests, the program with the digests of its code and of its locked environment, and the seeds. It holds no time, host
or path, so the date of publication is the one thing that RO-Crate asks for and this leaves open. Beside the digest a
text bears a seal for every line (`seals`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iop_outcomes.provenance.manifest import Described, Manifest

NAME = "ro-crate-metadata.json"
ENCODING = {
    ".csv": "text/csv", ".html": "text/html", ".json": "application/json", ".png": "image/png",
    ".svg": "image/svg+xml", ".txt": "text/plain", ".yaml": "application/yaml",
}  # fmt: skip
# terms that RO-Crate and schema.org do not have
OWN = "https://w3id.org/ro/terms/iop-outcomes#"
TERMS = ("lineSeals", "rows", "analysis", "seed", "policy", "configuration", "codeDigest", "lockDigest")
TABLES = ("counts.csv", "estimates.csv", "curves.csv", "diagnostics.csv")
Entity = dict[str, object]
# steps that make released files: what it does; files that it takes beside the records
RELEASE, FIGURES, REPORT = "#step-release", "#step-figures", "#step-report"
STEPS = {
    RELEASE: "Let out what the disclosure policy allows",
    FIGURES: "Draw the figures from the released tables",
    REPORT: "Write the report, the study as it was run, its target trials, and what the columns mean",
}
OF_THE_REPORT = ("report.html", "study.yaml", "dictionary.csv", "target_trials.csv")


def step_of(name: str) -> str:
    """The step that makes a released file."""
    return FIGURES if name.startswith("figures/") else REPORT if name in OF_THE_REPORT else RELEASE


def crate(manifest: Manifest, study: Mapping[str, object], own: str, seals: Mapping[str, str]) -> Entity:
    """The crate as plain data.

    manifest: as `manifest.manifest` makes it; study: the merged study; own: digest of manifest.json; seals: those of
    texts, by file.
    """
    files = manifest["files"]
    analyses = sorted({a for f in files.values() for a in f.get("analyses", ())})
    graph = [
        {
            "@id": NAME,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": str(study.get("title", "")),
            "description": f"Release of the cohort {study.get('cohort', '')}: tables, figures and report.",
            "license": "what may be done with it the holder of the records decides",
            "policy": manifest["policy"],
            "hasPart": _ids([*files, "manifest.json"]),
            "mentions": _ids([*STEPS, *map(_analysis, analyses)]),
        },
        *(_file(name, told, seals.get(name, "")) for name, told in files.items()),
        {**_described("manifest.json"), "sha256": own},
        *(
            {"@id": _input(name), "@type": "Dataset", "name": name, "sha256": d}
            for name, d in manifest["inputs"].items()
        ),
        *({"@id": _analysis(name), "@type": "PropertyValue", "name": name} for name in analyses),
        *_steps(files, manifest),
        _program(manifest),
        *_seeds(study),
    ]
    context = ["https://w3id.org/ro/crate/1.1/context", {term: OWN + term for term in TERMS}]
    return {"@context": context, "@graph": graph}


def _file(name: str, told: Described, seals: str) -> Entity:
    made: Entity = {**_described(name), "sha256": told["sha256"], "contentSize": str(told["bytes"])}
    made |= {"rows": told["rows"]} if "rows" in told else {}
    made |= {"analysis": _ids(map(_analysis, told["analyses"]))} if "analyses" in told else {}
    return made | ({"lineSeals": seals} if seals else {})


def _described(name: str) -> Entity:
    kind = ENCODING.get(f".{name.rpartition('.')[2]}", "application/octet-stream")
    return {"@id": name, "@type": "File", "name": name, "encodingFormat": kind}


def _steps(files: Iterable[str], manifest: Manifest) -> list[Entity]:
    """The steps: what each took, by which program, and what it made."""
    names = list(files)
    tables = [n for n in TABLES if n in names]
    pictures = [n for n in names if n.endswith(".svg")]
    took = {RELEASE: list(map(_input, manifest["inputs"])), FIGURES: tables, REPORT: [*tables, *pictures]}
    return [
        {
            "@id": step,
            "@type": "CreateAction",
            "name": told,
            "instrument": {"@id": "#iop-outcomes"},
            "object": _ids(took[step]),
            "result": _ids(n for n in names if step_of(n) == step),
            "configuration": manifest["study"],
        }
        for step, told in STEPS.items()
    ]


def _program(manifest: Manifest) -> Entity:
    libraries = ", ".join(f"{name} {version}" for name, version in manifest["libraries"].items() if version)
    return {
        "@id": "#iop-outcomes",
        "@type": "SoftwareApplication",
        "name": "iop-outcomes",
        "softwareVersion": manifest["package"]["version"],
        "codeDigest": manifest["package"]["code"],
        "lockDigest": manifest["lock"],
        "softwareRequirements": f"Python {manifest['python']}: {libraries}",
    }


def _seeds(study: Mapping[str, object]) -> list[Entity]:
    """Every seed of the study, by where it stands."""
    found = [
        (name, part["seed"]) for name, part in sorted(study.items()) if isinstance(part, Mapping) and "seed" in part
    ]
    return [
        {"@id": f"#seed-{name}", "@type": "PropertyValue", "name": f"{name}.seed", "value": seed, "seed": seed}
        for name, seed in found
    ]


def _ids(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"@id": name} for name in names]


def _analysis(name: str) -> str:
    return f"#analysis-{name}"


def _input(name: str) -> str:
    from urllib.parse import quote

    return f"#input-{quote(name)}"
