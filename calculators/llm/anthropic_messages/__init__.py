"""Anthropic's Messages API: its parameters, its conversations, its answers and its errors."""
