"""EEN: the networks that QS-NeRV (ACM MM 2024) puts on top of a base layer."""
