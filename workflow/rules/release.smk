# The one door out: disclosure control over the four results tables, and crude estimates from what it lets out.

BY_CONTRAST = {
    name: [f"{name}/{contrast}" for contrast in CONTRASTS]
    for name in ("design", "retention", "abstinence")
}
# contrasts that are asked about within groups of people
WITHIN = [f"for_whom/{c}" for c in CONTRASTS if LOADED.by_group(c)]


use rule run as release with:
    input:
        **EARLIER,
        counts=results(
            "counts",
            *BY_CONTRAST["design"],
            *BY_CONTRAST["retention"],
            *BY_CONTRAST["abstinence"],
            *WITHIN,
            "dose",
            "description",
        ),
        life_tables=results("life_tables", *BY_CONTRAST["retention"]),
        estimates=results(
            "estimates",
            *BY_CONTRAST["retention"],
            *BY_CONTRAST["abstinence"],
            *WITHIN,
            "dose",
        ),
        curves=results(
            "curves", *BY_CONTRAST["retention"], *BY_CONTRAST["abstinence"], "dose"
        ),
        diagnostics=results(
            "diagnostics",
            *BY_CONTRAST["design"],
            *BY_CONTRAST["retention"],
            *BY_CONTRAST["abstinence"],
            *WITHIN,
            "dose",
            *(f"performance/{c}" for c in CONTRASTS if LOADED.alike(c)),
        ),
        twice=results("twice", *(f"twice/{c}" for c in LOADED.contrasts())),
        notes=f"{PRIVATE}/raw/notes.txt",
        locked=[f"{PRIVATE}/design/{c}/margins.json" for c in CONTRASTS],
    output:
        **released("counts", "estimates", "curves", "diagnostics", "verdicts", "ledger"),
        notes=f"{RELEASED}/notes.txt",
    log:
        f"{LOGS}/release.log",
    params:
        **step(
            "release",
            {
                "disclosure": plain(STUDY.disclosure, "ledger", "public", "sign_off"),
                "inference": plain(STUDY.inference),
                "arms": LOADED.arms(),
                "endpoints": plain(LOADED.wordless()),
                "companions": plain(LOADED.companions()),
                "groups": LOADED.groups(),
                "in_care": plain(LOADED.in_care()),
                "fewest_events": STUDY.gate.min_events,
                "primary": LOADED.primary(),
                "judged": plain(LOADED.judged()),
                "modifiers": list(STUDY.modifiers),
            },
            digests=DIGESTS["ledger"],
        ),
    message:
        "Let out what the disclosure policy allows"
