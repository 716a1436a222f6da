"""Models that ship with ovpipe, each a folder as openvino-genai reads it."""
