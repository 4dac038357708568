/** Frames of a stream: rendered, filtered, and made between others (docs/bitstream.md, section 8). */

import { ByteCache } from "./cache.js";
import { correctionLuma } from "./cosine.js";
import { BY_LEVELS } from "./header.js";
import { firstMotion, motionAt, motionBetween } from "./motion.js";
import { finish, predictionBetween } from "./pictures.js";
import { lumaSamples } from "./planes.js";
import { Rendering } from "./rendering.js";
import { evidence, filtered } from "./temporal_filter.js";
import { stepSize } from "./tensors.js";
import { inLowestTerms, segmentStarts, timeBetween, timelineOf } from "./timeline.js";

/** Bytes of decoded pictures and motion that are kept. */
const CACHE_BYTES = 192 * 2 ** 20;
const FIRST_WAY = 1;

/** Decodes any frame of a stream, and what it is made of; one frame at a time. */
export class Decoder {
    /** segments: Segments of a stream; backend: evaluates networks; kernels: Kernels for motion and filter. */
    constructor(segments, backend, kernels) {
        const { header, layers } = segments.stream;
        Object.assign(this, { header, segments, kernels, layers: layers.length });
        this.timeline = timelineOf(header);
        this.starts = segmentStarts(header);
        this.rendering = new Rendering(segments, backend, kernels);
        this.cache = new ByteCache(CACHE_BYTES);
        this.corrections = { key: null, found: null };
        this.seconds = 0;
    }

    /** Samples [C, h, w] of a shown frame, made of the first layers: Uint8Array or Int16Array in the file's domain. */
    async picture(number, layers = this.layers) {
        const { frame, position } = this.timeline.places[number];
        const { positions } = this.header;
        if (position === positions[frame]) {
            return this.#filtered(frame, layers);
        }
        if (this.header.way === BY_LEVELS) {
            return this.#byLevels(frame, position, layers);
        }
        const [before, after] = [positions[frame], positions[frame + 1]];
        const time = timeBetween(this.header, before, position, after);
        const ends = [await this.#filtered(frame, layers), await this.#filtered(frame + 1, layers)];
        return this.#between(ends, time, frame, layers);
    }

    /** Use another backend from now on. */
    moveTo(backend) {
        this.rendering.moveTo(backend);
        this.cache.clear();
    }

    #segmentOf(frame) {
        let [segment, beyond] = [0, this.header.segments.length];
        while (beyond - segment > 1) {
            const middle = (segment + beyond) >> 1;
            [segment, beyond] = this.starts[middle] <= frame ? [middle, beyond] : [segment, middle];
        }
        return segment;
    }

