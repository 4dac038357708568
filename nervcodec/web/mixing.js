/** Embeddings whose cells have laws of their own, mixed by small integer networks: docs/bitstream.md, section 10. */

import { StreamError } from "./bytes.js";
import { ONE, boundariesOf, expMinus, isqrt } from "./priors.js";

const LARGEST = 255;
const SCALES = 48;
const BORDER = 3;
const CROSS = [[-1, 0], [1, 0], [0, -1], [0, 1]];
const DIAGONAL = [[-1, -1], [-1, 1], [1, -1], [1, 1]];
const KNIGHTS = [[-1, -2], [-1, 2], [1, -2], [1, 2], [-2, -1], [2, -1], [-2, 1], [2, 1]];
const FAR = [[-1, -3], [-1, 3], [1, -3], [1, 3], [-3, -1], [3, -1], [-3, 1], [3, 1]];
const ROW_BEFORE = [[0, 0], ...CROSS, ...DIAGONAL];
/** First cells of the lattices of each pass, and places in the same row that its network sees. */
const PASSES = [
    [[[0, 0]], []],
    [[[1, 1]], [...DIAGONAL, ...FAR]],
    [[[0, 1], [1, 0]], [...CROSS, ...KNIGHTS]],
];
const LOGARITHMS = Int32Array.from({ length: LARGEST + 1 }, (_, magnitude) => {
    const bits = 32 - Math.clz32(magnitude + 1);
    return 16 * (bits - 1) + (((magnitude + 1) * 16) >> (bits - 1)) - 16;
});

/** What a file says of a mixed tensor: {networks, low, high, activities}. */
export function readMixing(reader, count) {
    const networks = reader.uint8("networks");
    if (networks >= count) {
        throw new StreamError(`networks ${networks} are not known`);
    }
    const low = reader.varint("lowest symbol", 2 * LARGEST) - LARGEST;
    const high = low + reader.varint("highest symbol", LARGEST - low);
    return { networks, low, high, activities: [...reader.raw(3, "activities")] };
}

/** Symbols of an embedding [T, C, h, w], Int32Array in C order; `sets` are the networks of the format. */
export function decodeMixed(decoder, shape, mixing, sets) {
    const [rows, channels, height, width] = shape;
    const { low, high } = mixing;
    const symbols = new Int32Array(rows * channels * height * width).fill(low);
    if (low === high) {
        return symbols;
    }
    const cells = new BorderedRows(shape);
    const law = new CellLaw(mixing);
    for (let row = 0; row < rows; row++) {
        PASSES.forEach(([lattices, places], number) => {
            const offsets = cells.offsets(places);
            const network = new CellNetwork(sets[mixing.networks][number], mixing.activities, row);
            for (const place of cells.places(lattices)) {
                const boundaries = law.boundaries(network, cells.values, place, offsets);
                cells.values[place] = low + decoder.decode(boundaries, law.count);
            }
        });
        cells.finishRow(symbols.subarray(row * cells.size, (row + 1) * cells.size));
    }
    return symbols;
}

/** Three rows of cells with zeros around them: the row that is decoded, the one before it, and that before. */
class BorderedRows {
    constructor([, channels, height, width]) {
        Object.assign(this, { channels, height, width, size: channels * height * width });
        this.stride = width + 2 * BORDER;
        this.plane = this.stride * (height + 2 * BORDER);
        this.values = new Int32Array(3 * channels * this.plane);
        this.row = channels * this.plane;
    }

    /** Distances from a cell to those that its network sees. */
    offsets(places) {
        const at = (row) => ([down, right]) => row * this.row + down * this.stride + right;
        return Int32Array.from([...ROW_BEFORE.map(at(1)), ...[[0, 0]].map(at(2)), ...places.map(at(0))]);
    }

    /** Places of the cells of a pass, in order. */
    *places(lattices) {
        for (const [top, left] of lattices) {
            for (let channel = 0; channel < this.channels; channel++) {
                for (let y = top; y < this.height; y += 2) {
                    const start = channel * this.plane + (y + BORDER) * this.stride + BORDER;
                    for (let x = left; x < this.width; x += 2) {
                        yield start + x;
                    }
                }
            }
        }
    }

    /** Copy the row that is decoded, and begin the next. */
    finishRow(target) {
        for (let line = 0; line < this.channels * this.height; line++) {
            const channel = Math.floor(line / this.height);
            const start = channel * this.plane + ((line % this.height) + BORDER) * this.stride + BORDER;
            target.set(this.values.subarray(start, start + this.width), line * this.width);
        }
        this.values.copyWithin(this.row, 0, 2 * this.row);
        this.values.fill(0, 0, this.row);
    }
}

