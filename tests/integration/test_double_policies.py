"""The double evaluates real policies: who may do what, in which session, with AWS's words for no."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from credguard.demo.cloud.companies import (
    ACME_PRODUCTION,
    ACME_STAGING,
    BLUE_KITE,
    NORTHWIND,
    PERSONAL,
    Company,
)
from credguard.demo.cloud.devices import code_at
from credguard.demo.cloud.policies import Policy, evaluate
from credguard.demo.cloud.server import Double
from tests.support.aws_double import client, serial_of

OWN = "arn:*:user/${aws:username}"
BY_DEMAND = "arn:aws:iam::482011739056:policy/DemandMFA"


def refused(call: Callable[..., Any], **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def session(double: Double, company: Company, ahead: int = 0) -> dict[str, str]:
    serial = serial_of(company)
    answer: dict[str, str] = client(double, "sts", company).get_session_token(
        SerialNumber=serial, TokenCode=double.code(serial, ahead)
    )["Credentials"]
    return answer


def document(effect: str, **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": effect, "Resource": "*", **more}})


# ── users ────────────────────────────────────────────────────────────────────────────────────────
def test_the_deny_names_the_policy_that_demands_mfa(double: Double) -> None:
    iam = client(double, "iam", NORTHWIND)
    code, message = refused(iam.create_access_key, UserName="m.keller")
    assert code == "AccessDenied"
    assert message == (
        "User: arn:aws:iam::482011739056:user/m.keller is not authorized to perform: iam:CreateAccessKey on "
        f"resource: user m.keller with an explicit deny in an identity-based policy: {BY_DEMAND}"
    )
    assert BY_DEMAND in refused(client(double, "dynamodb", NORTHWIND).list_tables)[1]
    iam.get_user()
    iam.list_virtual_mfa_devices()
    guarded = session(double, NORTHWIND)
    client(double, "iam", guarded).create_access_key(UserName="m.keller")
    client(double, "dynamodb", guarded).list_tables()


def test_a_developer_manages_its_own_user_and_no_other(double: Double) -> None:
    iam = client(double, "iam", BLUE_KITE)
    iam.create_access_key(UserName="mk")
    iam.list_users()
    code, message = refused(iam.create_user, UserName="intruder")
    assert code == "AccessDenied"
    assert message.endswith(
        "is not authorized to perform: iam:CreateUser on resource: user intruder"
        " because no identity-based policy allows the iam:CreateUser action"
    )
    double.moto(BLUE_KITE.account_id).create_user("us-east-1", "other", "/")
    assert "on resource: user other" in refused(iam.create_access_key, UserName="other")[1]


def test_a_fresh_user_may_say_who_it_is_and_no_more(double: Double) -> None:
    admin = client(double, "iam", ACME_PRODUCTION)
    admin.create_user(UserName="fresh")
    made = admin.create_access_key(UserName="fresh")["AccessKey"]
    client(double, "sts", made).get_caller_identity()
    fresh = client(double, "iam", made)
    assert "because no identity-based policy" in refused(fresh.list_access_keys)[1]
    admin.put_user_policy(
        UserName="fresh", PolicyName="own", PolicyDocument=document("Allow", Action="iam:*AccessKey*")
    )
    assert len(fresh.list_access_keys()["AccessKeyMetadata"]) == 1
    assert refused(admin.delete_user, UserName="fresh")[0] == "DeleteConflict"


def test_quarantine_attached_as_aws_does_stops_the_user(double: Double) -> None:
    admin = client(double, "iam", ACME_STAGING)
    arn = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"
    admin.attach_user_policy(UserName="maria", PolicyArn=arn)
    key = ACME_STAGING.key_id()
    for call, given in (
        (admin.update_access_key, {"AccessKeyId": key, "Status": "Inactive"}),
        (admin.create_access_key, {}),
        (admin.detach_user_policy, {"UserName": "maria", "PolicyArn": arn}),
        (client(double, "sts", ACME_STAGING).get_session_token, {}),
    ):
        code, message = refused(call, **given)
        assert code == "AccessDenied"
        assert message.endswith(f"with an explicit deny in an identity-based policy: {arn}")
    admin.list_access_keys()


def test_revoking_older_sessions_leaves_keys_alone(double: Double) -> None:
    sts = client(double, "sts", ACME_PRODUCTION)
    old = sts.get_session_token()["Credentials"]
    double.clock.advance(2)
    now = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"DateLessThan": {"aws:TokenIssueTime": _iso(double.clock.now())}},
            },
        }
    )
    iam = client(double, "iam", ACME_PRODUCTION)
    iam.put_user_policy(UserName="maria", PolicyName="AWSRevokeOlderSessions", PolicyDocument=now)
    double.clock.advance(1)
    fresh = sts.get_session_token()["Credentials"]
    assert "explicit deny" in refused(client(double, "dynamodb", old).list_tables)[1]
    client(double, "dynamodb", fresh).list_tables()
    iam.list_users()


def _iso(at: float) -> str:
    import datetime

    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# ── roles and federation ─────────────────────────────────────────────────────────────────────────
def test_a_role_is_assumed_and_may_do_what_it_may(double: Double) -> None:
    arn = "arn:aws:iam::482011739056:role/etl-writer"
    plain = client(double, "sts", NORTHWIND)
    assert refused(plain.assume_role, RoleArn=arn, RoleSessionName="etl")[0] == "AccessDenied"  # no MFA
    sts = client(double, "sts", session(double, NORTHWIND))
    made = sts.assume_role(RoleArn=arn, RoleSessionName="etl")
    assert made["AssumedRoleUser"]["Arn"].endswith(":assumed-role/etl-writer/etl")
    role = made["Credentials"]
    assert client(double, "s3", role).list_buckets()["Buckets"] == []
    assert "iam:ListUsers" in refused(client(double, "iam", role).list_users)[1]
    too_long = {"RoleArn": arn, "RoleSessionName": "etl", "DurationSeconds": 7200}
    assert "MaxSessionDuration" in refused(sts.assume_role, **too_long)[1]
    double.clock.advance(3601)
    assert refused(client(double, "s3", role).list_buckets)[0] == "ExpiredToken"
    assert refused(client(double, "dynamodb", role).list_tables)[0] == "ExpiredTokenException"


def test_trust_can_demand_a_code_and_names_are_enough(double: Double) -> None:
    iam, sts = client(double, "iam", ACME_PRODUCTION), client(double, "sts", ACME_PRODUCTION)
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": "arn:aws:iam::123456789012:user/maria"},
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        },
    }
    arn = iam.create_role(RoleName="guarded", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    given = {"RoleArn": arn, "RoleSessionName": "maria"}
    assert refused(sts.assume_role, **given)[0] == "AccessDenied"
    serial = serial_of(ACME_PRODUCTION)
    sts.assume_role(**given, SerialNumber=serial, TokenCode=double.code(serial))
    again = {"SerialNumber": serial, "TokenCode": double.code(serial)}
    assert "invalid MFA one time pass code" in refused(sts.assume_role, **given, **again)[1]


def test_root_assumes_nothing_and_chains_are_short(double: Double) -> None:
    arn = "arn:aws:iam::314159265358:role/any"
    root = client(double, "sts", PERSONAL)
    assert "root accounts" in refused(root.assume_role, RoleArn=arn, RoleSessionName="xx")[1]
    iam, sts = client(double, "iam", ACME_PRODUCTION), client(double, "sts", ACME_PRODUCTION)
    trust = json.dumps(ACME_PRODUCTION.trust())
    for name in ("first", "second"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, MaxSessionDuration=43_200)
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=document("Allow", Action="sts:*"))
    role = "arn:aws:iam::123456789012:role/"
    first = sts.assume_role(RoleArn=role + "first", RoleSessionName="aa", DurationSeconds=43_200)
    chained = client(double, "sts", first["Credentials"])
    longer = {"RoleArn": role + "second", "RoleSessionName": "bb", "DurationSeconds": 3601}
    assert "role chaining" in refused(chained.assume_role, **longer)[1]
    chained.assume_role(**{**longer, "DurationSeconds": 3600})


def test_federated_sessions_do_what_their_policy_says(double: Double) -> None:
    sts = client(double, "sts", ACME_PRODUCTION)
    bare = sts.get_federation_token(Name="guest")
    assert bare["FederatedUser"]["Arn"].endswith(":federated-user/guest")
    credentials = bare["Credentials"]
    assert client(double, "sts", credentials).get_caller_identity()["Arn"].endswith(":federated-user/guest")
    assert "no session policy allows" in refused(client(double, "dynamodb", credentials).list_tables)[1]
    allowed = sts.get_federation_token(Name="guest", Policy=document("Allow", Action="dynamodb:*"))
    credentials = allowed["Credentials"]
    client(double, "dynamodb", credentials).list_tables()
    assert refused(client(double, "s3", credentials).list_buckets)[0] == "AccessDenied"
    assert refused(client(double, "iam", credentials).list_users)[0] == "InvalidClientTokenId"
    assert refused(client(double, "sts", credentials).get_session_token)[0] == "AccessDenied"
    assert "explicit deny" in refused(client(double, "sts", NORTHWIND).get_federation_token, Name="guest")[1]


# ── devices, root ────────────────────────────────────────────────────────────────────────────────
def test_a_security_key_is_listed_and_makes_no_session(double: Double) -> None:
    iam = client(double, "iam", session(double, NORTHWIND))
    virtual, key = iam.list_mfa_devices(UserName="m.keller")["MFADevices"]
    serial = key["SerialNumber"]
    assert ":u2f/user/m.keller/" in serial
    assert iam.get_mfa_device(SerialNumber=serial, UserName="m.keller")["UserName"] == "m.keller"
    assert refused(iam.get_mfa_device, SerialNumber=virtual["SerialNumber"])[0] == "NoSuchEntity"
    sts = client(double, "sts", NORTHWIND)
    answer = refused(sts.get_session_token, SerialNumber=serial, TokenCode="123456")
    assert "unable to validate" in answer[1]
    listed = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert serial not in {device["SerialNumber"] for device in listed}


def test_roots_device_shows_its_owner_by_arn(double: Double) -> None:
    iam = client(double, "iam", BLUE_KITE)
    devices = iam.list_virtual_mfa_devices()["VirtualMFADevices"]
    (root,) = [d for d in devices if d["User"]["Arn"].endswith(":root")]
    assert "UserName" not in root["User"]
    assert len(double.code(root["SerialNumber"])) == 6
    user = client(double, "iam", PERSONAL).get_user()["User"]
    assert user["Arn"] == "arn:aws:iam::314159265358:root"
    assert "UserName" not in user


def test_eight_devices_and_a_clock_that_ran_off(double: Double) -> None:
    iam = client(double, "iam", session(double, BLUE_KITE))

    def added(name: str, off: int = 0) -> tuple[str, str]:
        made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
        seed = made["Base32StringSeed"].decode()
        step = int(double.clock.now() // 30) + off
        pair = {
            "AuthenticationCode1": code_at(seed, step - 1),
            "AuthenticationCode2": code_at(seed, step),
        }
        iam.enable_mfa_device(UserName="mk", SerialNumber=made["SerialNumber"], **pair)
        return made["SerialNumber"], seed

    serial, seed = added("fast", 40)  # its clock is twenty minutes ahead, and IAM learns it
    sts = client(double, "sts", BLUE_KITE)
    step = int(double.clock.now() // 30)
    wrong = {"SerialNumber": serial, "TokenCode": code_at(seed, step)}
    assert "invalid MFA" in refused(sts.get_session_token, **wrong)[1]
    sts.get_session_token(SerialNumber=serial, TokenCode=code_at(seed, step + 40))
    for number in range(6):
        added(f"device-{number}")
    with pytest.raises(ClientError, match="Cannot exceed quota for MFADevicesPerUser: 8"):
        added("one-too-many")


# ── faults and events ────────────────────────────────────────────────────────────────────────────
def test_faults_by_key_account_and_pattern_and_the_log(double: Double) -> None:
    double.faults.add("sts:*", "unknown-key", times=2, key=ACME_STAGING.key_id())
    client(double, "sts", ACME_PRODUCTION).get_caller_identity()
    staging = client(double, "sts", ACME_STAGING)
    for _ in range(2):
        assert refused(staging.get_caller_identity)[0] == "InvalidClientTokenId"
    staging.get_caller_identity()
    double.faults.add("*", "server-error", times=None, account=BLUE_KITE.account_id, status=503)
    for _ in range(3):
        assert refused(client(double, "iam", BLUE_KITE).list_users)[0] == "ServiceUnavailable"
    staging.get_caller_identity()
    assert [e.outcome for e in double.events.of("sts:GetCallerIdentity", key=ACME_STAGING.key_id())] == [
        "InvalidClientTokenId", "InvalidClientTokenId", "ok", "ok",
    ]  # fmt: skip
    assert len(double.events.of(account=BLUE_KITE.account_id, outcome="ServiceUnavailable")) == 3
    (event,) = double.events.of("GetCallerIdentity", account=ACME_PRODUCTION.account_id)
    assert event.arn.endswith("user/maria")
    assert ACME_PRODUCTION.secret() not in repr(double.events.all)


def test_a_reset_forgets_what_moto_was_told(double: Double) -> None:
    client(double, "iam", ACME_PRODUCTION).create_user(UserName="passing")
    client(double, "dynamodb", ACME_PRODUCTION).create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    double.reset()
    users = client(double, "iam", ACME_PRODUCTION).list_users()["Users"]
    assert [user["UserName"] for user in users] == ["maria"]
    assert client(double, "dynamodb", ACME_PRODUCTION).list_tables()["TableNames"] == []


def test_two_doubles_in_one_process_keep_their_users_apart(double: Double) -> None:
    client(double, "iam", ACME_PRODUCTION).create_user(UserName="here")
    with Double() as other:
        users = client(other, "iam", ACME_PRODUCTION).list_users()["Users"]
        assert [user["UserName"] for user in users] == ["maria"]
    names = {user["UserName"] for user in client(double, "iam", ACME_PRODUCTION).list_users()["Users"]}
    assert names == {"maria", "here"}


# ── the evaluator alone ──────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("statement", "action", "resource", "context", "effect"),
    [
        ({"Action": "iam:List*"}, "iam:ListUsers", "*", {}, "allow"),
        ({"Action": "IAM:listusers"}, "iam:ListUsers", "*", {}, "allow"),
        ({"NotAction": "iam:*"}, "s3:GetObject", "x", {}, "allow"),
        ({"NotAction": "iam:*"}, "iam:ListUsers", "*", {}, "none"),
        ({"Resource": OWN}, "iam:GetUser", "arn:a:user/b", {"aws:username": "b"}, "allow"),
        ({"Resource": OWN}, "iam:GetUser", "arn:a:user/c", {"aws:username": "b"}, "none"),
        ({"Resource": OWN}, "iam:GetUser", "arn:a:user/c", {}, "none"),
        ({"NotResource": "arn:a"}, "s3:GetObject", "arn:b", {}, "allow"),
        ({"NotResource": "arn:a"}, "s3:GetObject", "arn:a", {}, "none"),
        ({"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}, "a:B", "*", {}, "none"),
        ({"Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}, "a:B", "*", {}, "allow"),
        ({"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}, "a:B", "*",
         {"aws:multifactorauthpresent": "true"}, "allow"),
        ({"Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}}, "a:B", "*",
         {"aws:MultiFactorAuthAge": "3599"}, "allow"),
        ({"Condition": {"Null": {"aws:TokenIssueTime": "true"}}}, "a:B", "*", {}, "allow"),
        ({"Condition": {"StringNotEquals": {"aws:username": "a"}}}, "a:B", "*",
         {"aws:username": "a"}, "none"),
        ({"Condition": {"StringLike": {"aws:username": ["x", "m.*"]}}}, "a:B", "*",
         {"aws:username": "m.keller"}, "allow"),
        ({"Condition": {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01"}}}, "a:B", "*",
         {"aws:CurrentTime": "2026-11-24T10:00:00Z"}, "allow"),
    ],
)  # fmt: skip
def test_statements(
    statement: dict[str, Any], action: str, resource: str, context: dict[str, str], effect: str
) -> None:
    whole = {"Effect": "Allow", **({} if "NotAction" in statement else {"Action": "*"}), **statement}
    if "NotResource" not in whole:
        whole.setdefault("Resource", "*")
    allow = Policy(json.dumps({"Statement": [whole]}))
    assert evaluate([allow], action, resource, context).effect == effect
    deny = Policy(json.dumps({"Statement": {**whole, "Effect": "Deny"}}), "arn:deny")
    anything = Policy('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}')
    verdict = evaluate([anything, deny], action, resource, context)
    assert (verdict.effect, verdict.arn) == (("deny", "arn:deny") if effect == "allow" else ("allow", None))
