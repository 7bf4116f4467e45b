"""A JSON Web Encryption in compact form, locked with a password: what the file store of aws-vault writes.

RFC 7516; PBES2-HS256+A128KW and A256GCM of RFC 7518. Only this pair is read: it is the one that the Go
library `keyring` uses. The number of rounds that the header asks for has a limit.
"""

from __future__ import annotations

import base64
import binascii
import json

from credguard.domain.secret import Secret

ALGORITHM, ENCRYPTION = "PBES2-HS256+A128KW", "A256GCM"
#: The library writes 8,192 and itself reads no more than this.
MAX_ROUNDS = 1_300_000
MAX_SIZE = 1 << 20  # characters


class Unreadable(Exception):
    """It is no such thing, of another kind, or damaged."""


class WrongPassword(Exception):
    """It is whole as far as can be told, and another password locks it."""


def decrypt(token: str, password: Secret) -> bytes:
    """What is inside. Raises Unreadable or WrongPassword."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
    from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

    parts = token.strip().split(".")
    if len(token) > MAX_SIZE or len(parts) != 5:
        raise Unreadable
    try:
        header = json.loads(_bytes(parts[0]))
        salt, rounds = _bytes(header["p2s"]), header["p2c"]
        wrapped, nonce, content, tag = (_bytes(part) for part in parts[1:])
        kind = (header["alg"], header["enc"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unreadable from None
    if "zip" in header or "crit" in header:  # compressed, or with an extension one has to know
        raise Unreadable
    if kind != (ALGORITHM, ENCRYPTION) or type(rounds) is not int or not 1 <= rounds <= MAX_ROUNDS:
        raise Unreadable
    if len(nonce) != 12 or len(tag) != 16 or len(wrapped) != 40:
        raise Unreadable
    kek = PBKDF2HMAC(SHA256(), 16, ALGORITHM.encode() + b"\0" + salt, rounds).derive(
        password.reveal().encode()
    )
    try:
        key = aes_key_unwrap(kek, wrapped)
    except InvalidUnwrap:
        raise WrongPassword from None
    try:
        return AESGCM(key).decrypt(nonce, content + tag, parts[0].encode())
    except InvalidTag:
        raise Unreadable from None


def _bytes(part: object) -> bytes:
    if not isinstance(part, str) or not part.isascii():
        raise ValueError
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError from None
