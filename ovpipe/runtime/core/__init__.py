"""How packets move through one run: streams, scheduling, stalls. No threads, no clock, no I/O."""
