/**
 * Conversion of pictures to RGB for display, as swscale converts them for the Python package (nervcodec/video/yuv.py).
 *
 * At 8 bits, each sample of U and V counts for its 2 x 2 pixels, and every product is rounded down, as in swscale's
 * converter on x86; where that does not work (other depths, odd heights), U and V are interpolated.
 */

import { planesOf } from "./planes.js";

const COLOUR_FULL_RANGE = 1;
const COLOUR_BT601 = [104597, 132201, -25675, -53279];
/** swscale's coefficients of V in red, U in blue, U in green, V in green, in 65536ths, by the matrix of H.273. */
const COLOUR_MATRICES = new Map([
    [1, [117489, 138438, -13975, -34925]],
    [4, [104448, 132798, -24759, -53109]],
    [7, [117579, 136230, -16907, -35559]],
    [9, [110013, 140363, -12277, -42626]],
    [10, [110013, 140363, -12277, -42626]],
]);
const COLOUR_CUBIC = -0.6;
/** Parts of a sample to which products are rounded down where swscale does not round them to samples. */
const COLOUR_PARTS = 2 ** 16;

/**
 * A picture as pixels of a canvas.
 *
 * @param {Uint8Array | Int16Array} picture samples `[C, h, w]` in the domain of the video
 * @param {object} video
 * @param {{matrix: number, range: number}} colour code points of H.273; range 0 or 2 is studio range, 1 full
 * @returns {Uint8ClampedArray} `[H, W, 4]`: red, green, blue, and 255
 */
export function toRgba(picture, video, colour) {
    const planes = planesOf(picture, video);
    const rgba = new Uint8ClampedArray(4 * video.height * video.width).fill(255);
    if (video.domain === "rgb") {
        const scale = 255 / (2 ** video.depth - 1);
        planes.forEach((plane, c) => {
            for (let i = 0; i < plane.length; i++) rgba[4 * i + c] = scale * plane[i];
        });
    } else {
        convertToRgb(planes, video, colour, rgba);
    }
    return rgba;
}

/** Writes Y `[H, W]`, U and V `[H/2, W/2]` as red, green and blue. */
function convertToRgb([luma, ...chroma], video, colour, rgba) {
    const isShallow = video.depth === 8 && video.height % 2 === 0;
    const parts = isShallow ? 1 : COLOUR_PARTS;
    const { scale, offset, y, rv, bu, gu, gv } = colourFactors(video.depth, colour);
    const [us, vs] = chroma.map((plane) => (isShallow ? repeatedChroma : enlargedChroma)(plane, video));
    const middle = 2 ** (video.depth - 1);
    for (let i = 0; i < luma.length; i++) {
        const u = (us[i] - middle) * scale * parts;
        const v = (vs[i] - middle) * scale * parts;
        const grey = Math.floor(y * (luma[i] * scale - offset) * parts);
        rgba[4 * i] = (grey + Math.floor(rv * v)) / parts;
        rgba[4 * i + 1] = (grey + Math.floor(gu * u) + Math.floor(gv * v)) / parts;
        rgba[4 * i + 2] = (grey + Math.floor(bu * u)) / parts;
    }
}

/** The scale of samples to 8 bits, the luma of black there, and factors of Y, U and V, rounded to 8192ths. */
function colourFactors(depth, { matrix, range }) {
    const isFull = range === COLOUR_FULL_RANGE;
    const found = COLOUR_MATRICES.get(matrix) ?? COLOUR_BT601;
    const ranged = isFull ? found.map((factor) => Math.trunc((factor * 224) / 255)) : found;
    const y = isFull ? 65536 : (65536 * 255) / 219;
    const [yy, rv, bu, gu, gv] = [y, ...ranged].map((factor) => Math.round(factor / 8) / 8192);
    const scale = isFull ? 255 / (2 ** depth - 1) : 2 ** (8 - depth);
    return { scale, offset: isFull ? 0 : 16, y: yy, rv, bu, gu, gv };
}

/** U or V `[H/2, W/2]` for each pixel `[H, W]`: that of its 2 x 2 pixels. */
function repeatedChroma(plane, { width, height }) {
    const columns = (width + 1) >> 1;
    const repeated = new Float32Array(height * width);
    for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) repeated[y * width + x] = plane[(y >> 1) * columns + (x >> 1)];
    }
    return repeated;
}

/** U or V `[H/2, W/2]` for each pixel `[H, W]`, interpolated. */
function enlargedChroma(plane, { width, height, depth }) {
    const [rows, columns] = [(height + 1) >> 1, (width + 1) >> 1];
    const weigh = depth === 8 ? linearWeight : cubicWeight;
    const weighAcross = depth === 8 && width % 2 === 0 ? nearestWeight : weigh;
    const tall = enlargedLines(plane, [1, rows, columns], height, weigh);
    return enlargedLines(tall, [height, columns, 1], width, weighAcross);
}

/** Numbers `[a, n, b]` at `length` places along the second axis: `[a, length, b]`, with a weight for each distance. */
function enlargedLines(numbers, [outer, count, inner], length, weigh) {
    const made = new Float32Array(outer * length * inner);
    for (let place = 0; place < length; place++) {
        const centre = ((place + 0.5) * count) / length - 0.5;
        for (let tap = Math.floor(centre) - 1; tap <= Math.floor(centre) + 2; tap++) {
            const weight = weigh(Math.abs(tap - centre));
            if (weight === 0) continue;
            const from = Math.min(Math.max(tap, 0), count - 1);
            for (let a = 0; a < outer; a++) {
                const [target, source] = [(a * length + place) * inner, (a * count + from) * inner];
                for (let b = 0; b < inner; b++) made[target + b] += weight * numbers[source + b];
            }
        }
    }
    return made;
}

function nearestWeight(distance) {
    return distance < 0.5 ? 1 : 0;
}

function linearWeight(distance) {
    return Math.max(1 - distance, 0);
}

/** The weight of cubic convolution. */
function cubicWeight(distance) {
    const a = COLOUR_CUBIC;
    if (distance < 1) return ((a + 2) * distance - (a + 3)) * distance ** 2 + 1;
    return distance < 2 ? ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a : 0;
}
