"""An MFA device that was begun elsewhere: Home, status and doctor name it, the window goes on with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from credguard.demo.cloud.companies import ACME_STAGING, Company
from credguard.domain.machine import Step
from credguard.gui.journeys import start
from credguard.gui.window import Window
from credguard.queries.home import status_json
from credguard.wire import items
from tests.support.gui import application
from tests.support.pages import button, page_of, said
from tests.support.window import Laptop, read, until

COMPANY: Company = ACME_STAGING
WORDS = "An MFA device for {user} in Acme Staging is not finished"


class Gone(BaseException):
    """The program ends between two steps."""


@pytest.fixture
def laptop() -> Iterator[Laptop]:
    application()
    with Laptop() as made:
        made.as_designed()
        yield made


def cut_off(laptop: Laptop) -> str:
    """An enrolment that was killed in the middle; what it is called."""
    user = laptop.world.double.user(COMPANY.account_id, COMPANY.people[0].name)
    user.devices.clear()
    row = next(r for r in laptop.services.accounts() if r.account.account_id == COMPANY.account_id)
    assert row.current is not None

    def dies(steps: tuple[Step, ...]) -> None:
        if any(step.state == "done" for step in steps):
            raise Gone

    with pytest.raises(Gone):
        laptop.services.enrolment(row.current.access_key_id, dies)
    return WORDS.format(user=user.name)


def on(laptop: Laptop) -> list[str]:
    user = laptop.world.double.user(COMPANY.account_id, COMPANY.people[0].name)
    return [device.serial for device in user.devices]


def home(window: Window) -> str:
    page_of(window).reload()  # type: ignore[attr-defined]
    read(window)
    return said(page_of(window))


def test_what_was_cut_off_is_named_and_the_next_start_goes_on(laptop: Laptop) -> None:
    words = cut_off(laptop)
    view = laptop.services.home()
    assert words in [str(w.title) for w in view.waiting]
    assert status_json(view, lambda at: None)["next"] == "credguard mfa enrol --resume"
    assert f"{words}. Your keys work." in [str(f.text) for f in laptop.services.doctor()]
    run = laptop.services.unfinished_mfa()[0]
    with laptop.services.interlock.hold(f"mfa-{COMPANY.account_id}-{COMPANY.people[0].name}"):
        assert run.resting is False
        assert words not in [str(w.title) for w in laptop.services.home().waiting], "somebody is at it"
    window = laptop.window()
    start.begin(window)
    until(window, lambda: bool(on(laptop)) and not window.tasks.busy)
    assert laptop.services.unfinished_mfa() == ()
    assert words not in home(window)
    laptop.put_away()


def test_what_rests_at_a_refusal_waits_on_home_for_its_button(laptop: Laptop) -> None:
    words = cut_off(laptop)
    store, name = laptop.services.store, items.access_key(COMPANY.key_id())
    item = store.read(name)
    assert item is not None
    store.remove(name)
    laptop.services.enrolment_resume(laptop.services.unfinished_mfa()[0].run_id)
    left = laptop.services.unfinished_mfa()
    assert [run.resting for run in left] == [True]
    store.write(name, item)
    window = laptop.window()
    start.begin(window)
    until(window, lambda: not window.tasks.busy)
    assert laptop.services.unfinished_mfa() == left, "the window goes on only where that can help"
    assert words in home(window)
    button(page_of(window), f"Carry on: {words}").click()
    until(window, lambda: not laptop.services.unfinished_mfa() and not window.tasks.busy)
    assert words not in home(window)
    laptop.put_away()
