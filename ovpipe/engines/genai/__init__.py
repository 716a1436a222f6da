"""The core on openvino-genai."""
