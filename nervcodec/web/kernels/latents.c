/* Values of SDMN's channels that are not sent: normal numbers made of integers (docs/bitstream.md, section 3). */
#include "kernels.h"

#define GOLDEN 0x9E3779B97F4A7C15u

/* SplitMix64 (Steele et al., OOPSLA 2014), in counter mode. */
static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* The first `count` numbers of a frame, times `deviation`; scale: 1 fine, 2 coarse. */
KERNEL void draw_latents(uint32_t seed, float deviation, uint32_t frame, int scale, int count, float *to) {
    uint64_t first = (2 * (uint64_t)frame + scale - 1) << 24;
    for (int n = 0; n < count; n++) {
        int sum = -393210;
        for (int k = 1; k <= 3; k++) {
            uint64_t word = mix(seed + GOLDEN * (4 * (first + n) + k));
            for (int shift = 0; shift < 64; shift += 16) sum += word >> shift & 0xFFFF;
        }
        to[n] = deviation * ((float)sum / 65536);
    }
}
