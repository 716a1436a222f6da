"""The sequences that an engine works on, and which of them a step moves on."""
