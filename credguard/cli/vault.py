"""`credguard vault …`: ways into the sealed vault; what to do when its file is not the expected one."""

from __future__ import annotations

import click

from credguard.cli.context import Context
from credguard.cli.help import Group
from credguard.cli.output import harmless
from credguard.cli.questions import confirm
from credguard.cli.vault_person import AtTerminal, keeps_code, new_passphrase
from credguard.cli.vault_shown import SHOWN, called, document, left_to_do, no_code, remarks, told

KINDS = {"passphrase": "passphrase", "recovery": "recovery", "keychain": "keychain", "key": "fido2"}
_FILE = click.option("--passphrase-file", help="Take the passphrase from a file that only you can read.")
_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group(cls=Group, help="Ways into the sealed vault: passphrases, security keys, a recovery code.")
def command() -> None:
    pass


@command.command(help="Every way in: what it opens, and when it was last tested.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def slots(context: Context, as_json: bool) -> int:
    state = context.services.vault.state()
    output = context.output(as_json)
    if as_json:
        output.document(document(state))
        return 0
    rows = []
    for way in state.ways:
        slot = way.slot
        kind = SHOWN.get(slot.type, slot.type) + (" + passphrase" if slot.with_passphrase else "")
        tested = f"tested {slot.proved[:10]}" if slot.proved else "not tested"
        rows.append(
            [harmless(cell) for cell in (slot.id[:8], kind, slot.label, "+".join(slot.opens),
                                         slot.created[:10], tested)]
        )  # fmt: skip
    output.table(rows, indent=0)
    for line in remarks(output, state):
        output.line(line)
    return 0


@command.command(help="Add a way in: passphrase, recovery, keychain, or key (a security key).")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.option("--name", default="", help="What it is called. Whoever has the vault file can read it.")
@click.option("--opens", multiple=True, help="keys or codes; twice for both. Everything unless given.")
@click.option("--with-passphrase", is_flag=True, help="A security key that needs a passphrase as well.")
@_FILE
@click.pass_obj
def add(
    context: Context, kind: str, name: str, opens: tuple[str, ...], with_passphrase: bool,
    passphrase_file: str | None,
) -> int:  # fmt: skip
    vault, output = context.services.vault, context.output()
    chosen = opens or None
    if with_passphrase and kind != "key":
        raise click.UsageError("--with-passphrase goes with a security key: add key --with-passphrase")
    if kind == "passphrase":
        words = new_passphrase("The new passphrase", passphrase_file)
        view = vault.add_passphrase(words, name, chosen)
    elif kind == "recovery":
        code = vault.new_code()
        if not keeps_code(code):
            return no_code(output)
        view = vault.add_recovery(code, name, chosen)
    elif kind == "keychain":
        if "codes" in opens:
            output.note("Any program that you run can then read your codes.")
        view = vault.add_keychain(name, chosen)
    else:
        together = (
            new_passphrase("The passphrase that goes with it", passphrase_file) if with_passphrase else None
        )
        view = vault.add_security_key(name, chosen, together)
    return told(context, output, "added", view)


@command.command(help="Another name for a way in.")
@click.argument("slot")
@click.argument("label")
@click.pass_obj
def rename(context: Context, slot: str, label: str) -> int:
    vault = context.services.vault
    view = vault.rename(vault.find(slot), label)
    return told(context, context.output(), "renamed", view)


@command.command(help="Remove a way in: new keys for everything. The other ways need not be at hand.")
@click.argument("slot")
@_YES
@click.pass_obj
def remove(context: Context, slot: str, yes: bool) -> int:
    vault, output = context.services.vault, context.output()
    view = vault.find(slot)
    if not yes and not confirm(output, f"Remove {called(view)}?", "--yes"):
        output.note("Nothing was changed.")
        return 1
    left_to_do(output, vault.remove(view))
    for line in remarks(output, vault.state()):
        output.line(line)
    return 0


@command.command(help="Open the vault with one way in, and note the day.")
@click.argument("slot")
@_FILE
@click.pass_obj
def test(context: Context, slot: str, passphrase_file: str | None) -> int:
    vault = context.services.vault
    view = vault.prove(vault.find(slot), AtTerminal(passphrase_file))
    return told(context, context.output(), "opens the vault:", view)


@command.command(help="Change a passphrase.")
@click.argument("slot", default="passphrase")
@click.option("--known", is_flag=True, help="Somebody may know the old one: new keys for everything.")
@click.option("--strengthen", is_flag=True, help="The same passphrase, dearer to guess.")
@_FILE
@click.pass_obj
def passphrase(
    context: Context, slot: str, known: bool, strengthen: bool, passphrase_file: str | None
) -> int:
    vault, output = context.services.vault, context.output()
    view = vault.find(slot)
    if strengthen:
        view = vault.strengthen(view, AtTerminal(passphrase_file).passphrase("The passphrase"))
    else:
        vault.open(None if known else view.opens)
        view = vault.change_passphrase(view, new_passphrase("The new passphrase", passphrase_file), known)
    return told(context, output, "changed", view)


@command.command(help="A new recovery code; the old one opens nothing any more.")
@click.option("--name", default="", help="What it is called. Whoever has the vault file can read it.")
@click.pass_obj
def recovery(context: Context, name: str) -> int:
    vault, output = context.services.vault, context.output()
    vault.open()
    code = vault.new_code()
    if not keeps_code(code):
        return no_code(output)
    return told(context, output, "made", vault.new_recovery(code, name))


@command.command(help="Take the vault file as it is for the newest one.")
@_YES
@click.pass_obj
def accept(context: Context, yes: bool) -> int:
    vault, output = context.services.vault, context.output()
    warnings = vault.warnings()
    if not warnings:
        output.line("The vault is the one used last.")
        return 0
    for warning in warnings:
        output.note(output.words(warning))
    if not yes and not confirm(output, "Go on with this file?", "--yes"):
        output.note("Nothing was changed.")
        return 3
    vault.accept()
    output.line(f"{output.paint('✓', 'green')} This is the newest one now")
    return 0


@command.command("use-copy", help="Put the newest whole copy in the place of a damaged or lost vault.")
@_YES
@click.pass_obj
def use_copy(context: Context, yes: bool) -> int:
    vault, output = context.services.vault, context.output()
    copies = vault.copies()
    if not copies:
        output.note("There is no whole copy beside the vault.")
        return 1
    output.note(output.words(copies[0].sentence()))
    if not yes and not confirm(output, "Use it?", "--yes"):
        output.note("Nothing was changed.")
        return 1
    aside = vault.use_copy(copies[0])
    output.line(f"{output.paint('✓', 'green')} The copy is in place")
    if aside is not None:
        output.line(f"  What stood there is kept as {harmless(aside)}")
    return 0


@command.command(help="Take another copy of this vault in: from a synced folder, or written elsewhere.")
@click.argument("file")
@click.pass_obj
def merge(context: Context, file: str) -> int:
    output = context.output()
    merged = context.services.vault.merge(file)
    output.line(
        f"{output.paint('✓', 'green')} {len(merged.added)} added, {len(merged.replaced)} replaced by a newer "
        f"value, {len(merged.kept)} were older there"
    )
    for name in (*merged.replaced, *merged.kept):
        output.line(f"  {harmless(name)}")
    return 0
