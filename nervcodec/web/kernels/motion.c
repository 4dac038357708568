/* Motion between two pictures of luma in whole numbers (docs/bitstream.md, section 8; nervcodec/motion.py).

   The pictures are maps of 12 bits (maps.h). */
#include "maps.h"

enum { WEIGHT = 256, NEARBY = 6, PRODUCTS = 5, CHOICES = 6 };

/* Settings of an estimate at one scale, as JavaScript writes them. */
typedef struct {
    double height, width;
    double share, whole;  /* the time is share / whole */
    double disagreement;  /* difference of luma at which an equation has half its weight */
    double damping;
    double gain;
    double window;  /* number of means over 5 x 5 that sum equations */
    double steps;
} Settings;

/* Means over squares that reach so far around each sample; sums: room for a map and for a line with its border. */
__attribute__((always_inline)) static inline void mean_around(
    int32_t *restrict map, Size size, int32_t *restrict sums, const int reach
) {
    const int side = 2 * reach + 1, square = side * side, above = 1 << 26;  /* no mean has so large a magnitude */
    int32_t *restrict line = sums + size.count;
    for (int y = 0; y < size.height; y++) {
        const int32_t *row = map + y * size.width;
        for (int x = 0; x < size.width; x++) line[x + reach] = row[x];
        for (int x = 0; x < reach; x++) line[x] = row[0], line[size.width + reach + x] = row[size.width - 1];
        for (int x = 0; x < size.width; x++) {
            int sum = 0;
            for (int i = 0; i < side; i++) sum += line[x + i];
            sums[y * size.width + x] = sum;
        }
    }
    for (int y = 0; y < size.height; y++) {
        const int32_t *rows[5];
        for (int i = 0; i < side; i++) rows[i] = sums + limited(y + i - reach, 0, size.height - 1) * size.width;
        for (int x = 0; x < size.width; x++) {
            uint32_t sum = square * above + square / 2;
            for (int i = 0; i < side; i++) sum += rows[i][x];
            map[y * size.width + x] = (int)(sum / square) - above;
        }
    }
}

static void mean_of_3(int32_t *map, Size size, int32_t *sums) { mean_around(map, size, sums, 1); }

static void mean_of_5(int32_t *map, Size size, int32_t *sums) { mean_around(map, size, sums, 2); }

/* What is seen half-way of the pictures a and b along a motion of the sample (x, y). */
static inline void see(
    const Settings *settings, Size size, const int32_t *pictures[2], const int place[2], const int motion[2],
    int seen[2]
) {
    const int past_x = part(motion[0], settings->share, settings->whole);
    const int past_y = part(motion[1], settings->share, settings->whole);
    const int x = UNIT * place[0] - past_x, y = UNIT * place[1] - past_y;
    seen[0] = sampled(pictures[0], size, x, y);
    seen[1] = sampled(pictures[1], size, x + motion[0], y + motion[1]);
}

/* The sum of equations: maps of xx, xy, yy, xr, yr, in `products`; what follows them is overwritten. */
static void sum_equations(
    const Settings *settings, Size size, const int32_t *pictures[2], const int32_t *motion, int32_t *products
) {
    int32_t *between = products + PRODUCTS * size.count, *apart = between + size.count;
    for (int y = 0, i = 0; y < size.height; y++) {
        for (int x = 0; x < size.width; x++, i++) {
            int seen[2];
            see(settings, size, pictures, (int[]){x, y}, (int[]){motion[i], motion[size.count + i]}, seen);
            const double mixed = (settings->whole - settings->share) * seen[0] + settings->share * seen[1];
            between[i] = (int)__builtin_floor(mixed / settings->whole);
            apart[i] = seen[1] - seen[0];
        }
    }
    const int half = (int)settings->disagreement;
    for (int y = 0, i = 0; y < size.height; y++) {
        const int above = y > 0 ? -size.width : 0, below = y < size.height - 1 ? size.width : 0;
        for (int x = 0; x < size.width; x++, i++) {
            const int64_t across = between[i + (x < size.width - 1)] - between[i - (x > 0)];
            const int64_t down = between[i + below] - between[i + above];
            const int64_t weight = WEIGHT * half / (__builtin_abs(apart[i]) + half);
            const int64_t made[PRODUCTS] = {
                across * across, across * down, down * down, 2 * across * apart[i], 2 * down * apart[i]};
            for (int k = 0; k < PRODUCTS; k++) products[k * size.count + i] = (int32_t)(weight * made[k] >> 10);
        }
    }
    for (int k = 0; k < PRODUCTS; k++)
        for (int i = 0; i < (int)settings->window; i++) mean_of_5(products + k * size.count, size, between);
}

