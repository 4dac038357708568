import { Pyramid, NetworkLayers, scaleOfStrides } from "./pyramid.js";

const FLOW_CHANNELS = 3; // x, y and a weight for each neighbour

/** Rows `from` to `to` of a convolution's parameters, as those of the convolution `name`. */
function convolutionRows(name, weight, bias, [from, to]) {
    const size = weight.length / bias.length;
    const rows = { weight: weight.subarray(from * size, to * size), bias: bias.subarray(from, to) };
    return { [`${name}.weight`]: rows.weight, [`${name}.bias`]: rows.bias };
}

/** Parameters [3 neighbours, ...] of the head of flows, which then makes x and y in pixels, not in cells of `scale`. */
function flowsInPixels(parameters, neighbours, scale) {
    const size = parameters.length / (FLOW_CHANNELS * neighbours);
    return parameters.map((value, i) => (Math.floor(i / size) % FLOW_CHANNELS === 2 ? value : value * scale));
}

/** Weights of layers whose outputs need one activation each, and flows in pixels. */
function splitWeights(weights, { channels, reach, strides, flowStage }) {
    const scale = scaleOfStrides(strides.slice(flowStage));
    const head = [weights["head.weight"], weights["head.bias"]];
    const flow = ["head_flow.weight", "head_flow.bias"];
    return {
        ...weights,
        ...convolutionRows("head", ...head, [0, channels]),
        ...convolutionRows("choice", ...head, [channels, channels + 2]),
        ...Object.fromEntries(flow.map((name) => [name, flowsInPixels(weights[name], 2 * reach, scale)])),
    };
}

/** FFNeRV: frames that borrow from the pictures of their neighbours along flows. */
export class FFNeRVNetwork {
    constructor({ backend, weights }, config) {
        const { content, spans, widths, reach, flowStage } = config;
        const layers = new NetworkLayers(backend, splitWeights(weights, config));
        this.backend = backend;
        this.pyramid = new Pyramid(layers, config, content[0] * (1 + spans.length));
        this.choice = layers.layer("choice", widths.at(-1), 2, 3);
        this.flow = layers.layer("head_flow", widths[flowStage], FLOW_CHANNELS * 2 * reach, 1);
        this.flowStage = flowStage;
        this.grids = ["content", ...spans.map((span) => `content_${span}`)];
        this.frames = new Map();
    }

    async picture(embeddings, { neighbours }) {
        const seen = new Map();
        for (const frame of new Set([embeddings, ...neighbours])) {
            seen.set(frame, this.frames.get(frame) ?? (await this.independent(frame)));
        }
        this.frames = seen;
        return this.aggregated(seen.get(embeddings), neighbours.map((frame) => seen.get(frame).own));
    }

    /** What the pyramid makes of one frame by itself: its picture, two weights, flows; maps out of the backend. */
    async independent(embeddings) {
        const { backend, pyramid, flowStage } = this;
        const parts = this.grids.map((name) => embeddings[name]);
        const latent = new Float32Array(parts.length * parts[0].length);
        parts.forEach((part, i) => latent.set(part, i * part.length));
        const map = pyramid.run(pyramid.start(latent), 0, flowStage);
        const last = pyramid.run(map, flowStage);
        return {
            own: await this.kept(pyramid.finish(last, "unit")),
            choices: await this.kept(backend.conv(last, this.choice, "none")),
            motions: await this.kept(backend.conv(map, this.flow, "none")),
        };
    }

    async kept(map) {
        const { channels, height, width } = map;
        return [await this.backend.read(map), channels, height, width];
    }

    aggregated(frame, others) {
        const { backend } = this;
        const own = backend.input(...frame.own);
        const motions = backend.resize(backend.input(...frame.motions), own.height, own.width);
        const pictures = others.map((other) => backend.input(...other));
        const part = (i, from, to) => backend.slice(motions, FLOW_CHANNELS * i + from, FLOW_CHANNELS * i + to);
        const moved = pictures.map((picture, i) => backend.warp(picture, part(i, 0, 2)));
        const borrowed = backend.aggregate(moved, backend.concat(pictures.map((_, i) => part(i, 2, 3))));
        return backend.aggregate([own, borrowed], backend.input(...frame.choices));
    }
}
