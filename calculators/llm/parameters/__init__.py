"""What a request may say: each parameter's value, how it is read, and one table of them all."""
