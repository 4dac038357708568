/** Motion between two pictures, in whole numbers, the same on every machine (docs/bitstream.md, section 8). */

const MOTION_REDUCTIONS = [[2 ** 17, 2], [2 ** 26, 4]];
const MOTION_COARSEST_SIDE = 6;
const MOTION_STEPS = 5;
const MOTION_FINEST_STEPS = 2;
const MOTION_MAPS = 7;
const MOTION_FIRST_RULES = { disagreement: 82, damping: 8000, gain: 20, window: 3 };
const MOTION_RULES = { disagreement: 164, damping: 500, gain: 10, window: 2 };

/**
 * Motion between two pictures at all times between them.
 *
 * @typedef {object} Motion
 * @property {Int32Array} halfway motion half-way, `[2, h, w]`, x and y in sixteenths of a cell of the reduced luma
 * @property {number} side side of a cell in pixels
 * @property {number} height height of the pictures in pixels
 * @property {number} width
 */

/**
 * The motion between two pictures of luma, samples `[H, W]`.
 *
 * @param {Kernels} kernels
 * @param {Uint8Array | Int16Array} before
 * @param {Uint8Array | Int16Array} after
 * @param {{width: number, height: number}} video
 * @returns {Motion}
 */
export function motionBetween(kernels, before, after, video) {
    return estimatedMotion(kernels, before, after, { share: 1, whole: 2 }, video, MOTION_RULES);
}

/**
 * The motion at each pixel at a time p / q from 0 to 1, `[2, H, W]`, x and y in pixels.
 *
 * A point that is at x at that time is at x - p / q * motion in the picture before.
 *
 * @param {Kernels} kernels
 * @param {Motion} motion
 * @param {number} p
 * @param {number} q
 * @returns {Float32Array}
 */
export function motionAt(kernels, motion, p, q) {
    return kernels.scoped(() => {
        let found = kernels.put(motion.halfway);
        if (2 * p !== q) {
            const moved = kernels.alloc(motion.halfway.byteLength);
            const [rows, columns] = motionCells(motion);
            kernels.call.move_motion(found, rows, columns, q - 2 * p, 2 * q, moved);
            found = moved;
        }
        return motionPixels(kernels, found, motion);
    });
}

/**
 * The motion at each pixel at a time p / q in (0, 1), estimated at that time: that of version 7 of the format and of
 * way 1 of its frames between (section 11); arguments and result as of `motionBetween` and `motionAt`.
 */
export function firstMotion(kernels, before, after, p, q, video) {
    const motion = estimatedMotion(kernels, before, after, { share: p, whole: q }, video, MOTION_FIRST_RULES);
    return kernels.scoped(() => motionPixels(kernels, kernels.put(motion.halfway), motion));
}

/** Height and width of the reduced luma. */
function motionCells({ height, width, side }) {
    return [Math.ceil(height / side), Math.ceil(width / side)];
}

/** Motion at a pointer, of reduced luma, at each pixel. */
function motionPixels(kernels, pointer, { height, width, side }) {
    const [rows, columns] = motionCells({ height, width, side });
    const pixels = kernels.alloc(8 * height * width);
    for (const axis of [0, 1]) {
        const component = pointer + 4 * axis * rows * columns;
        kernels.call.enlarge_motion(component, side, height, width, pixels + 4 * axis * height * width);
    }
    return kernels.f32(pixels, 2 * height * width).slice();
}

/** The motion found at the time share / whole by some rules. */
function estimatedMotion(kernels, before, after, time, { height, width }, rules) {
    const side = MOTION_REDUCTIONS.find(([pixels]) => height * width <= pixels)[1];
    return kernels.scoped(() => {
        const [first, second] = [before, after].map((luma) => lumaScales(kernels, luma, height, width, side));
        const count = first[0].height * first[0].width;
        const scratch = kernels.alloc(4 * (MOTION_MAPS * count + first[0].width + 4));
        let motion = null;
        for (let scale = first.length - 1; scale >= 0; scale--) {
            const { pointer, ...size } = first[scale];
            motion = startMotion(kernels, motion, size);
            const steps = scale ? MOTION_STEPS : MOTION_FINEST_STEPS;
            const settings = motionSettings(kernels, { ...size, ...time, ...rules, steps });
            kernels.call.improve_motion(settings, pointer, second[scale].pointer, motion, scratch);
        }
        return { halfway: kernels.i32(motion, 2 * count).slice(), side, height, width };
    });
}

/** Reduced luma, then at half its size again and again: maps with their pointers, heights and widths. */
function lumaScales(kernels, luma, height, width, side) {
    const [rows, columns] = motionCells({ height, width, side });
    const scales = [{ pointer: kernels.alloc(4 * rows * columns), height: rows, width: columns }];
    kernels.scoped(() => {
        const samples = kernels.put(luma);
        kernels.call.reduce_luma(samples, luma.BYTES_PER_ELEMENT, height, width, side, scales[0].pointer);
    });
    while (Math.min(scales.at(-1).height, scales.at(-1).width) >= 2 * MOTION_COARSEST_SIDE) {
        const last = scales.at(-1);
        const half = { height: last.height >> 1, width: last.width >> 1 };
        half.pointer = kernels.alloc(4 * half.height * half.width);
        kernels.scoped(() => {
            const sums = kernels.alloc(4 * last.height * half.width);
            kernels.call.halve_map(last.pointer, last.height, last.width, half.pointer, sums);
        });
        scales.push(half);
    }
    return scales;
}

/** A pointer to motion at a scale of a size: that of the scale before, or none. */
function startMotion(kernels, coarse, { height, width }) {
    const motion = kernels.alloc(8 * height * width);
    if (coarse === null) {
        kernels.i32(motion, 2 * height * width).fill(0);
        return motion;
    }
    for (const axis of [0, 1]) {
        const component = coarse + 4 * axis * (height >> 1) * (width >> 1);
        kernels.call.double_motion(component, height, width, motion + 4 * axis * height * width);
    }
    return motion;
}

/** A pointer to the settings of an estimate at one scale (kernels/motion.c). */
function motionSettings(kernels, { height, width, share, whole, disagreement, damping, gain, window, steps }) {
    return kernels.put(Float64Array.of(height, width, share, whole, disagreement, damping, gain, window, steps));
}
