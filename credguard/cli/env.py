"""`credguard env NAME`: lines that make a shell use the profile. No secret is among them."""

from __future__ import annotations

import shlex

import click

from credguard.cli.context import Context
from credguard.cli.help import Command
from credguard.domain.errors import CredGuardError
from credguard.domain.text import quoted, text


@click.command(cls=Command, help="Lines that make this shell use NAME’s profile; no secret is among them.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.argument("name")
@click.pass_obj
def command(context: Context, name: str, as_json: bool) -> int:
    from credguard.workflows.taking import CLEARED

    profile = context.services.profile_named(context.services.target(name))
    if profile is None:
        raise CredGuardError(
            "no-profile",
            text("No profile of the AWS files is served with this key."),
            text("Run a command with it: credguard exec {name} -- COMMAND", name=quoted(name)),
        )
    cleared = [one for one in CLEARED if one.startswith("AWS_") and one != "AWS_PROFILE"]
    output = context.output(as_json)
    if as_json:
        output.document({"set": {"AWS_PROFILE": profile}, "unset": cleared})
        return 0
    print(f"export AWS_PROFILE={shlex.quote(profile)}")
    print("unset " + " ".join(cleared))
    return 0
