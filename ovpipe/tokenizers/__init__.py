"""What the serving process needs of a model's folder: tokenizer, vocabulary, detokenizer, chat templates."""
