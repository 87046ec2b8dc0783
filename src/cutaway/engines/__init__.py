"""Ways to run a network: one small protocol, each engine imported only when it is used."""
