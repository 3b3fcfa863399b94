# Estimates: cohort, design and estimators brought together into rows of the results tables.


rule analyse_retention:
    input:
        unpack(imputed("retention")),
        **private("retention"),
        scores=f"{PRIVATE}/design/{{contrast}}/scores.parquet",
        gates=f"{PRIVATE}/design/{{contrast}}/gates.parquet",
    output:
        counts=f"{PRIVATE}/results/retention/{{contrast}}/counts.parquet",
        life_tables=f"{PRIVATE}/results/retention/{{contrast}}/life_tables.parquet",
        estimates=f"{PRIVATE}/results/retention/{{contrast}}/estimates.parquet",
        curves=f"{PRIVATE}/results/retention/{{contrast}}/curves.parquet",
        diagnostics=f"{PRIVATE}/results/retention/{{contrast}}/diagnostics.parquet",
    log:
        f"{LOGS}/analyse_retention/{{contrast}}.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="analyses.retention",
        settings=settings_of("retention"),
        uses=uses(
            "analyses.retention",
            "people",
            "covariates",
            "retention",
            "scores",
            "gates",
            "counts",
            "life_tables",
            "estimates",
            "curves",
            "diagnostics",
        ),
    script:
        "../scripts/step.py"


rule analyse_abstinence:
    input:
        unpack(imputed("abstinence")),
        **private("abstinence", "first_use"),
        scores=f"{PRIVATE}/design/{{contrast}}/scores.parquet",
        gates=f"{PRIVATE}/design/{{contrast}}/gates.parquet",
    output:
        counts=f"{PRIVATE}/results/abstinence/{{contrast}}/counts.parquet",
        estimates=f"{PRIVATE}/results/abstinence/{{contrast}}/estimates.parquet",
        diagnostics=f"{PRIVATE}/results/abstinence/{{contrast}}/diagnostics.parquet",
    log:
        f"{LOGS}/analyse_abstinence/{{contrast}}.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="analyses.abstinence",
        settings=settings_of("abstinence"),
        uses=uses(
            "analyses.abstinence",
            "people",
            "covariates",
            "abstinence",
            "first_use",
            "scores",
            "gates",
            "counts",
            "estimates",
            "diagnostics",
        ),
    script:
        "../scripts/step.py"


rule compute_twice:
    input:
        **private("retention", "abstinence", "first_use"),
        scores=f"{PRIVATE}/design/{{contrast}}/scores.parquet",
        gates=f"{PRIVATE}/design/{{contrast}}/gates.parquet",
        estimates=[
            f"{PRIVATE}/results/retention/{{contrast}}/estimates.parquet",
            f"{PRIVATE}/results/abstinence/{{contrast}}/estimates.parquet",
        ],
    output:
        twice=f"{PRIVATE}/results/twice/{{contrast}}/twice.parquet",
    log:
        f"{LOGS}/compute_twice/{{contrast}}.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="analyses.twice",
        settings=lambda w: {
            "rows": [
                *plain(LOADED.rows("retention", w.contrast)),
                *plain(LOADED.rows("abstinence", w.contrast)),
            ],
            "contrast": plain(studies.untitled(STUDY.contrasts)[w.contrast]),
            "endpoints": {
                **plain(LOADED.asked_for("retention", w.contrast)),
                **plain(LOADED.asked_for("abstinence", w.contrast)),
            },
            "inference": plain(STUDY.inference),
        },
        uses=uses(
            "analyses.twice",
            "retention",
            "abstinence",
            "first_use",
            "scores",
            "gates",
            "estimates",
            "twice",
        ),
    script:
        "../scripts/step.py"


rule analyse_dose:
    input:
        **private(
            "people",
            "arms",
            "covariates",
            "retention",
            "dose",
            "abstinence",
            "first_use",
        ),
    output:
        counts=f"{PRIVATE}/results/dose/counts.parquet",
        estimates=f"{PRIVATE}/results/dose/estimates.parquet",
        curves=f"{PRIVATE}/results/dose/curves.parquet",
    log:
        f"{LOGS}/analyse_dose.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="analyses.dose",
        settings={
            "rows": plain(LOADED.rows("dose")),
            "durations": plain(studies.untitled(STUDY.durations)),
            "intensities": plain(studies.untitled(STUDY.intensities)),
            "contrasts": plain(studies.untitled(STUDY.contrasts)),
            "endpoints": plain(LOADED.asked_for("dose")),
            "gate": after_outcomes("min_events"),
            "inference": plain(STUDY.inference),
        },
        uses=uses(
            "analyses.dose",
            "retention",
            "dose",
            "abstinence",
            "first_use",
            "counts",
            "estimates",
            "curves",
        ),
    script:
        "../scripts/step.py"


rule describe:
    input:
        **private("attrition", "intake"),
        readings=f"{PRIVATE}/raw/readings.parquet",
    output:
        counts=f"{PRIVATE}/results/describe/counts.parquet",
    log:
        f"{LOGS}/describe.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="analyses.describe",
        settings={"cohort": STUDY.cohort, "fewest": disclosed().minimum_count},
        uses=uses("analyses.describe", "attrition", "intake", "readings", "counts"),
    script:
        "../scripts/step.py"


rule describe_records:
    input:
        **private(
            "people",
            "persons",
            "stays",
            "sessions",
            "screens",
            "followups",
            "episodes",
            "episodes_by_gap",
        ),
    output:
        counts=f"{PRIVATE}/results/records/counts.parquet",
    log:
        f"{LOGS}/describe_records.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="analyses.records",
        settings={
            "cohort": STUDY.cohort,
            "horizons": sorted(
                {d for days in LOADED.horizons().values() for d in days}
            ),
            "covariates": [
                *STUDY.adjustment.continuous,
                *STUDY.adjustment.categorical,
            ],
            "smallest_group": smallest_group(),
            "by_service": STUDY.source.kind == "tedsd",
            "twenty_hours": STUDY.care.twenty_hours,
        },
        uses=uses(
            "analyses.records",
            "people",
            "persons",
            "stays",
            "sessions",
            "screens",
            "followups",
            "episodes",
            "episodes_by_gap",
            "counts",
        ),
    script:
        "../scripts/step.py"
