# Records in: read one kind of source into the canonical tables, then validate, quarantine and link.

CANONICAL = [t.name for t in tables.CANONICAL]


rule protocol:
    output:
        protocol=f"{RELEASED}/study.yaml",
    log:
        f"{LOGS}/protocol.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="protocol_file",
        settings={"study": LOADED.merged()},
        uses=uses("protocol_file"),
    script:
        "../scripts/step.py"


# The definition is tested before any record is read. Not `ancient`: with it, Snakemake plans the test alone when the
# definition and later steps have both changed, and ends as if all were done. So a new test has the records read again.
TESTED = {"definition": f"{PRIVATE}/definition.txt"} if STUDY.people else {}


rule definition:
    input:
        invented=STUDY.people or [],
    output:
        definition=f"{PRIVATE}/definition.txt",
    log:
        f"{LOGS}/definition.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="definition",
        settings=plain(LOADED.definition()),
        uses=uses("definition"),
        digests=DIGESTS["people"],
    script:
        "../scripts/step.py"


rule source:
    input:
        **TESTED,
        files=RECORDS,
    output:
        **{f"raw_{t}": f"{PRIVATE}/raw/{t}.parquet" for t in CANONICAL},
        quarantine=f"{PRIVATE}/raw/quarantine.parquet",
        arrivals=f"{PRIVATE}/raw/arrivals.parquet",
        readings=f"{PRIVATE}/raw/readings.parquet",
        notes=f"{PRIVATE}/raw/notes.txt",
    log:
        f"{LOGS}/source.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="sources",
        settings={
            "source": withheld.source(plain(STUDY.source, "citation", "note")),
            "privacy": plain(STUDY.privacy),
        },
        uses=[
            uses(module, *(f"raw_{t}" for t in CANONICAL), "readings")
            for module in ("sources", prepare.source_module(STUDY.source.kind))
        ],
        digests=DIGESTS["records"],
    script:
        "../scripts/step.py"


rule clean:
    input:
        **{f"raw_{t}": f"{PRIVATE}/raw/{t}.parquet" for t in CANONICAL},
        quarantine=f"{PRIVATE}/raw/quarantine.parquet",
        arrivals=f"{PRIVATE}/raw/arrivals.parquet",
    output:
        **private(*CANONICAL, "episodes", "episodes_by_gap", "quarantine", "intake"),
    log:
        f"{LOGS}/clean.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="clean",
        settings=plain(STUDY.care, "twenty_hours"),
        uses=uses(
            "clean",
            *CANONICAL,
            "episodes",
            "episodes_by_gap",
            "quarantine",
            "intake",
        ),
    script:
        "../scripts/step.py"
