"""Free memory, as a default cache size needs to know it."""

import os

from ovpipe.engines.kv_cache.memory import available_memory


def test_some_memory_is_available_and_no_more_than_the_machine_has() -> None:
    assert 2**20 < available_memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
