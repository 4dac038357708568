/** Corrections of frames of groups: docs/bitstream.md, section 9. */

import { ByteReader, StreamError } from "./bytes.js";
import { readPriors } from "./priors.js";
import { RangeDecoder } from "./range.js";

const COEFFICIENTS = 64;
const DIAGONALS = 15;
const EXTENT_CLASSES = 8;
const COEFFICIENT_CLASSES = 30;
const MAX_BLOCKS = 2 ** 28;
/** Frequencies down and across of each coefficient, in order. */
const COEFFICIENT_ORDER = Array.from({ length: COEFFICIENTS }, (_, i) => [i >> 3, i & 7]).sort(
    ([u, v], [w, x]) => u + v - w - x || u - w,
);
const PLACE_OF = (down, across) => COEFFICIENT_ORDER.findIndex(([u, v]) => u === down && v === across);
/** Coefficients of lower frequencies, and their weights, that the class of each coefficient depends on. */
const LOWER = COEFFICIENT_ORDER.map(([u, v]) =>
    [[1, 0, 2], [0, 1, 2], [1, 1, 1], [2, 0, 1], [0, 2, 1]]
        .filter(([down, across]) => u >= down && v >= across)
        .map(([down, across, weight]) => [PLACE_OF(u - down, v - across), weight]),
);
const bitLength = (n) => 32 - Math.clz32(n);

/**
 * Corrections of a number of frames of rows x columns blocks; null if there are none.
 *
 * They are {steps, extents, symbols, starts}: a step's index for each level; extents Int32Array [T, rows, columns];
 * symbols Int32Array [N, 64] of the N blocks whose extent is not 0, in order; starts, the number of the first such
 * block of each frame, and N. Throws a StreamError for a damaged group.
 */
export function readCorrections(bytes, frames, rows, columns, levels) {
    if (!bytes.length) {
        return null;
    }
    if (frames * rows * columns > MAX_BLOCKS) {
        throw new StreamError(`corrections of ${frames} frames are more than this decoder holds`);
    }
    const reader = new ByteReader(bytes);
    const steps = [...reader.raw(levels, "steps")];
    const extentPriors = readPriors(reader, EXTENT_CLASSES, 8);
    if (!extentPriors[0].magnitude) {
        throw new StreamError("corrections of which none is sent");
    }
    const priors = readPriors(reader, COEFFICIENT_CLASSES, 2 ** 14);
    const decoder = new RangeDecoder(reader.raw(reader.left, "symbols"));
    const extents = decodeExtents(decoder, [frames, rows, columns], extentPriors);
    const symbols = decodeCoefficients(decoder, extents.filter((extent) => extent > 0), priors);
    decoder.finish();
    const starts = [0];
    for (let frame = 0, size = rows * columns; frame < frames; frame++) {
        const own = extents.subarray(frame * size, (frame + 1) * size);
        starts.push(starts[frame] + own.reduce((count, extent) => count + (extent > 0), 0));
    }
    return { steps, extents, symbols, starts };
}

function decodeExtents(decoder, [frames, rows, columns], priors) {
    const extents = new Int32Array(frames * rows * columns);
    const classOf = (place, y, x) => {
        const [left, right] = [x > 0, x < columns - 1];
        const above = place - columns;
        const beside = (left ? extents[place - 1] : 0) + (y ? extents[above] : 0);
        return bitLength(2 * beside + (y && left ? extents[above - 1] : 0) + (y && right ? extents[above + 1] : 0));
    };
    for (let wave = 0; wave < 2 * rows + columns - 2; wave++) {
        const classes = Array.from({ length: EXTENT_CLASSES }, () => []);
        const first = Math.max(0, Math.ceil((wave - columns + 1) / 2));
        for (let frame = 0; frame < frames; frame++) {
            for (let y = first; y < rows && 2 * y <= wave; y++) {
                const place = (frame * rows + y) * columns + wave - 2 * y;
                classes[classOf(place, y, wave - 2 * y)].push(place);
            }
        }
        decodeClassesOf(decoder, classes, priors, (place, symbol) => {
            extents[place] = symbol > 0 ? 2 * symbol - 1 : -2 * symbol;
        });
    }
    if (extents.some((extent) => extent > DIAGONALS)) {
        throw new StreamError("a block has more diagonals than there are");
    }
    return extents;
}

function decodeCoefficients(decoder, extents, priors) {
    const symbols = new Int32Array(extents.length * COEFFICIENTS);
    COEFFICIENT_ORDER.forEach(([u, v], place) => {
        const classes = Array.from({ length: COEFFICIENT_CLASSES }, () => []);
        for (let block = 0; block < extents.length; block++) {
            if (extents[block] > u + v) {
                const start = block * COEFFICIENTS;
                const total = LOWER[place].reduce((sum, [lower, w]) => sum + w * Math.abs(symbols[start + lower]), 0);
                const isLast = extents[block] === u + v + 1 ? 1 : 0;
                classes[3 * (2 * Math.min(bitLength(total), 4) + isLast) + Math.min(u + v, 2)].push(start + place);
            }
        }
        decodeClassesOf(decoder, classes, priors, (at, symbol) => {
            symbols[at] = symbol;
        });
    });
    return symbols;
}

function decodeClassesOf(decoder, classes, priors, put) {
    classes.forEach((places, number) => {
        for (const place of places) {
            put(place, decoder.decodeBy(priors[number]));
        }
    });
}
