"""Calculators that steer packets and do not look into them."""
