"""Engines: what generates tokens for many runs at once, in a process of its own.

Imports nothing of ovpipe outside this folder.
"""
