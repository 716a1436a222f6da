"""API keys: secrets, hashes, the file of keys, and the ring that finds a key."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from ovpipe.errors import GraphError
from ovpipe.serving.security.api_key import ApiKey, digest_of, key_of, new_secret
from ovpipe.serving.security.errors import SecurityError
from ovpipe.serving.security.key_file import add_key, line_of, parsed, read_keys, remove_key
from ovpipe.serving.security.key_ring import KeyRing
from ovpipe.serving.security.roles import Role

INFERENCE = frozenset((Role.INFERENCE,))
SECRET = "correct-horse-battery-staple-0123456789"
HASH = sha256(SECRET.encode()).hexdigest()


def test_a_new_secret_has_256_random_bits_and_says_whose_it_is() -> None:
    assert re.fullmatch(r"sk-ovpipe-[A-Za-z0-9_-]{43}", new_secret())
    assert new_secret() != new_secret()
    key_of("mine", new_secret(), INFERENCE)


@pytest.mark.parametrize(
    ("secret", "wrong"),
    [
        ("token-abc123", "can be guessed; a key has 32 random characters or more"),
        ("a" * 64, "can be guessed"),
        ("correct horse battery staple 0123456789", "printable ASCII without spaces"),
        ("schlüssel-schlüssel-schlüssel-0123456789", "printable ASCII"),
        (SECRET + "\n", "printable ASCII"),
    ],
)
def test_a_key_that_could_be_guessed_is_refused_and_not_shown(secret: str, wrong: str) -> None:
    with pytest.raises(SecurityError, match=wrong) as raised:
        key_of("mine", secret, INFERENCE)
    assert secret not in str(raised.value)
    assert "openssl rand -hex 32" in str(raised.value)


def test_the_file_has_the_hash_and_never_the_secret(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    add_key(file, key_of("alice", SECRET, frozenset((Role.METRICS, Role.INFERENCE))))
    add_key(file, key_of("bob", SECRET + "2", frozenset((Role.ADMIN,))))
    assert f"alice:inference,metrics:sha256:{HASH}\n" in file.read_text()
    assert SECRET not in file.read_text()
    assert [key.name for key in read_keys(file)] == ["alice", "bob"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_line_is_read_as_it_was_written() -> None:
    key = ApiKey("a.b-c_1", frozenset(Role), digest_of(SECRET))
    assert parsed(line_of(key)) == key
    ranged = replace(key, priorities=(-5, 10))
    assert line_of(ranged).endswith(":-5..10")
    assert parsed(line_of(ranged)) == ranged


def test_comments_and_the_lines_of_others_stay_when_a_key_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# ours\n\n alice:inference:sha256:{HASH}\nalicia:metrics:sha256:{HASH}")
    remove_key(file, "alice")
    assert file.read_text() == f"# ours\n\nalicia:metrics:sha256:{HASH}"
    with pytest.raises(SecurityError, match="has no key 'alice'; did you mean 'alicia'?"):
        remove_key(file, "alice")


def test_a_name_is_used_once(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    add_key(file, key_of("alice", SECRET, INFERENCE))
    with pytest.raises(SecurityError, match="has a key 'alice' already"):
        add_key(file, key_of("alice", SECRET + "2", INFERENCE))


def test_every_mistake_of_a_file_is_reported_with_its_line_and_without_its_text(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(
        f"""# keys
{SECRET}
alice:inference:sha256:{HASH}
alice:metrics:sha256:{HASH}
bob:inferense:sha256:{HASH}
c d:inference:sha256:{HASH}
eve:inference:sha256:{SECRET}
mallory:inference:md5:{HASH}
trent:inference:sha256:{HASH}:5..-5
"""
    )
    with pytest.raises(GraphError) as raised:
        read_keys(file)
    found = [(finding.line, finding.message.partition(";")[0]) for finding in raised.value.findings]
    assert found == [
        (2, "a key is written NAME:ROLE[,ROLE]:sha256:HASH"),
        (4, "there are two keys of the name 'alice'"),
        (5, "there is no such role"),
        (6, "a key's name has 1 to 64 letters, digits, '.', '_' and '-'"),
        (7, "the hash of the key 'eve' must be 'sha256:' and 64 hexadecimal digits"),
        (8, "the hash of the key 'mallory' must be 'sha256:' and 64 hexadecimal digits"),
        (9, "the priorities of the key 'trent' are written FIRST..LAST, as in 0..10"),
    ]
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (None, "cannot be read: No such file or directory; `ovpipe keys new` makes one"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"#" * 1_000_001, "is larger than 1000000 bytes"),
    ],
)
def test_what_is_no_file_of_keys_is_said(tmp_path: Path, content: bytes | None, wrong: str) -> None:
    file = tmp_path / "keys"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SecurityError, match=wrong):
        read_keys(file)


def test_a_file_has_a_bound_of_keys(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("".join(f"k{number}:inference:sha256:{HASH}\n" for number in range(1001)))
    with pytest.raises(SecurityError, match="more than 1000 keys"):
        read_keys(file)


def test_a_ring_finds_the_keys_that_were_given_and_those_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    add_key(file, key_of("alice", SECRET, INFERENCE))
    ring = KeyRing([key_of("given", SECRET + "2", INFERENCE)], file)
    names = [key and key.name for key in map(ring.find, (SECRET, SECRET + "2", SECRET + "3", "", "ü\udcff"))]
    assert names == ["alice", "given", None, None, None]


def test_a_ring_takes_a_changed_file_and_keeps_its_keys_when_that_is_broken(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    add_key(file, key_of("alice", SECRET, INFERENCE))
    ring = KeyRing(file=file)
    file.write_text("nonsense")
    with pytest.raises(GraphError):
        ring.read_file()
    assert ring.find(SECRET)
    file.write_text(f"bob:inference:sha256:{sha256(b'other').hexdigest()}")
    ring.read_file()
    assert ring.find(SECRET) is None
    assert ring.find("other")


def test_without_a_key_left_the_file_lets_nobody_in(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("")
    assert KeyRing(file=file).required
    assert not KeyRing().required


@pytest.mark.parametrize(
    ("mode", "said"),
    [(0o600, None), (0o640, None), (0o644, "can be read by every user"), (0o660, "can be changed by others")],
)
def test_a_file_that_others_can_get_at_is_named_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, said: str | None
) -> None:
    file = tmp_path / "keys"
    add_key(file, key_of("alice", SECRET, INFERENCE))
    file.chmod(mode)
    with caplog.at_level(logging.WARNING):
        KeyRing(file=file)
    assert [said in text if said else text for text in caplog.messages] == ([True] if said else [])
