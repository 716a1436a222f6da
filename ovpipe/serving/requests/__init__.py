"""One request: read within its limits, run through its graph, its answer or error written out."""
