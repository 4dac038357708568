/* Vectors of four floats, and maps. */
#ifndef FLOATS_H
#define FLOATS_H

#include <wasm_simd128.h>

#include "kernels.h"

#define INLINED static inline __attribute__((always_inline))

typedef float floats __attribute__((vector_size(16)));
typedef float loose_floats __attribute__((vector_size(16), aligned(4)));

/* Samples of one frame, [channels, height, width] in C order. */
struct map {
    int32_t channels, height, width;
    float *values;
};

INLINED floats load(const float *from) { return *(const loose_floats *)from; }

INLINED void store(float *to, floats values) { *(loose_floats *)to = values; }

INLINED floats splat(float value) { return (floats)wasm_f32x4_splat(value); }

INLINED int least(int a, int b) { return a < b ? a : b; }

INLINED floats larger(floats a, floats b) { return (floats)wasm_f32x4_pmax((v128_t)a, (v128_t)b); }

INLINED floats within(floats x, float low, float high) {
    return (floats)wasm_f32x4_pmin((v128_t)larger(x, splat(low)), wasm_f32x4_splat(high));
}

#endif
