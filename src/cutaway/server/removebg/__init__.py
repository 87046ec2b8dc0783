"""The protocol of remove.bg's API v1.0, so that programs written for it work with another address.

The table of fields is in `table`, what a request wants in `order`, how it is made in `make`, the endpoints in `routes`.
"""
