/** The operations of the web player's backends as plain sums in float64. A map has values [channels, height, width]. */

/** The error function by its series, good to 1e-12 for |x| < 5. */
function erf(x) {
    if (Math.abs(x) > 5) return Math.sign(x);
    let [term, sum] = [x, x];
    for (let n = 1; n < 150; n++) {
        term *= (-x * x) / n;
        sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

const ACTIVATIONS = {
    none: (x) => x,
    gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
    leaky: (x) => Math.max(x, 0.2 * x),
    sigmoid,
    unit: (x) => (Math.tanh(x) + 1) / 2,
};

const COMBINATIONS = {
    add: (a, b) => a + b,
    subtract: (a, b) => a - b,
    tanh_sum: (a, b) => Math.tanh(a + b),
    sigmoid_sum: (a, b) => sigmoid(a + b),
    gate: (a, b, c) => c * a + (1 - c) * b,
    couple: (a, b, c) => (a - b) * Math.exp(-(2 * sigmoid(c) - 1)),
};

/** The map whose number of channel c, row y and column x is f(c, y, x). */
function filled(channels, height, width, f) {
    const values = Array.from({ length: channels * height * width }, (_, i) =>
        f(Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width),
    );
    return { channels, height, width, values };
}

const at = (map, c, y, x) => map.values[(c * map.height + y) * map.width + x];

/** The map's channel c at (y, x) between pixels, bilinearly; places outside count as at the border. */
function between(map, c, v, u) {
    const [y, x] = [clamp(v, 0, map.height - 1), clamp(u, 0, map.width - 1)];
    const weight = (place, pixel) => Math.max(0, 1 - Math.abs(place - pixel));
    let sum = 0;
    for (let j = Math.floor(y); j <= Math.ceil(y); j++) {
        for (let i = Math.floor(x); i <= Math.ceil(x); i++) sum += weight(y, j) * weight(x, i) * at(map, c, j, i);
    }
    return sum;
}

/** A backend that computes at once. */
export class ReferenceBackend {
    layer(weight, bias, shape) {
        return { weight, bias, ...shape };
    }

    input(values, channels, height, width) {
        return { values, channels, height, width };
    }

    conv(map, { weight, bias, inputs, outputs, kernel, shuffle: s }, activation) {
        const pad = kernel >> 1;
        const sum = (output, y, x) => {
            let total = bias[output];
            for (let i = 0; i < inputs; i++) {
                for (let k = 0; k < kernel * kernel; k++) {
                    const [v, u] = [y + Math.floor(k / kernel) - pad, x + (k % kernel) - pad];
                    const inside = v >= 0 && v < map.height && u >= 0 && u < map.width;
                    if (inside) total += weight[(output * inputs + i) * kernel * kernel + k] * at(map, i, v, u);
                }
            }
            return ACTIVATIONS[activation](total);
        };
        return filled(outputs / (s * s), map.height * s, map.width * s, (c, y, x) =>
            sum((c * s + (y % s)) * s + (x % s), Math.floor(y / s), Math.floor(x / s)),
        );
    }

    combine(kind, a, b, c) {
        return { ...a, values: a.values.map((value, i) => COMBINATIONS[kind](value, b.values[i], c?.values[i])) };
    }

    concat(maps) {
        const values = maps.flatMap((map) => [...map.values]);
        return { ...maps[0], channels: maps.reduce((sum, map) => sum + map.channels, 0), values };
    }

    slice(map, from, to) {
        const area = map.height * map.width;
        return { ...map, channels: to - from, values: map.values.slice(from * area, to * area) };
    }

    unshuffle(map, f) {
        return filled(map.channels * f * f, map.height / f, map.width / f, (c, y, x) =>
            at(map, Math.floor(c / (f * f)), y * f + (Math.floor(c / f) % f), x * f + (c % f)),
        );
    }

    resize(map, height, width) {
        return filled(map.channels, height, width, (c, y, x) =>
            between(map, c, ((y + 0.5) * map.height) / height - 0.5, ((x + 0.5) * map.width) / width - 0.5),
        );
    }

    warp(map, flow) {
        return filled(map.channels, map.height, map.width, (c, y, x) =>
            between(map, c, y + at(flow, 1, y, x), x + at(flow, 0, y, x)),
        );
    }

    aggregate(pictures, weights) {
        const { channels, height, width } = pictures[0];
        return filled(channels, height, width, (c, y, x) => {
            const shares = pictures.map((_, i) => Math.exp(at(weights, i, y, x)));
            const total = shares.reduce((a, b) => a + b);
            return pictures.reduce((sum, picture, i) => sum + (shares[i] / total) * at(picture, c, y, x), 0);
        });
    }

    async read(map) {
        return map.values;
    }

    async frame(work) {
        return work();
    }
}
