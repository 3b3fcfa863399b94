"""Who must not be recognised: `identifiers` is the gate through which every file of a user goes; `deidentify` makes an
export that passes it; `shifted` says what became of dates.
"""
