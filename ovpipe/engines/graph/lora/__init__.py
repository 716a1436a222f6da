"""LoRA adapters beside a model: each request's tokens go through those of its own."""
