/* Convolution of a map with zero "same" padding, PixelShuffle and activation, by bands of rows.

   A band is copied to where zeros stand around it: rows of `pitch` = width + padding numbers, so that the zeros at the
   right of a row are those at the left of the next. There a tap of the kernel is a fixed distance, and rows follow each
   other without a seam: outputs are made for all places of the band, those of the zeros included, which are dropped. */
#include "functions.h"

#define GROUP 4  /* output channels made together */
#define STEP 8  /* places made together */

struct layer {
    int32_t inputs, outputs, kernel, shuffle;  /* outputs: channels before PixelShuffle */
    const float *weight, *bias;  /* groups of GROUP outputs one after the other, in each [inputs, kernel, kernel, GROUP] */
};

/* Memory for a band: `rows` rows are made at a time. */
struct band {
    int32_t rows;
    int32_t *taps;  /* [inputs, kernel, kernel] */
    float *padded;  /* [inputs, rows + kernel - 1, pitch], and STEP + kernel numbers more */
    float *made;  /* [GROUP, rows * pitch, rounded up to STEP] */
};

enum activation { NONE, GELU, LEAKY, SIGMOID, UNIT };

static void find_taps(const struct layer *layer, int channel_size, int pitch, int32_t *taps) {
    for (int i = 0; i < layer->inputs; i++)
        for (int y = 0; y < layer->kernel; y++)
            for (int x = 0; x < layer->kernel; x++) *taps++ = i * channel_size + y * pitch + x;
}

static void pad(const struct map *map, int padding, int top, int rows, float *to) {
    for (int i = 0; i < padding; i++) *to++ = 0;
    for (int c = 0; c < map->channels; c++)
        for (int y = top; y < top + rows; y++) {
            int is_inside = y >= 0 && y < map->height;
            const float *from = map->values + (c * map->height + y) * map->width;
            for (int x = 0; x < map->width; x++) *to++ = is_inside ? from[x] : 0;
            for (int i = 0; i < padding; i++) *to++ = 0;
        }
}

/* `count` outputs at `places` places; made: [count, stride]. */
INLINED void sums(int count, const float *padded, const struct layer *layer, int output, const int32_t *taps, int places,
                 float *made, int stride) {
    int total = layer->inputs * layer->kernel * layer->kernel;
    for (int place = 0; place < places; place += STEP) {
        floats sum[GROUP][2];
        for (int o = 0; o < count; o++) sum[o][0] = sum[o][1] = splat(layer->bias[output + o]);
        const float *weight = layer->weight + output * total;
        for (int tap = 0; tap < total; tap++, weight += GROUP) {
            const float *x = padded + place + taps[tap];
            floats left = load(x), right = load(x + 4);
            for (int o = 0; o < count; o++) {
                floats w = splat(weight[o]);
                sum[o][0] += w * left;
                sum[o][1] += w * right;
            }
        }
        for (int o = 0; o < count; o++) {
            store(made + o * stride + place, sum[o][0]);
            store(made + o * stride + place + 4, sum[o][1]);
        }
    }
}

INLINED floats activated(floats x, enum activation activation) {
    switch (activation) {
        case GELU: return gelu(x);
        case LEAKY: return larger(x, 0.2f * x);
        case SIGMOID: return sigmoid(x);
        case UNIT: return sigmoid(2 * x);  /* (tanh + 1) / 2 */
        default: return x;
    }
}

INLINED void activate_all(float *values, int count, enum activation activation) {
    for (int i = 0; i < count; i += 4) store(values + i, activated(load(values + i), activation));
}

static void activate(float *values, int count, enum activation activation) {
    switch (activation) {
        case GELU: activate_all(values, count, GELU); break;
        case LEAKY: activate_all(values, count, LEAKY); break;
        case SIGMOID: activate_all(values, count, SIGMOID); break;
        case UNIT: activate_all(values, count, UNIT); break;
        case NONE: break;
    }
}

/* Rows of one output channel to their places in `y`, whose size is that after PixelShuffle. */
static void shuffle(const float *made, int pitch, int output, int stride, int top, int rows, const struct map *y) {
    int channel = output / (stride * stride), down = output / stride % stride, right = output % stride;
    float *to = y->values + (channel * y->height + top * stride + down) * y->width + right;
    for (int row = 0; row < rows; row++, made += pitch, to += stride * y->width)
        for (int x = 0; x * stride < y->width; x++) to[x * stride] = made[x];
}

KERNEL void convolve_map(const struct layer *layer, const struct map *x, const struct band *band,
                      enum activation activation, const struct map *y) {
    int padding = layer->kernel / 2, pitch = x->width + padding;
    find_taps(layer, (band->rows + 2 * padding) * pitch, pitch, band->taps);
    for (int top = 0; top < x->height; top += band->rows) {
        int rows = least(band->rows, x->height - top), places = rows * pitch;
        int stride = (band->rows * pitch + STEP - 1) / STEP * STEP;
        pad(x, padding, top - padding, band->rows + 2 * padding, band->padded);
        for (int output = 0; output < layer->outputs; output += GROUP) {
            int count = least(GROUP, layer->outputs - output);
            switch (count) {
                case 1: sums(1, band->padded, layer, output, band->taps, places, band->made, stride); break;
                case 2: sums(2, band->padded, layer, output, band->taps, places, band->made, stride); break;
                case 3: sums(3, band->padded, layer, output, band->taps, places, band->made, stride); break;
                default: sums(GROUP, band->padded, layer, output, band->taps, places, band->made, stride);
            }
            activate(band->made, count * stride, activation);
            for (int o = 0; o < count; o++)
                shuffle(band->made + o * stride, pitch, output + o, layer->shuffle, top, rows, y);
        }
    }
}
