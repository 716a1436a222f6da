"""The parts of a decoder's layer, as nodes of an OpenVINO graph."""
