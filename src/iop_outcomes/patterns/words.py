"""The words of the grammar of endpoints: what a cell of each column may say."""

from __future__ import annotations

# as the trial's report defines it; as CTNote computes it from 15 to 39 weekly tests
AS_PUBLISHED, AS_OPERATIONALISED = "as_published", "as_operationalised"
# what an endpoint is of each person
LOGICAL, INTEGER, PROPORTION, SURVIVAL = "logical", "integer", "proportion", "survival"
VALUES = (LOGICAL, INTEGER, PROPORTION, SURVIVAL)
# what is taken from the intervals that are left
COUNT, SHARE, LONGEST_RUN, FIRST, INDEX = "count", "share", "longest_run", "first", "index"
STATISTICS = (COUNT, SHARE, LONGEST_RUN, FIRST, INDEX)
# one state per week, from its tests; or each test by itself
WEEK, TEST = "week", "test"
# what a window is counted in: weeks from time zero, or the tests that are left
WEEKS, TESTS = "weeks", "tests"
# to which interval of the first window that has enough an event is dated: the first that counts; the latest at which
# so many in a row could begin in it; the one in which it is known
FIRST_COUNTING, LATEST_START, KNOWN = "first_counting", "latest_start", "known"
# how intervals are filled in: the last state before one without a scheduled test; the person's most common result;
# the mean of the intervals on both sides
CARRIED_FORWARD, MOST_COMMON, NEIGHBOURS = "carried_forward", "most_common", "neighbours"
# no interval of the endpoint; and, as the end of a window, the person's last test
LEFT_OUT, LAST_TEST = "left_out", "last_test"
