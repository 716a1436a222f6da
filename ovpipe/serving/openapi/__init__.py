"""/openapi.json: the server's description of itself, put together from what the graphs' nodes say."""
