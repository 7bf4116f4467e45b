"""`COMMAND --help`: one sentence, usage, two examples that work as they stand, the flags, the exit codes.

The examples stand here, side by side, so that they agree; a test parses each with its command.
"""

from __future__ import annotations

import click

#: Words of the command line after `credguard` → the examples, without that word.
EXAMPLES: dict[str, tuple[str, str]] = {
    "status": ("status", "status --json"),
    "totp": ("totp list", "totp code northwind"),
    "totp list": ("totp list", "totp list --json"),
    "totp code": ("totp code northwind", "totp code --all"),
    "totp add": ("totp add --qr ~/Downloads/qr.png", "totp add northwind --secret -"),
    "totp import": ("totp import ~/aegis.json", "totp import part1.png part2.png --dry-run"),
    "totp export": ("totp export codes.json", "totp export codes.kdbx --format kdbx"),
    "totp remove": ("totp remove northwind", "totp remove northwind --undo"),
    "whoami": ("whoami northwind", "whoami AKIAIOSFODNN7EXAMPLE --json"),
    "import": ("import", "import --from csv:~/Downloads/accessKeys.csv --profile acme"),
    "undo-import": ("undo-import", "undo-import --json"),
    "rotate": ("rotate northwind", "rotate --resume --yes"),
    "mfa": ("mfa enrol northwind", "mfa list northwind"),
    "mfa enrol": ("mfa enrol northwind", "mfa enrol northwind --device-name laptop --yes"),
    "mfa list": ("mfa list northwind", "mfa list northwind --json"),
    "mfa resync": ("mfa resync northwind", "mfa resync northwind --device mfa/laptop"),
    "mfa remove": ("mfa remove northwind", "mfa remove northwind --device mfa/laptop"),
    "doctor": ("doctor", "doctor --json"),
    "accounts": ("accounts", "accounts --json"),
    "keys": ("keys", "keys --json"),
    "show": ("show northwind", "show 123456789012 --json"),
    "rename": ('rename 123456789012 "Acme Production"', 'rename northwind --company "Northwind Ltd"'),
    "activity": ("activity", "activity --json"),
    "lock": ("lock", "lock --json"),
    "unlock": ("unlock", "unlock --json"),
    "agent": ("agent", "agent --allowed"),
    "settings": ("settings", "settings grace_days 14"),
    "vault": ("vault slots", "vault add key --name blue"),
    "vault slots": ("vault slots", "vault slots --json"),
    "vault add": ("vault add key --name blue", "vault add passphrase --opens codes"),
    "vault rename": ('vault rename blue "in the safe"', "vault rename 7e4ae09a home"),
    "vault remove": ("vault remove blue", "vault remove 7e4ae09a --yes"),
    "vault test": ("vault test recovery", "vault test blue"),
    "vault passphrase": ("vault passphrase", "vault passphrase --known"),
    "vault recovery": ("vault recovery", "vault recovery --name safe"),
    "vault accept": ("vault accept", "vault accept --yes"),
    "vault use-copy": ("vault use-copy", "vault use-copy --yes"),
    "vault merge": ("vault merge vault-conflict.cgv", "vault merge ~/Downloads/vault.cgv"),
    "uninstall": ("uninstall", "uninstall --json"),
    "remove": ("remove northwind", "remove AKIAIOSFODNN7EXAMPLE"),
    "demo": ("demo", "demo --tour"),
    "read-codes": ("read-codes", "read-codes"),
    "exec": ("exec northwind -- aws s3 ls", "exec northwind --role Admin --duration 1h -- terraform plan"),
    "env": ("env northwind", "env northwind --json"),
    "credential-process": ("credential-process --profile northwind", "credential-process --profile default"),
    "backup": ("backup ~/credguard.cgb", "backup ~/credguard.cgb --password-file ~/.backup-passphrase"),
    "export": ("export ~/credguard.kdbx", "export ~/keys.json --format plain"),
    "restore": ("restore ~/credguard.cgb --dry-run", "restore ~/credguard.cgb --keep mine"),
}
_WARNINGS = {
    "status": "an alarm or plaintext stands",
    "whoami": "the key is root",
    "import": "some were moved and some not, or a root key was",
    "mfa enrol": "some of several are done and some not",
    "rotate": "some of several are done and some not",
}
_MEANINGS = "0 done, 1 failed, 2 wrong usage, {warning}4 locked, 130 interrupted"


class _Page:
    """What both kinds of command print."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        assert isinstance(self, click.Command)
        words = ctx.command_path.removeprefix("credguard ")
        formatter.write(f"{(self.help or '').strip()}\n\n")
        self.format_usage(ctx, formatter)
        examples = EXAMPLES.get(words)
        if examples:
            with formatter.section("Examples"):
                for line in examples:
                    formatter.write(f"  credguard {line}\n")
        self.format_options(ctx, formatter)
        warning = _WARNINGS.get(words)
        told = _MEANINGS.format(warning=f"3 {warning}, " if warning else "")
        formatter.write_paragraph()
        formatter.write_text(f"Exit: {told}")


class Command(_Page, click.Command):
    """A command whose help is that of the design, section 12."""


class Group(_Page, click.Group):
    """A command of commands, likewise; what is in it is made as `Command`."""

    command_class = Command
