"""The frames between server and engine."""

import asyncio
import fcntl
import resource
import socket

import pytest

from ovpipe.engines.messages import (
    Ack,
    Add,
    Cancel,
    Failed,
    FromHost,
    Load,
    Progress,
    Ready,
    Refused,
    Step,
    ToHost,
)
from ovpipe.engines.protocol import (
    Delta,
    EngineInfo,
    EngineStats,
    GenerateRequest,
    LikelyToken,
    SamplingParams,
    Token,
)
from ovpipe.engines.wire import (
    MAX_FRAME_BYTES,
    ClientWire,
    HostWire,
    WireError,
    encode,
    from_host_decoder,
    to_host_decoder,
)

TO_HOST: list[ToHost] = [
    Load({"models_path": "m", "plugin_config": {"A": 1}}),
    Add(GenerateRequest(7, [1, 2, 3], SamplingParams(max_tokens=5, temperature=0.5, seed=2**63))),
    Cancel(7),
    Ack(12),
]
FROM_HOST: list[FromHost] = [
    Progress(phase="warm_up", detail="é", fraction=0.5),
    Ready(
        EngineInfo(
            core="genai",
            device="CPU",
            context_length=None,
            vocab_size=10,
            eos_token_ids=[2],
            num_kv_blocks=4,
            block_size=32,
            cache_bytes=1,
            max_num_seqs=1,
            max_num_batched_tokens=1,
            dynamic_split_fuse=False,
            generation_config={"eos_token_id": [2]},
        )
    ),
    Step(
        3,
        [Delta(1, [Token(5), Token(6, -0.5, (LikelyToken(7, -0.25),))], 2, seed=3), Delta(2, [], 0, "stop")],
        EngineStats(kv_cache_usage=0.25),
    ),
    Refused(1, "no"),
    Failed(phase="step", message="why"),
]


def test_messages_come_out_as_they_went_in_however_the_bytes_are_cut() -> None:
    to_host = b"".join(map(encode, TO_HOST))
    from_host = b"".join(map(encode, FROM_HOST))
    for size in (1, 3, 4, 5, 64, len(to_host) + len(from_host)):
        host, client = to_host_decoder(), from_host_decoder()
        heard = [m for i in range(0, len(to_host), size) for m in host.feed(to_host[i : i + size])]
        told = [m for i in range(0, len(from_host), size) for m in client.feed(from_host[i : i + size])]
        assert heard == TO_HOST
        assert told == FROM_HOST


def test_a_frame_is_four_bytes_of_length_and_the_message() -> None:
    frame = encode(Ack(1))
    assert frame[:4] == (len(frame) - 4).to_bytes(4, "big")


def test_a_claimed_length_above_the_limit_is_refused_before_its_bytes_come() -> None:
    with pytest.raises(WireError, match="limit"):
        list(to_host_decoder().feed((MAX_FRAME_BYTES + 1).to_bytes(4, "big")))


def test_bytes_that_are_no_message_are_refused() -> None:
    deep = b"\x82\xa4type\xa4Load\xa7options\x81\xa1a" + b"\x91" * 5000 + b"\xc0"
    for body in (b"\xc1", b"\x80", b"\xa3abc", b"\x82\xa4type\xa4\xff\xfe\xfd\xfc\xa1a\xc0", deep):
        for decoder in (to_host_decoder, from_host_decoder):
            with pytest.raises(WireError, match="no message"):
                list(decoder().feed(len(body).to_bytes(4, "big") + body))


def test_what_fits_in_no_frame_is_not_sent() -> None:
    with pytest.raises(WireError, match="64 bits"):
        encode(Add(GenerateRequest(1, [2**70], SamplingParams(max_tokens=1))))
    with pytest.raises(WireError, match="above"):
        encode(Refused(1, "x" * MAX_FRAME_BYTES))


def test_the_host_polls_without_waiting_and_takes_all_that_is_there() -> None:
    server, host = socket.socketpair()
    with server, host:
        wire = HostWire(host)
        assert wire.receive(wait=False) == []
        server.sendall(encode(Ack(1)) + encode(Ack(2)) + encode(Ack(3))[:5])
        assert wire.receive(wait=True) == [Ack(1), Ack(2)]
        server.sendall(encode(Ack(3))[5:])
        assert wire.receive(wait=True) == [Ack(3)]


def test_the_host_polls_a_descriptor_of_any_number() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2000:
        pytest.skip("the machine allows no such descriptor")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
    server, host = socket.socketpair()
    try:
        with server, host, socket.socket(fileno=fcntl.fcntl(host, fcntl.F_DUPFD, 1500)) as high:
            server.sendall(encode(Ack(1)))
            assert HostWire(high).receive(wait=True) == [Ack(1)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_host_learns_that_the_server_is_gone_after_its_last_words() -> None:
    server, host = socket.socketpair()
    with host:
        wire = HostWire(host)
        server.sendall(encode(Ack(1)))
        server.close()
        with pytest.raises(EOFError):
            while True:
                wire.receive(wait=True)


def test_the_client_learns_that_the_host_is_gone_and_may_still_send() -> None:
    async def scenario() -> None:
        ours, host = socket.socketpair()
        ours.setblocking(False)
        wire = await ClientWire.connect(ours)
        host.sendall(encode(Refused(1, "no")))
        assert await wire.receive() == [Refused(1, "no")]
        host.close()
        assert await wire.receive() == []
        wire.send(Ack(1))
        wire.close()
        wire.send(Ack(2))

    asyncio.run(scenario())
