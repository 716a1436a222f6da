"""OpenAI's Responses API: items, parameters, answers and their events, and what is kept."""
