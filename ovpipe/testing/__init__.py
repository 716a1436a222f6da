"""What a calculator is tested with."""

from ovpipe.testing.runner import CalculatorRunner, Outputs

__all__ = ["CalculatorRunner", "Outputs"]
