"""Cohorts like a given one, drawn from a few coarse numbers about it, with a truth that is known.

`numbers` is all that is known of the given cohort: margins, dependence, how people come to their arm, what goes along
with an outcome, each rounded, none of a few people. `copula` turns rounded correlations into people with those margins;
`draw` gives them a site, an arm and outcomes under a truth that is set. Nothing here sees a record.
"""
