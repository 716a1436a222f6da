"""A model's folder and its engine's options, checked before anything is loaded."""
