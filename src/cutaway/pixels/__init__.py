"""Pure functions on arrays: no files, no formats, no state."""
