/* Planes seen from other places (docs/bitstream.md, section 8; nervcodec/warp.py).

   Planes are padded: float32 [h + 2 BORDER, w + 2 BORDER], with their border repeated. */
#include "kernels.h"

enum { BORDER = 4, TAPS = 4 };

/* Four numbers at any address of a float. */
typedef float Four __attribute__((vector_size(16), aligned(4)));

static inline int inside(int place, int length) {
    return place < 0 ? 0 : place < length ? place : length - 1;
}

static inline float within(float place, float last) {
    return place < -3 ? -3 : place < last ? place : last;
}

/* Weights of samples at -1, 0, 1 and 2 of cubic convolution with a = -0.75 at t, in [0, 1). */
static inline Four cubic_weights(float t) {
    const float a = -0.75f;
    const Four far = {1 + t, 0, 0, 2 - t}, near = {0, t, 1 - t, 0};
    const Four outer = ((a * far - 5 * a) * far + 8 * a) * far - 4 * a;
    const Four inner = ((a + 2) * near - (a + 3)) * near * near + 1;
    return (Four){outer[0], inner[1], inner[2], outer[3]};
}

/* Pads a plane [height, width] of samples of 1 or 2 bytes. */
KERNEL void pad_plane(const void *plane, int bytes, int height, int width, float *padded) {
    for (int row = -BORDER; row < height + BORDER; row++) {
        const int start = inside(row, height) * width;
        const uint8_t *shallow = (const uint8_t *)plane + start;
        const int16_t *deep = (const int16_t *)plane + start;
        float *line = padded + BORDER;
        if (bytes == 1)
            for (int x = 0; x < width; x++) line[x] = shallow[x];
        else
            for (int x = 0; x < width; x++) line[x] = deep[x];
        for (int x = 0; x < BORDER; x++) padded[x] = line[0], line[width + x] = line[width - 1];
        padded += width + 2 * BORDER;
    }
}

/* A padded plane of height x width samples, seen bicubically at (x, y) + scale * field; field: float32 [2, height,
   width], x, then y, in samples; seen: [height, width]. */
KERNEL void warp_plane(const float *padded, int height, int width, const float *field, float scale, float *seen) {
    const int stride = width + 2 * BORDER;
    const float *down = field + height * width;
    for (int row = 0; row < height; row++) {
        for (int column = 0; column < width; column++) {
            const float x = within(column + scale * *field++, width + 1), y = within(row + scale * *down++, height + 1);
            const float left = __builtin_floorf(x), top = __builtin_floorf(y);
            const Four across = cubic_weights(x - left), weights = cubic_weights(y - top);
            const float *corner = padded + ((int)top + BORDER - 1) * stride + (int)left + BORDER - 1;
            Four sum = {0, 0, 0, 0};
            for (int i = 0; i < TAPS; i++) sum += weights[i] * *(const Four *)(corner + i * stride);
            sum *= across;
            *seen++ = sum[0] + sum[1] + (sum[2] + sum[3]);
        }
    }
}

/* Half the mean of one component of a field [height, width] over squares of 2 x 2, or over those of them that there
   are; halved: half of the size, rounded up. */
KERNEL void halve_field(const float *field, int height, int width, float *halved) {
    for (int y = 0; y < height; y += 2) {
        for (int x = 0; x < width; x += 2) {
            const int right = x + 1 < width, below = y + 1 < height ? width : 0;
            const float *corner = field + y * width + x;  /* a mean in which the last one counts twice is the same */
            *halved++ = (corner[0] + corner[below] + (corner[right] + corner[below + right])) / 8;
        }
    }
}
