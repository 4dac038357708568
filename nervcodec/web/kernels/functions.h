/* Functions of four floats at a time, to about 1e-7 of the larger of 1 and the result. */
#ifndef FUNCTIONS_H
#define FUNCTIONS_H

#include "floats.h"

/* e to the x: a power of 2, times the polynomial of Cephes' expf for what is left, which is within half of log 2. */
INLINED floats exponential(floats x) {
    x = within(x, -87, 88);
    v128_t power = wasm_f32x4_nearest((v128_t)(x * 1.44269504f));
    floats r = x - (floats)power * 0.693359375f + (floats)power * 2.12194440e-4f;  /* log 2 in two parts */
    floats p = 1.9875691500e-4f * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 0.5f;
    p = p * r * r + r + 1;
    return (floats)wasm_i32x4_add((v128_t)p, wasm_i32x4_shl(wasm_i32x4_trunc_sat_f32x4(power), 23));
}

INLINED floats sigmoid(floats x) { return 1 / (1 + exponential(-x)); }

INLINED floats hyperbolic_tangent(floats x) { return 2 * sigmoid(2 * x) - 1; }

/* The error function: a quotient of polynomials (Eigen's, for float), 1 beyond 4. */
INLINED floats error_function(floats x) {
    x = within(x, -4, 4);
    floats s = x * x;
    floats p = -2.72614225801306e-10f * s + 2.77068142495902e-08f;
    p = p * s - 2.10102402082508e-06f;
    p = p * s - 5.69250639462346e-05f;
    p = p * s - 7.34990630326855e-04f;
    p = p * s - 2.95459980854025e-03f;
    p = p * s - 1.60960333262415e-02f;
    floats q = -1.45660718464996e-05f * s - 2.13374055278905e-04f;
    q = q * s - 1.68282697438203e-03f;
    q = q * s - 7.37332916720468e-03f;
    q = q * s - 1.42647390514189e-02f;
    return x * p / q;
}

/* x times the normal distribution function of x. */
INLINED floats gelu(floats x) { return 0.5f * x * (1 + error_function(x * 0.707106781f)); }

#endif
