"""Text on its way from tokens to the answer: cut at stop strings, shown token by token."""
