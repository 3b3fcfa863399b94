"""The kinds of endpoints of how much: shares of days and tests without use, longest runs, changes."""

from __future__ import annotations

from iop_outcomes.vocabulary import methods
from iop_outcomes.vocabulary.kind import ABSTINENCE, AMOUNT, CONTRASTS, DAYS, READ_BY_DEFINITION, TESTS, Asked, Kind

_OF_PEOPLE = (methods.NAIVE, methods.RANDOMISED, *methods.WEIGHTED)
_MEANS_OF_SHARES = (Asked(ABSTINENCE, CONTRASTS, {"mean_share": (*_OF_PEOPLE, methods.AIPW)}),)
_MEANS_OF_NUMBERS = (Asked(ABSTINENCE, CONTRASTS, {"mean_number": (*_OF_PEOPLE, methods.AIPW)}),)
_CHANGES = (Asked(ABSTINENCE, CONTRASTS, {"mean_change": _OF_PEOPLE, "adjusted_change": _OF_PEOPLE}),)

KINDS_OF_AMOUNTS = (
    Kind(
        "days_abstinent",
        "the share of days without use, of all days up to a day",
        AMOUNT,
        _MEANS_OF_SHARES,
        place=6,
        may_take=("window_days",),
        about_use=True,
        parts=DAYS,
        verb="had \u2018{name}\u2019 up to day {day}",
        note="Percent days abstinent are means of people, each of whom counts once, however many days are known. Days "
        "of use that an interview counts without saying which are spread over its look-back.",
    ),
    Kind(
        "longest_abstinence",
        "the most days in a row without use, of all days up to a day",
        AMOUNT,
        _MEANS_OF_NUMBERS,
        place=6,
        may_take=("window_days",),
        about_use=True,
        parts=DAYS,
        verb="had \u2018{name}\u2019 up to day {day}",
        note="A longest run can be no longer than what is known in a row: where days are not known, it is a least, and "
        "arms that are asked more often have longer ones.",
    ),
    Kind(
        "change_in_use",
        "how the share of days without use has changed, from so many days before time zero to as many before a day",
        AMOUNT,
        _CHANGES,
        place=6,
        needs=("followups",),
        takes=("window_days",),
        about_use=True,
        parts=DAYS,
        changed=True,
        fixed=True,
        verb="had \u2018{name}\u2019 up to day {day}",
        note="People begin care when things are at their worst. Whoever is measured at an extreme is found nearer to "
        "the usual when measured again, with care or without (regression to the mean), so that the change of an arm is "
        "no effect of its care. The difference of the changes is free of it only if both arms began alike; where one "
        "arm began worse, it has more to regain. With the time before held, people who began alike are compared, which "
        "is the number to read; the change as it is stands beside it.",
    ),
    Kind(
        "pattern_share",
        "an endpoint of use patterns that is a share, such as that of negative tests, of the intervals up to a day",
        AMOUNT,
        _MEANS_OF_SHARES,
        place=6,
        needs=("screens",),
        about_use=True,
        screened=True,
        parts=TESTS,
        value="proportion",
        verb="had, by their tests, \u2018{name}\u2019 up to day {day}",
        note=READ_BY_DEFINITION,
    ),
    Kind(
        "pattern_number",
        "an endpoint of use patterns that is a number, such as the longest run of negative tests, up to a day",
        AMOUNT,
        _MEANS_OF_NUMBERS,
        place=6,
        needs=("screens",),
        about_use=True,
        screened=True,
        parts=TESTS,
        value="integer",
        verb="had, by their tests, \u2018{name}\u2019 up to day {day}",
        note=READ_BY_DEFINITION,
    ),
)
