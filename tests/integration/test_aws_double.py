"""The double, asked by real boto3 over HTTP: it must refuse what AWS refuses, in AWS's words."""

from __future__ import annotations

import csv
import email.utils
import json
import socket
import stat
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from credguard.demo.cloud import companies
from credguard.demo.cloud.companies import (
    ACME_PRODUCTION,
    ACME_STAGING,
    BLUE_KITE,
    COMPANIES,
    DAY,
    NORTHWIND,
    NORTHWIND_SANDBOX,
    PERSONAL,
)
from credguard.demo.cloud.devices import code_at
from credguard.demo.cloud.server import Double
from credguard.demo.cloud.world import DemoWorld
from credguard.domain.keys import account_of
from tests.support.aws_double import client, serial_of
from tests.support.clock import FakeClock

ROOM = 3 * 60  # the code tests begin at the start of a three-minute window


def refused(call: Any, **given: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    answer = caught.value.response
    error = answer["Error"]
    return error["Code"], error["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def settle(double: Double) -> None:
    """To the start of the next window of nine tries, where no step was used."""
    double.clock.advance(ROOM - double.clock.now() % ROOM + 1)


def session(double: Double, company: companies.Company, ahead: int = 0, **given: Any) -> dict[str, str]:
    serial = serial_of(company)
    sts = client(double, "sts", company)
    code = double.code(serial, ahead)
    answer: dict[str, str] = sts.get_session_token(SerialNumber=serial, TokenCode=code, **given)[
        "Credentials"
    ]
    return answer


# ── who is there ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("company", COMPANIES, ids=lambda c: c.name)
def test_every_key_says_who_it_is_and_carries_its_account(double: Double, company: companies.Company) -> None:
    who = client(double, "sts", company).get_caller_identity()
    assert who["Account"] == company.account_id == account_of(company.key_id())
    name = company.people[0].name
    assert who["Arn"] == f"arn:aws:iam::{company.account_id}:{f'user/{name}' if name else 'root'}"
    key = double.user(company.account_id, name).keys[0]
    assert int((double.clock.now() - key.created) // DAY) == company.people[0].key_days
    assert len(company.secret()) == 40
    assert "EXAMPLE" in company.secret()


def test_every_number_gives_another_id_of_the_same_account() -> None:
    ids = {companies.key_id("007000000001", n) for n in range(2000)}
    assert len(ids) == 2000
    assert {account_of(i) for i in ids} == {"007000000001"}


def test_unknown_inactive_and_deleted_keys_are_refused(double: Double) -> None:
    unknown = {"AccessKeyId": companies.key_id("111122223333"), "SecretAccessKey": "x/EXAMPLE"}
    assert refused(client(double, "sts", unknown).get_caller_identity)[::2] == ("InvalidClientTokenId", 403)
    inactive = client(double, "sts", NORTHWIND_SANDBOX, number=1)
    assert refused(inactive.get_caller_identity)[0] == "InvalidClientTokenId"
    iam = client(double, "iam", ACME_STAGING)
    iam.delete_access_key(AccessKeyId=ACME_STAGING.key_id())
    assert refused(iam.list_access_keys)[0] == "InvalidClientTokenId"
    assert refused(client(double, "dynamodb", unknown).list_tables)[0] == "UnrecognizedClientException"
    assert refused(client(double, "s3", unknown).list_buckets)[0] == "InvalidAccessKeyId"


def test_a_wrong_secret_is_not_believed(double: Double) -> None:
    for service, call in (("sts", "get_caller_identity"), ("iam", "list_users"), ("s3", "list_buckets")):
        wrong = client(double, service, ACME_PRODUCTION, secret=ACME_STAGING.secret())
        assert refused(getattr(wrong, call))[::2] == ("SignatureDoesNotMatch", 403)


def test_a_clock_more_than_five_minutes_off_is_refused(double: Double) -> None:
    sts = client(double, "sts", ACME_PRODUCTION)
    double.clock.skew = 240
    sts.get_caller_identity()
    double.clock.skew = 400
    code, message, _ = refused(sts.get_caller_identity)
    assert (code, message.split(":")[0]) == ("SignatureDoesNotMatch", "Signature expired")
    double.clock.skew = -400
    assert refused(sts.get_caller_identity)[1].startswith("Signature not yet current")


def test_a_changed_body_is_refused(double: Double) -> None:
    sts = client(double, "sts", ACME_PRODUCTION)

    def tamper(request: Any, **_: Any) -> None:
        request.body = request.body.replace("GetCallerIdentity", "GetAccessKeyInfo!")

    sts.meta.events.register_last("before-send.sts", tamper)
    assert refused(sts.get_caller_identity)[0] == "SignatureDoesNotMatch"


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────
def test_two_keys_and_no_more_off_ones_counted(double: Double) -> None:
    iam = client(double, "iam", ACME_PRODUCTION)
    made = iam.create_access_key(UserName="maria")["AccessKey"]
    assert account_of(made["AccessKeyId"]) == ACME_PRODUCTION.account_id
    assert client(double, "sts", made).get_caller_identity()["Arn"].endswith("user/maria")
    iam.update_access_key(AccessKeyId=made["AccessKeyId"], Status="Inactive")
    assert refused(iam.create_access_key) == (
        "LimitExceeded",
        "Cannot exceed quota for AccessKeysPerUser: 2",
        409,
    )
    states = {k["AccessKeyId"]: k["Status"] for k in iam.list_access_keys()["AccessKeyMetadata"]}
    assert states == {ACME_PRODUCTION.key_id(): "Active", made["AccessKeyId"]: "Inactive"}
    iam.delete_access_key(AccessKeyId=made["AccessKeyId"])
    assert refused(iam.delete_access_key, AccessKeyId=made["AccessKeyId"])[::2] == ("NoSuchEntity", 404)


def test_root_lists_and_deletes_its_own_key_without_a_name(double: Double) -> None:
    iam = client(double, "iam", PERSONAL)
    (key,) = iam.list_access_keys()["AccessKeyMetadata"]
    assert iam.get_account_summary()["SummaryMap"]["AccountAccessKeysPresent"] == 1
    assert iam.get_account_summary()["SummaryMap"]["AccountMFAEnabled"] == 0
    assert refused(iam.get_access_key_last_used, AccessKeyId=key["AccessKeyId"])[0] == "AccessDenied"
    iam.delete_access_key(AccessKeyId=key["AccessKeyId"])
    assert refused(iam.list_access_keys)[0] == "InvalidClientTokenId"


def test_news_of_a_key_spreads_slowly_and_flickers(double: Double) -> None:
    double.timing.spread = 12
    iam = client(double, "iam", ACME_PRODUCTION)
    made = iam.create_access_key()["AccessKey"]
    sts = client(double, "sts", made)
    assert refused(sts.get_caller_identity)[0] == "InvalidClientTokenId"
    assert len(iam.list_access_keys()["AccessKeyMetadata"]) == 1
    double.clock.advance(6)
    assert len(iam.list_access_keys()["AccessKeyMetadata"]) == 2
    seen = []
    for _ in range(4):
        try:
            seen.append(bool(sts.get_caller_identity()))
        except ClientError:
            seen.append(False)
    assert set(seen) == {True, False}
    double.clock.advance(7)
    for _ in range(5):
        sts.get_caller_identity()
    iam.update_access_key(AccessKeyId=made["AccessKeyId"], Status="Inactive")
    sts.get_caller_identity()  # still on, somewhere
    double.clock.advance(13)
    assert refused(sts.get_caller_identity)[0] == "InvalidClientTokenId"


def test_last_use_is_told_late(double: Double) -> None:
    double.timing.last_used = 900
    iam = client(double, "iam", ACME_PRODUCTION)
    made = iam.create_access_key()["AccessKey"]

    def last() -> Any:
        return iam.get_access_key_last_used(AccessKeyId=made["AccessKeyId"])["AccessKeyLastUsed"]

    client(double, "sts", made).get_caller_identity()
    assert last() == {"ServiceName": "N/A", "Region": "N/A"}
    double.clock.advance(901)
    assert (last()["ServiceName"], last()["Region"]) == ("sts", "eu-central-1")
    assert refused(iam.get_access_key_last_used, AccessKeyId=BLUE_KITE.key_id())[0] == "AccessDenied"


# ── codes and sessions ───────────────────────────────────────────────────────────────────────────
def test_a_code_works_once_and_neighbours_in_any_order(double: Double) -> None:
    settle(double)
    serial, sts = serial_of(ACME_PRODUCTION), client(double, "sts", ACME_PRODUCTION)
    double.clock.advance(60)
    for ahead in (0, 2, -2, 1):
        sts.get_session_token(SerialNumber=serial, TokenCode=double.code(serial, ahead))
    code, message, status = refused(
        sts.get_session_token, SerialNumber=serial, TokenCode=double.code(serial, 0)
    )
    assert (code, status) == ("AccessDenied", 403)
    assert "invalid MFA one time pass code" in message
    for far in (3, -3):
        far_code = double.code(serial, far)
        assert "invalid MFA" in refused(sts.get_session_token, SerialNumber=serial, TokenCode=far_code)[1]
    foreign = serial_of(NORTHWIND)
    answer = refused(sts.get_session_token, SerialNumber=foreign, TokenCode=double.code(foreign))
    assert "unable to validate MFA code" in answer[1]


def test_nine_tries_in_three_minutes(double: Double) -> None:
    settle(double)
    serial, sts = serial_of(ACME_PRODUCTION), client(double, "sts", ACME_PRODUCTION)
    wrong = f"{(int(double.code(serial)) + 1) % 1_000_000:06d}"
    near = {double.code(serial, n) for n in range(-2, 3)}
    assert wrong not in near
    for _ in range(9):
        assert "invalid MFA" in refused(sts.get_session_token, SerialNumber=serial, TokenCode=wrong)[1]
    good = double.code(serial)
    assert "unable to" in refused(sts.get_session_token, SerialNumber=serial, TokenCode=good)[1]
    settle(double)
    sts.get_session_token(SerialNumber=serial, TokenCode=double.code(serial))


def test_a_session_outlives_its_key_and_ends(double: Double) -> None:
    settle(double)
    iam = client(double, "iam", ACME_PRODUCTION)
    made = session(double, ACME_PRODUCTION, DurationSeconds=900)
    assert account_of(made["AccessKeyId"]) == ACME_PRODUCTION.account_id
    iam.update_access_key(AccessKeyId=ACME_PRODUCTION.key_id(), Status="Inactive")
    temporary = client(double, "iam", made)
    assert len(temporary.list_access_keys(UserName="maria")["AccessKeyMetadata"]) == 1
    assert refused(temporary.list_access_keys)[0] == "ValidationError"
    assert refused(client(double, "sts", made).get_session_token)[0] == "AccessDenied"
    assert refused(client(double, "sts", {**made, "SessionToken": "other"}).get_caller_identity)[0] == (
        "InvalidClientTokenId"
    )
    double.clock.advance(901)
    assert refused(temporary.list_access_keys, UserName="maria")[::2] == ("ExpiredToken", 403)


def test_sessions_without_a_code_may_not_call_iam(double: Double) -> None:
    sts = client(double, "sts", ACME_PRODUCTION)
    plain = sts.get_session_token()["Credentials"]
    assert refused(client(double, "iam", plain).list_users)[0] == "InvalidClientTokenId"
    client(double, "sts", plain).get_caller_identity()
    sts.meta.events.register(
        "before-call.sts", lambda params, **_: params["body"].update(DurationSeconds=899)
    )
    assert refused(sts.get_session_token)[0] == "ValidationError"


def test_where_a_policy_demands_mfa_the_plain_key_is_denied(double: Double) -> None:
    settle(double)
    iam = client(double, "iam", NORTHWIND)
    code, message, status = refused(iam.list_access_keys, UserName="m.keller")
    assert (code, status) == ("AccessDenied", 403)
    assert "not authorized to perform: iam:ListAccessKeys" in message
    assert "with an explicit deny in an identity-based policy" in message
    assert iam.list_mfa_devices(UserName="m.keller")["MFADevices"][0]["SerialNumber"] == serial_of(NORTHWIND)
    guarded = client(double, "iam", session(double, NORTHWIND))
    assert len(guarded.list_access_keys(UserName="m.keller")["AccessKeyMetadata"]) == 1
    assert refused(client(double, "s3", NORTHWIND).list_buckets)[0] == "AccessDenied"


def test_missing_rights_and_quarantine(double: Double) -> None:
    maria = double.user(ACME_PRODUCTION.account_id, "maria")
    maria.denied.add("iam:CreateAccessKey")
    iam = client(double, "iam", ACME_PRODUCTION)
    assert (
        "because no identity-based policy allows the iam:CreateAccessKey action"
        in refused(iam.create_access_key)[1]
    )
    maria.quarantined = True
    assert (
        "AWSCompromisedKeyQuarantine"
        in refused(iam.update_access_key, AccessKeyId=ACME_PRODUCTION.key_id(), Status="Inactive")[1]
    )


def test_a_root_session_lasts_an_hour_at_most(double: Double) -> None:
    sts = client(double, "sts", PERSONAL)
    made = sts.get_session_token(DurationSeconds=43_200)["Credentials"]
    assert 3_500 < made["Expiration"].timestamp() - double.clock.now() <= 3_600
    assert sts.get_access_key_info(AccessKeyId=BLUE_KITE.key_id())["Account"] == BLUE_KITE.account_id


# ── devices ──────────────────────────────────────────────────────────────────────────────────────
def test_a_device_is_made_enabled_used_and_removed(double: Double) -> None:
    settle(double)
    double.timing.device = 10
    blue = double.user(BLUE_KITE.account_id, "mk")
    blue.devices.clear()
    iam = client(double, "iam", BLUE_KITE)
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="mk-2")["VirtualMFADevice"]
    serial, seed = made["SerialNumber"], made["Base32StringSeed"].decode()
    assert made["QRCodePNG"].startswith(b"\x89PNG")
    assert refused(iam.create_virtual_mfa_device, VirtualMFADeviceName="mk-2")[0] == "EntityAlreadyExists"
    listed = iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"]
    assert [d["SerialNumber"] for d in listed] == [serial]
    assert "Base32StringSeed" not in listed[0]

    def pair(first: int, second: int) -> dict[str, str]:
        step = int(double.clock.now() // 30)
        return {
            "AuthenticationCode1": code_at(seed, step + first),
            "AuthenticationCode2": code_at(seed, step + second),
        }

    for wrong in (pair(0, -1), pair(0, 0), pair(-1100, -1099)):
        answer = refused(iam.enable_mfa_device, UserName="mk", SerialNumber=serial, **wrong)
        assert answer[0] in {"InvalidAuthenticationCode", "InvalidAuthenticationCodeException"}
    iam.enable_mfa_device(UserName="mk", SerialNumber=serial, **pair(-1, 0))
    sts = client(double, "sts", BLUE_KITE)
    now = {"SerialNumber": serial, "TokenCode": double.code(serial)}
    assert "unable to validate" in refused(sts.get_session_token, **now)[1]
    double.clock.advance(11)
    guarded = client(double, "iam", sts.get_session_token(**now)["Credentials"])
    iam.resync_mfa_device(UserName="mk", SerialNumber=serial, **pair(0, 1))
    assert refused(iam.deactivate_mfa_device, UserName="mk", SerialNumber=serial)[0] == "AccessDenied"
    assert refused(guarded.delete_virtual_mfa_device, SerialNumber=serial)[0] == "DeleteConflict"
    guarded.deactivate_mfa_device(UserName="mk", SerialNumber=serial)
    guarded.delete_virtual_mfa_device(SerialNumber=serial)
    assert refused(guarded.delete_virtual_mfa_device, SerialNumber=serial)[0] == "NoSuchEntity"
    (root,) = guarded.list_virtual_mfa_devices()["VirtualMFADevices"]
    assert root["User"]["Arn"].endswith(":root")


# ── the account ──────────────────────────────────────────────────────────────────────────────────
def test_alias_and_report(double: Double) -> None:
    iam = client(double, "iam", NORTHWIND_SANDBOX)
    assert iam.list_account_aliases()["AccountAliases"] == ["northwind-sandbox"]
    assert refused(iam.get_credential_report)[::2] == ("ReportNotPresent", 410)
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    content = iam.get_credential_report()["Content"].decode()
    assert not content.endswith("\n")
    root, user = csv.DictReader(content.splitlines())
    assert len(root) == 22
    assert (root["user"], root["password_next_rotation"]) == ("<root_account>", "not_supported")
    assert (user["user"], user["access_key_1_active"], user["access_key_2_active"]) == (
        "m.keller",
        "true",
        "false",
    )
    assert user["access_key_2_last_rotated"] != "N/A"
    double.clock.advance(4 * 3600)
    assert refused(iam.get_credential_report)[0] == "ReportExpired"


def test_the_rest_is_motos_by_account(double: Double) -> None:
    here, there = client(double, "s3", ACME_PRODUCTION), client(double, "s3", ACME_STAGING)
    where = {"LocationConstraint": "eu-central-1"}
    here.create_bucket(Bucket="acme-example", CreateBucketConfiguration=where)
    here.put_object(Bucket="acme-example", Key="a b/ü", Body=b"x")
    assert [b["Name"] for b in here.list_buckets()["Buckets"]] == ["acme-example"]
    assert there.list_buckets()["Buckets"] == []
    iam = client(double, "iam", ACME_PRODUCTION)
    iam.create_user(UserName="new")
    made = iam.create_access_key(UserName="new")["AccessKey"]
    assert client(double, "sts", made).get_caller_identity()["Arn"].endswith("user/new")
    assert {u["UserName"] for u in iam.list_users()["Users"]} == {"maria", "new"}


def test_a_role_of_moto_can_be_assumed(double: Double) -> None:
    iam = client(double, "iam", ACME_PRODUCTION)
    trust = json.dumps(ACME_PRODUCTION.trust())
    arn = iam.create_role(RoleName="etl", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    sts = client(double, "sts", ACME_PRODUCTION)
    made = sts.assume_role(RoleArn=arn, RoleSessionName="night")["Credentials"]
    role = client(double, "sts", made)
    assert role.get_caller_identity()["Arn"].endswith(":assumed-role/etl/night")
    double.clock.advance(3601)
    assert refused(role.get_caller_identity)[0] == "ExpiredToken"


# ── faults ───────────────────────────────────────────────────────────────────────────────────────
def test_faults_strike_and_are_spent(double: Double) -> None:
    iam = client(double, "iam", ACME_PRODUCTION)
    user = double.user(ACME_PRODUCTION.account_id, "maria")
    double.faults.add("CreateAccessKey", "never-arrived")
    with pytest.raises(ConnectionClosedError):
        iam.create_access_key()
    assert len(user.live_keys()) == 1
    double.faults.add("CreateAccessKey", "answer-lost")
    with pytest.raises(ConnectionClosedError):
        iam.create_access_key()
    assert len(user.live_keys()) == 2
    double.faults.add("ListAccessKeys", "throttled", after=1)
    iam.list_access_keys()
    assert refused(iam.list_access_keys)[0] == "Throttling"
    double.faults.add("ListAccessKeys", "server-error")
    assert refused(iam.list_access_keys)[::2] == ("ServiceFailure", 500)
    double.faults.add("ListAccessKeys", "denied")
    assert "not authorized to perform: iam:ListAccessKeys" in refused(iam.list_access_keys)[1]
    double.faults.add("ListAccessKeys", "slow", seconds=0.01)
    iam.list_access_keys()
    assert double.faults.left() == 0
    assert double.counters.of("CreateAccessKey", ACME_PRODUCTION.key_id()) == 2
    assert double.counters.by_key(ACME_PRODUCTION.key_id())["ListAccessKeys"] == 5


def ask(double: Double, what: str, data: object = None, token: str | None = None) -> Any:
    request = urllib.request.Request(
        f"{double.url}/_double/{what}",
        data=None if data is None else json.dumps(data).encode(),
        headers={"X-Double-Token": token or double.token},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        return json.load(answer)


def test_other_processes_steer_it_with_the_token(double: Double) -> None:
    ask(double, "faults", {"action": "GetCallerIdentity", "kind": "throttled"})
    sts = client(double, "sts", ACME_PRODUCTION)
    assert refused(sts.get_caller_identity)[0] == "Throttling"
    assert ask(double, "counters") == [
        {"action": "GetCallerIdentity", "access_key_id": ACME_PRODUCTION.key_id(), "count": 1}
    ]
    before = double.clock.now()
    ask(double, "clock", {"advance": 1000})
    assert double.clock.now() - before >= 1000
    serial = serial_of(NORTHWIND)
    assert len(ask(double, "code", {"serial": serial})["code"]) == 6
    for token, data, status in (("wrong", {}, 403), (None, {"action": "x", "kind": "odd"}, 400)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            ask(double, "faults", data, token)
        assert caught.value.code == status


def test_stop_frees_the_port() -> None:
    double = Double()
    port = int(double.url.rsplit(":", 1)[1])
    double.stop()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=2)


# ── the world ────────────────────────────────────────────────────────────────────────────────────
def test_the_world_enters_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setenv("AWS_PROFILE", "mine")
    before = dict(os.environ)
    with DemoWorld() as world:
        assert "AWS_PROFILE" not in os.environ
        assert os.environ["HOME"] == world.files.home
        for path in (world.files.credentials, world.files.config, world.files.root_csv):
            assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
        assert stat.S_IMODE(Path(os.environ["CREDGUARD_PASSPHRASE_FILE"]).stat().st_mode) == 0o600
        folder = Path(world.folder)
    assert dict(os.environ) == before
    assert not folder.exists()


def test_seeded_accounts_exist() -> None:
    from credguard.services import Services

    with DemoWorld() as world:
        services = Services(demo=True)
        try:
            outcomes = world.seed(services)
            assert [o.ok for o in outcomes] == [True, True, True]
            rows = {row.account.account_id: row for row in services.accounts()}
            assert set(rows) == {ACME_PRODUCTION.account_id, NORTHWIND.account_id}
            left = Path(world.files.credentials).read_text()
            assert ACME_PRODUCTION.secret() not in left
            assert BLUE_KITE.secret() in left
        finally:
            services.close()


def test_the_date_of_an_answer_is_the_doubles_alone() -> None:
    """Clients take their clock's offset from it; a second Date would be this computer's real time."""
    clock = FakeClock()
    with Double(clock) as answering, pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(answering.url)
    dates = refused.value.headers.get_all("date")
    assert dates == [email.utils.formatdate(clock.now(), usegmt=True)]
