"""A model that somebody else made becomes a folder that openvino-genai and ovpipe serve."""
