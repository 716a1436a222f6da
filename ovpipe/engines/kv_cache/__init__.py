"""How large a KV cache is, and how much memory there is for one."""
