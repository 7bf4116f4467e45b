"""Keys from passwords and the ciphers of other programs' exports; what they cost is looked at first."""

from __future__ import annotations

import hashlib
import os

from credguard.domain.secret import Secret
from credguard.exchange import limits
from credguard.exchange.parsed import damaged, wrong_password

TAG = 16


def password_bytes(password: Secret) -> bytes:
    """UTF-8; half a surrogate pair, which has no bytes, opens nothing."""
    try:
        return password.reveal().encode()
    except UnicodeEncodeError:
        raise wrong_password() from None


def whole(value: object, least: int = 1) -> int:
    """A number of a file's parameters. Raises `codes-damaged`."""
    if type(value) is not int or value < least:
        raise damaged()
    return value


def scrypt(password: Secret, salt: bytes, n: object, r: object, p: object) -> bytes:
    """32 bytes. Raises `codes-cost`, `codes-damaged`."""
    check_scrypt(n, r, p)
    n_, r_, p_ = whole(n, 2), whole(r), whole(p)
    if n_ & (n_ - 1):
        raise damaged()
    try:
        return hashlib.scrypt(
            password_bytes(password), salt=salt, n=n_, r=r_, p=p_, maxmem=2**31 - 1, dklen=32
        )
    except MemoryError:
        raise limits.memory_refused(n_ * r_ * 128) from None
    except ValueError:
        raise damaged() from None


def check_scrypt(n: object, r: object, p: object) -> int:
    """The work, n·r·p. Raises `codes-cost` for more memory or work than is reasonable, `codes-damaged`."""
    n_, r_, p_ = whole(n, 2), whole(r), whole(p)
    if n_ * r_ * 128 > limits.MAX_SCRYPT_MEMORY:
        raise limits.memory_refused(n_ * r_ * 128)
    if n_ * r_ * p_ > limits.MAX_SCRYPT_WORK:
        raise limits.work_refused("rounds", n_ * r_ * p_, limits.MAX_SCRYPT_WORK)
    return n_ * r_ * p_


def pbkdf2(digest: str, password: Secret, salt: bytes, rounds: object) -> bytes:
    """32 bytes. Raises `codes-cost`, `codes-damaged`."""
    count = whole(rounds)
    if count > limits.MAX_PBKDF2:
        raise limits.work_refused("rounds", count, limits.MAX_PBKDF2)
    return hashlib.pbkdf2_hmac(digest, password_bytes(password), salt, count, 32)


def argon2id(password: Secret, salt: bytes, memory: object, passes: object, lanes: object = 1) -> bytes:
    """32 bytes; `memory` in bytes. Raises `codes-cost`, `codes-damaged`."""
    m, t, p = whole(memory), whole(passes), whole(lanes)
    check_argon2(m, t, p)
    if m < 8 * 1024 * p or len(salt) < 8:
        raise damaged()
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    try:
        if p == 1 and len(salt) == 16:  # as libsodium does it, at nearly twice the speed
            from nacl.bindings import crypto_pwhash_alg, crypto_pwhash_ALG_ARGON2ID13
            from nacl.exceptions import CryptoError

            try:
                return crypto_pwhash_alg(
                    32, password_bytes(password), salt, t, m, crypto_pwhash_ALG_ARGON2ID13
                )
            except CryptoError:  # it got no memory
                raise MemoryError from None
        return Argon2id(salt=salt, length=32, iterations=t, lanes=p, memory_cost=m // 1024).derive(
            password_bytes(password)
        )
    except MemoryError:
        raise limits.memory_refused(m) from None


def check_argon2(memory: int, passes: int, lanes: int) -> None:
    """Raises `codes-cost` for more memory or work than is reasonable on this computer."""
    free = free_memory()
    if memory > limits.MAX_ARGON_MEMORY or (free is not None and memory > free // 2):
        raise limits.memory_refused(memory)
    if memory * passes > limits.MAX_ARGON_WORK:
        raise limits.work_refused("passes", passes, limits.MAX_ARGON_WORK // memory)
    if lanes > limits.MAX_ARGON_LANES:
        raise limits.work_refused("lanes", lanes, limits.MAX_ARGON_LANES)


def free_memory() -> int | None:
    """Bytes that can be had without swapping; None where the system does not tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError, IndexError):
        return None


# ── ciphers ──────────────────────────────────────────────────────────────────────────────────────
def gcm_open(key: bytes, nonce: bytes, sealed: bytes, extra: bytes | None = None) -> bytes | None:
    """AES-256-GCM, the tag at the end; None where it does not open. Raises `codes-damaged`."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(sealed) < TAG or not 8 <= len(nonce) <= 128:
        raise damaged()
    try:
        return AESGCM(key).decrypt(nonce, sealed, extra)
    except InvalidTag:
        return None


def cbc_open(key: bytes, iv: bytes, sealed: bytes) -> bytes | None:
    """AES-CBC with PKCS#7; None where the padding is none."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC
    from cryptography.hazmat.primitives.padding import PKCS7

    if len(iv) != 16 or not sealed or len(sealed) % 16:
        return None
    cipher, remover = Cipher(AES(key), CBC(iv)).decryptor(), PKCS7(128).unpadder()
    try:
        return remover.update(cipher.update(sealed) + cipher.finalize()) + remover.finalize()
    except ValueError:
        return None
