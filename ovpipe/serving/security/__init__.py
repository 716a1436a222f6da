"""Who may come in: policies that are plain values. `doors.py` makes them, `guard.py` asks them."""
