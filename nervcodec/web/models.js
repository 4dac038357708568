/** Networks of a file: their descriptions, limits, and the tensors of a chunk (docs/bitstream.md, sections 3 and 4). */

import { StreamError } from "./bytes.js";
import { MAX_PIXELS, sum } from "./header.js";

const MAX_STAGES = 8;
const MAX_STRIDE = 8;
const MAX_KERNEL = 9;
const MAX_WIDTH = 2048;
const MAX_WEIGHTS = 2 ** 28;
const MAX_MAP = 2 ** 31;
const GATE_STAGE = 3;
/** Convolutions A, B, C and E of the gate. */
const GATE = ["candidate_content", "candidate_difference", "update_content", "update_difference"];

const PYRAMID = ["content[]", "strides[]", "widths[]", "kernels[]"];
/** Names of models by number, and the fields of their descriptions; lists are preceded by their length. */
const MODELS = new Map([
    [1, ["hnerv", []]],
    [2, ["dnerv", ["difference[]", "differenceStrides[]", "differenceKernel", "gateKernel"]]],
    [3, ["sdmn", ["coarse[]", "fine[]", "taps[]", "skipChannels", "couplings", "growth", "affine", "latent[]"]]],
    [4, ["een", ["join"]]],
    [5, ["ffnerv", ["spans[]", "reach", "flowStage"]]],
]);

const product = (numbers) => numbers.reduce((a, b) => a * b, 1);

/** The config of a network, by its model's number and the numbers of its description, for pictures of some channels. */
export function readConfig(id, numbers, channels, isBase) {
    const [model, fields] = MODELS.get(id) ?? [null, []];
    if (model === null) {
        throw new StreamError(`model ${id} is not known to this decoder`);
    }
    const rest = [...numbers];
    const config = { model, channels };
    for (const field of [...PYRAMID, ...fields]) {
        const isList = field.endsWith("[]");
        const taken = rest.splice(0, isList ? rest.shift() : 1);
        config[field.replace("[]", "")] = isList ? taken : taken[0];
    }
    if (rest.length || !Object.values(config).flat().every((value) => value !== undefined)) {
        throw new StreamError(`the description of a network of kind ${model} has another length`);
    }
    check(isBase === (model !== "een"), `a network of kind ${model}, which makes no sense there`);
    checkConfig(config);
    return config;
}

/** Height and width of what a network renders, before cropping. */
export function renderedSize({ content, strides }) {
    return [content[1] * product(strides), content[2] * product(strides)];
}

/** Shape of each embedding of one frame by name, in order. */
export function embeddingsOf(config) {
    const { content, difference, coarse, fine, spans } = config;
    const all = { content, difference, coarse, fine };
    for (const span of spans ?? []) {
        all[`content_${span}`] = content;
    }
    return Object.fromEntries(Object.entries(all).filter(([, shape]) => shape));
}

/** The tensors of each group of a chunk: {name, shape, temporal}; weights are named as in the Python package. */
export function schemaOf(config, frames) {
    const embeddings = Object.entries(embeddingsOf(config)).map(([name, shape]) => {
        const span = Number(name.split("_")[1] ?? 1);
        return [{ name, shape: [Math.ceil((frames - 1) / span) + 1, ...shape], temporal: true }];
    });
    const groups = [...pyramidModules(config), ...(OWN_MODULES[config.model] ?? (() => []))(config)];
    return [...embeddings, ...groups.map((parts) => parts.flat())];
}

/** Number of values that a segment's embeddings and one network hold. */
export function valueCounts(config, frames) {
    const specs = schemaOf(config, frames).flat();
    const count = (temporal) =>
        sum(specs.filter((spec) => spec.temporal === temporal).map(({ shape }) => product(shape)));
    const drawn = config.latent?.length ? [config.coarse, config.fine] : [];
    const latents = frames * sum(drawn.map(([sent, height, width]) => (config.skipChannels - sent) * height * width));
    return { embeddings: count(true) + latents, weights: count(false) };
}

function convolution(name, inputs, outputs, kernel) {
    return [
        { name: `${name}.weight`, shape: [outputs, inputs, kernel, kernel], temporal: false },
        { name: `${name}.bias`, shape: [outputs], temporal: false },
    ];
}

function pyramidModules({ model, content, strides, widths, kernels, channels, spans }) {
    const inputs = content[0] * (1 + (spans?.length ?? 0));
    const outputs = channels + (model === "ffnerv" ? 2 : 0);
    return [
        [convolution("stem", inputs, widths[0], 1)],
        strides.map((s, i) => convolution(`stages.${i}.0`, widths[i], widths[i + 1] * s ** 2, kernels[i])),
        [convolution("head", widths.at(-1), outputs, 3)],
    ];
}

const OWN_MODULES = {
    dnerv({ difference, differenceStrides, differenceKernel, gateKernel, widths }) {
        const path = widths.slice(GATE_STAGE - differenceStrides.length, GATE_STAGE + 1);
        const width = path.at(-1);
        return [
            [convolution("difference_stem", difference[0], path[0], 1)],
            differenceStrides.map((s, i) =>
                convolution(`difference_stages.${i}.0`, path[i], path[i + 1] * s ** 2, differenceKernel),
            ),
            GATE.map((name) => convolution(`gate.${name}`, width, width, gateKernel)),
        ];
    },
    sdmn(config) {
        return ["coarse", "fine"].map((name, i) => skipModules(config, name, config.taps[i]));
    },
    een({ channels, strides, widths, join }) {
        return [[convolution("join", channels * product(strides.slice(join)) ** 2, widths[join], 3)]];
    },
    ffnerv({ widths, flowStage, reach }) {
        return [[convolution("head_flow", widths[flowStage], 6 * reach, 1)]];
    },
};

