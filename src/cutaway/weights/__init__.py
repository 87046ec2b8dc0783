"""Models as data: what a model file needs to be fed (`spec`) and where the files are (`store`)."""
