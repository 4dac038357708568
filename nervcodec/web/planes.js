/**
 * Pictures as planes: samples `[C, h, w]` in the domain of a video, `[3, H, W]` of RGB, or packed `[6, H/2, W/2]`,
 * sides rounded up, of YUV 4:2:0: luma by its place in squares of 2 x 2, then U and V.
 *
 * A video is {width, height, depth, domain}, with a depth of 8 or 10 bits and the domain "rgb" or "yuv420". A picture
 * is a Uint8Array at 8 bits, an Int16Array at 10.
 */

const LUMA_CHANNELS = 4;
const LUMA_WEIGHTS = [54, 183, 19];
/** A number from which on float64 holds whole numbers only: what is added to it is rounded, half to even. */
const SAMPLE_ROUNDING = 1.5 * 2 ** 52;

/** Height and width of a picture in memory, as [h, w]. */
export function mapSize({ width, height, domain }) {
    return domain === "rgb" ? [height, width] : [(height + 1) >> 1, (width + 1) >> 1];
}

/** The largest sample of a depth: 255 or 1023. */
export function peakOf(depth) {
    return 2 ** depth - 1;
}

/**
 * Numbers rounded to the nearest samples of a depth, half to even, and limited to their range.
 *
 * @param {Float32Array} numbers
 * @param {number} depth
 * @returns {Uint8Array | Int16Array}
 */
export function nearestSamples(numbers, depth) {
    if (depth === 8) return new Uint8Array(new Uint8ClampedArray(numbers).buffer);
    const samples = new Int16Array(numbers.length);
    const peak = peakOf(depth);
    for (let i = 0; i < numbers.length; i++) {
        samples[i] = Math.min(Math.max(numbers[i] + SAMPLE_ROUNDING - SAMPLE_ROUNDING, 0), peak);
    }
    return samples;
}

/**
 * The planes of a picture: R, G and B, each `[H, W]`, or Y `[H, W]`, U and V, each `[H/2, W/2]`.
 *
 * @param {Uint8Array | Int16Array | Float32Array} picture samples or other numbers in their places
 * @param {object} video
 * @returns {Array<Uint8Array | Int16Array | Float32Array>}
 */
export function planesOf(picture, video) {
    const [rows, columns] = mapSize(video);
    const count = rows * columns;
    if (video.domain === "rgb") return [0, 1, 2].map((c) => picture.subarray(c * count, (c + 1) * count));
    const { width, height } = video;
    const luma = new picture.constructor(height * width);
    for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
            const channel = 2 * (y & 1) + (x & 1);
            luma[y * width + x] = picture[channel * count + (y >> 1) * columns + (x >> 1)];
        }
    }
    return [luma, ...[4, 5].map((c) => picture.subarray(c * count, (c + 1) * count))];
}

/**
 * The inverse of `planesOf`; luma beyond the picture repeats its border.
 *
 * @param {Array<Float32Array>} planes
 * @param {object} video
 * @returns {Float32Array} `[C, h, w]`
 */
export function packedPlanes(planes, video) {
    const [rows, columns] = mapSize(video);
    const count = rows * columns;
    const packed = new planes[0].constructor((video.domain === "rgb" ? 3 : 6) * count);
    const whole = video.domain === "rgb" ? planes : planes.slice(1);
    const first = video.domain === "rgb" ? 0 : LUMA_CHANNELS;
    whole.forEach((plane, c) => packed.set(plane, (first + c) * count));
    if (video.domain !== "rgb") addLuma(packed, planes[0], video);
    return packed;
}

/** Adds luma `[H, W]` to the channels of luma of packed planes, where it repeats its border beyond the picture. */
export function addLuma(packed, luma, video) {
    const [rows, columns] = mapSize(video);
    const { width, height } = video;
    for (let y = 0; y < 2 * rows; y++) {
        const row = Math.min(y, height - 1) * width;
        for (let x = 0; x < 2 * columns; x++) {
            const channel = 2 * (y & 1) + (x & 1);
            packed[(channel * rows + (y >> 1)) * columns + (x >> 1)] += luma[row + Math.min(x, width - 1)];
        }
    }
}

/**
 * Luma `[H, W]` of a picture, at its depth: Y, or by BT.709, rounded.
 *
 * @param {Uint8Array | Int16Array} picture
 * @param {object} video
 * @returns {Uint8Array | Int16Array}
 */
export function lumaSamples(picture, video) {
    const planes = planesOf(picture, video);
    if (video.domain !== "rgb") return planes[0];
    const [red, green, blue] = planes;
    const [r, g, b] = LUMA_WEIGHTS;
    const luma = new picture.constructor(red.length);
    for (let i = 0; i < luma.length; i++) luma[i] = (r * red[i] + g * green[i] + b * blue[i] + 128) >> 8;
    return luma;
}

/** Luma `[H, W]` of planes of a picture, float32, not rounded. */
export function lumaOfPlanes(planes, video) {
    if (video.domain !== "rgb") return planes[0];
    const [red, green, blue] = planes;
    const [r, g, b] = LUMA_WEIGHTS;
    const luma = new Float32Array(red.length);
    for (let i = 0; i < luma.length; i++) luma[i] = (r * red[i] + g * green[i] + b * blue[i]) / 256;
    return luma;
}
