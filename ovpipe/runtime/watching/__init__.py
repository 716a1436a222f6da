"""What watches a run: traces and metrics."""
