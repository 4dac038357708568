/** Layers of a network, by the names of its weights. */
export class NetworkLayers {
    /**
     * @param {object} backend whose operations run the layers
     * @param {Object<string, Float32Array>} weights by the names of the parameters in Python, such as "stages.0.0.bias"
     */
    constructor(backend, weights) {
        this.backend = backend;
        this.weights = weights;
    }

    /** A convolution to `outputs` channels, those after PixelShuffle by `shuffle`. */
    layer(name, inputs, outputs, kernel, shuffle = 1) {
        const shape = { inputs, outputs: outputs * shuffle ** 2, kernel, shuffle };
        return this.backend.layer(this.weights[`${name}.weight`], this.weights[`${name}.bias`], shape);
    }

    /** One convolution for each stride, from `widths[i]` to `widths[i + 1]` channels, with PixelShuffle. */
    stages(name, widths, strides, kernels) {
        return strides.map((stride, i) => this.layer(`${name}.${i}.0`, widths[i], widths[i + 1], kernels[i], stride));
    }
}

/** A map after a run of stages. */
export function afterStages(backend, stages, map) {
    return stages.reduce((x, stage) => backend.conv(x, stage, "gelu"), map);
}

/** What all networks have in common: stem, stages and head. */
export class Pyramid {
    /**
     * @param {NetworkLayers} layers
     * @param {object} config of the network
     * @param {number} inputs channels of the stem
     */
    constructor(layers, config, inputs = config.content[0]) {
        const { content, widths, strides, kernels, channels } = config;
        this.backend = layers.backend;
        this.shape = [inputs, ...content.slice(1)];
        this.stem = layers.layer("stem", inputs, widths[0], 1);
        this.stages = layers.stages("stages", widths, strides, kernels);
        this.head = layers.layer("head", widths[widths.length - 1], channels, 3);
    }

    /** The map that the stem makes of an embedding. */
    start(embedding, activation = "gelu") {
        return this.backend.conv(this.backend.input(embedding, ...this.shape), this.stem, activation);
    }

    /** A map after the stages `from` to `to`, not including `to`. */
    run(map, from = 0, to = this.stages.length) {
        return afterStages(this.backend, this.stages.slice(from, to), map);
    }

    /** The picture that the head makes of the map after the last stage. */
    finish(map, activation) {
        return this.backend.conv(map, this.head, activation);
    }
}

/** The product of some strides. */
export function scaleOfStrides(strides) {
    return strides.reduce((product, stride) => product * stride, 1);
}
