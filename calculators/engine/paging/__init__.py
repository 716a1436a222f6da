"""The model behind OpenVINO's paged attention, and the blocks of its cache."""