/* One step of Lucas and Kanade, of at most one sample; then the motion is smoothed. */
static void step(
    const Settings *settings, Size size, const int32_t *pictures[2], int32_t *motion, int32_t *scratch
) {
    sum_equations(settings, size, pictures, motion, scratch);
    const int32_t *sum = scratch;
    for (int i = 0; i < size.count; i++, sum++) {
        const double xx = sum[0] + settings->damping, yy = sum[2 * size.count] + settings->damping;
        const double xy = sum[size.count], xr = sum[3 * size.count], yr = sum[4 * size.count];
        const double determinant = xx * yy - xy * xy;
        const double x = 2 * UNIT * (xy * yr - yy * xr) + determinant;
        const double y = 2 * UNIT * (xy * xr - xx * yr) + determinant;
        motion[i] += limited((int)__builtin_floor(x / (2 * determinant)), -UNIT, UNIT);
        motion[size.count + i] += limited((int)__builtin_floor(y / (2 * determinant)), -UNIT, UNIT);
    }
    for (int i = 0; i < 2; i++) {
        mean_of_3(motion + i * size.count, size, scratch);
        mean_of_5(motion + i * size.count, size, scratch);
    }
}

/* The sample whose motion a sample takes by a choice: 0 its own, 2 to 5 one nearby. */
static inline int chosen_sample(Size size, int x, int y, int choice) {
    static const int ACROSS[CHOICES] = {0, 0, NEARBY, -NEARBY, 0, 0}, DOWN[CHOICES] = {0, 0, 0, 0, NEARBY, -NEARBY};
    const int column = limited(x + ACROSS[choice], 0, size.width - 1);
    return limited(y + DOWN[choice], 0, size.height - 1) * size.width + column;
}

/* Each sample takes, of six motions, the one along which the pictures agree best; then the motion is smoothed. */
static void choose(
    const Settings *settings, Size size, const int32_t *pictures[2], int32_t *motion, int32_t *scratch
) {
    int32_t *found = scratch, *least = found + 2 * size.count, *apart = least + size.count, *sums = apart + size.count;
    for (int choice = 0; choice < CHOICES; choice++) {
        for (int y = 0, i = 0; y < size.height; y++) {
            for (int x = 0; x < size.width; x++, i++) {
                const int sample = chosen_sample(size, x, y, choice), moves = choice != 1;
                int seen[2], taken[2] = {moves * motion[sample], moves * motion[size.count + sample]};
                see(settings, size, pictures, (int[]){x, y}, taken, seen);
                apart[i] = __builtin_abs(seen[0] - seen[1]);
            }
        }
        for (int i = 0; i < 2; i++) mean_of_5(apart, size, sums);
        for (int y = 0, i = 0; y < size.height; y++) {
            for (int x = 0; x < size.width; x++, i++) {
                const int loss = apart[i] + (choice ? (int)settings->gain : 0);
                if (choice && loss >= least[i]) continue;
                const int sample = chosen_sample(size, x, y, choice), moves = choice != 1;
                least[i] = loss;
                found[i] = moves * motion[sample];
                found[size.count + i] = moves * motion[size.count + sample];
            }
        }
    }
    for (int i = 0; i < 2 * size.count; i++) motion[i] = found[i];
    for (int i = 0; i < 4; i++) mean_of_3(motion + i / 2 * size.count, size, scratch);
}

/* Improves motion at one scale, between pictures a and b; scratch: room for 7 maps and a line with 4 more samples. */
KERNEL void improve_motion(
    const Settings *settings, const int32_t *a, const int32_t *b, int32_t *motion, int32_t *scratch
) {
    const int height = (int)settings->height, width = (int)settings->width;
    const Size size = {height, width, height * width};
    const int32_t *pictures[2] = {a, b};
    for (int i = 0; i < (int)settings->steps; i++) step(settings, size, pictures, motion, scratch);
    choose(settings, size, pictures, motion, scratch);
}
