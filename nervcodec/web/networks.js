import { FFNeRVNetwork } from "./ffnerv.js";
import { NetworkLayers, Pyramid, afterStages, scaleOfStrides } from "./pyramid.js";
import { SDMNNetwork } from "./sdmn.js";

const GATED_STAGES = 3; // stages of DNeRV before its gate

class HNeRVNetwork {
    constructor(layers, config) {
        this.pyramid = new Pyramid(layers, config);
    }

    picture({ content }) {
        return this.pyramid.finish(this.pyramid.run(this.pyramid.start(content)), "unit");
    }
}

class DNeRVNetwork {
    constructor(layers, config) {
        const { difference, differenceStrides, differenceKernel, gateKernel } = config;
        const widths = config.widths.slice(GATED_STAGES - differenceStrides.length, GATED_STAGES + 1);
        const kernels = differenceStrides.map(() => differenceKernel);
        const gated = (part) => layers.layer(`gate.${part}`, widths.at(-1), widths.at(-1), gateKernel);
        this.backend = layers.backend;
        this.pyramid = new Pyramid(layers, config);
        this.difference = difference;
        this.stem = layers.layer("difference_stem", difference[0], widths[0], 1);
        this.stages = layers.stages("difference_stages", widths, differenceStrides, kernels);
        this.candidate = ["candidate_content", "candidate_difference"].map(gated);
        this.update = ["update_content", "update_difference"].map(gated);
    }

    picture(embeddings) {
        const { backend, pyramid } = this;
        const content = pyramid.run(pyramid.start(embeddings.content, "none"), 0, GATED_STAGES);
        const stem = backend.conv(backend.input(embeddings.difference, ...this.difference), this.stem, "none");
        const gated = this.gated(content, afterStages(backend, this.stages, stem));
        return pyramid.finish(pyramid.run(gated, GATED_STAGES), "sigmoid");
    }

    gated(content, difference) {
        const { backend } = this;
        const [candidate, update] = [this.candidate, this.update].map(([ofContent, ofDifference]) => [
            backend.conv(content, ofContent, "none"),
            backend.conv(difference, ofDifference, "none"),
        ]);
        const made = backend.combine("tanh_sum", ...candidate);
        return backend.combine("gate", made, content, backend.combine("sigmoid_sum", ...update));
    }
}

/** Samples [channels, height, width] with their last column and row repeated up to a size. */
function extendedPicture(values, channels, [height, width], [toHeight, toWidth]) {
    const made = new Float32Array(channels * toHeight * toWidth);
    for (let row = 0; row < channels * toHeight; row++) {
        const channel = Math.floor(row / toHeight);
        const first = (channel * height + Math.min(row % toHeight, height - 1)) * width;
        const to = row * toWidth;
        made.set(values.subarray(first, first + width), to);
        made.fill(values[first + width - 1], to + width, to + toWidth);
    }
    return made;
}

class EnhancementNetwork {
    constructor(layers, config) {
        const { content, strides, channels, widths, join } = config;
        this.backend = layers.backend;
        this.pyramid = new Pyramid(layers, config);
        this.size = content.slice(1).map((side) => side * scaleOfStrides(strides));
        this.channels = channels;
        this.joined = join;
        this.scale = scaleOfStrides(strides.slice(join));
        this.join = layers.layer("join", channels * this.scale ** 2, widths[join], 3);
    }

    picture({ content }, { below }) {
        const { backend, pyramid, joined } = this;
        const values = extendedPicture(below.values, this.channels, [below.height, below.width], this.size);
        const input = backend.input(values, this.channels, ...this.size);
        const seen = backend.conv(backend.unshuffle(input, this.scale), this.join, "gelu");
        const map = backend.combine("add", pyramid.run(pyramid.start(content), 0, joined), seen);
        return backend.combine("add", input, pyramid.finish(pyramid.run(map, joined), "none"));
    }
}

const NETWORK_MODELS = {
    hnerv: HNeRVNetwork,
    dnerv: DNeRVNetwork,
    sdmn: SDMNNetwork,
    een: EnhancementNetwork,
    ffnerv: FFNeRVNetwork,
};

/** A network of docs/bitstream.md, section 3, that a backend runs. */
export class Network {
    /**
     * @param {object} backend, such as `PlainBackend`; its layers are made here and kept until it is disposed of
     * @param {object} config `model` ("hnerv", "dnerv", "sdmn", "een" or "ffnerv"), `channels` (Q) and the fields of
     *     the description, in camel case
     * @param {Object<string, Float32Array>} weights by the names of the parameters in Python, such as "stages.0.0.bias"
     */
    constructor(backend, config, weights) {
        this.backend = backend;
        this.model = new NETWORK_MODELS[config.model](new NetworkLayers(backend, weights), config);
    }

    /**
     * Render a frame.
     * @param {Object<string, Float32Array>} embeddings of the frame by name, [C, h, w] each; `sdmnLatents` gives those
     *     of SDMN that are drawn, and grids of FFNeRV are those at the time of the frame, in order
     * @param {{below, neighbours}} around `below`, for EEN: `values` (Float32Array [Q, height, width] in [0, 1]),
     *     `height` and `width` of the frame that the layers below decode to; `neighbours`, for FFNeRV: embeddings of
     *     the frames t - r ... t - 1, t + 1 ... t + r, held at the ends; what is made of an object is kept for the next
     * @returns {Promise<Float32Array>} the picture [Q, H, W] before it is cropped; in [0, 1] but for EEN
     */
    render(embeddings, around = {}) {
        return this.backend.frame(async () => this.backend.read(await this.model.picture(embeddings, around)));
    }
}
