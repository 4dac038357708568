/** Chunks of a stream, unpacked when they are needed: docs/bitstream.md, sections 4 and 9. */

import { StreamError } from "./bytes.js";
import { layerErrors } from "./container.js";
import { readCorrections } from "./corrections.js";
import { BY_LEVELS, CHANNELS } from "./header.js";
import { embeddingsOf, readConfig, renderedSize, schemaOf, valueCounts } from "./models.js";
import { mapSize } from "./planes.js";
import { readGroup } from "./tensors.js";

const MAX_VALUES = 2 ** 28;
/** Most numbers that a segment may hold in memory: 1 GiB of float32. */
const MAX_NUMBERS = 2 ** 28;

/** The configs of all networks of each layer; they must fit the pictures of the file. */
function readConfigs({ header, layers }) {
    const channels = CHANNELS[header.domain];
    const [height, width] = mapSize(header);
    return layers.map(({ model, configs }, below) =>
        layerErrors(below, () =>
            configs.map((numbers) => {
                const config = readConfig(model, numbers, channels, below === 0);
                const [rendered, across] = renderedSize(config);
                if (rendered < height || across < width) {
                    const picture = `a picture of ${width}x${height}`;
                    throw new StreamError(`a network for ${across}x${rendered} cannot make ${picture}`);
                }
                return config;
            }),
        ),
    );
}

/** Positions in the video of the frames that lie between those of a segment, if these are corrected. */
function correctedPositions(header, first, count) {
    if (header.way !== BY_LEVELS) {
        return [];
    }
    const held = header.positions.slice(first, first + count);
    const own = new Set(held);
    const all = Array.from({ length: held.at(-1) - held[0] }, (_, i) => held[0] + i);
    return all.filter((position) => !own.has(position));
}

/**
 * Unpacks the segments of a stream; the tensors of the last segment of each layer are remembered.
 *
 * `seconds` is the time that unpacking has taken.
 */
export class Segments {
    constructor(stream, sets) {
        Object.assign(this, { stream, sets, configs: readConfigs(stream), known: new Map(), seconds: 0 });
    }

    /** The config of a layer's network in a segment; null where the layer adds nothing to it. */
    config(layer, segment) {
        const chunk = this.stream.layers[layer].chunks[segment];
        return chunk.size ? this.configs[layer][chunk.network] : null;
    }

    /** The tensors of a layer in a segment, by name. */
    tensors(layer, segment) {
        const known = this.known.get(layer);
        if (known?.segment === segment) {
            return known.tensors;
        }
        const begin = performance.now();
        const { chunks } = this.stream.layers[layer];
        let first = segment;
        while (chunks[first].follows && first - 1 !== known?.segment) {
            first--;
        }
        let tensors = chunks[first].follows ? known.tensors : new Map();
        for (let place = first; place <= segment; place++) {
            tensors = this.#unpack(layer, place, chunks[place].follows ? tensors : new Map(), place < segment);
        }
        this.known.set(layer, { segment, tensors });
        this.seconds += (performance.now() - begin) / 1000;
        return tensors;
    }

    /** Corrections of the frames between those of a segment, up to a number of layers; null without any. */
    corrections(segment, layers, first) {
        const { header } = this.stream;
        const positions = correctedPositions(header, first, header.segments[segment]);
        if (!positions.length) {
            return null;
        }
        let layer = layers - 1;
        while (!this.config(layer, segment)) {
            layer--;
        }
        const held = header.positions.slice(first, first + header.segments[segment]);
        const longest = held.reduce((most, position, i) => (i ? Math.max(most, position - held[i - 1]) : most), 1);
        const levels = 32 - Math.clz32(longest - 1);
        const blocks = [header.height, header.width].map((side) => Math.ceil(side / 8));
        const group = () => this.stream.layers[layer].chunks[segment].groups().at(-1);
        const found = layerErrors(layer, () => readCorrections(group(), positions.length, ...blocks, levels));
        return found && { ...found, numbers: new Map(positions.map((position, i) => [position, i])) };
    }

    #unpack(layer, segment, before, weightsOnly) {
        const { header, version, layers } = this.stream;
        const config = this.config(layer, segment);
        const frames = header.segments[segment];
        const counts = valueCounts(config, frames);
        if (counts.embeddings > MAX_VALUES || counts.embeddings + counts.weights > MAX_NUMBERS) {
            throw new StreamError(`segment ${segment} has more numbers than this decoder holds`);
        }
        const groups = layers[layer].chunks[segment].groups();
        const first = header.segments.slice(0, segment).reduce((a, b) => a + b, 0);
        const schema = schemaOf(config, frames);
        const expected = schema.length + (correctedPositions(header, first, frames).length ? 1 : 0);
        if (groups.length !== expected) {
            throw new StreamError(`${groups.length} tensor groups where there should be ${expected}`);
        }
        const skipped = weightsOnly ? Object.keys(embeddingsOf(config)).length : 0;
        const context = { version, before, sets: this.sets };
        const tensors = schema.slice(skipped).flatMap((specs, i) => readGroup(groups[skipped + i], specs, context));
        return new Map(tensors.map((tensor) => [tensor.name, tensor]));
    }
}
