"""Invented cells and columns that the identifier gate is held to."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

from iop_outcomes.privacy import identifiers

PEOPLE = [
    "Mary Johnson", "Nguyen, Thi", "JOSE GARCIA", "O'Brien, Patrick", "Linda de la Cruz", "Robert T. Miller",
    "Susan Park", "Karen Abiodun", "Kevin Zhou", "Amanda Smith-Lee", "Sarah Connor", "James Okafor",
]  # fmt: skip


def text(**columns: Sequence[object]) -> pd.DataFrame:
    return pd.DataFrame({n: pd.Series(list(v), dtype=object) for n, v in columns.items()})


def hits(frame: pd.DataFrame | pa.Table) -> set[tuple[str, str, str]]:
    return {(f.column, f.rule, f.evidence) for f in identifiers.findings(frame)}


# a single cell among harmless ones
CELLS = {
    "street addresses": ["12 Main Street", "401 N. Elm St, Apt 4", "PO Box 12", "42.36011, -71.05890"],
    "ZIP codes": ["Boston, MA 02118", "Worcester MA 01608-1234", "zip: 02118"],
    "birth dates": ["DOB 3/4/80", "born 1980"],
    "dates": [
        "2024-01-15", "01/15/2024", "15.01.2024", "15-Jan-2024", "January 15, 2024", "15JAN2024", "15-jan-24",
        "2024-01-15T10:00:00Z", "seen on 2024/1/5 at noon",
    ],
    "ages over 89": ["a 94-year-old man", "aged 97"],
    "telephone numbers": ["212-555-0187", "(212) 555-0187", "212.555.0187", "+1 212 555 0187", "+44 20 7946 0958"],
    "fax numbers": ["fax: 212-555-0187"],
    "e-mail addresses": ["jane.doe@example.org", "mail to x_y@mail.example.co.uk today"],
    "social security numbers": ["123-45-6789", "SSN 123456789", "123 45 6789"],
    "medical record numbers": ["MRN: 0048213", "Medical record # 991234"],
    "health plan numbers": ["1EG4-TE5-MK73", "Medicaid ID: AB12345"],
    "account numbers": ["4111-1111-1111-1111", "acct # 00123456"],
    "certificate or license numbers": ["license no. D1234567"],
    "vehicle identifiers": ["VIN 1HGCM82633A004352", "license plate ABC-1234"],
    "device identifiers": ["00:1B:44:11:3A:B7", "serial no 12345678"],
    "web addresses": ["https://example.org/u/1", "www.example.org", "facebook.com/jane"],
    "IP addresses": ["192.168.0.12", "2001:db8:85a3::8a2e:370:7334"],
    "biometric identifiers": ["session_12.wav"],
    "photographs": ["img_0231.jpg", "data:image/png;base64,AAAA"],
    "person names": ["Mrs. Alvarez called", "patient name: qx"],
    "other identifying codes": ["passport no. X1234567"],
    "free text": [" ".join(["word"] * 60)],
}  # fmt: skip
