/** Temporal filter: a frame becomes a mean of itself and of the frames beside it (docs/bitstream.md, section 8). */

import { warpedPlanes } from "./pictures.js";
import { lumaOfPlanes, mapSize, nearestSamples, packedPlanes, peakOf, planesOf } from "./planes.js";

const FILTER_STRENGTHS = 512;

/**
 * What a frame beside another one says about its samples.
 *
 * @typedef {object} Evidence
 * @property {Float32Array} weighted its samples along the motion, each times its weight, `[C, h, w]`
 * @property {Float32Array} weights weight of each sample from 0 to 1, `[h, w]`
 */

/**
 * Evidence about a frame from the frame beside it, samples `[C, h, w]` in the domain of the video.
 *
 * @param {Kernels} kernels
 * @param {Uint8Array | Int16Array} frame
 * @param {Uint8Array | Int16Array} beside
 * @param {Float32Array} field `[2, H, W]`, in pixels: what is at x in the frame is at x + field in the one beside it
 * @param {number} strength from 1 to 255
 * @param {object} video
 * @returns {Evidence}
 */
export function evidence(kernels, frame, beside, field, strength, video) {
    const seen = warpedPlanes(kernels, beside, field, 1, video);
    const own = lumaOfPlanes(planesOf(frame, video), video);
    const squares = lumaOfPlanes(seen, video).slice();
    for (let i = 0; i < squares.length; i++) squares[i] = (squares[i] - own[i]) ** 2;
    const [rows, columns] = [(video.height + 1) >> 1, (video.width + 1) >> 1];
    const means = meansAround(meansOfSquares(squares, video.height, video.width), rows, columns);
    const deviation = (strength / FILTER_STRENGTHS) * peakOf(video.depth);
    const half = means.map((mean) => Math.exp(mean / (-2 * deviation ** 2)));
    const weights = video.domain === "rgb" ? repeatedTwice(half, video.height, video.width) : half;
    const weighted = packedPlanes(seen, video);
    for (let start = 0; start < weighted.length; start += weights.length) {
        for (let i = 0; i < weights.length; i++) weighted[start + i] *= weights[i];
    }
    return { weighted, weights };
}

/**
 * The mean of a frame and of the evidence about it, rounded to the nearest, half to even.
 *
 * @param {Uint8Array | Int16Array} frame
 * @param {Array<Evidence>} evidences
 * @param {object} video
 * @returns {Uint8Array | Int16Array}
 */
export function filtered(frame, evidences, video) {
    const [rows, columns] = mapSize(video);
    const totals = Float32Array.from(frame);
    const weights = new Float32Array(rows * columns).fill(1);
    for (const about of evidences) {
        for (let i = 0; i < weights.length; i++) weights[i] += about.weights[i];
        for (let i = 0; i < totals.length; i++) totals[i] += about.weighted[i];
    }
    for (let start = 0; start < totals.length; start += weights.length) {
        for (let i = 0; i < weights.length; i++) totals[start + i] /= weights[i];
    }
    return nearestSamples(totals, video.depth);
}

/** Means of numbers `[H, W]` over squares of 2 x 2, or over those of them that there are. */
function meansOfSquares(numbers, height, width) {
    const [rows, columns] = [(height + 1) >> 1, (width + 1) >> 1];
    const means = new Float32Array(rows * columns);
    for (let y = 0; y < rows; y++) {
        const upper = 2 * y * width;
        const lower = Math.min(2 * y + 1, height - 1) * width;
        for (let x = 0; x < columns; x++) {
            const left = 2 * x;
            const right = Math.min(left + 1, width - 1);
            const sum = numbers[upper + left] + numbers[upper + right] + numbers[lower + left] + numbers[lower + right];
            means[y * columns + x] = sum / 4;
        }
    }
    return means;
}

/** Means of numbers `[h, w]` over squares of 3 x 3; the border is repeated. */
function meansAround(numbers, height, width) {
    const sums = new Float32Array(numbers.length);
    for (let y = 0; y < height; y++) {
        const [above, below] = [Math.max(y - 1, 0) * width, Math.min(y + 1, height - 1) * width];
        for (let x = 0; x < width; x++) {
            sums[y * width + x] = numbers[above + x] + numbers[y * width + x] + numbers[below + x];
        }
    }
    const means = new Float32Array(numbers.length);
    for (let y = 0; y < height; y++) {
        const row = y * width;
        for (let x = 0; x < width; x++) {
            const [left, right] = [row + Math.max(x - 1, 0), row + Math.min(x + 1, width - 1)];
            means[row + x] = (sums[left] + sums[row + x] + sums[right]) / 9;
        }
    }
    return means;
}

/** Numbers of squares of 2 x 2 pixels for each pixel `[H, W]`. */
function repeatedTwice(numbers, height, width) {
    const columns = (width + 1) >> 1;
    const repeated = new Float32Array(height * width);
    for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) repeated[y * width + x] = numbers[(y >> 1) * columns + (x >> 1)];
    }
    return repeated;
}
