"""What one test tells of use: prescriptions, specimens, reasons, and tests that disagree."""

from __future__ import annotations

import pandas as pd
import pytest
from use_rows import screens, spell, text

from iop_outcomes.cohort.use import asked, substances
from iop_outcomes.cohort.use import tests as reading
from iop_outcomes.patterns.symbols import NEGATIVE
from iop_outcomes.patterns.symbols import STATES as SYMBOLS
from iop_outcomes.protocol import AskedTests, Schedule, Use
from iop_outcomes.tables import reference
from iop_outcomes.vocabulary import testing

# day 0 is in interval 1
FROM_0 = Use(begins=0)


def week(*rows: tuple, use: Use = FROM_0, **more) -> str:
    """The symbol of one week."""
    return text(screens(*rows, **more.pop("columns", {})), use, days=6, **more)


@pytest.mark.parametrize(
    ("result", "symbol"), [("negative", "-"), ("positive", "+"), ("inconclusive", "*"), ("missing", "o")]
)
def test_a_result_is_a_state(result: str, symbol: str) -> None:
    assert week((3, result)) == symbol


def test_a_week_without_a_test_has_none_scheduled() -> None:
    assert text(screens((3, "negative")), FROM_0, days=13) == "-_"


@pytest.mark.parametrize(
    ("reason", "symbol"),
    [
        ("no_show", "o"), ("refused", "o"), ("unable", "o"), ("left", "o"), ("not_told", "o"), (None, "o"),
        ("laboratory_error", "e"), ("not_offered", "e"), ("excused", "e"), ("in_hospital", "e"), ("in_jail", "e"),
    ],
)  # fmt: skip
def test_only_what_the_person_did_not_do_is_a_missed_test(reason: str | None, symbol: str) -> None:
    assert week((3, "missing", reason), columns={"also": ("reason",)}) == symbol
    # every reason of the vocabulary is read here
    assert reason is None or reason in testing.REASONS


def test_reasons_that_excuse_are_a_setting() -> None:
    jail = screens((3, "missing", "in_jail"), also=("reason",))
    assert text(jail, Use(begins=0, excused=["laboratory_error"]), days=6) == "o"
    with pytest.raises(ValueError, match="a name stands twice"):
        Use(excused=["excused", "excused"])
    with pytest.raises(ValueError, match="expected one of 'no_show'"):
        Use(excused=["holiday"])


@pytest.mark.parametrize(
    ("validity", "result", "use", "symbol"),
    [
        ("valid", "negative", {}, "-"),
        # a negative of water tells nothing; a positive stands
        ("dilute", "negative", {}, "o"), ("dilute", "positive", {}, "+"),
        ("dilute", "negative", {"dilute": "excused"}, "e"), ("dilute", "negative", {"dilute": "as_written"}, "-"),
        # tampering is a refusal, whatever the result
        ("adulterated", "negative", {}, "o"), ("substituted", "positive", {}, "o"),
        ("substituted", "negative", {"tampered": "positive"}, "+"),
        ("adulterated", "missing", {"tampered": "excused"}, "e"),
    ],
)  # fmt: skip
def test_specimens_that_are_dilute_or_tampered_with(validity: str, result: str, use: dict, symbol: str) -> None:
    tests = screens((3, result, validity), also=("validity",))
    assert text(tests, Use(begins=0, **use), days=6) == symbol


@pytest.mark.parametrize(
    ("medication", "substance", "start", "end", "symbol"),
    [
        ("methadone", "methadone", 0, None, "-"), ("Buprenorphine/Naloxone", "buprenorphine", 3, 3, "-"),
        ("lorazepam", "benzodiazepine", 0, 10, "-"),
        # salt, dose, form and what else is in it are no matter; a word within a word is none
        ("Methadone hydrochloride 80 mg/d", "methadone", 0, None, "-"),
        ("methadone + lorazepam", "methadone", 0, 5, "-"),
        ("Suboxone 8-2mg film", "buprenorphine", 0, None, "-"), ("BUP/NX 8-2", "bup", 0, None, "-"),
        ("Butrans patch", "bup", -3, -3, "-"), ("bupropion", "bup", 0, None, "+"),
        ("nomethadone", "methadone", 0, None, "+"),
        # methadone is found for a week: up to day 3 of a spell that ended on day -4, not on -5
        ("methadone", "methadone", -60, -4, "-"), ("methadone", "methadone", -60, -5, "+"),
        # begun after the test; another opioid; no medication for it
        ("methadone", "methadone", 4, None, "+"), ("methadone", "opioid", 0, None, "+"),
        ("naltrexone", "buprenorphine", 0, None, "+"), ("buprenorphine", "cocaine", 0, None, "+"),
    ],
)  # fmt: skip
def test_what_is_prescribed_is_no_use(
    medication: str, substance: str, start: int, end: int | None, symbol: str
) -> None:
    found = screens((3, "positive"), substance=substance)
    taken = spell(medication, start, end)
    assert text(found, FROM_0, of=substance, days=6, medications=taken) == symbol
    # the naive reading calls every finding use
    assert text(found, Use(begins=0, prescribed="use"), of=substance, days=6, medications=taken) == "+"


