"""The models that a server has, and the resources that they share: opened, found by name, closed."""
