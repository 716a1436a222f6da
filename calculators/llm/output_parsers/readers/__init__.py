"""What the formats read with: pieces of text, markers, JSON, Python's values."""
