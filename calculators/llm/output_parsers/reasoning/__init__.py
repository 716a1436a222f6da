"""How models write their thoughts: a format a file."""
