"""What is left of OpenVINO's error messages."""

from ovpipe.engines.process.native_errors import plain_message


def test_the_places_in_the_sources_are_left_out() -> None:
    error = RuntimeError(
        "Exception from src/inference/src/cpp/core.cpp:117:\n"
        "Exception from src/inference/src/dev/core_impl.cpp:706:\n"
        'Device with "NOSUCH" name is not registered in the OpenVINO Runtime\n\n'
    )
    assert plain_message(error) == 'Device with "NOSUCH" name is not registered in the OpenVINO Runtime'
    error = RuntimeError(
        "Check 'm_config.max_num_seqs <= m_config.max_num_batched_tokens' failed at /build/scheduler.hpp:797:\n"
        "Max num batched tokens (64) must be greater or equal to max num sequences (256)\n"
    )
    assert plain_message(error).startswith("Max num batched tokens (64) must")


def test_other_messages_stay_on_one_line_and_none_is_empty() -> None:
    assert plain_message(ValueError("a\n  b")) == "a b"
    assert plain_message(KeyError()) == "KeyError without a message"
