/* Maps of whole numbers, int32 [h, w], and motion, int32 [2, h, w]: x, then y, in sixteenths of a sample.

   Quotients are rounded down: those by a power of two are shifts, and those that need more than 32 bits are of doubles,
   which is exact, for the whole numbers here stay below 2^53. */
#ifndef MAPS_H
#define MAPS_H

#include "kernels.h"

enum { UNIT = 16 };

typedef struct {
    int height, width, count;  /* count = height * width */
} Size;

static inline int limited(int number, int low, int high) {
    return number < low ? low : number > high ? high : number;
}

/* A map at a place in sixteenths of a sample, bilinearly, rounded, half up; outside is the border. */
static inline int sampled(const int32_t *map, Size size, int x, int y) {
    x = limited(x, 0, UNIT * (size.width - 1));
    y = limited(y, 0, UNIT * (size.height - 1));
    const int left = x / UNIT, top = y / UNIT;
    const int right = left < size.width - 1, below = top < size.height - 1 ? size.width : 0;
    const int32_t *corner = map + top * size.width + left;
    x %= UNIT;
    y %= UNIT;
    const int upper = corner[0] * (UNIT - x) + corner[right] * x;
    const int lower = corner[below] * (UNIT - x) + corner[below + right] * x;
    return (upper * (UNIT - y) + lower * y + UNIT * UNIT / 2) >> 8;
}

/* A fraction share / whole of a motion, rounded, half up. */
static inline int part(int motion, double share, double whole) {
    return (int)__builtin_floor((2 * motion * share + whole) / (2 * whole));
}

#endif