function skipModules(config, name, tap) {
    const { skipChannels, couplings, growth, affine, widths } = config;
    const sent = config[name][0];
    const rest = skipChannels - sent;
    const dense = (block, from, to) =>
        [growth, growth, growth, growth, to].map((outputs, i) =>
            convolution(`${block}.convolutions.${i}`, from + i * growth, outputs, 3),
        );
    const modules = Array.from({ length: couplings }, (_, i) => {
        const [f, g, h] = ["f", "g", "h"].map((part) => `${name}_skip.invertible.${i}.${part}`);
        return [dense(f, rest, sent), dense(g, sent, rest), affine ? dense(h, sent, rest) : []];
    });
    return [...modules.flat(2), convolution(`${name}_skip.join`, skipChannels, widths[tap], 1)];
}

function check(condition, what) {
    if (!condition) {
        throw new StreamError(`the description of a network is out of range: ${what}`);
    }
}

function checkGrid(grid) {
    check(grid.length === 3 && grid.every((side) => side >= 1 && side <= MAX_WIDTH), `an embedding of ${grid}`);
}

function checkKernel(kernel) {
    check(kernel >= 1 && kernel <= MAX_KERNEL && kernel % 2 === 1, `a kernel of ${kernel}`);
}

function checkConfig(config) {
    const { content, strides, widths, kernels } = config;
    const stages = strides.length;
    check(stages >= 1 && stages <= MAX_STAGES, `${stages} stages`);
    check(kernels.length === stages && widths.length === stages + 1, `${widths.length} widths for ${stages} stages`);
    check(strides.every((s) => s >= 1 && s <= MAX_STRIDE), `strides ${strides}`);
    check(widths.every((w) => w >= 1 && w <= MAX_WIDTH), `widths ${widths}`);
    kernels.forEach(checkKernel);
    checkGrid(content);
    CHECKS[config.model]?.(config);
    const [height, width] = renderedSize(config);
    check(height * width <= MAX_PIXELS, `a picture of ${width}x${height}`);
    check(valueCounts(config, 1).weights <= MAX_WEIGHTS, "too many weights");
    check(largestMap(config) <= MAX_MAP, "a feature map that is too large");
}

const CHECKS = {
    dnerv({ content, strides, difference, differenceStrides, differenceKernel, gateKernel }) {
        const stages = differenceStrides.length;
        check(strides.length > GATE_STAGE, `${strides.length} stages for a gate after stage ${GATE_STAGE}`);
        check(stages >= 1 && stages <= GATE_STAGE, `${stages} difference stages`);
        check(differenceStrides.every((s) => s >= 1 && s <= MAX_STRIDE), `strides ${differenceStrides}`);
        checkGrid(difference);
        [differenceKernel, gateKernel].forEach(checkKernel);
        const [scale, own] = [product(differenceStrides), product(strides.slice(0, GATE_STAGE))];
        const fits = [1, 2].every((axis) => scale * difference[axis] === own * content[axis]);
        check(fits, "a difference embedding of another size");
    },
    sdmn({ coarse, fine, taps, strides, skipChannels, couplings, growth, affine, latent }) {
        [coarse, fine].forEach(checkGrid);
        check([coarse, fine].every((shape) => shape[0] < skipChannels), `${skipChannels} channels in a skip`);
        check(skipChannels <= MAX_WIDTH, `${skipChannels} channels in a skip`);
        check(taps.length === 2 && taps[0] < taps[1] && taps[1] <= strides.length, `taps ${taps}`);
        check(couplings >= 1 && couplings <= 16, `${couplings} couplings`);
        check(growth >= 1 && growth <= MAX_WIDTH, `a growth of ${growth}`);
        check(affine <= 1, `a coupling of kind ${affine}`);
        const drawn = latent.length === 2 && latent[0] < 2 ** 32 && latent[1] <= 255;
        check(!latent.length || drawn, `the latent rule ${latent}`);
    },
    een({ join, strides }) {
        check(join <= strides.length, `frames that join after stage ${join}`);
    },
    ffnerv({ spans, reach, flowStage, strides }) {
        check(spans.length <= 4 && spans.every((v, i) => v > (spans[i - 1] ?? 1) && v <= 2 ** 16), `spans ${spans}`);
        check(reach >= 1 && reach <= 4, `a reach of ${reach} frames`);
        check(flowStage <= strides.length, `flows that leave after stage ${flowStage}`);
    },
};

/** Numbers in the largest feature map of one frame. */
export function largestMap(config) {
    const { content, strides, widths, channels, coarse, fine, skipChannels, growth } = config;
    const stages = widths.map((width, i) => width * content[1] * content[2] * product(strides.slice(0, i)) ** 2);
    const head = { een: channels, ffnerv: channels + 2 }[config.model] ?? 0;
    const skips = [coarse, fine].map((shape) => (shape ? (skipChannels + 4 * growth) * shape[1] * shape[2] : 0));
    return Math.max(...stages, head * product(renderedSize(config)), ...skips);
}
