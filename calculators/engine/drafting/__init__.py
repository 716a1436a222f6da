"""Tokens that are guessed ahead, so that the model reads several of them at once."""
