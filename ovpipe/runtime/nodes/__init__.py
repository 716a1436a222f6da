"""What runs a calculator: a class of nodes for each way in which calculators work."""
