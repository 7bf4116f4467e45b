"""Ente Auth's encrypted export: Argon2id and one chunk of libsodium's secretstream over a list of addresses.

The plain export is such a list by itself (address_list.py). Source: `ente-io/ente:
mobile/apps/auth/lib/models/export/ente.dart`, `cli/internal/crypto`.
"""

from __future__ import annotations

from credguard.domain.secret import Secret
from credguard.exchange import kdf
from credguard.exchange.address_list import read_lines
from credguard.exchange.json_in import decoded, fields, parse, unb64
from credguard.exchange.parsed import Collector, Parsed, damaged, needs_password, newer, wrong_password

FORMAT, PROGRAM = "ente", "Ente Auth"
_TAGS = {0, 3}  # MESSAGE, as the app writes it; FINAL, as the command line does


def read(data: bytes, password: Secret | None = None) -> Parsed:
    """Raises CredGuardError `codes-password`, `wrong-passphrase`, `codes-damaged`, `codes-newer`,
    `codes-cost`."""
    from nacl import bindings
    from nacl.exceptions import CryptoError

    document = fields(parse(decoded(data) or ""))
    if document.get("version") != 1:
        raise newer(PROGRAM, document.get("version"))
    if password is None:
        raise needs_password(PROGRAM)
    cost = fields(document.get("kdfParams"))
    sealed = unb64(document.get("encryptedData"))
    header = unb64(document.get("encryptionNonce"), 24)
    if len(sealed) < bindings.crypto_secretstream_xchacha20poly1305_ABYTES:
        raise damaged()
    key = kdf.argon2id(password, unb64(cost.get("salt"), 16), cost.get("memLimit"), cost.get("opsLimit"))
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, header, key)
    try:
        content, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(state, sealed)
    except (CryptoError, RuntimeError, ValueError):
        raise wrong_password() from None
    words = decoded(content)
    if tag not in _TAGS or words is None:
        raise damaged()
    return read_lines(words, Collector(FORMAT, PROGRAM, "line")).done(encrypted=True)
