"""Bytes to frames and back; the only room that knows file formats."""
