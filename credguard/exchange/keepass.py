"""Keys and codes in a KeePass database: its XML ↔ what CredGuard holds.

An access key is an entry whose user name is the key id and whose password is its secret. A code is read from
any of the places in which KeePass, KeePassXC and the plug-ins keep it, and written where KeePassXC does.
Source: KeePassXC's `src/core/Totp.cpp`, the KeePass help on `TimeOtp-…`.
"""

from __future__ import annotations

import base64
import collections
import datetime
import re
import secrets
import struct
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from xml.etree import ElementTree as ET

from credguard.domain import otp
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import is_temporary, looks_like_key_id
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.exchange.kdbx import Opened, Stream, read_kdbx, write_kdbx

_SECRET_FORM = re.compile(r"[A-Za-z0-9/+]{40}")
_STANDARD = ("Title", "UserName", "Password", "URL", "Notes")
_MAX_ENTRIES = 20_000
#: Tags and equals signs in the XML of a file: some hundred bytes each while it is read. The largest that can
#: be opened has about a third of that.
MAX_TAGS = 4_000_000
MAX_EQUALS = 2_000_000
_MAX_DEPTH = 100  # of groups in groups
#: The attribute of an exported key that names its account.
_ACCOUNT = "AWS account"
_NO_USER = "none"  # what KeePassXC writes into an address where an entry has no user name
_EPOCH = 62_135_596_800  # seconds from the year 1 to 1970


@dataclass(frozen=True, slots=True)
class KeepassKey:
    """An access key in a database. `title` is what to call it; `where` is the path of its entry."""

    access_key_id: str
    secret: Secret
    title: str
    where: str


@dataclass(frozen=True, slots=True)
class Keepass:
    """What a database holds for us, and in sentences what looked like it and is not read."""

    keys: tuple[KeepassKey, ...]
    codes: tuple[OtpEntry, ...]
    skipped: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportKey:
    """An access key to write. `facts` are shown beside it as attributes of the entry."""

    access_key_id: str
    secret: Secret
    title: str
    group: tuple[str, ...]
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExportCode:
    entry: OtpEntry
    group: tuple[str, ...]


# ── reading ──────────────────────────────────────────────────────────────────────────────────────
def read_keepass(data: bytes, password: Secret) -> Keepass:
    """Keys and codes of a database. The recycle bin and old versions of entries are left out.

    Raises CredGuardError as `read_kdbx`.
    """
    opened = read_kdbx(data, password)
    root = _parsed(opened)
    keys: list[KeepassKey] = []
    codes: list[OtpEntry] = []
    skipped: list[Text] = []
    for path, strings in _entries(root):
        where = "/".join([*path, strings.get("Title", "")])
        key = _key(path, where, strings)
        if isinstance(key, KeepassKey):
            keys.append(key)
        elif key is not None:
            skipped.append(key)
        try:
            entry = _code(strings)
        except CredGuardError as error:
            skipped.append(text("{where}: {why}", where=where, why=error.what))
            continue
        if entry is not None:
            codes.append(_named(entry, strings))
    return Keepass(tuple(keys), tuple(codes), tuple(skipped))


def read_codes(
    data: bytes, password: Secret | None, key_file: bytes | None = None
) -> tuple[tuple[str, OtpEntry | CredGuardError], ...]:
    """Where each code stands, and the code or why it cannot be read. Raises as `read_kdbx`."""
    found: list[tuple[str, OtpEntry | CredGuardError]] = []
    for path, strings in _entries(_parsed(read_kdbx(data, password, key_file))):
        where = "/".join([*path, strings.get("Title", "")])
        try:
            entry = _code(strings)
        except CredGuardError as error:
            found.append((where, error))
            continue
        if entry is not None:
            found.append((where, _named(entry, strings)))
    return tuple(found)


