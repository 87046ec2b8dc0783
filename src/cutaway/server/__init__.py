"""The HTTP server: our own API, and the protocols of remove.bg and rembg. It needs the extra `server`."""
