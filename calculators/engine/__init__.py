"""Calculators of the engine's own step: scheduler, model, logits processors, sampler, deliver."""
