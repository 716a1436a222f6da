"""What requests are made of in JSON: the types of OpenAI's messages, tools and formats of an answer."""
