"""The models of this machine: what their names are, where they are, and how they come here from a hub."""
