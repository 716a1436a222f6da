"""Models that others made, as ovpipe reads them."""
