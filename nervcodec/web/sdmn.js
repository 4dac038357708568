import { Pyramid } from "./pyramid.js";

const DENSE_HIDDEN = 4; // convolutions of a dense block before its last one
const LATENT_SCALES = { fine: 1, coarse: 2 };
const LATENT_DEVIATION_PARTS = 255;

/**
 * Channels that are not sent of a frame of SDMN, where they are drawn.
 * @param {Kernels} kernels
 * @param {object} config of the network
 * @param {number} frame number of the frame in its segment
 * @returns {Object<string, Float32Array>} by name, [K - C, h, w] each; empty where the channels are zeros
 */
export function sdmnLatents(kernels, config, frame) {
    if (config.latent.length === 0) return {};
    const [seed, deviation] = config.latent;
    const scale = deviation / LATENT_DEVIATION_PARTS;
    const drawn = (name) => {
        const [sent, height, width] = config[name];
        const count = (config.skipChannels - sent) * height * width;
        return kernels.scoped(() => {
            const pointer = kernels.alloc(4 * count);
            kernels.call.draw_latents(seed, scale, frame, LATENT_SCALES[name], count, pointer);
            return kernels.f32(pointer, count).slice();
        });
    };
    return { coarse_latent: drawn("coarse"), fine_latent: drawn("fine") };
}

/** Five 3x3 convolutions, each of which sees the input and all outputs before it. */
class DenseBlock {
    constructor(layers, name, inputs, outputs, growth) {
        const convolution = (i, made) => layers.layer(`${name}.convolutions.${i}`, inputs + i * growth, made, 3);
        this.backend = layers.backend;
        this.hidden = Array.from({ length: DENSE_HIDDEN }, (_, i) => convolution(i, growth));
        this.last = convolution(DENSE_HIDDEN, outputs);
    }

    run(input) {
        const { backend } = this;
        const grown = (x, layer) => backend.concat([x, backend.conv(x, layer, "leaky")]);
        return backend.conv(this.hidden.reduce(grown, input), this.last, "none");
    }
}

/** A coupling of an invertible network, in reverse. */
class SDMNCoupling {
    constructor(layers, name, sent, rest, { growth, affine }) {
        this.backend = layers.backend;
        this.sent = sent;
        this.f = new DenseBlock(layers, `${name}.f`, rest, sent, growth);
        this.g = new DenseBlock(layers, `${name}.g`, sent, rest, growth);
        this.h = affine ? new DenseBlock(layers, `${name}.h`, sent, rest, growth) : null;
    }

    inverse(y) {
        const { backend, sent } = this;
        const [y1, y2] = [backend.slice(y, 0, sent), backend.slice(y, sent, y.channels)];
        const shift = this.g.run(y1);
        const scaled = this.h ? ["couple", y2, shift, this.h.run(y1)] : ["subtract", y2, shift];
        const x2 = backend.combine(...scaled);
        return backend.concat([backend.combine("subtract", y1, this.f.run(x2)), x2]);
    }
}

/** What turns the channels that are sent for one scale into a map that is added after a stage. */
class SDMNSkip {
    constructor(layers, config, name, width) {
        const { skipChannels, couplings } = config;
        [this.sent, ...this.grid] = config[name];
        this.rest = skipChannels - this.sent;
        this.name = name;
        this.backend = layers.backend;
        this.couplings = Array.from({ length: couplings }, (_, i) => {
            return new SDMNCoupling(layers, `${name}_skip.invertible.${i}`, this.sent, this.rest, config);
        });
        this.join = layers.layer(`${name}_skip.join`, skipChannels, width, 1);
    }

    joined(map, embeddings) {
        const { backend, rest, grid } = this;
        const latent = embeddings[`${this.name}_latent`] ?? new Float32Array(rest * grid[0] * grid[1]);
        const sent = backend.input(embeddings[this.name], this.sent, ...grid);
        const y = backend.concat([sent, backend.input(latent, rest, ...grid)]);
        const x = this.couplings.reduceRight((coded, coupling) => coupling.inverse(coded), y);
        const resized = backend.resize(backend.conv(x, this.join, "none"), map.height, map.width);
        return backend.combine("add", map, resized);
    }
}

/** SDMN: the pyramid of HNeRV with a skip added after each of two stages. */
export class SDMNNetwork {
    constructor(layers, config) {
        const { taps, widths } = config;
        this.pyramid = new Pyramid(layers, config);
        this.taps = taps;
        this.skips = ["coarse", "fine"].map((name, i) => new SDMNSkip(layers, config, name, widths[taps[i]]));
    }

    picture(embeddings) {
        const { pyramid, taps } = this;
        const [coarse, fine] = this.skips;
        let map = pyramid.run(pyramid.start(embeddings.content), 0, taps[0]);
        map = pyramid.run(coarse.joined(map, embeddings), taps[0], taps[1]);
        map = pyramid.run(fine.joined(map, embeddings), taps[1]);
        return pyramid.finish(map, "unit");
    }
}
