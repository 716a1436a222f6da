"""The core `graph` as the server knows it: its options, and what it honours."""
