/** Frames of the file as its networks make them, layer upon layer (docs/bitstream.md, section 3). */

import { StreamError } from "./bytes.js";
import { layerErrors } from "./container.js";
import { embeddingsOf, largestMap, renderedSize } from "./models.js";
import { Network } from "./networks.js";
import { mapSize } from "./segments.js";
import { dequantized, stepSize } from "./tensors.js";

/** Most numbers in the feature maps of a frame: a convolution holds its input and its output, 4 bytes each. */
const MOST_NUMBERS = 2 ** 28;
const KEPT_SEGMENTS = 2;

/** Largest sample of a depth in bits. */
export function peakOf(depth) {
    return 2 ** depth - 1;
}

/**
 * Numbers [C, H, W] in [0, 1] as the nearest samples of a depth, cropped to height and width; half to even.
 *
 * Throws a StreamError for numbers that are not finite.
 */
export function croppedSamples(numbers, [channels, rows, columns], [height, width], depth) {
    const peak = peakOf(depth);
    const samples = new (depth === 8 ? Uint8Array : Int16Array)(channels * height * width);
    let total = 0;
    for (let line = 0, at = 0; line < channels * height; line++) {
        const start = (Math.floor(line / height) * rows + (line % height)) * columns;
        for (let x = start; x < start + width; x++, at++) {
            const scaled = Math.fround(peak * numbers[x]);
            const nearest = Math.round(scaled);
            const isOdd = nearest - scaled === 0.5 && nearest % 2 !== 0;
            samples[at] = Math.min(Math.max(isOdd ? nearest - 1 : nearest, 0), peak);
            total += scaled;
        }
    }
    if (!Number.isFinite(total)) {
        throw new StreamError("a network makes numbers that are not finite");
    }
    return samples;
}

/** Samples [C, h, w] as numbers in [0, 1], extended at the right and at the bottom by their border. */
export function extendedUnits(samples, [height, width], [channels, rows, columns], depth) {
    const peak = peakOf(depth);
    const units = new Float32Array(channels * rows * columns);
    for (let line = 0, at = 0; line < channels * rows; line++) {
        const y = Math.min(line % rows, height - 1);
        const start = (Math.floor(line / rows) * height + y) * width;
        for (let x = 0; x < columns; x++, at++) {
            units[at] = samples[start + Math.min(x, width - 1)] / peak;
        }
    }
    return units;
}

/** Renders frames of a stream; the networks of the segments that were used last are kept. */
export class Rendering {
    constructor(segments, backend) {
        const { header } = segments.stream;
        Object.assign(this, { segments, backend, size: mapSize(header), depth: header.depth, known: new Map() });
    }

    /** Samples [C, h, w] of frame `time` of a segment up to each of the first layers: an array of them. */
    async samples(segment, time, layers) {
        const networks = this.#networks(segment, layers);
        const made = [];
        for (let layer = 0; layer < layers; layer++) {
            const below = made[layer - 1];
            made.push(networks[layer] ? await this.#rendered(networks[layer], time, below) : below);
        }
        return made;
    }

    /** Use another backend from now on. */
    moveTo(backend) {
        this.known.forEach((networks) => networks.forEach((one) => one?.network.dispose()));
        this.known.clear();
        this.backend = backend;
    }

    async #rendered({ config, network, frames, embeddings }, time, below) {
        const shape = [config.channels, ...renderedSize(config)];
        const units = below && extendedUnits(below, this.size, shape, this.depth);
        const numbers = await network.render((name, t) => rowOf(embeddings.get(name), t), time, frames, units);
        return croppedSamples(numbers, shape, this.size, this.depth);
    }

    #networks(segment, layers) {
        const networks = this.known.get(segment) ?? [];
        this.known.delete(segment);
        for (let layer = networks.length; layer < layers; layer++) {
            networks.push(layerErrors(layer, () => this.#network(layer, segment)));
        }
        this.known.set(segment, networks);
        for (const [oldest, unused] of this.known) {
            if (this.known.size <= KEPT_SEGMENTS) {
                break;
            }
            unused.forEach((one) => one?.network.dispose());
            this.known.delete(oldest);
        }
        return networks;
    }

    #network(layer, segment) {
        const config = this.segments.config(layer, segment);
        if (config === null) {
            return null;
        }
        if (2 * largestMap(config) > MOST_NUMBERS) {
            throw new StreamError("its network needs more memory than this decoder takes");
        }
        const embeddings = new Map();
        const weights = new Map();
        for (const [name, tensor] of this.segments.tensors(layer, segment)) {
            (tensor.temporal ? embeddings : weights).set(name, tensor.temporal ? tensor : dequantized(tensor));
        }
        const frames = this.segments.stream.header.segments[segment];
        return { config, frames, embeddings, network: new Network(this.backend, config, weights) };
    }
}

/** What stands for a row of an embedding: Float32Array [C, h, w]. */
function rowOf({ shape, steps, symbols }, row) {
    const size = symbols.length / shape[0];
    const step = stepSize(steps[0]);
    return Float32Array.from(symbols.subarray(row * size, (row + 1) * size), (symbol) => symbol * step);
}
