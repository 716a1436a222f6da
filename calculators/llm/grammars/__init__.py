"""What an answer must follow: the grammars that requests ask for, checked."""
