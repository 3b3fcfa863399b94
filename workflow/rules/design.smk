# Propensity scores, weights, balance and the gate, for each contrast. No outcome enters.


rule design:
    input:
        **private("people", "covariates", "arms"),
    output:
        scores=f"{PRIVATE}/design/{{contrast}}/scores.parquet",
        gates=f"{PRIVATE}/design/{{contrast}}/gates.parquet",
        counts=f"{PRIVATE}/results/design/{{contrast}}/counts.parquet",
        diagnostics=f"{PRIVATE}/results/design/{{contrast}}/diagnostics.parquet",
    log:
        f"{LOGS}/design/{{contrast}}.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="design",
        settings=lambda w: {
            "cohort": STUDY.cohort,
            "name": w.contrast,
            "contrast": plain(studies.untitled(STUDY.contrasts)[w.contrast]),
            "adjustment": plain(STUDY.adjustment),
            "thresholds": plain(STUDY.gate, "min_events", "max_detectable_difference"),
            "methods": LOADED.methods(w.contrast),
        },
        uses=uses("design", "people", "covariates", "arms", "scores", "gates"),
    script:
        "../scripts/step.py"
