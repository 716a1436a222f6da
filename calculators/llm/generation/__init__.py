"""What is asked of the engine: the choices of a request and how each is sampled."""
