"""SDMN: the base layer of QS-NeRV, quality-scalable decoding with neural representation for videos (ACM MM 2024)."""