    /** A frame of the file as the networks of the first layers make it. */
    async #rendered(frame, layers) {
        return this.cache.get(`rendered ${frame} ${layers}`, async () => {
            const begin = performance.now();
            const segment = this.#segmentOf(frame);
            const made = await this.rendering.samples(segment, frame - this.starts[segment], layers);
            this.seconds += (performance.now() - begin) / 1000;
            return made;
        });
    }

    /** The motion from a frame of the file to the next, as they are before the filter. */
    async #motion(frame, layers) {
        const make = async () => {
            const [before, after] = [await this.#rendered(frame, layers), await this.#rendered(frame + 1, layers)];
            return this.#motionOf(before, after);
        };
        return this.cache.get(`motion ${frame} ${layers}`, make, (motion) => motion.halfway.byteLength);
    }

    #motionOf(before, after) {
        const luma = [before, after].map((picture) => lumaSamples(picture, this.header));
        return motionBetween(this.kernels, ...luma, this.header);
    }

    /** Strength of the filter between a frame of the file and the next; 0 for none. */
    #strength(frame, layers) {
        const segment = frame < 0 ? -1 : this.#segmentOf(frame);
        const isLast = segment < 0 || frame === this.starts[segment + 1] - 1;
        return isLast ? 0 : (this.header.filters[layers - 1]?.[segment] ?? 0);
    }

    /** A frame of the file, filtered along the motion to the frames beside it. */
    async #filtered(frame, layers) {
        const before = this.#strength(frame - 1, layers);
        const after = this.#strength(frame, layers);
        const own = await this.#rendered(frame, layers);
        if (!before && !after) {
            return own;
        }
        return this.cache.get(`filtered ${frame} ${layers}`, async () => {
            const found = [];
            if (before) {
                const field = motionAt(this.kernels, await this.#motion(frame - 1, layers), 1, 1).map((m) => -m);
                found.push(this.#evidence(own, await this.#rendered(frame - 1, layers), field, before));
            }
            if (after) {
                const field = motionAt(this.kernels, await this.#motion(frame, layers), 0, 1);
                found.push(this.#evidence(own, await this.#rendered(frame + 1, layers), field, after));
            }
            return filtered(own, found, this.header);
        });
    }

    #evidence(frame, beside, field, strength) {
        return evidence(this.kernels, frame, beside, field, strength, this.header);
    }

    /** A frame between two others at a time [p, q], not corrected; `frame` is the frame of the file before it. */
    async #between([before, after], [p, q], frame, layers) {
        const luma = () => [before, after].map((picture) => lumaSamples(picture, this.header));
        const field =
            this.header.way === FIRST_WAY
                ? firstMotion(this.kernels, ...luma(), p, q, this.header)
                : motionAt(this.kernels, await this.#motion(frame, layers), p, q);
        return finish(predictionBetween(this.kernels, before, after, field, p, q, this.header), null, this.header);
    }

    /** A frame of a group that is made level by level, and corrected; `frame` is the frame of the file before it. */
    async #byLevels(frame, position, layers) {
        const { positions } = this.header;
        let [first, last] = [positions[frame], positions[frame + 1]];
        let [before, after] = [await this.#filtered(frame, layers), await this.#filtered(frame + 1, layers)];
        for (;;) {
            const ends = { first, last, before, after };
            const middle = (first + last) >> 1;
            const made = await this.cache.get(`made ${middle} ${layers}`, () => this.#middle(frame, ends, layers));
            if (middle === position) {
                return made;
            }
            [first, before] = middle < position ? [middle, made] : [first, before];
            [last, after] = middle < position ? [last, after] : [middle, made];
        }
    }

    async #middle(frame, { first, last, before, after }, layers) {
        const { positions } = this.header;
        const middle = (first + last) >> 1;
        const [p, q] = inLowestTerms(middle - first, last - first);
        const isWhole = first === positions[frame] && last === positions[frame + 1];
        const motion = isWhole ? await this.#motion(frame, layers) : this.#motionOf(before, after);
        const field = motionAt(this.kernels, motion, p, q);
        const prediction = predictionBetween(this.kernels, before, after, field, p, q, this.header);
        const level = 31 - Math.clz32(last - first - 1);
        return finish(prediction, this.#correction(frame, middle, level, layers), this.header);
    }

    /** The correction of luma of a frame of a group: Float32Array [H, W], or null. */
    #correction(frame, position, level, layers) {
        const segment = this.#segmentOf(frame);
        const key = `${segment} ${layers}`;
        if (this.corrections.key !== key) {
            this.corrections = { key, found: this.segments.corrections(segment, layers, this.starts[segment]) };
        }
        const { found } = this.corrections;
        if (!found) {
            return null;
        }
        const { height, width } = this.header;
        const number = found.numbers.get(position);
        const blocks = Math.ceil(height / 8) * Math.ceil(width / 8);
        const extents = found.extents.subarray(number * blocks, (number + 1) * blocks);
        const symbols = found.symbols.subarray(64 * found.starts[number], 64 * found.starts[number + 1]);
        return correctionLuma(extents, symbols, stepSize(found.steps[level]), height, width);
    }
}