/** The network of a pass, for the cells of one row. */
class CellNetwork {
    constructor({ sums, inner, told, inner_bias, outer, outer_bias }, activities, row) {
        const known = [16 * (row > 0), 16 * (row > 1), ...activities.map((activity) => activity - 96)];
        this.sums = Int32Array.from(sums);
        this.inner = Int32Array.from(inner.flat());
        this.bias = Int32Array.from(inner_bias, (b, j) => told[j].reduce((total, u, k) => total + u * known[k], b));
        this.outer = outer.map((weights) => Int32Array.from(weights));
        this.outerBias = Int32Array.from(outer_bias);
        this.hidden = new Int32Array(this.bias.length);
        this.logarithms = new Int32Array(this.sums.length);
    }

    /** Compute what the network says of a cell: `centre` in eighths and the three numbers `said`. */
    see(values, place, offsets) {
        const { sums, inner, bias, hidden, logarithms } = this;
        const count = offsets.length;
        let centre = 4;
        for (let i = 0; i < count; i++) {
            const value = values[place + offsets[i]];
            centre += sums[i] * value;
            logarithms[i] = LOGARITHMS[value < 0 ? -value : value];
        }
        for (let j = 0, at = 0; j < hidden.length; j++) {
            let total = bias[j];
            for (let i = 0; i < count; i++) {
                total += inner[at++] * logarithms[i];
            }
            hidden[j] = limited(total >> 6, 0, 4095);
        }
        this.centre = centre >> 3;
        this.said = this.outer.map((weights, m) => {
            let total = this.outerBias[m];
            for (let j = 0; j < hidden.length; j++) {
                total += weights[j] * hidden[j];
            }
            return total >> 6;
        });
    }
}

function limited(value, least, most) {
    return value < least ? least : value > most ? most : value;
}

/** Makes the laws of cells of a tensor. */
class CellLaw {
    constructor({ low, high }) {
        Object.assign(this, { low, high, count: high - low + 1 });
        this.reach = high - low;
        this.shares = laplaceShares(this.reach);
        this.frequencies = new Int32Array(this.count);
        this.found = new Float64Array(this.count + 1);
    }

    /** Boundaries of the symbols of a cell; they are overwritten by the next call. */
    boundaries(network, values, place, offsets) {
        const { low, high, reach, shares, frequencies } = this;
        network.see(values, place, offsets);
        const centre = limited(network.centre, 8 * low, 8 * high);
        const near = (centre + 4) >> 3;
        const before = limited(values[place + offsets[0]], low, high);
        const [scale, other] = network.said.map((out) => limited((out + 2) >> 2, 0, SCALES - 1));
        const share = limited(network.said[2], 0, 64);
        const first = (8 * scale + centre - 8 * near + 4) * (2 * reach + 1) + reach + low - near;
        const second = (8 * other + 4) * (2 * reach + 1) + reach + low - before;
        for (let k = 0; k < this.count; k++) {
            frequencies[k] = 16 + (64 - share) * shares[first + k] + share * shares[second + k];
        }
        return boundariesOf(frequencies, this.found);
    }
}

const SHARE_TABLES = new Map();
const MOST_SHARE_TABLES = 8;

/** Shares A(i, d, k) in 2^-16 of all scales i and offsets d from -4, for k from -reach to reach, in this order. */
function laplaceShares(reach) {
    if (!SHARE_TABLES.has(reach)) {
        if (SHARE_TABLES.size === MOST_SHARE_TABLES) {
            SHARE_TABLES.clear();
        }
        const width = 2 * reach + 1;
        const shares = new Int32Array(SCALES * 8 * width);
        lawPowers(8 * (reach + 2)).forEach((powers, scale) => {
            for (let d = -4; d < 4; d++) {
                const start = (8 * scale + d + 4) * width + reach;
                shares[start] = (2 ** 32 - powers[4 - d] - powers[4 + d]) / 65536;
                for (let k = 1; k <= reach; k++) {
                    shares[start + k] = (powers[8 * k - d - 4] - powers[8 * k - d + 4]) / 65536;
                    shares[start - k] = (powers[8 * k + d - 4] - powers[8 * k + d + 4]) / 65536;
                }
            }
        });
        SHARE_TABLES.set(reach, shares);
    }
    return SHARE_TABLES.get(reach);
}

/** Powers P_i[0] up to a count, of each scale i, with 31 fractional bits. */
function lawPowers(count) {
    const root = isqrt(isqrt(2n << 96n) << 48n);
    let x = 2n * ONE;
    return Array.from({ length: SCALES }, () => {
        const theta = expMinus(x) >> 17n;
        const powers = new Float64Array(count);
        for (let [j, power] = [0, 1n << 31n]; j < count; j++) {
            powers[j] = Number(power);
            power = (power * theta) >> 31n;
        }
        x = (x << 48n) / root;
        return powers;
    });
}
