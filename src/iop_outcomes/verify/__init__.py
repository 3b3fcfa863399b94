"""Is a release what it says it is: every file, every cell, and every number that is printed.

`files` holds the files to their digests and the lines to their seals; `tables` and `ledgers` hold the released tables
to their declarations and to each other; `judged` makes the verdicts anew from the estimates; `printed` makes the report
anew from the released tables and reads every number of both; `pictures` does so with what figures show and say. None of
them needs private data, or a file from anywhere else but a table of known truths. `again` runs the whole workflow once
more, `compare` lays two releases side by side, and `pool` takes those of several places together.
"""
