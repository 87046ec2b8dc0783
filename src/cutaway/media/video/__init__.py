"""Video files: frames with exact time, in and out, through PyAV (the `video` extra), which is imported on demand."""
