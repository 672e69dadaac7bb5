"""Receipts: what a State holds in its hand after a submission. Signed with Ed25519, verified with the published key only."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from instruments.catalog import canonical_json

RECEIPT_FORMAT = "implementation-tracker/receipt/1"


def public_key(private_key: str) -> bytes:
    """The 32 bytes of the public key of an installation; `private_key` is base64 of the private one."""
    private = Ed25519PrivateKey.from_private_bytes(b64decode(private_key))
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id(public: bytes) -> str:
    """The name of a key: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(public).hexdigest()[:16]


def sign_receipt(receipt: dict[str, Any], private_key: str) -> tuple[str, str]:
    """(canonical JSON of the receipt, Ed25519 signature of its UTF-8 bytes in base64)."""
    text = canonical_json(receipt)
    private = Ed25519PrivateKey.from_private_bytes(b64decode(private_key))
    return text, b64encode(private.sign(text.encode("utf-8"))).decode()


def receipt_file(receipt_text: str, signature: str, document_text: str) -> str:
    """The JSON file a State keeps: receipt, signature and the sealed document, each exactly as it was hashed or signed."""
    return canonical_json({"receipt": receipt_text, "signature": signature, "document": document_text})
