"""What `iop-outcomes check` tells of comparisons by weeks: who followed them, and hours that are on no record."""

from __future__ import annotations

from pathlib import Path

from checked_folder import folder, records, told

__all__ = ["folder"]

BLOCKS = """
strategies:
  stay_or_leave:
    title: Staying at least 8 weeks against leaving in week 4
    contrast: iop_vs_residential
    arm: iop
    first: { name: stay, label: Staying, stay: at_least, weeks: 8 }
    second: { name: leave, label: Leaving, stay: exactly, weeks: 4 }
thresholds:
  bend:
    title: Six weeks
    contrast: iop_vs_residential
    arm: iop
    weeks: [2, 4, 6, 8, 10]
    at: 6
    step: 2
doses:
  grid: { title: Hours, contrast: iop_vs_residential, hours: [9], weeks: [4] }
"""


def asked(folder: Path) -> str:
    cohort = folder / "config/cohorts/ours.yaml"
    cohort.write_text(cohort.read_text() + BLOCKS)
    with (folder / "config/analyses.tsv").open("a") as sheet:
        for contrast, measure, method in (
            ("stay_or_leave", "risk", "clone_censor_weight"), ("bend", "gain", "clone_censor_weight"),
            ("grid", "risk", "g_formula"),
        ):  # fmt: skip
            sheet.write(f"ours\tw\tdose\t{contrast}\tabstinent\t180\t{measure}\t{method}\tobserved_only\tsecondary\n")
    return told(folder).text()


def test_who_followed_and_which_weeks_were_left_in_is_counted_as_the_policy_lets_it_be_seen(folder):
    """Twenty people of the arm were last in care on day 55, in week 8."""
    records(folder)
    text = asked(folder)
    assert (
        "stay_or_leave: of 20 who started in the arm 'iop' followed 'stay' 20, 'leave' 0; nobody followed 'leave'. The"
        in text
    )
    assert "left 0 in week 2, 0 in week 4, 0 in week 6, 20 in week 8, 0 in week 10" in text
    assert "grid: cannot be answered, as no hours of care are on record, attended or scheduled" in text


def test_scheduled_hours_are_enough_for_doses(folder):
    records(folder)
    stays = folder / "records/stays.csv"
    head, *rows = stays.read_text().splitlines()
    stays.write_text("\n".join([f"{head},scheduled_hours_per_week", *(f"{row},9" for row in rows)]) + "\n")
    text = asked(folder)
    assert "grid: cannot be answered, as no hours" not in text
    assert "grid: cannot be answered, as no test tells of use" in text


def test_tests_tell_of_use_and_who_followed_both_is_no_caution(folder):
    records(folder)
    stays = folder / "records/stays.csv"
    head, *rows = stays.read_text().splitlines()
    # every fourth leaves in week 4
    rows = [row.replace(",0,55,", ",0,25,") if i % 4 == 1 else row for i, row in enumerate(rows)]
    stays.write_text("\n".join([f"{head},scheduled_hours_per_week", *(f"{row},9" for row in rows)]) + "\n")
    tests = ["person_id,day,substance,result", *(f"p{i:02d},7,opioid,negative" for i in range(40))]
    (folder / "records/screens.csv").write_text("\n".join(tests) + "\n")
    text = asked(folder)
    assert "grid: cannot" not in text
    assert "followed 'stay' fewer than 11, 'leave' fewer than 11\n" in text
