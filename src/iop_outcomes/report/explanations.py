"""Fixed explanations for the methods section: what the report does not do, and its limits.

What depends on a study is in `methods`, what is said of one method, measure, endpoint or rule in the vocabulary.
"""

from __future__ import annotations

UNITS_OF_ANALYSIS = {
    "first_episode": "Each person counts once, at the first episode of care that begins on or after day 0.",
    "episode": "Each episode of care that begins on or after day 0 counts; people with several are clusters.",
    "period": "Each period that a person told of at an interview counts; people with several are clusters.",
}
# what a fuller analysis would add, and this one does not do
DEVIATIONS = (
    "No verdict is given where no margin was set beforehand: an interval that holds no difference is not evidence of "
    "equality.",
    "Verdicts are on everyone who started in either arm. What would have come of staying as planned has estimates "
    "of its own, and no verdict.",
    "Weights are truncated in named variants only: where one person weighs too much, the gate stops the estimate.",
    "P values are not corrected for the number of questions. Primary questions are marked wherever they are shown, and "
    "so are exploratory ones, which have no verdict and answer nothing; what bears no mark is secondary, or a check.",
)
LIMITS = (
    "People were compared on what was recorded. What decided on placement and was not recorded can bias every "
    "adjusted estimate in a way that no weight shows.",
    "Abstinence rests on answers and screens of those who were reached. Each reading of a missing answer is right "
    "under an assumption that these records cannot test. Only a worst and a best case, where both are shown, bound the "
    "answer whatever it would have been.",
    "An intervention is a place and a schedule here; what happened inside a program, and how well it was done, "
    "was not measured.",
    "An effect in these programs and these years need not be the effect elsewhere.",
)
# what stands at the head of sections
NO_RESULT = "Nothing was estimated. Who was studied, and what is known of the records, stands below."
OF_GAPS = "A number that the design, the data or the protection of people does not allow is left out, with its reason."
READING = (
    "Differences are the first arm minus the second, of shares in percentage points. Inverse probability weighting "
    "and the doubly robust method speak for everyone in the comparison, overlap weighting for people of the kind "
    "found in both arms; where there are more than two arms, for everyone in any of them, and for people of the kind "
    "found in all. Rows in red are unadjusted comparisons of arms that were not assigned by chance. Curves are known "
    "on the days of their points, and drawn straight between them."
)
OF_TRUTH = (
    "The people are simulated, so that the true differences are known. The unadjusted rows are wrong on purpose: they "
    "show how far a plain comparison goes astray when placement depends on severity. They stand beside the truth for "
    "everyone. Where an answer is missing, neither reading of it need hit the truth, which has no missing answers."
)
OF_TIPPING = (
    "Missing answers were imputed, and the log odds of the outcome of those missing moved by a delta, in each arm its "
    "own. At 0 they are like the answers of people with the same record; below 0 people without an answer are less "
    "often abstinent. No record can tell which delta is right: what counts is how far from 0 an answer holds."
)
OF_DAYS_BETWEEN = (
    "When the event happened is known only to lie between two days, from the last day known to be free of it to the "
    "first by which it is known. Without a model (Turnbull 1976, JRSS B 38:290) the share still free of it has a least "
    "and a greatest height on each day, between which the records do not tell; they are the edges of the band, and one "
    "line where they agree. Dated when it became known, the event comes too late, the more so in an arm that is asked "
    "or tested less often. Whoever was lost is taken to be like others of the arm and weight who were still followed. "
    "Curves have no limits: the ratio of times has."
)
OF_BASELINE = (
    "Standardised difference: first arm minus second, in standard deviations before weighting. A category without one "
    "is the reference of its variable, or too rare to be told apart."
)
OF_OTHER_RULES = (
    "What counts as intensive outpatient care, and how far apart stays may lie within one episode, is a matter of "
    "definition. Where the rows of a block agree, the answer does not hang on it. Arms are read from the hours that "
    "were scheduled at the start, as attended hours come after it."
)
OF_SPECIFICATIONS = (
    "Much of an analysis could have been chosen otherwise: how levels of care are read, how far apart stays may lie, "
    "what the outcome is, how missing answers are read, whom the weights stand for. Here the question is answered "
    "under every combination of such choices that the study lists. They are not answers to one question, and most "
    "share their people: the share on one side of zero is no probability. What counts is whether a choice turns the "
    "answer."
)
OF_OVERTURNING = (
    "Arms that chance did not form may differ in something that nobody recorded. No record can show that they do not; "
    "what can be told is how strong it would have to be."
)
OF_SITES = (
    "Sites differ in whom they take and in how they care. Where the answer hangs on one of them, or where sites that "
    "start more people in one arm do otherwise than their people's arms explain, it is no answer about the arms."
)
OF_HOURS = (
    "Within each arm, people who attended more hours are compared with people who attended fewer, among those still "
    "in care at the end of the window. The curves are drawn only over hours that the arm's own people attended. The "
    "naive rows, in red, are of people who happened to attend such hours: use makes people come less, and goes with "
    "use later, whatever hours do."
)
OF_CATEGORIES = (
    "Of people in care at the end of the window, by the hours a week that they attended in it. A category of few "
    "people has no number; within a category hours still differ."
)
OF_HOURS_WEIGHTED = (
    "Of the weights for hours, of people in care at the end of the window. Largest correlations are of hours with what "
    "was known at the start, as people came and weighted; 0.1 is often taken as small. Mean weight before the largest "
    "and smallest are brought in: 1 where the models of what people did are right."
)
OF_BROUGHT_IN = (
    "The smallest and largest weights brought in to two of their quantiles: less hangs on a few people, and more of "
    "what made people attend is left in the difference."
)
OF_CORRELATIONS = "Weighted correlations are over the spread before weighting, which weights cannot change."
OF_PLACES = (
    "On every day a person is at one level of care, the most intensive of several, or out of care, or dead, so that "
    "shares of an arm add up to everyone and days to the day that is asked about. A day between two stays is out of "
    "care, by whether the last stay was completed: whether somebody will come back is not known on it. Whose "
    "observation ended is stood for by those of the arm who were in the same place and still observed. Care that "
    "is not in these records counts as out of care."
)
OF_STRATEGIES = (
    "What would have come of everyone who started there, had they stayed so long, or left then: each person counts "
    "under a strategy until they depart from it, and who does not depart stands for those like them, week by week, who "
    "did. The naive rows, in red, compare those who happened to do so: use makes people leave, and leaving early goes "
    "with use later, whatever leaving does. On which side the naive comparison errs is read from the two rows, and "
    "not presumed. What moved both leaving and later use and was not recorded is weighted for in neither."
)
OF_THRESHOLDS = (
    "Whether staying pays more up to some week than beyond it is a question of what would have come of everyone who "
    "started there, had all left in one and the same week, for one week after the other; never of the weeks that "
    "people happened to stay. Each point stands on those who left in that week, who stand for those like them who "
    "left earlier or later. A further week adds what the line that bends at the claimed week rises by. The naive "
    "line, in red, is a regression on the weeks that people stayed: use makes people leave. What moved both leaving "
    "and later use and was not recorded is weighted for in neither."
)
OF_DOSES = (
    "What would have come of everyone compared, had all attended so many hours a week, for so many weeks, at the level "
    "of the first arm, or at that of the second. The naive numbers are of people who happened to have such doses: use "
    "makes people come less, and leave. A dose has a number at a level only where enough people of that level stayed "
    "as long at nearly such hours. The setting at the same dose needs that of both levels; where hours of the levels "
    "hardly overlap, dose and setting cannot be told apart by any method."
)
OF_STARTING = (
    "What would have come of everyone who left, had they started further care within the days that are named, or "
    "started none by then. Time zero is the day of leaving: each person counts under both until they depart from one, "
    "and who does not depart stands for those like them who did. The naive rows, in red, compare those who happened to "
    "start with those who did not. What moved both starting and later use and was not recorded is weighted for in "
    "neither."
)
OF_WEIGHTS = (
    "Effective share: of the people who followed a strategy, as how many the weighted ones count. Mean weight over "
    "everyone who was there: 1 where the models are right. Difference: the largest, in standard deviations, "
    "that is left between the weighted people of a strategy and everyone in what was known at the start."
)
OF_HISTORIES = (
    "Of the marginal structural model. Effective share: of the people with weeks of care, as how many the weighted "
    "ones count. Mean weight before the largest and smallest are brought in: 1 where the models of what people did are "
    "right."
)
OF_TESTS = (
    "Within each arm, people for whom more tests a week were scheduled are compared with people with fewer, among "
    "those still in care at the end of the window. Who is tested more often is found using more often with the same "
    "use, so that detection, and not use, may explain all of a difference; and a program that tests more often after "
    "use, or where it expects it, schedules more tests for people who use more."
)
OF_OTHERS = (
    "Read from abstracts and from the tables of a review. In the trials of setting, day treatment often ran more hours "
    "a week than intensive outpatient care does: from 20 hours on it is partial hospitalization, whatever it is "
    "called. Limits (Newcombe) are from the people assigned where those followed are not told, and then too narrow. "
    "The last column holds each result against the rule by which this cohort is judged, with ten of 100 as the margin, "
    "and 1.25 for a ratio of hazards."
)
