# Records in: read one kind of source into the canonical tables, then validate, quarantine and link.

CANONICAL = [t.name for t in tables.CANONICAL]

# The definition is tested before any record is read. Not `ancient`: with it, Snakemake plans the test alone when the
# definition and later steps have both changed, and ends as if all were done. So a new test has the records read again.
TESTED = {"definition": f"{PRIVATE}/definition.txt"} if STUDY.people else {}


use rule run as checks_definition with:
    input:
        invented=STUDY.people or [],
    output:
        definition=f"{PRIVATE}/definition.txt",
    log:
        f"{LOGS}/checks_definition.log",
    params:
        **step(
            "checks.definition", plain(LOADED.definition()), digests=DIGESTS["people"]
        ),
    message:
        "Test the definition on invented people"


use rule run as sources with:
    input:
        **TESTED,
        files=FILES,
    output:
        **{f"raw_{t}": f"{PRIVATE}/raw/{t}.parquet" for t in CANONICAL},
        quarantine=f"{PRIVATE}/raw/quarantine.parquet",
        arrivals=f"{PRIVATE}/raw/arrivals.parquet",
        readings=f"{PRIVATE}/raw/readings.parquet",
        notes=f"{PRIVATE}/raw/notes.txt",
    log:
        f"{LOGS}/sources.log",
    threads: 2  # no other job can run beside it
    params:
        **step(
            "sources",
            {
                "source": withheld.source(plain(STUDY.source, "citation", "note")),
                "privacy": plain(STUDY.privacy),
            },
            also=[prepare.source_module(STUDY.source.kind)],
            digests=DIGESTS["records"],
        ),
    message:
        "Read the records"


use rule run as clean with:
    input:
        **{f"raw_{t}": f"{PRIVATE}/raw/{t}.parquet" for t in CANONICAL},
        quarantine=f"{PRIVATE}/raw/quarantine.parquet",
        arrivals=f"{PRIVATE}/raw/arrivals.parquet",
    output:
        **private(*CANONICAL, "episodes", "episodes_by_gap", "quarantine", "intake"),
    log:
        f"{LOGS}/clean.log",
    threads: 2  # no other job can run beside it
    params:
        **step("clean", plain(STUDY.care, "twenty_hours")),
    message:
        "Hold the records to their declaration and link stays to episodes"
