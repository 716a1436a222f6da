"""Admission: which requests are let in, which wait, which are refused, and how long they may take."""
