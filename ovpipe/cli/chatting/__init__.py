"""A conversation in the terminal: what `ovpipe chat` is made of."""
