"""Frames without an end in sight: the stages of a photo's way run side by side, for videos and cameras."""
