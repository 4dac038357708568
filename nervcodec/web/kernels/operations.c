/* Operations on whole maps beside convolution. */
#include "functions.h"

enum kind { ADD, SUBTRACT, TANH_SUM, SIGMOID_SUM, GATE, COUPLE };

INLINED floats combined(enum kind kind, floats a, floats b, floats c) {
    switch (kind) {
        case ADD: return a + b;
        case SUBTRACT: return a - b;
        case TANH_SUM: return hyperbolic_tangent(a + b);
        case SIGMOID_SUM: return sigmoid(a + b);
        case GATE: return b + c * (a - b);
        default: return (a - b) * exponential(1 - 2 * sigmoid(c));
    }
}

INLINED void combine_all(enum kind kind, const float *a, const float *b, const float *c, float *y, int count) {
    for (int i = 0; i < count; i += 4) store(y + i, combined(kind, load(a + i), load(b + i), load(c + i)));
}

/* Arrays of `count` numbers, after which up to 3 more are read and written; c is that of GATE and COUPLE. */
KERNEL void combine_maps(enum kind kind, const float *a, const float *b, const float *c, float *y, int count) {
    switch (kind) {
        case ADD: combine_all(ADD, a, b, b, y, count); break;
        case SUBTRACT: combine_all(SUBTRACT, a, b, b, y, count); break;
        case TANH_SUM: combine_all(TANH_SUM, a, b, b, y, count); break;
        case SIGMOID_SUM: combine_all(SIGMOID_SUM, a, b, b, y, count); break;
        case GATE: combine_all(GATE, a, b, c, y, count); break;
        case COUPLE: combine_all(COUPLE, a, b, c, y, count); break;
    }
}

/* The inverse of PixelShuffle: channels q f^2, of which each has the same place of all cells of f x f samples. */
KERNEL void unshuffle_map(const struct map *x, int factor, float *y) {
    for (int c = 0; c < x->channels; c++)
        for (int place = 0; place < factor * factor; place++)
            for (int row = place / factor; row < x->height; row += factor) {
                const float *from = x->values + (c * x->height + row) * x->width;
                for (int column = place % factor; column < x->width; column += factor) *y++ = from[column];
            }
}

/* Where one of some samples lies among others: `share` of the way from sample `first` to `second`. */
struct place {
    int32_t first, second;
    float share;
};

INLINED struct place place_of(int i, int from, int to) {
    double centre = (i + 0.5) * from / to - 0.5;
    centre = centre < 0 ? 0 : centre > from - 1 ? from - 1 : centre;
    int first = (int)centre;
    return (struct place){first, least(first + 1, from - 1), (float)(centre - first)};
}

INLINED float between(float a, float b, float share) { return a + share * (b - a); }

/* Bilinear, with samples as cells. */
KERNEL void resize_map(const struct map *x, const struct map *y, struct place *columns) {
    for (int column = 0; column < y->width; column++) columns[column] = place_of(column, x->width, y->width);
    float *to = y->values;
    for (int c = 0; c < y->channels; c++)
        for (int i = 0; i < y->height; i++) {
            struct place row = place_of(i, x->height, y->height);
            const float *above = x->values + (c * x->height + row.first) * x->width;
            const float *below = x->values + (c * x->height + row.second) * x->width;
            for (int j = 0; j < y->width; j++) {
                struct place p = columns[j];
                float left = between(above[p.first], below[p.first], row.share);
                float right = between(above[p.second], below[p.second], row.share);
                *to++ = between(left, right, p.share);
            }
        }
}

INLINED float inside(float at, int size) { return at < 0 ? 0 : at > size - 1 ? size - 1 : at; }

/* Each pixel (x, y) of a map seen bilinearly at (x, y) + flow, at the border where that is outside; flow: [2, H, W]. */
KERNEL void warp_map(const struct map *x, const float *flow, float *y) {
    int size = x->height * x->width;
    for (int i = 0; i < size; i++) {
        float column = inside(i % x->width + flow[i], x->width);
        float row = inside(i / x->width + flow[size + i], x->height);
        int left = (int)column, above = (int)row;
        int right = left + 1 < x->width, below = above + 1 < x->height ? x->width : 0;
        const float *seen = x->values + above * x->width + left;
        for (int c = 0; c < x->channels; c++, seen += size) {
            float first = between(seen[0], seen[right], column - left);
            float second = between(seen[below], seen[below + right], column - left);
            y[c * size + i] = between(first, second, row - above);
        }
    }
}

/* Weights become their softmax over channels. */
static void softmax(const struct map *weights) {
    int size = weights->height * weights->width;
    for (int i = 0; i < size; i++) {
        float *w = weights->values + i, largest = *w, total = 0;
        for (int c = 1; c < weights->channels; c++) largest = w[c * size] > largest ? w[c * size] : largest;
        for (int c = 0; c < weights->channels; c++) {
            w[c * size] = exponential(splat(w[c * size] - largest))[0];
            total += w[c * size];
        }
        for (int c = 0; c < weights->channels; c++) w[c * size] /= total;
    }
}

/* The mean of pictures [C, H, W], one for each channel of `weights`, by their softmax, which `weights` become. */
KERNEL void aggregate_pictures(float *const *pictures, const struct map *weights, const struct map *y) {
    softmax(weights);
    int size = y->height * y->width;
    for (int c = 0; c < y->channels; c++)
        for (int i = 0; i < size; i++) {
            float sum = 0;
            for (int n = 0; n < weights->channels; n++)
                sum += weights->values[n * size + i] * pictures[n][c * size + i];
            y->values[c * size + i] = sum;
        }
}