OPIOIDS = (
    "opiates", "heroin", "6-MAM", "6-acetylmorphine", "morphine", "codeine", "hydrocodone", "hydromorphone",
    "oxycodone", "oxymorphone", "fentanyl",
)  # fmt: skip


@pytest.mark.parametrize(
    ("medication", "explained"),
    [
        ("acetaminophen-codeine #3", {"opiates", "morphine", "codeine"}), ("MS Contin 15 mg", {"opiates", "morphine"}),
        ("hydrocodone/apap", {"hydrocodone", "hydromorphone"}), ("Norco", {"hydrocodone", "hydromorphone"}),
        ("Dilaudid", {"hydromorphone"}), ("OxyContin", {"oxycodone", "oxymorphone"}), ("Opana", {"oxymorphone"}),
        ("Percocet + codeine", {"opiates", "morphine", "codeine", "oxycodone", "oxymorphone"}),
        ("methadone", set()),
    ],
)  # fmt: skip
def test_a_medication_explains_itself_and_its_metabolites(medication: str, explained: set[str]) -> None:
    """Nothing on record explains heroin; an opiate panel finds morphine and codeine."""
    tests = screens(*((7 * k + 3, "positive", of) for k, of in enumerate(OPIOIDS)), also=("substance",))
    found = text(tests, FROM_0, days=7 * len(OPIOIDS) - 1, medications=spell(medication, 0, None))
    assert {of for of, symbol in zip(OPIOIDS, found, strict=True) if symbol == "-"} == explained
    assert set(found) <= {"-", "+"}


@pytest.mark.parametrize(
    ("medication", "days"),
    [
        # a month and a week in which buprenorphine is found in urine
        ("Sublocade 300 mg SC", 31), ("Brixadi 128 mg", 28), ("Brixadi weekly 16 mg", 7), ("Probuphine", 182),
        ("buprenorphine extended-release injection", 28), ("Suboxone 8-2 film", 1),
        ("lorazepam; Sublocade", 31),
    ],
)  # fmt: skip
@pytest.mark.parametrize("start", [0, 5])
def test_one_administration_explains_as_long_as_it_lasts(medication: str, days: int, start: int) -> None:
    found = screens(*((day, "positive") for day in range(200)), substance="buprenorphine")

    def explained(end: int | None) -> str:
        read = reading.read(found, spell(medication, start, end), FROM_0)
        return "".join("-" if code == NEGATIVE.code else "+" for code in read["code"])

    last = start + days - 1 + 7
    assert explained(start) == ("+" * start + "-" * (last - start + 1)).ljust(200, "+")
    # a spell of several days has its own end, and one that goes on has none
    assert explained(start + 1) == ("+" * start + "-" * 9).ljust(200, "+")
    assert explained(None) == "+" * start + "-" * (200 - start)


def test_what_lasts_is_of_its_own_substance_alone() -> None:
    tests = screens((3, "positive"), (20, "positive"), substance="benzodiazepine")
    taken = spell("lorazepam 1 mg; Sublocade", 0, 0)
    assert text(tests, FROM_0, of="benzodiazepine", days=27, medications=taken) == "-_+_"


BENZODIAZEPINES = ("benzodiazepines", "alprazolam", "clonazepam", "diazepam", "nordiazepam", "temazepam", "oxazepam")


