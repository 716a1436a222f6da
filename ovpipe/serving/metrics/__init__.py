"""The names in /metrics: the front door's own, vLLM's, those of side packets and of nodes."""
