"""Items as the Go library `keyring` writes them, for aws-vault and granted: files and Secret Service."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def credentials(key_id: str, secret: str, token: str = "") -> bytes:
    """`Credentials` of the Go SDK as JSON."""
    return json.dumps(
        {"AccessKeyID": key_id, "SecretAccessKey": secret, "SessionToken": token, "ProviderName": ""}
    ).encode()


def item(name: str, data: bytes) -> bytes:
    """`keyring.Item` as JSON: bytes become Base64."""
    return json.dumps(
        {
            "Key": name,
            "Data": base64.b64encode(data).decode(),
            "Label": f"aws-vault ({name})",
            "Description": "",
            "KeychainNotTrustApplication": True,
            "KeychainNotSynchronizable": False,
        }
    ).encode()


def locked_with(password: str, content: bytes, rounds: int = 8192) -> str:
    """A compact JWE, PBES2-HS256+A128KW and A256GCM (RFC 7516, 7518)."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
    from cryptography.hazmat.primitives.keywrap import aes_key_wrap

    salt, key, nonce = secrets.token_bytes(12), secrets.token_bytes(32), secrets.token_bytes(12)
    header = {"alg": "PBES2-HS256+A128KW", "enc": "A256GCM", "p2c": rounds, "p2s": _b64(salt)}
    first = _b64(json.dumps(header).encode())
    kek = PBKDF2HMAC(SHA256(), 16, b"PBES2-HS256+A128KW\0" + salt, rounds).derive(password.encode())
    sealed = AESGCM(key).encrypt(nonce, content, first.encode())
    return ".".join([first, *map(_b64, (aes_key_wrap(kek, key), nonce, sealed[:-16], sealed[-16:]))])


def write_file(folder: Path, name: str, password: str, data: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name.replace("%", "%25").replace("/", "%2F")
    path.write_text(locked_with(password, item(name, data)))
    path.chmod(0o600)
    return path


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Collection:
    """A collection of its own in the private keyring, made without a question, and its items."""

    def __init__(self, env: Mapping[str, str], name: str) -> None:
        import secretstorage
        from jeepney.io.blocking import open_dbus_connection

        self.connection = open_dbus_connection(env["DBUS_SESSION_BUS_ADDRESS"])
        self.path = self._create(name)
        self._collection = secretstorage.Collection(self.connection, self.path)

    def _hidden(self, method: str, signature: str, *values: Any) -> Any:
        """gnome-keyring's own interface for signing in: a master password, and no question."""
        from jeepney import DBusAddress, new_method_call

        place, owner = "/org/freedesktop/secrets", "org.freedesktop.secrets"
        service = DBusAddress(place, owner, "org.freedesktop.Secret.Service")
        opening = new_method_call(service, "OpenSession", "sv", ("plain", ("s", "")))
        session = self.connection.send_and_get_reply(opening).body[1]
        hidden = DBusAddress(place, owner, "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface")
        word = (session, b"", b"master", "text/plain")
        call = new_method_call(hidden, method, signature, (*values, word))
        return self.connection.send_and_get_reply(call).body

    def _create(self, name: str) -> str:
        label = {"org.freedesktop.Secret.Collection.Label": ("s", name)}
        return str(self._hidden("CreateWithMasterPassword", "a{sv}(oayays)", label)[0])

    def put(self, name: str, data: bytes) -> None:
        self._collection.create_item(name, {"profile": name}, item(name, data), True, "application/json")

    def lock(self) -> None:
        self._collection.lock()

    def close(self) -> None:
        self._hidden("UnlockWithMasterPassword", "o(oayays)", self.path)
        self._collection.delete()
        self.connection.close()
