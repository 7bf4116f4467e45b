"""IAM's MFA devices: made, enabled with two codes, removed. A second device needs an MFA session."""

from __future__ import annotations

import base64
import io
import secrets as randomness
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from credguard.demo.cloud.answers import Refusal, when
from credguard.demo.cloud.caller import Caller
from credguard.demo.cloud.devices import Device
from credguard.demo.cloud.iam_account import user_row
from credguard.demo.cloud.iam_keys import whose
from credguard.demo.cloud.state import Account, State, User

MOST = 8


def _unguarded(caller: Caller, user: User) -> None:
    """Who has a device already proves it before changing devices."""
    if user.devices and caller.user is user and not caller.mfa:
        text = (
            "You must be authenticated with an MFA device that is enabled for this user"
            " to perform this operation."
        )
        raise Refusal("AccessDenied", f"User: {caller.arn}: {text}", 403)


def _codes(given: Mapping[str, str]) -> tuple[str, str]:
    return given.get("AuthenticationCode1", ""), given.get("AuthenticationCode2", "")


def _assigned(user: User, serial: str) -> Device:
    for device in user.devices:
        if device.serial == serial:
            return device
    raise Refusal("NoSuchEntity", f"MFA Device with serial number {serial} does not exist.", 404)


def create_virtual(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    """Seed and picture are told once. Raises Refusal `EntityAlreadyExists`."""
    account = state.accounts[caller.account_id]
    path = given.get("Path", "/")
    name = given.get("VirtualMFADeviceName", "")
    serial = f"arn:aws:iam::{caller.account_id}:mfa{path}{name}"
    if any(d.serial == serial for d, _ in account.devices()):
        text = "MFADevice entity at the same path and name already exists."
        raise Refusal("EntityAlreadyExists", text, 409)
    seed = base64.b32encode(randomness.token_bytes(40)).decode()
    account.unassigned[serial] = Device(serial, seed)
    user = caller.user.name if caller.user else None
    return {
        "VirtualMFADevice": {
            "SerialNumber": serial,
            "Base32StringSeed": seed.encode(),
            "QRCodePNG": _picture(seed, f"{user or 'root'}@{account.alias or account.account_id}"),
        }
    }


def _picture(seed: str, who: str) -> bytes:
    import segno

    issuer = quote("Amazon Web Services")
    address = f"otpauth://totp/{issuer}:{quote(who, safe='@')}?secret={seed}&issuer={issuer}"
    out = io.BytesIO()
    # Any mask can be read; choosing the prettiest costs more than all the rest of an answer.
    segno.make(address, error="m", micro=False, mask=0).save(out, kind="png", scale=4)
    return out.getvalue()


def enable(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    user = whose(state, caller, {"UserName": given.get("UserName", "")})
    _unguarded(caller, user)
    account = state.accounts[caller.account_id]
    serial = given.get("SerialNumber", "")
    if any(d.serial == serial for u in account.everyone() for d in u.devices):
        raise Refusal("EntityAlreadyExists", "MFA Device is already in use.", 409)
    device = account.unassigned.get(serial)
    if device is None:
        raise Refusal("NoSuchEntity", f"MFA Device with serial number {serial} does not exist.", 404)
    if len(user.devices) >= MOST:
        raise Refusal("LimitExceeded", f"Cannot exceed quota for MFADevicesPerUser: {MOST}", 409)
    now = state.clock.now()
    device.learn(*_codes(given), now)
    device.enabled, device.known_from = now, now + state.timing.device
    user.devices.append(account.unassigned.pop(serial))
    return {}


def resync(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    """Allowed without MFA: it is the way back for a device whose clock has run off."""
    user = whose(state, caller, {"UserName": given.get("UserName", "")})
    device = _assigned(user, given.get("SerialNumber", ""))
    if device.kind != "virtual":
        raise Refusal("ValidationError", "This MFA device cannot be synchronized.", 400)
    device.learn(*_codes(given), state.clock.now())
    return {}


def get_device(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    """Security keys only, as the service model says."""
    serial = given.get("SerialNumber", "")
    for user in state.accounts[caller.account_id].everyone():
        for device in user.devices:
            fits = given.get("UserName") in {None, user.name}
            if device.serial == serial and device.kind == "fido" and fits:
                return {
                    "UserName": user.name,
                    "SerialNumber": serial,
                    "EnableDate": when(device.enabled or 0.0),
                }
    raise Refusal("NoSuchEntity", f"MFA Device with serial number {serial} does not exist.", 404)


def deactivate(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    user = whose(state, caller, given)
    _unguarded(caller, user)
    device = _assigned(user, given.get("SerialNumber", ""))
    user.devices.remove(device)
    if device.kind == "fido":
        return {}
    fresh = Device(device.serial, device.seed, tags=device.tags)
    state.accounts[caller.account_id].unassigned[device.serial] = fresh
    return {}


def delete_virtual(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    account: Account = state.accounts[caller.account_id]
    serial = given.get("SerialNumber", "")
    if account.unassigned.pop(serial, None) is not None:
        return {}
    if any(d.serial == serial for d, _ in account.devices()):
        text = "MFA device is still in use and must be deactivated first."
        raise Refusal("DeleteConflict", text, 409)
    raise Refusal("NoSuchEntity", f"VirtualMFADevice with serial number {serial} does not exist.", 404)


def list_devices(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    user = whose(state, caller, given)
    return {
        "MFADevices": [
            {"UserName": user.name, "SerialNumber": d.serial, "EnableDate": when(d.enabled or 0.0)}
            for d in user.devices
        ],
        "IsTruncated": False,
    }


def list_virtual(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    """Without seeds; root's device is one whose user's ARN ends in `:root`."""
    account = state.accounts[caller.account_id]
    rows = [_row(device, user) for device, user in account.devices() if device.kind == "virtual"]
    if account.root_mfa and not account.root.devices:
        serial = f"arn:aws:iam::{account.account_id}:mfa/root-account-mfa-device"
        rows.insert(0, _row(Device(serial, "", enabled=account.root.created), account.root))
    wanted = given.get("AssignmentStatus", "Any")
    if wanted != "Any":
        rows = [row for row in rows if ("User" in row) == (wanted == "Assigned")]
    return {"VirtualMFADevices": rows, "IsTruncated": False}


def _row(device: Device, user: User | None) -> dict[str, Any]:
    row: dict[str, Any] = {"SerialNumber": device.serial}
    if user is not None:
        row["EnableDate"] = when(device.enabled or 0.0)
        row["User"] = user_row(user)
    return row


ACTIONS = {
    "CreateVirtualMFADevice": create_virtual,
    "EnableMFADevice": enable,
    "ResyncMFADevice": resync,
    "DeactivateMFADevice": deactivate,
    "DeleteVirtualMFADevice": delete_virtual,
    "GetMFADevice": get_device,
    "ListMFADevices": list_devices,
    "ListVirtualMFADevices": list_virtual,
}
