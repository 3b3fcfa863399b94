# Figures, report and manifest: they read the released tables only.

TRUTH = {"truth": STUDY.truth} if STUDY.truth else {}

# what the manifest ties; with it, the whole release
TIED = [
    *released("counts", "estimates", "curves", "diagnostics", "dictionary").values(),
    f"{RELEASED}/study.yaml",
    f"{RELEASED}/report.html",
    f"{RELEASED}/notes.txt",
    *expand(
        f"{RELEASED}/figures/{{figure}}.{{kind}}",
        figure=FIGURES,
        kind=["svg", "png", "csv"],
    ),
]


rule figure:
    input:
        **released("counts", "estimates", "curves", "diagnostics"),
        **TRUTH,
    output:
        svg=f"{RELEASED}/figures/{{figure}}.svg",
        png=f"{RELEASED}/figures/{{figure}}.png",
        csv=f"{RELEASED}/figures/{{figure}}.csv",
    log:
        f"{LOGS}/figures/{{figure}}.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="figures",
        settings=lambda w: {"name": w.figure, "study": LOADED.words()},
        uses=lambda w: uses(
            f"figures.{w.figure}", "counts", "estimates", "curves", "diagnostics"
        ),
        digests=DIGESTS["truth"],
    script:
        "../scripts/step.py"


rule report:
    input:
        **released("counts", "estimates", "curves", "diagnostics"),
        **TRUTH,
        figures=expand(f"{RELEASED}/figures/{{figure}}.svg", figure=FIGURES),
        notes=f"{RELEASED}/notes.txt",
    output:
        report=f"{RELEASED}/report.html",
    log:
        f"{LOGS}/report.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="report",
        settings={"study": LOADED.merged()},
        uses=uses("report", "counts", "estimates", "curves", "diagnostics"),
        digests=DIGESTS["truth"],
    script:
        "../scripts/step.py"


rule manifest:
    input:
        protocol=f"{RELEASED}/study.yaml",
        released=TIED,
        records=RECORDS,
        lock=prepare.lock_file(),
    output:
        manifest=f"{RELEASED}/manifest.json",
        run=f"{PRIVATE}/run.json",
    log:
        f"{LOGS}/manifest.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="release.manifest",
        settings={"policy": STUDY.disclosure.policy, "version": VERSION},
        uses=manifest.code_digest(),
        digests=[DIGESTS["records"], DIGESTS["lock"]],
    script:
        "../scripts/step.py"
