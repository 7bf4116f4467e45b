"""The answer of a credential_process, as the SDKs read it."""

from __future__ import annotations


def answer(
    access_key_id: str,
    secret: str,
    account_id: str | None = None,
    session_token: str | None = None,
    expiration: str | None = None,
) -> str:
    """One compact JSON document; `expiration` is ISO 8601 with Z. `Version` is the integer 1."""
    import json

    document: dict[str, object] = {"Version": 1, "AccessKeyId": access_key_id, "SecretAccessKey": secret}
    if session_token:
        document["SessionToken"] = session_token
    if expiration:
        document["Expiration"] = expiration
    if account_id:
        document["AccountId"] = account_id
    return json.dumps(document, separators=(",", ":"))
