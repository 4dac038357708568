/** Pictures between two pictures, along the motion between them (docs/bitstream.md, section 8). */

import { addLuma, nearestSamples, packedPlanes, peakOf, planesOf } from "./planes.js";

const PLANE_BORDER = 4;
const ABOVE_HALF = 1 / 64;

/**
 * The planes of a picture, seen bicubically at (x, y) + scale * field; U and V with half the mean over their pixels.
 *
 * @param {Kernels} kernels
 * @param {Uint8Array | Int16Array} picture samples in the domain of the video
 * @param {Float32Array} field `[2, H, W]`, x and y in pixels
 * @param {number} scale
 * @param {object} video
 * @returns {Array<Float32Array>} as of `planesOf`
 */
export function warpedPlanes(kernels, picture, field, scale, video) {
    const { width, height, domain } = video;
    return kernels.scoped(() => {
        const whole = { pointer: kernels.put(field), height, width };
        const half = domain === "rgb" ? whole : halvedField(kernels, whole);
        return planesOf(picture, video).map((plane, c) => warpedPlane(kernels, plane, c ? half : whole, scale));
    });
}

/** A plane of samples, seen along a field of its size. */
function warpedPlane(kernels, plane, { pointer, height, width }, scale) {
    return kernels.scoped(() => {
        const padded = kernels.alloc(4 * (height + 2 * PLANE_BORDER) * (width + 2 * PLANE_BORDER));
        kernels.scoped(() => {
            const samples = kernels.put(plane);
            kernels.call.pad_plane(samples, plane.BYTES_PER_ELEMENT, height, width, padded);
        });
        const seen = kernels.alloc(4 * height * width);
        kernels.call.warp_plane(padded, height, width, pointer, scale, seen);
        return kernels.f32(seen, height * width).slice();
    });
}

/** The field of U and V. */
function halvedField(kernels, { pointer, height, width }) {
    const [rows, columns] = [(height + 1) >> 1, (width + 1) >> 1];
    const halved = kernels.alloc(8 * rows * columns);
    for (const axis of [0, 1]) {
        const component = pointer + 4 * axis * height * width;
        kernels.call.halve_field(component, height, width, halved + 4 * axis * rows * columns);
    }
    return { pointer: halved, height: rows, width: columns };
}

/**
 * What is predicted at the time p / q in (0, 1) of the way from one picture to the next; it is not rounded yet.
 *
 * @param {Kernels} kernels
 * @param {Uint8Array | Int16Array} before samples `[C, h, w]` in the domain of the video
 * @param {Uint8Array | Int16Array} after
 * @param {Float32Array} field the motion at that time, `[2, H, W]`, in pixels
 * @param {number} p
 * @param {number} q
 * @param {object} video
 * @returns {Float32Array} `[C, h, w]`
 */
export function predictionBetween(kernels, before, after, field, p, q, video) {
    const share = p / q;
    const first = warpedPlanes(kernels, before, field, -share, video);
    const second = warpedPlanes(kernels, after, field, 1 - share, video);
    first.forEach((plane, c) => {
        const other = second[c];
        for (let i = 0; i < plane.length; i++) plane[i] += share * (other[i] - plane[i]) + ABOVE_HALF;
    });
    return packedPlanes(first, video);
}

/**
 * A prediction with a correction, as samples; each channel of RGB has the luma added.
 *
 * @param {Float32Array} prediction `[C, h, w]`
 * @param {Float32Array | null} luma `[H, W]`; the whole range of samples is 1
 * @param {object} video
 * @returns {Uint8Array | Int16Array}
 */
export function finish(prediction, luma, video) {
    if (luma === null) return nearestSamples(prediction, video.depth);
    const peak = peakOf(video.depth);
    const corrected = prediction.slice();
    const added = luma.map((number) => peak * number);
    if (video.domain === "rgb") {
        for (let start = 0; start < corrected.length; start += added.length) {
            for (let i = 0; i < added.length; i++) corrected[start + i] += added[i];
        }
    } else {
        addLuma(corrected, added, video);
    }
    return nearestSamples(corrected, video.depth);
}
