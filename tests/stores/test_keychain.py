import pytest
from credguard.vault.keychain import open_keychain
from credguard.vault.store import SecretStore
from credguard.domain.secret import Secret


def test_real(private_keyring):
    k, label = open_keychain()
    assert label == "GNOME Keyring"
    s = SecretStore(k, "keychain", label)
    s.write("access-key/AKIAEXAMPLE", {"v": 1, "secret": Secret("wJalr/EXAMPLE")})
    assert s.read("access-key/AKIAEXAMPLE")["secret"] == Secret("wJalr/EXAMPLE")
    assert s.names() == ("access-key/AKIAEXAMPLE",)
    s.write("session/x", {"v": 1, "session_token": Secret("t" * 4000)})
    assert s.read("session/x")["session_token"] == Secret("t" * 4000)
    assert s.names() == ("access-key/AKIAEXAMPLE", "session/x")
    s.remove("session/x")
    s.remove("access-key/AKIAEXAMPLE")
    assert s.names() == ()