@pytest.mark.parametrize(
    ("medication", "explained"),
    [
        ("clonazepam 1 mg", "-+-++++"), ("Xanax", "--+++++"), ("Valium", "-++----"), ("Librium", "-+++-+-"),
        ("Restoril", "-++++--"), ("oxazepam", "-+++++-"), ("lorazepam", "-++++++"), ("phenobarbital", "+++++++"),
    ],
)  # fmt: skip
def test_one_benzodiazepine_explains_no_other_but_its_metabolites(medication: str, explained: str) -> None:
    tests = screens(*((7 * k + 3, "positive", of) for k, of in enumerate(BENZODIAZEPINES)), also=("substance",))
    assert text(tests, FROM_0, of="benzodiazepine", days=48, medications=spell(medication, 0, None)) == explained


def test_opiates_are_asked_about_by_the_word_of_panels() -> None:
    tests = screens(*((7 * k + 3, "positive", of) for k, of in enumerate(OPIOIDS)), also=("substance",))
    for of, pattern in (("opiates", "++++++_____"), ("opiate", "++++++_____"), ("opioid", "+" * 11),
                        ("heroin", "_+++_______"), ("oxycodone", "________+__")):  # fmt: skip
        assert text(tests, FROM_0, of=of, days=76) == pattern


def test_a_prescribed_substance_hides_no_other_one() -> None:
    rows = (("methadone", "positive"), ("opioid", "negative"), ("fentanyl", "positive"))
    tests = screens(*((3, result, of) for of, result in rows[:2]), also=("substance",))
    taken = spell("methadone", 0, None)
    assert text(tests, FROM_0, days=6, medications=taken) == "-"
    more = screens(*((3, result, of) for of, result in rows), also=("substance",))
    assert text(more, FROM_0, days=6, medications=taken) == "+"


@pytest.mark.parametrize("result", ["positive", "negative", "inconclusive"])
@pytest.mark.parametrize("schedule", [Schedule(), Schedule(kind="regular", until="observed")])
def test_a_test_that_is_as_if_not_made_was_not_missed(result: str, schedule: Schedule) -> None:
    """Whatever it found, as its positives could not count; another substance and another person's test stand."""
    use = Use(begins=0, prescribed="not_tested", schedule=schedule)
    taken = spell("methadone", 0, 13)
    alone = screens((3, result), (10, result), (24, "positive"), substance="methadone")
    none = "_" if schedule.kind == "recorded" else "o"
    assert text(alone, use, days=27, medications=taken) == f"ee{none}+"
    beside = pd.concat([alone, screens((3, "negative"), (10, "positive"), substance="fentanyl")], ignore_index=True)
    assert text(beside, use, days=27, medications=taken) == f"-+{none}+"
    missed = screens((3, "missing"), substance="methadone")
    assert text(missed, use, days=6, medications=taken) == "o"


@pytest.mark.parametrize(("wanted", "symbol"), [("opioid", "-"), ("cocaine", "+"), ("stimulant", "+"), ("any", "+")])
def test_a_class_holds_its_substances(wanted: str, symbol: str) -> None:
    tests = screens((3, "negative", "Heroin"), (3, "positive", "COCAINE"), also=("substance",))
    assert text(tests, FROM_0, of=wanted, days=6) == symbol


@pytest.mark.parametrize(
    ("conflicts", "one_day", "two_days"), [("mixed", "*", "*"), ("any_positive", "+", "+"), ("last", "*", "-")]
)
def test_tests_that_disagree(conflicts: str, one_day: str, two_days: str) -> None:
    use = Use(begins=0, conflicts=conflicts)
    assert week((3, "positive"), (3, "negative"), use=use) == one_day
    assert week((2, "positive"), (4, "negative"), use=use) == two_days
    # order of the rows and copies do not matter; what tells something goes before what was missed or excused
    assert week((4, "negative"), (2, "positive"), (2, "positive"), use=use) == two_days
    assert week((1, "missing"), (3, "negative"), use=use) == "-"
    tests = screens((1, "missing", "in_jail"), (3, "missing", None), also=("reason",))
    assert text(tests, use, days=6) == "o"


