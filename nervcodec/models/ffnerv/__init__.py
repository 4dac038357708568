"""FFNeRV: flow-guided frame-wise neural representations for videos (Lee et al., ACM MM 2023)."""
