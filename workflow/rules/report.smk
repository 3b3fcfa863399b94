# Figures, report and manifest: they read the released tables only.

TRUTH = {"truth": STUDY.truth} if STUDY.truth else {}
DRAWN = {
    f"{figure}_{kind}": f"{RELEASED}/figures/{figure}.{kind}"
    for figure in FIGURES
    for kind in ("svg", "png", "csv")
}

# where the config asks for it, the report waits until somebody has looked at the released tables
SIGNED = {"signed": f"{RELEASED}/sign_off.json"} if STUDY.disclosure.sign_off else {}
if SIGNED:

    use rule run as provenance_sign_off with:
        input:
            released=[
                *released(
                    "counts", "estimates", "curves", "diagnostics", "verdicts"
                ).values(),
                f"{RELEASED}/ledger.csv",
                f"{RELEASED}/notes.txt",
            ],
        output:
            **SIGNED,
        log:
            f"{LOGS}/provenance_sign_off.log",
        params:
            **step(
                "provenance.sign_off",
                {"path": STUDY.disclosure.sign_off, "cohort": STUDY.cohort},
                digests=digests.of(
                    filter(os.path.isfile, [STUDY.disclosure.sign_off])
                ),
            ),
        message:
            "Wait for somebody to look at the released tables"


# what the manifest ties; with it, the whole release
TIED = [
    *released(
        "counts",
        "estimates",
        "curves",
        "diagnostics",
        "verdicts",
        "ledger",
        "dictionary",
        "target_trials",
    ).values(),
    *SIGNED.values(),
    f"{RELEASED}/study.yaml",
    f"{RELEASED}/report.html",
    f"{RELEASED}/notes.txt",
    *DRAWN.values(),
]


use rule run as figures with:
    input:
        **released("counts", "estimates", "curves", "diagnostics"),
        **TRUTH,
    output:
        **DRAWN,
    log:
        f"{LOGS}/figures.log",
    threads: 2
    params:
        **step(
            "figures",
            {"names": FIGURES, "study": plain(LOADED.compared())},
            also=[f"figures.{name}" for name in FIGURES],
            digests=DIGESTS["truth"],
        ),
    message:
        "Draw the figures"


use rule run as report with:
    input:
        **released("counts", "estimates", "curves", "diagnostics", "verdicts"),
        **TRUTH,
        **SIGNED,
        figures=[DRAWN[f"{figure}_svg"] for figure in FIGURES],
        notes=f"{RELEASED}/notes.txt",
    output:
        **released("dictionary", "target_trials"),
        report=f"{RELEASED}/report.html",
        protocol=f"{RELEASED}/study.yaml",
    log:
        f"{LOGS}/report.log",
    params:
        **step(
            "report",
            {
                "study": plain(LOADED.as_run()),
                "protocol": protocol.written(LOADED.merged()),
            },
            digests=DIGESTS["truth"],
        ),
    message:
        "Write the report, the study as it was run, its target trials, and what the columns mean"


use rule run as provenance_manifest with:
    input:
        **SIGNED,
        protocol=f"{RELEASED}/study.yaml",
        released=TIED,
        records=[*FILES, *STUDY.disclosure.ledger, *TRUTH.values()],
        lock=prepare.lock_file(),
    output:
        manifest=f"{RELEASED}/manifest.json",
        crate=f"{RELEASED}/ro-crate-metadata.json",
        run=f"{PRIVATE}/run.json",
    log:
        f"{LOGS}/provenance_manifest.log",
    params:
        **step(
            "provenance.manifest",
            {
                "policy": STUDY.disclosure.policy,
                "version": VERSION,
                "analyses": {name: filled.analyses(LOADED, name) for name in FIGURES},
            },
            digests=[
                DIGESTS["records"],
                DIGESTS["truth"],
                DIGESTS["lock"],
                manifest.code_digest(),
            ],
        ),
    message:
        "Tie every released file to what it was made from"
