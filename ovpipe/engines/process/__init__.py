"""An engine's process: the host inside it, and the client, link and watchdog that the server keeps."""
