/* Convolution of a map with zero "same" padding, PixelShuffle and activation, by bands of rows.

   A band is copied to where zeros stand around it: rows of `pitch` = width + padding numbers, so that the zeros at the
   right of a row are those at the left of the next. There a tap of the kernel is a fixed distance, and rows follow each
   other without a seam: outputs are made for all places of the band, those of the zeros included, which are dropped. */
#include "functions.h"

#define GROUP 4  /* output channels made together */
#define STEP 8  /* places made together */

struct layer {
    int32_t inputs, outputs, kernel, shuffle;  /* outputs: channels before PixelShuffle */
    const float *weight;  /* groups of GROUP outputs one after the other, in each [inputs, kernel, kernel, GROUP] */
    const float *bias;
};

struct band {
    int32_t rows, pitch, places;  /* places: rows * pitch, rounded up to STEP */
    int32_t *taps;  /* [inputs, kernel, kernel] */
    float *padded;  /* [inputs, rows + kernel - 1, pitch], and STEP + kernel numbers more */
    float *made;  /* [GROUP, places] */
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

/* `count` outputs, from `output` on, at the first `places` places of a band. */
INLINED void sums(int count, const struct layer *layer, int output, const struct band *band, int places) {
    int total = layer->inputs * layer->kernel * layer->kernel;
    for (int place = 0; place < places; place += STEP) {
        floats sum[GROUP][2];
        for (int o = 0; o < count; o++) sum[o][0] = sum[o][1] = splat(layer->bias[output + o]);
        const float *weight = layer->weight + output * total;
        for (int tap = 0; tap < total; tap++, weight += GROUP) {
            const float *x = band->padded + place + band->taps[tap];
            floats left = load(x), right = load(x + 4);
            for (int o = 0; o < count; o++) {
                floats w = splat(weight[o]);
                sum[o][0] += w * left;
                sum[o][1] += w * right;
            }
        }
        for (int o = 0; o < count; o++) {
            store(band->made + o * band->places + place, sum[o][0]);
            store(band->made + o * band->places + place + 4, sum[o][1]);
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

/* Rows of an output channel to where PixelShuffle by `scale` puts them: from `to` on, in a map `width` wide. */
static void shuffle(const float *made, int rows, int pitch, int scale, float *to, int width) {
    for (int row = 0; row < rows; row++, made += pitch, to += scale * width)
        for (int x = 0; x * scale < width; x++) to[x * scale] = made[x];
}

/* Where PixelShuffle by `scale` puts the first number of a row of an output channel. */
static float *shuffled(const struct map *y, int scale, int output, int row) {
    int channel = output / (scale * scale), down = output / scale % scale, right = output % scale;
    return y->values + (channel * y->height + row * scale + down) * y->width + right;
}

static void make_sums(int count, const struct layer *layer, int output, const struct band *band, int places) {
    switch (count) {
        case 1: sums(1, layer, output, band, places); break;
        case 2: sums(2, layer, output, band, places); break;
        case 3: sums(3, layer, output, band, places); break;
        default: sums(GROUP, layer, output, band, places);
    }
}

KERNEL void convolve_map(const struct layer *layer, const struct map *x, const struct band *band,
                         enum activation activation, const struct map *y) {
    int padding = layer->kernel / 2, padded_rows = band->rows + 2 * padding, scale = layer->shuffle;
    find_taps(layer, padded_rows * band->pitch, band->pitch, band->taps);
    for (int top = 0; top < x->height; top += band->rows) {
        int rows = least(band->rows, x->height - top);
        pad(x, padding, top - padding, padded_rows, band->padded);
        for (int output = 0; output < layer->outputs; output += GROUP) {
            int count = least(GROUP, layer->outputs - output);
            make_sums(count, layer, output, band, rows * band->pitch);
            activate(band->made, count * band->places, activation);
            for (int o = 0; o < count; o++) {
                float *to = shuffled(y, scale, output + o, top);
                shuffle(band->made + o * band->places, rows, band->pitch, scale, to, y->width);
            }
        }
    }
}
