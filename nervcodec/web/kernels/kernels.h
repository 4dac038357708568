/* What all kernels share. */
#ifndef KERNELS_H
#define KERNELS_H

#include <stdint.h>

/* A function that JavaScript may call. */
#define KERNEL __attribute__((visibility("default")))

#endif
