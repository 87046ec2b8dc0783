"""Image and mask pairs: finding, reading, checking and augmenting them."""
