"""The request parameters, declared subject by subject; table.py puts them together."""
