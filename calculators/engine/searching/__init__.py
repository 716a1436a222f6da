"""Beam search: the likeliest texts of a request, found side by side."""
