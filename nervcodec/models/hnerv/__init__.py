"""HNeRV: a hybrid neural representation for videos (Chen et al., CVPR 2023)."""
