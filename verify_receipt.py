#!/usr/bin/env python3
"""Verify a receipt of the Implementation Tracker, anywhere: one file, Python 3.11 and `cryptography`, nothing else.

usage: python verify_receipt.py RECEIPT.json PUBLIC_KEY

PUBLIC_KEY is the published key in base64 (from the secretariat, never from the receipt), or a file that holds it.
Prints what the receipt proves and exits with 0; or says what does not hold and exits with 1.
"""

import hashlib
import json
import sys
from base64 import b64decode
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SENTENCES = {
    "not_a_receipt": "the file is not a receipt file",
    "form": "the file is not in the form in which it was issued",
    "key": "the receipt names another key than the one given",
    "signature": "the signature does not fit the receipt",
    "document": "the document is not the one that was sealed",
    "number": "the document carries another number than the receipt",
}
"""What does not hold, by stable code."""


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces: the form in which the file was issued."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def verify(file_text: str, public: bytes) -> tuple[list[str], dict[str, object]]:
    """(codes of what does not hold, the receipt). No code: every byte is as it was issued."""
    try:
        content = json.loads(file_text)
        receipt_text, document_text = content["receipt"], content["document"]
        receipt, document = json.loads(receipt_text), json.loads(document_text)
        signature = b64decode(content["signature"], validate=True)
        if not isinstance(receipt, dict) or not isinstance(document, dict):
            return ["not_a_receipt"], {}
    except (ValueError, KeyError, TypeError, RecursionError):
        return ["not_a_receipt"], {}
    problems = []
    if canonical(content) != file_text.strip("\r\n"):
        problems.append("form")
    if receipt.get("key_id") != hashlib.sha256(public).hexdigest()[:16]:
        problems.append("key")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, receipt_text.encode("utf-8", "surrogatepass"))
    except InvalidSignature:
        problems.append("signature")
    if hashlib.sha256(document_text.encode("utf-8", "surrogatepass")).hexdigest() != receipt.get("document_sha256"):
        problems.append("document")
    if document.get("number") != receipt.get("number"):
        problems.append("number")
    return problems, receipt


def main(arguments: list[str]) -> int:
    """Read the arguments (receipt file, public key), verify, print; the exit code."""
    if len(arguments) != 2:
        print(__doc__)
        return 2
    file, given = arguments
    key = Path(given).read_text(encoding="utf-8").strip() if Path(given).is_file() else given
    try:
        public = b64decode(key, validate=True)
        Ed25519PublicKey.from_public_bytes(public)
    except ValueError:
        print("The public key is not 32 bytes in base64.")
        return 2
    # Bytes, so that no line end is translated on the way.
    problems, receipt = verify(Path(file).read_bytes().decode("utf-8", "surrogateescape"), public)
    if problems:
        print("NOT VERIFIED: " + "; ".join(SENTENCES[code] for code in problems) + ".")
        return 1
    print(f"Verified: receipt {receipt['number']} of State {receipt['state']}, submitted {receipt['submitted_at']},")
    print(
        f"document SHA-256 {receipt['document_sha256']}, {receipt['revisions']} revisions, last hash {receipt['head_hash']}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
