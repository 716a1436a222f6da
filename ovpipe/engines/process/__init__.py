"""An engine's process: the host inside it, and the client, link and watches that the server keeps."""