@pytest.mark.parametrize(
    ("substance", "specimen", "symbol"),
    [
        # alcohol is gone from urine in hours: a negative once a week tells nothing of the week; EtG is not
        ("alcohol", None, "e"), ("alcohol", "breath", "e"), ("alcohol", "blood", "e"), ("EtG", "urine", "-"),
        ("opioid", None, "-"), ("opioid", "blood", "-"), ("something new", None, "-"),
    ],
)  # fmt: skip
def test_a_test_tells_of_the_time_in_which_the_substance_is_found(
    substance: str, specimen: str | None, symbol: str
) -> None:
    tests = screens((3, "negative", specimen), also=("specimen",), substance=substance)
    of = {"alcohol": "alcohol", "EtG": "alcohol"}.get(substance, substance)
    assert text(tests, FROM_0, of=of, days=6) == symbol
    assert text(tests, Use(begins=0, least_covered=0), of=of, days=6) == "-"
    # daily tests cover half of each day
    daily = screens(*((d, "negative", specimen) for d in range(7)), also=("specimen",), substance=substance)
    assert text(daily, FROM_0, of=of, days=6) == "-"
    # what tells nothing where it is negative tells nothing where it is positive
    drunk = screens((3, "positive", specimen), also=("specimen",), substance=substance)
    assert text(drunk, FROM_0, of=of, days=6) == {"-": "+", "e": "e"}[symbol]


@pytest.mark.parametrize("of", ["opioid", "EtG", "something new"])
@pytest.mark.parametrize("use", [FROM_0, Use(begins=0, least_covered=0), Use(begins=0, interval_days=91)])
def test_hair_tells_of_months_and_so_of_no_interval(of: str, use: Use) -> None:
    """What is found in hair was used before the interval, or before care: excused, whatever it is, missing too."""
    for result in ("positive", "negative", "inconclusive", "missing"):
        hair = screens((3, result, "hair"), also=("specimen",), substance=of)
        assert text(hair, use, of=of.casefold(), days=90)[0] == "e"
        urine = screens(*((day, "negative") for day in range(0, 91, 4)), substance=of)
        both = pd.concat([hair, urine], ignore_index=True)
        assert text(both, use, of=of.casefold(), days=90)[0] == "-"
    unsaid = screens((3, "positive"), substance=of)
    assert text(unsaid, use.model_copy(update={"specimen": "hair"}), of=of.casefold(), days=90)[0] == "e"


def test_hair_dates_no_first_use() -> None:
    """Of single tests: a positive on day 10 is of use in some month before it, most of which lie before care."""
    who = pd.DataFrame({"person_id": ["a"], "record_id": ["a"], "index_start_day": [0]})
    tests = screens((10, "positive", "hair"), (17, "positive", "urine"), also=("specimen",))
    found = asked.of(asked.read(who, tests, None, FROM_0), AskedTests(substance="opioid"), FROM_0)
    assert found.screens["day"].tolist() == [17]
    assert found.excused["day"].tolist() == [10]


def test_reference_tables_are_whole() -> None:
    known = substances.known()
    windows, classes = (reference.rows(f"{n}.csv") for n in ("detection_windows", "substance_classes"))
    assert all(0 < float(r["hours_from"]) <= float(r["hours_to"]) and len(r["source"]) > 20 for r in windows)
    assert {r["specimen"] for r in windows} == set(testing.SPECIMENS)
    assert {r["substance"] for r in windows} <= {r["substance"] for r in classes} | {testing.ANY}
    keys = [(r["substance"], r["specimen"]) for r in windows]
    assert len(keys) == len(set(keys))
    lasting = reference.rows("medication_durations.csv")
    assert all(int(r["days"]) > 1 and len(r["source"]) > 10 for r in lasting)
    assert set(substances.prescribed(pd.Series([r["medication"] for r in lasting]))["at"]) == set(range(len(lasting)))
    written = [w for r in classes for w in {r["substance"], *r["written"].split()}]
    assert len(written) == len(set(written)), "one way of writing names two substances"
    assert not set(known.classes) & {r["substance"] for r in classes} - {"opioid", "alcohol", "cannabis"} - {
        "benzodiazepine", "phencyclidine",
    }  # fmt: skip


def test_cups_and_panels_write_substances_in_three_letters() -> None:
    panel = {"BZO": "benzodiazepine", "COC": "cocaine", "MTD": "methadone", "OPI": "opioid", "mAMP": "methamphetamine"}
    assert substances.named(pd.Series(list(panel))).tolist() == list(panel.values())


def test_states_are_those_of_patterns() -> None:
    assert set(testing.STATES) == set(SYMBOLS) - {"not_due"}


def test_a_schedule_has_no_numbers_where_it_is_recorded() -> None:
    with pytest.raises(ValueError, match="are for `kind: regular`"):
        Schedule(every_days=14)
