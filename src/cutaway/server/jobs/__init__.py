"""Batches of pictures: kept on disk, worked on one picture after the other, finished even after a crash.

`store` knows the folders, `runner` does the work, `receive` takes in the pictures, `routes` are the endpoints.
"""
