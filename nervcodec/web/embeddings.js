/** Embeddings of single frames, from the tensors of a segment (docs/bitstream.md, sections 3 and 4). */

import { sdmnLatents } from "./sdmn.js";
import { stepSize } from "./tensors.js";

/** Most frames whose embeddings are kept: FFNeRV asks for those of up to 4 neighbours on each side. */
const KEPT_FRAMES = 16;

/** The embeddings of the frames of a segment; those of one frame are the same object while they are kept. */
export class FrameEmbeddings {
    /** tensors: those of the segment that are embeddings; kernels: Kernels, to draw latents. */
    constructor(kernels, config, tensors, frames) {
        Object.assign(this, { kernels, config, tensors, frames, kept: new Map() });
    }

    /** Float32Array [C, h, w] by name, of a frame. */
    of(time) {
        if (!this.kept.has(time)) {
            if (this.kept.size === KEPT_FRAMES) {
                this.kept.delete(this.kept.keys().next().value);
            }
            this.kept.set(time, this.#made(time));
        }
        return this.kept.get(time);
    }

    /** Embeddings of the frames around one, held at the ends of the segment. */
    neighbours(time) {
        const reach = this.config.reach ?? 0;
        const around = Array.from({ length: 2 * reach + 1 }, (_, i) => time + i - reach);
        const others = around.filter((other) => other !== time);
        return others.map((other) => this.of(Math.min(Math.max(other, 0), this.frames - 1)));
    }

    #made(time) {
        const spans = [1, ...(this.config.spans ?? [])];
        const rows = this.tensors.map((tensor, i) => [tensor.name, gridAt(tensor, time, spans[i] ?? 1)]);
        const drawn = this.config.model === "sdmn" ? sdmnLatents(this.kernels, this.config, time) : {};
        return { ...Object.fromEntries(rows), ...drawn };
    }
}

/** What stands for a row of an embedding: Float32Array [C, h, w]. */
function rowOf({ shape, steps, symbols }, row) {
    const size = symbols.length / shape[0];
    const step = stepSize(steps[0]);
    return Float32Array.from(symbols.subarray(row * size, (row + 1) * size), (symbol) => symbol * step);
}

/** A grid with a row at every few frames, linearly at a frame. */
function gridAt(tensor, time, span) {
    const before = rowOf(tensor, Math.floor(time / span));
    const share = (time % span) / span;
    if (share === 0) {
        return before;
    }
    const after = rowOf(tensor, Math.ceil(time / span));
    return before.map((value, i) => value + share * (after[i] - value));
}
