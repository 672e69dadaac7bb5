"""The columns that other programs may rely on: `contract.json` beside this file, with a version.

`python -m exports.contract` writes the file anew after `CONTRACT_VERSION` in `exports/columns.py` was counted up.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from exports.columns import CONTRACT_VERSION, list_sheets
from exports.columns_derived import LABEL
from exports.topics import PARAGRAPH_15
from instruments.catalog import load_instrument, sha256_of

CONTRACT = Path(__file__).parent / "contract.json"


def current_sheets() -> dict[str, list[str]]:
    """The column ids of every sheet that a workbook may have, without those that come from the questionnaire."""
    instrument = load_instrument()
    from_questionnaire = {column for item_id in instrument.items for column in (item_id, f"{item_id}{LABEL}")}
    every = (*list_sheets(instrument, "en", has_previous=True), *list_sheets(instrument, "en", report=PARAGRAPH_15))
    return {sheet.name: [column for column in sheet.ids if column not in from_questionnaire] for sheet in every}


def read_contract() -> dict[str, Any]:
    """The contract as published: `version`, `sheets`, and the digest of the sheets of every version so far."""
    contract: dict[str, Any] = json.loads(CONTRACT.read_text(encoding="utf-8"))
    return contract


def main() -> int:
    """Write the contract of the current version; refuse when its columns were published before and differ."""
    sheets = current_sheets()
    digests = read_contract()["digests"] if CONTRACT.exists() else {}
    digest = sha256_of(sheets)
    if digests.get(str(CONTRACT_VERSION), digest) != digest:
        print(
            f"Version {CONTRACT_VERSION} has other columns. Count up CONTRACT_VERSION in exports/columns.py.",
            file=sys.stderr,
        )
        return 1
    digests[str(CONTRACT_VERSION)] = digest
    content = {"version": CONTRACT_VERSION, "digests": digests, "sheets": sheets}
    CONTRACT.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
