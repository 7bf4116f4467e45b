"""The answer of a credential_process, as the SDKs read it."""

from __future__ import annotations

from credguard.wire import flat


def answer(
    access_key_id: str,
    secret: str,
    account_id: str | None = None,
    session_token: str | None = None,
    expiration: str | None = None,
) -> str:
    """One compact JSON document; `expiration` is ISO 8601 with Z. `Version` is the integer 1."""
    pairs: list[tuple[str, str | int]] = [
        ("Version", 1),
        ("AccessKeyId", access_key_id),
        ("SecretAccessKey", secret),
    ]
    if session_token:
        pairs.append(("SessionToken", session_token))
    if expiration:
        pairs.append(("Expiration", expiration))
    if account_id:
        pairs.append(("AccountId", account_id))
    return flat.encode(pairs)
