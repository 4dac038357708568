/* Scales of luma and of motion (docs/bitstream.md, section 8; nervcodec/motion.py). */
#include "maps.h"

enum { LUMA_BITS = 12, PASSES = 2 };

/* Means of luma, samples of 1 or 2 bytes, over cells of side x side pixels, of 12 bits; reduced: [height / side,
   width / side], rounded up. */
KERNEL void reduce_luma(const void *luma, int bytes, int height, int width, int side, int32_t *reduced) {
    const int scale = 1 << (LUMA_BITS - (bytes == 1 ? 8 : 10));
    for (int top = 0; top < height; top += side) {
        for (int left = 0; left < width; left += side) {
            int sum = 0;
            for (int i = 0; i < side * side; i++) {
                const int y = limited(top + i / side, 0, height - 1), x = limited(left + i % side, 0, width - 1);
                const int place = y * width + x;
                sum += bytes == 1 ? ((const uint8_t *)luma)[place] : ((const int16_t *)luma)[place];
            }
            *reduced++ = sum * scale / (side * side);
        }
    }
}

/* A map at half its size, sides rounded down; rows: room for [height, width / 2]. */
KERNEL void halve_map(const int32_t *map, int height, int width, int32_t *half, int32_t *rows) {
    static const int TAPS[6] = {1, 5, 10, 10, 5, 1};
    const int columns = width / 2;
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < columns; x++) {
            int sum = 0;
            for (int i = 0; i < 6; i++) sum += TAPS[i] * map[y * width + limited(2 * x + i - 2, 0, width - 1)];
            rows[y * columns + x] = sum;
        }
    }
    for (int y = 0; y < height / 2; y++) {
        for (int x = 0; x < columns; x++) {
            int sum = 512;
            for (int i = 0; i < 6; i++) sum += TAPS[i] * rows[limited(2 * y + i - 2, 0, height - 1) * columns + x];
            half[y * columns + x] = sum >> 10;
        }
    }
}

/* A map `factor` times as large, bilinearly, at (y, x), in units of 1 / (4 factor^2); samples are cells. */
static inline int enlarged(const int32_t *map, Size size, int factor, int y, int x) {
    y = 2 * y + 1 > factor ? 2 * y + 1 - factor : 0;
    x = 2 * x + 1 > factor ? 2 * x + 1 - factor : 0;
    const int whole = 2 * factor;
    const int top = limited(y / whole, 0, size.height - 1), left = limited(x / whole, 0, size.width - 1);
    const int below = top + 1 < size.height ? size.width : 0, right = left + 1 < size.width;
    const int32_t *corner = map + top * size.width + left;
    y -= whole * top;
    x -= whole * left;
    const int upper = corner[0] * (whole - x) + corner[right] * x;
    const int lower = corner[below] * (whole - x) + corner[below + right] * x;
    return upper * (whole - y) + lower * y;
}

/* One component of motion of a scale [h / 2, w / 2], sides rounded down, at the next scale [h, w]. */
KERNEL void double_motion(const int32_t *coarse, int height, int width, int32_t *fine) {
    const Size size = {height / 2, width / 2, height / 2 * (width / 2)};
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) *fine++ = (enlarged(coarse, size, 2, y, x) + 4) >> 3;
}

/* One component of motion of reduced luma at each pixel [height, width], in pixels. */
KERNEL void enlarge_motion(const int32_t *map, int side, int height, int width, float *pixels) {
    const int rows = (height + side - 1) / side, columns = (width + side - 1) / side;
    const Size size = {rows, columns, rows * columns};
    const float scale = 1.0f / (4 * side * UNIT);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) *pixels++ = scale * enlarged(map, size, side, y, x);
}

/* Motion that passes through each sample at another time: each sample looks up what passes through it, again from where
   the last motion led. The times are share / whole apart, one half less the other time. */
KERNEL void move_motion(const int32_t *motion, int height, int width, double share, double whole, int32_t *moved) {
    const Size size = {height, width, height * width};
    for (int y = 0, i = 0; y < height; y++) {
        for (int x = 0; x < width; x++, i++) {
            int found[2] = {motion[i], motion[size.count + i]};
            for (int pass = 0; pass < PASSES; pass++) {
                const int column = UNIT * x + part(found[0], share, whole);
                const int row = UNIT * y + part(found[1], share, whole);
                found[0] = sampled(motion, size, column, row);
                found[1] = sampled(motion + size.count, size, column, row);
            }
            moved[i] = found[0];
            moved[size.count + i] = found[1];
        }
    }
}