def _parsed(opened: Opened) -> ET.Element:
    if opened.xml.count(b"<") > MAX_TAGS or opened.xml.count(b"=") > MAX_EQUALS:
        raise CredGuardError(
            "kdbx-cost",
            text("The file has more than {n} elements.", n=MAX_TAGS // 2),
            text("Refused. Export what is wanted into a smaller file. Nothing was imported."),
        )
    try:
        parser = ET.XMLParser(target=_NoDoctype())  # noqa: S314 no document type, bounded in size
        parser.feed(opened.xml)
        root: ET.Element = parser.close()
    except (ET.ParseError, ValueError, LookupError):  # the latter two: an encoding that is not known
        raise _damaged() from None
    stream = opened.stream
    for value in root.iter():
        # Attachments of KDBX 3.1 are hidden by the same stream, in the same order.
        if value.get("Protected", "").lower() == "true":
            try:
                shown = stream.over(base64.b64decode(value.text or "", validate=True))
                value.text = shown.decode() if value.tag == "Value" else None
            except ValueError:
                raise _damaged() from None
    return root


class _NoDoctype(ET.TreeBuilder):
    """No KeePass file has a document type; entities are how a small one would grow. Asked of the parser,
    because the bytes show it in one encoding only."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ET.ParseError


def _entries(root: ET.Element) -> list[tuple[tuple[str, ...], dict[str, str]]]:
    """(its groups, strings) of every entry in use, in order: none of the recycle bin, and no template."""
    unused = {root.findtext(f"Meta/{name}") for name in ("RecycleBinUUID", "EntryTemplatesGroup")} - {
        None,
        "",
    }
    top = root.find("Root/Group")
    found: list[tuple[tuple[str, ...], dict[str, str]]] = []
    todo: collections.deque[tuple[ET.Element, tuple[str, ...]]] = collections.deque(
        [(top, ())] if top is not None else []
    )
    while todo:
        group, path = todo.popleft()
        if len(path) > _MAX_DEPTH:
            raise _damaged()
        if path and group.findtext("UUID") in unused:
            continue
        for entry in group.findall("Entry"):
            strings = {s.findtext("Key") or "": s.findtext("Value") or "" for s in entry.findall("String")}
            found.append((path, strings))
        todo += [(child, (*path, child.findtext("Name") or "")) for child in group.findall("Group")]
        if len(found) > _MAX_ENTRIES:
            raise CredGuardError(
                "kdbx-cost",
                text("The file has more than {n} entries.", n=_MAX_ENTRIES),
                text("Refused. Export what is wanted into a smaller file. Nothing was imported."),
            )
    return found


def _key(path: tuple[str, ...], where: str, strings: dict[str, str]) -> KeepassKey | Text | None:
    key_id, secret = strings.get("UserName", "").strip(), strings.get("Password", "").strip()
    if not looks_like_key_id(key_id) or is_temporary(key_id):
        return None
    if not _SECRET_FORM.fullmatch(secret):
        return text("{where}: its password is no secret access key.", where=where)
    # In an export of ours the group is the account; elsewhere the title is what a person calls it.
    name = path[-1] if path and _ACCOUNT in strings else strings.get("Title", "").strip()
    return KeepassKey(key_id, Secret(secret), name or key_id, where)


def _code(strings: dict[str, str]) -> OtpEntry | None:
    """The code of an entry, wherever it is kept."""
    value = strings.get("otp", "").strip()
    if value.lower().startswith(("otpauth:", "steam:")):
        return otp.parse_address(value)
    if "key=" in value:
        return _keeotp(value)
    for prefix, kind in (("TimeOtp", "totp"), ("HmacOtp", "hotp")):
        secret = _keepass_secret(strings, f"{prefix}-Secret")
        if secret is not None:
            parts = {
                "digits": strings.get(f"{prefix}-Length", ""),
                "period": strings.get(f"{prefix}-Period", ""),
                "algorithm": strings.get(f"{prefix}-Algorithm", ""),
                "counter": strings.get(f"{prefix}-Counter", "0") if kind == "hotp" else "",
            }
            return _built(kind, secret, parts)
    seed = strings.get("TOTP Seed", "").strip()
    if seed:
        # TrayTOTP puts the address of a clock behind them.
        period, digits, *_ = [*strings.get("TOTP Settings", "").split(";"), "", ""]
        steam = digits.strip().upper() == "S"
        parts = {"period": period, "digits": "" if steam else digits}
        return _built("steam" if steam else "totp", seed, parts)
    return None


def _keeotp(value: str) -> OtpEntry:
    """`key=BASE32&size=8&step=60&otpHashMode=Sha256`, as KeeOtp writes it."""
    pairs = (pair.partition("=") for pair in value.split("&"))
    fields = {name: otp.unquoted(part) for name, _, part in pairs}
    parts = {
        "digits": fields.get("size", ""),
        "period": fields.get("step", ""),
        "algorithm": fields.get("otpHashMode", ""),
        "counter": fields.get("counter", ""),
    }
    return _built(
        "hotp" if fields.get("type", "").lower() == "hotp" else "totp", fields.get("key", ""), parts
    )


def _built(kind: str, secret: str, parts: dict[str, str]) -> OtpEntry:
    """As the reader of addresses does it, which knows every limit."""
    given = {name: value.strip() for name, value in parts.items()}
    return otp.built(
        kind,
        "".join(secret.split()),
        algorithm=given.get("algorithm"),
        digits=given["digits"] if given["digits"] != "0" else "",
        period=given.get("period"),
        counter=given.get("counter"),
    ).entry


def _keepass_secret(strings: dict[str, str], name: str) -> str | None:
    """Base32 of the secret that KeePass keeps under `name`, in one of four forms."""
    try:
        for form, decode in (
            ("", lambda v: v.encode()),
            ("-Hex", lambda v: bytes.fromhex(v)),
            ("-Base64", lambda v: base64.b64decode(v, validate=True)),
        ):
            value = strings.get(name + form, "").strip()
            if value:
                return base64.b32encode(decode(value)).decode().rstrip("=")
    except ValueError:
        raise otp.refused(text("the secret of the code cannot be read")) from None
    return strings.get(f"{name}-Base32", "").strip() or None


def _named(entry: OtpEntry, strings: dict[str, str]) -> OtpEntry:
    """Issuer and user from the entry's title and user name where the address has none."""
    account = "" if entry.account == _NO_USER and not strings.get("UserName", "").strip() else entry.account
    user = account or otp.clean_name(strings.get("UserName", ""))
    title = otp.clean_name(strings.get("Title", ""))
    issuer = entry.issuer or ("" if title == user else title)  # as it is written where there is no issuer
    serial = strings.get("AWS MFA serial", "").strip() or None
    found = replace(entry, issuer=issuer, account=user, serial=serial)
    return replace(found, name=otp.handle(found))


# ── writing ──────────────────────────────────────────────────────────────────────────────────────
def write_keepass(
    keys: Sequence[ExportKey],
    codes: Sequence[ExportCode],
    password: Secret,
    *,
    now: float,
    memory: int,
    passes: int,
) -> bytes:
    """A KDBX 4 database of its own, with a group for each company and account."""
    stream_key = secrets.token_bytes(64)
    writer = _Writer(Stream(stream_key), now)
    root = ET.Element("KeePassFile")
    meta = ET.SubElement(root, "Meta")
    for name, value in (
        ("Generator", "CredGuard"),
        ("DatabaseName", "CredGuard"),
        ("RecycleBinEnabled", "False"),
    ):
        ET.SubElement(meta, name).text = value
    protection = ET.SubElement(meta, "MemoryProtection")
    for name in _STANDARD:
        ET.SubElement(protection, f"Protect{name}").text = "True" if name == "Password" else "False"
    top = writer.group(ET.SubElement(root, "Root"), "CredGuard")
    groups: dict[tuple[str, ...], ET.Element] = {(): top}
    used = [*(key.group for key in keys), *(code.group for code in codes)]
    for path in sorted({group[:n] for group in used for n in range(1, len(group) + 1)}):
        groups[path] = writer.group(groups[path[:-1]], path[-1])
    for key in keys:
        writer.key(groups[key.group], key)
    for code in codes:
        writer.code(groups[code.group], code.entry)
    writer.protect(root)
    xml = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return write_kdbx(xml, stream_key, password, memory, passes)


class _Writer:
    def __init__(self, stream: Stream, now: float) -> None:
        self._stream = stream
        self._time = base64.b64encode(struct.pack("<q", int(now) + _EPOCH)).decode()

    def group(self, parent: ET.Element, name: str) -> ET.Element:
        made = ET.SubElement(parent, "Group")
        ET.SubElement(made, "UUID").text = _uuid()
        ET.SubElement(made, "Name").text = _xml(name)
        return made

    def key(self, group: ET.Element, key: ExportKey) -> None:
        self._entry(
            group,
            {"Title": key.title, "UserName": key.access_key_id, "Password": key.secret, **key.facts},
        )

    def code(self, group: ET.Element, entry: OtpEntry) -> None:
        title = entry.name or otp.handle(entry) or "code"
        if entry.type == "hotp" and entry.issuer:
            title = entry.issuer  # there is no other place for it
        strings: dict[str, str | Secret] = {"Title": title, "UserName": entry.account, "Password": ""}
        if entry.type == "hotp":  # KeePassXC makes no counter codes; KeePass does
            strings |= {
                "HmacOtp-Secret-Base32": entry.secret,
                "HmacOtp-Counter": str(entry.counter),
                "HmacOtp-Length": str(entry.digits),
                "HmacOtp-Algorithm": f"HMAC-SHA-{entry.algorithm.removeprefix('SHA')}",
            }
        else:
            strings["otp"] = otp.address(entry)
        if entry.serial:
            strings["AWS MFA serial"] = entry.serial
        self._entry(group, strings)

    def _entry(self, group: ET.Element, strings: Mapping[str, str | Secret]) -> None:
        made = ET.SubElement(group, "Entry")
        ET.SubElement(made, "UUID").text = _uuid()
        times = ET.SubElement(made, "Times")
        for name in ("CreationTime", "LastModificationTime", "LastAccessTime", "LocationChanged"):
            ET.SubElement(times, name).text = self._time
        ET.SubElement(times, "Expires").text = "False"
        for name, value in strings.items():
            string = ET.SubElement(made, "String")
            ET.SubElement(string, "Key").text = _xml(name)
            element = ET.SubElement(string, "Value")
            if isinstance(value, Secret):
                element.set("Protected", "True")
                element.text = value.reveal()
            else:
                element.text = _xml(value)

    def protect(self, root: ET.Element) -> None:
        """Hide the protected values, in the order in which a reader meets them."""
        for value in root.iter("Value"):
            if value.get("Protected") == "True":
                value.text = base64.b64encode(self._stream.over((value.text or "").encode())).decode()


def _uuid() -> str:
    return base64.b64encode(uuid.uuid4().bytes).decode()


def _xml(value: str) -> str:
    """Without characters that XML cannot hold."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", value)


def day(at: float) -> str:
    """A day as it stands in an attribute: `2026-11-25`."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%d")


def _damaged() -> CredGuardError:
    return CredGuardError(
        "kdbx-damaged",
        text("The KeePass file is cut off or damaged."),
        text("Use another copy of it. Nothing was imported."),
    )
