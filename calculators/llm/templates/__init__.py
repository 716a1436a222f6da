"""How a conversation becomes a prompt: the model's chat template, in a sandbox."""
