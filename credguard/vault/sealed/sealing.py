"""Sealing: a cipher key used once, with a commitment that tells a wrong key from damage.

HKDF-SHA-256 (RFC 5869) and ChaCha20-Poly1305 (RFC 8439), both from `cryptography`.
Layout: 32 bytes of salt, 32 bytes of commitment, ciphertext with its tag.
"""

from __future__ import annotations

import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SALT = 32
COMMITMENT = 32
OVERHEAD = SALT + COMMITMENT + 16
_LABEL = "credguard/vault/1/"
_NONCE = bytes(12)  # each cipher key is used once, so there is no nonce to repeat


class WrongKey(Exception):
    """The commitment differs: another key sealed this."""


class Damaged(Exception):
    """The key is right and the content is not what was sealed."""


def derive(key: bytes, purpose: str, length: int = 32, salt: bytes = b"") -> bytes:
    """HKDF-SHA-256 of `key` for one purpose."""
    return HKDF(SHA256(), length, salt or None, (_LABEL + purpose).encode()).derive(key)


def seal(key: bytes, purpose: str, plaintext: bytes, ad: bytes = b"", salt: bytes | None = None) -> bytes:
    """Seal `plaintext`. `salt` is given only by tests with fixed vectors."""
    salt = secrets.token_bytes(SALT) if salt is None else salt
    material = derive(key, purpose, 64, salt)
    return salt + material[32:] + ChaCha20Poly1305(material[:32]).encrypt(_NONCE, plaintext, ad)


def unseal(key: bytes, purpose: str, sealed: bytes, ad: bytes = b"") -> bytes:
    """What was sealed. Raises WrongKey or Damaged."""
    if len(sealed) < OVERHEAD:
        raise Damaged
    salt, commitment, content = sealed[:SALT], sealed[SALT : SALT + COMMITMENT], sealed[SALT + COMMITMENT :]
    material = derive(key, purpose, 64, salt)
    if not hmac.compare_digest(material[32:], commitment):
        raise WrongKey
    try:
        return ChaCha20Poly1305(material[:32]).decrypt(_NONCE, content, ad)
    except InvalidTag:
        raise Damaged from None
