"""The words a study may use: the typed shape of config/config.yaml, of a cohort file and of the rows of the sheets.

Every key says what it means; the JSON Schemas under workflow/schemas are generated from these classes. Unknown keys
are refused. Loading, merging and the errors that people read are in `iop_outcomes.study.loading`.
"""

from iop_outcomes.protocol.as_run import AsRun, Companions, Compared, InCare, Origin
from iop_outcomes.protocol.base import GAP, Name, Part, Share
from iop_outcomes.protocol.categories import Categories
from iop_outcomes.protocol.comparisons import Comparison, OfDose, comparisons, two_strategies
from iop_outcomes.protocol.doses import Doses
from iop_outcomes.protocol.mapping import ColumnMapping, Enrolment, Filter, TableMapping
from iop_outcomes.protocol.margins import Judged, Margin
from iop_outcomes.protocol.modifiers import Modifier
from iop_outcomes.protocol.records import Allowance, Privacy, Source
from iop_outcomes.protocol.rows import Analysis, Eligibility, Endpoint, Question
from iop_outcomes.protocol.sites import Sites
from iop_outcomes.protocol.specifications import Specifications
from iop_outcomes.protocol.starting import Starting
from iop_outcomes.protocol.staying import Stay, Strategies
from iop_outcomes.protocol.study import (
    Adjustment,
    Arm,
    Care,
    Contrast,
    Disclosure,
    Duration,
    Gate,
    Intensity,
    Population,
    Study,
)
from iop_outcomes.protocol.thresholds import Threshold
from iop_outcomes.protocol.trials import Trial, said
from iop_outcomes.protocol.uncertain import Imputation, Inference, Misclassification
from iop_outcomes.protocol.use import AskedTests, Schedule, Use

__all__ = [
    "GAP",
    "Adjustment",
    "Allowance",
    "Analysis",
    "Arm",
    "AsRun",
    "AskedTests",
    "Care",
    "Categories",
    "ColumnMapping",
    "Companions",
    "Compared",
    "Comparison",
    "Contrast",
    "Disclosure",
    "Doses",
    "Duration",
    "Eligibility",
    "Endpoint",
    "Enrolment",
    "Filter",
    "Gate",
    "Imputation",
    "InCare",
    "Inference",
    "Intensity",
    "Judged",
    "Margin",
    "Misclassification",
    "Modifier",
    "Name",
    "OfDose",
    "Origin",
    "Part",
    "Population",
    "Privacy",
    "Question",
    "Schedule",
    "Share",
    "Sites",
    "Source",
    "Specifications",
    "Starting",
    "Stay",
    "Strategies",
    "Study",
    "TableMapping",
    "Threshold",
    "Trial",
    "Use",
    "comparisons",
    "said",
    "two_strategies",
]  # fmt: skip
