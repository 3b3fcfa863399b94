# Propensity scores, weights, balance and the gate, for each contrast. No outcome enters.


use rule run as design with:
    input:
        **private("people", "covariates", "arms"),
    output:
        scores=f"{PRIVATE}/design/{{contrast}}/scores.parquet",
        gates=f"{PRIVATE}/design/{{contrast}}/gates.parquet",
        counts=f"{PRIVATE}/results/design/{{contrast}}/counts.parquet",
        diagnostics=f"{PRIVATE}/results/design/{{contrast}}/diagnostics.parquet",
        locked=f"{PRIVATE}/design/{{contrast}}/margins.json",
    log:
        f"{LOGS}/design/{{contrast}}.log",
    priority: SOON
    params:
        **step(
            "design",
            lambda w: {
                "cohort": STUDY.cohort,
                "name": w.contrast,
                "contrast": plain(loaded.untitled(STUDY.contrasts)[w.contrast]),
                "adjustment": plain(STUDY.adjustment),
                "thresholds": plain(
                    STUDY.gate, "min_events", "max_detectable_difference"
                ),
                "methods": LOADED.methods(w.contrast),
                "judged": plain(LOADED.judged(w.contrast)),
            },
        ),
    message:
        "Weigh the arms of {wildcards.contrast} and judge their balance"
