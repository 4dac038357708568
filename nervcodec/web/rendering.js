/** Frames of the file as its networks make them, layer upon layer (docs/bitstream.md, section 3). */

import { StreamError } from "./bytes.js";
import { layerErrors } from "./container.js";
import { FrameEmbeddings } from "./embeddings.js";
import { largestMap, renderedSize } from "./models.js";
import { Network } from "./networks.js";
import { mapSize, nearestSamples, peakOf } from "./planes.js";
import { dequantized } from "./tensors.js";

/** Most numbers in the feature maps of a frame: a convolution holds its input and its output, 4 bytes each. */
const MOST_NUMBERS = 2 ** 28;
const KEPT_SEGMENTS = 4;

/**
 * Numbers [C, H, W] in [0, 1] as the nearest samples of a depth, cropped to height and width; half to even.
 *
 * Throws a StreamError for numbers that are not finite.
 */
function croppedSamples(numbers, [channels, rows, columns], [height, width], depth) {
    const peak = peakOf(depth);
    const scaled = new Float32Array(channels * height * width);
    let total = 0;
    for (let line = 0, at = 0; line < channels * height; line++) {
        const start = (Math.floor(line / height) * rows + (line % height)) * columns;
        for (let x = start; x < start + width; x++, at++) {
            scaled[at] = peak * numbers[x];
            total += scaled[at];
        }
    }
    if (!Number.isFinite(total)) {
        throw new StreamError("a network makes numbers that are not finite");
    }
    return nearestSamples(scaled, depth);
}

/** Renders frames of a stream; the networks of the segments that were used last are kept. */
export class Rendering {
    /** segments: Segments of the stream; backend: evaluates networks; kernels: Kernels, to draw latents. */
    constructor(segments, backend, kernels) {
        const { header } = segments.stream;
        Object.assign(this, { segments, backend, kernels, header, size: mapSize(header), known: new Map() });
    }

    /** Samples [C, h, w] of frame `time` of a segment, made of the first layers. */
    async samples(segment, time, layers) {
        let made = null;
        for (let layer = 0; layer < layers; layer++) {
            const found = this.#network(layer, segment);
            made = found ? await this.#rendered(found, time, made) : made;
        }
        return made;
    }

    /** Use another backend from now on; the one before is disposed of. */
    moveTo(backend) {
        this.known.clear();
        this.backend.dispose();
        this.backend = backend;
    }

    async #rendered({ config, network, embeddings }, time, samples) {
        const { header, size } = this;
        const peak = peakOf(header.depth);
        const values = samples && Float32Array.from(samples, (sample) => sample / peak);
        const below = { values, height: size[0], width: size[1] };
        const numbers = await network.render(embeddings.of(time), { below, neighbours: embeddings.neighbours(time) });
        return croppedSamples(numbers, [config.channels, ...renderedSize(config)], size, header.depth);
    }

    #network(layer, segment) {
        const key = `${layer} ${segment}`;
        if (!this.known.has(key)) {
            if (this.known.size >= KEPT_SEGMENTS * this.segments.stream.layers.length) {
                this.known.clear();
                this.backend.clear();
            }
            this.known.set(key, layerErrors(layer, () => this.#built(layer, segment)));
        }
        return this.known.get(key);
    }

    #built(layer, segment) {
        const config = this.segments.config(layer, segment);
        if (config === null) {
            return null;
        }
        if (2 * largestMap(config) > MOST_NUMBERS) {
            throw new StreamError("its network needs more memory than this decoder takes");
        }
        const tensors = [...this.segments.tensors(layer, segment).values()];
        const [temporal, own] = [true, false].map((kind) => tensors.filter((tensor) => tensor.temporal === kind));
        const weights = own.map((tensor) => [tensor.name, dequantized(tensor)]);
        const frames = this.header.segments[segment];
        return {
            config,
            embeddings: new FrameEmbeddings(this.kernels, config, temporal, frames),
            network: new Network(this.backend, config, Object.fromEntries(weights)),
        };
    }
}
