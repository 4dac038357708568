"""DNeRV: modeling inherent dynamics via difference neural representation (Zhao et al., CVPR 2023)."""
