"""Services as the window has them: the sealed vault opens in an agent that is the window's child."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.services import Services
from credguard.vault.remote import Agent, RemoteBackend
from tests.support.agent import KEY, SECRET, SEED, Desk, until_true
from tests.support.agent import desk as desk
from tests.support.stores import PASSPHRASE

Made = Callable[[Callable[[str], str | None]], Services]


@pytest.fixture
def window(desk: Desk) -> Iterator[Made]:
    with contextlib.ExitStack() as stack:

        def make(ask: Callable[[str], str | None]) -> Services:
            services = Services(passphrase=ask, starts_agent=True, environ=desk.env)
            stack.callback(services.close)
            return services

        yield make


def test_nothing_is_asked_before_it_is_needed_and_then_once(window: Made) -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return PASSPHRASE

    services = window(ask)
    assert [row.account.name for row in services.accounts()] == ["Northwind"]
    assert (services.store_state().kind, services.store_state().asks, asked) == ("sealed", True, [])
    assert [row.name for row in services.codes()] == ["Northwind"]
    assert services.code("e-1").code.isdigit()
    assert services.credentials("work").access_key_id == KEY
    assert asked == ["Passphrase of the sealed vault"]
    assert services.lock_state().open == ("keys", "codes")


def test_no_seed_comes_into_the_window(window: Made) -> None:
    services = window(lambda question: PASSPHRASE)
    entries: list[Any] = list(services.code_book.entries())
    assert [entry.name for entry in entries] == ["Northwind"]
    assert [entry.secret.reveal() for entry in entries] == [""]
    assert isinstance(services.store._backend, RemoteBackend)
    with pytest.raises(CredGuardError) as caught:
        services.store.read("totp/e-1")
    assert caught.value.code == "seed-stays"
    assert SEED


def test_a_mistyped_passphrase_is_asked_again(window: Made) -> None:
    answers = ["wrong one", "", PASSPHRASE]
    services = window(lambda question: answers.pop(0))
    assert services.credentials("work").secret == Secret(SECRET)
    assert answers == []


def test_who_does_not_want_to_answer_gets_locked(window: Made) -> None:
    services = window(lambda question: None)
    with pytest.raises(Locked):
        services.credentials("work")


def test_lock_ends_the_child_and_unlock_starts_another(window: Made) -> None:
    services = window(lambda question: None)
    services.unlock(Secret(PASSPHRASE))
    assert services.is_unlocked
    first = services.lock_state().agent
    assert services.code("e-1").code.isdigit()
    assert services.lock().ended
    assert services.lock_state().agent is None
    with pytest.raises(Locked):
        services.code("e-1")
    with pytest.raises(CredGuardError) as caught:
        services.unlock(Secret("wrong one"))
    assert caught.value.code == "wrong-passphrase"
    services.unlock(Secret(PASSPHRASE))
    assert services.lock_state().agent not in {None, first}
    assert services.code("e-1").code.isdigit()


def test_the_child_ends_with_the_window(window: Made) -> None:
    services = window(lambda question: PASSPHRASE)
    services.unlock(Secret(PASSPHRASE))
    services.close()
    until_true(lambda: Agent().open_parts() == ())


def test_an_agent_that_runs_already_is_used_and_left_alone(window: Made, desk: Desk) -> None:
    started = desk.start()
    services = window(lambda question: None)
    assert services.credentials("work").access_key_id == KEY
    assert services.lock_state().agent == started.pid
    services.close()
    assert Agent().open_parts() == ("keys", "codes")


def test_a_new_vault_is_made_in_the_agent(window: Made, desk: Desk) -> None:
    from pathlib import Path

    for file in Path(desk.env["CREDGUARD_HOME"]).glob("vault.cgv*"):
        file.unlink()
    services = window(lambda question: PASSPHRASE)
    assert services.store_state().fresh
    assert services.codes() == ()  # nothing to read: nobody is asked
    services.create_vault(Secret(PASSPHRASE))
    assert not services.store_state().fresh
    assert services.lock_state().open == ("keys", "codes")
    assert services.add_code(secret="KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU", name="Fresh").name == "Fresh"
    assert [row.name for row in services.codes()] == ["Fresh"]
