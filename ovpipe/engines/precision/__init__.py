"""The precision that a model computes in, where ovpipe is to choose: measured once, then remembered."""
