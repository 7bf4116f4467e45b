"""The CSV files of the AWS console: `credentials.csv`, `NAME_accessKeys.csv`, `rootkey.csv` old and new.

Header names come in any case and order, with or without a byte order mark, with LF or CRLF. Older
`rootkey.csv` files are two lines, `AWSAccessKeyId=…` and `AWSSecretKey=…`.
"""

from __future__ import annotations

import csv
import io
import os
import re
from dataclasses import dataclass

from credguard.domain.edits import FileEdit, digest, hunks_of, split
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import is_temporary, looks_like_key_id
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text

_LARGEST = 1 << 20  # bytes
_SECRET = re.compile(r"[A-Za-z0-9/+]{40}")
_KEY_ID, _SECRET_KEY, _USER, _PASSWORD = "access key id", "secret access key", "user name", "password"
_OLD = {"awsaccesskeyid": _KEY_ID, "awssecretkey": _SECRET_KEY}


@dataclass(frozen=True, slots=True)
class CsvKey:
    """One key of a CSV. `line` is 1-based; `user` is the IAM user where the file names one."""

    access_key_id: str
    secret: Secret
    user: str | None
    line: int
    trimmed: bool = False


@dataclass(frozen=True, slots=True)
class ConsoleCsv:
    """What a file holds. `says_root`: its name or shape is that of a root key; `has_password`: it holds a
    console password too."""

    path: str
    keys: tuple[CsvKey, ...]
    says_root: bool
    has_password: bool
    expects: str | None

    def key(self, access_key_id: str) -> CsvKey | None:
        return next((k for k in self.keys if k.access_key_id == access_key_id), None)


def read_csv(path: str) -> ConsoleCsv:
    """The keys in the console's CSV at `path`.

    Raises CredGuardError `csv-unreadable` (cannot be opened), `csv-wrong` (another kind of file) or
    `csv-secret` (a key whose secret cannot be right). Nothing is ever guessed.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise CredGuardError(
            "csv-unreadable",
            text("{path} cannot be read: {reason}.", path=path, reason=error.strerror or "unknown"),
            text("Check the path, who owns the file, and its mode. Nothing was changed."),
        ) from None
    return parse_csv(path, data)


def parse_csv(path: str, data: bytes) -> ConsoleCsv:
    """`data` read as the file at `path`; raises as `read_csv`."""
    if len(data) > _LARGEST:
        raise _wrong(path)
    try:
        content = data.decode("utf-8-sig")
        rows = [(number, list(row)) for number, row in _rows(content) if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error):
        raise _wrong(path) from None
    named_root = os.path.basename(path).casefold().startswith("rootkey")
    if rows and rows[0][1][0].partition("=")[0].strip().casefold() in _OLD:
        return ConsoleCsv(path, (_old_root(path, rows),), True, False, digest(data))
    if not rows:
        raise _wrong(path)
    head = [cell.strip().casefold() for cell in rows[0][1]]
    if _KEY_ID not in head or _SECRET_KEY not in head:
        raise _wrong(path)
    keys, has_password = [], False
    for number, row in rows[1:]:
        cells = dict(zip(head, row, strict=False))
        has_password = has_password or bool(cells.get(_PASSWORD, "").strip())
        if cells.get(_SECRET_KEY, "").strip() or cells.get(_KEY_ID, "").strip():
            keys.append(_key(path, number, cells))
    if not keys:
        raise CredGuardError(
            "csv-wrong",
            text("There is no access key in {path}.", path=path),
            text("Name the CSV that the AWS console gave when the key was made. Nothing was changed."),
        )
    return ConsoleCsv(path, tuple(keys), named_root, has_password, digest(data))


def _rows(content: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    return [(reader.line_num, row) for row in reader]


def _old_root(path: str, rows: list[tuple[int, list[str]]]) -> CsvKey:
    cells: dict[str, str] = {}
    for _, row in rows:
        name, equals, value = ",".join(row).partition("=")
        field = _OLD.get(name.strip().casefold())
        if not equals or field is None or field in cells:
            raise _wrong(path)
        cells[field] = value
    if len(cells) != 2:
        raise _wrong(path)
    return _key(path, rows[0][0], cells)


def _key(path: str, line: int, cells: dict[str, str]) -> CsvKey:
    key_id, key_trimmed = _trim(cells.get(_KEY_ID, ""))
    secret, secret_trimmed = _trim(cells.get(_SECRET_KEY, ""))
    if not looks_like_key_id(key_id) or is_temporary(key_id):
        raise _bad(path, line, text("what stands there is not the id of a long-term access key"))
    if not secret:
        raise _bad(path, line, text("the secret access key is missing"))
    if not _SECRET.fullmatch(secret):
        raise _bad(path, line, why_not(secret))
    user = cells.get(_USER, "").strip() or None
    return CsvKey(key_id, Secret(secret), user, line, key_trimmed or secret_trimmed)


def why_not(secret: str) -> Text:
    """Why this cannot be a secret access key (it goes into a sentence)."""
    if re.search(r"\s", secret):
        return text("the secret access key has a space or a line break in it")
    if len(secret) != 40:
        return text("the secret access key has {count} characters instead of 40", count=len(secret))
    return text("the secret access key has a character that no secret access key has")


def _trim(value: str) -> tuple[str, bool]:
    """Without white space around it, which no id and no secret has."""
    found = value.strip()
    return found, found != value


def removal(source: ConsoleCsv, data: bytes) -> FileEdit:
    """The edit that takes the keys out of the file: the file goes.

    Where it also holds a console password, which may be the only copy, the file stays and only the secret
    access keys are taken out of their lines.
    """
    if not source.has_password:
        return FileEdit(source.path, digest(data), deletes=True)
    lines = split(data)
    gone: list[int] = []
    put: dict[int, tuple[bytes, ...]] = {}
    for number, line in enumerate(lines):
        fresh = line
        for key in source.keys:
            fresh = fresh.replace(key.secret.reveal().encode(), b"")
        if fresh != line:
            gone.append(number)
            put[number] = (fresh,)
    return FileEdit(source.path, digest(data), hunks_of(lines, gone, put, lambda at: b""))


def _wrong(path: str) -> CredGuardError:
    return CredGuardError(
        "csv-wrong",
        text("{path} is not a CSV of access keys from the AWS console.", path=path),
        text(
            "Name the file that the console gave when the key was made: it has the columns"
            " Access key ID and Secret access key. Nothing was changed."
        ),
    )


def _bad(path: str, line: int, why: Text) -> CredGuardError:
    return CredGuardError(
        "csv-secret",
        text("{path}, line {line}: {why}.", path=path, line=line, why=why),
        text("Correct the line, or make a new key in the console. Nothing was changed."),
    )
