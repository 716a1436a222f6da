"""The front door: HTTP in, runs of graphs, HTTP out."""
