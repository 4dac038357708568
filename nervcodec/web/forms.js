/** Symbols of a tensor in classes with a prior each: docs/bitstream.md, section 4. */

/** Flags of a tensor. */
export const FLAGS = { predicted: 1, byChannel: 2, steps: 4, contexts: 8, refers: 16, mixed: 32 };
const CLASSES = 10;

/** Number of classes of the symbols of a tensor. */
export function classCount({ shape, temporal }, flags) {
    if (flags & FLAGS.contexts) {
        return 1 + 2 * CLASSES;
    }
    return (flags & FLAGS.predicted ? 2 : 1) * (flags & FLAGS.byChannel ? shape[temporal ? 1 : 0] : 1);
}

/** What is coded of a tensor, Int32Array in C order: symbols, or differences. */
export function decodeClasses(decoder, spec, flags, priors) {
    return flags & FLAGS.contexts ? decodeContexts(decoder, spec, priors) : decodeSlices(decoder, spec, flags, priors);
}

function decodeSlices(decoder, { shape, temporal }, flags, priors) {
    const coded = new Int32Array(shape.reduce((a, b) => a * b));
    const axis = temporal ? 1 : 0;
    const channels = flags & FLAGS.byChannel ? shape[axis] : 1;
    const inner = shape.slice(axis).reduce((a, b) => a * b) / channels;
    const outer = coded.length / inner / channels;
    const rows = flags & FLAGS.predicted ? [[0, 1], [1, outer]] : [[0, outer]];
    const views = rows.flatMap((row) => Array.from({ length: channels }, (_, channel) => [row, channel]));
    views.forEach(([[first, end], channel], number) => {
        for (let row = first; row < end; row++) {
            const start = (row * channels + channel) * inner;
            for (let place = start; place < start + inner; place++) {
                coded[place] = decoder.decodeBy(priors[number]);
            }
        }
    });
    return coded;
}

function decodeContexts(decoder, { shape }, priors) {
    const [rows, channels, height, width] = shape;
    const size = channels * height * width;
    const coded = new Int32Array(rows * size);
    for (let place = 0; place < size; place++) {
        coded[place] = decoder.decodeBy(priors[0]);
    }
    for (let start = size; start < coded.length; start += size) {
        for (const colour of [0, 1]) {
            const cells = cellsByClass(coded, start, colour, [channels, height, width]);
            cells.forEach((places, number) => {
                for (const place of places) {
                    coded[place] = decoder.decodeBy(priors[1 + colour * CLASSES + number]);
                }
            });
        }
    }
    return coded;
}

/** Places of the black (0) or white (1) cells of a row, which starts at a place, by class. */
function cellsByClass(coded, start, colour, [channels, height, width]) {
    const found = Array.from({ length: CLASSES }, () => []);
    const size = channels * height * width;
    for (let [channel, y, place] = [0, 0, start]; place < start + size; place += width, y++) {
        [channel, y] = y === height ? [channel + 1, 0] : [channel, y];
        for (let x = (y + colour) % 2; x < width; x += 2) {
            const magnitude = (row, down, right) => {
                const inside = y + down >= 0 && y + down < height && x + right >= 0 && x + right < width;
                return inside ? Math.abs(coded[place + x + row + down * width + right]) : 0;
            };
            const across = weightedSum(magnitude, -size);
            const total = colour ? across + 4 * crossSum(magnitude, 0) : 2 * across;
            found[Math.min(32 - Math.clz32(total), CLASSES - 1)].push(place + x);
        }
    }
    return found;
}

function crossSum(magnitude, row) {
    return magnitude(row, -1, 0) + magnitude(row, 1, 0) + magnitude(row, 0, -1) + magnitude(row, 0, 1);
}

function weightedSum(magnitude, row) {
    const corners = magnitude(row, -1, -1) + magnitude(row, -1, 1) + magnitude(row, 1, -1) + magnitude(row, 1, 1);
    return 4 * magnitude(row, 0, 0) + 2 * crossSum(magnitude, row) + corners;
}

/** Replace differences to the row before by symbols: each row becomes the sum of the rows up to it. */
export function addRows(coded, rows) {
    const size = coded.length / rows;
    for (let place = size; place < coded.length; place++) {
        coded[place] += coded[place - size];
    }
}
