/** Tensors of a chunk: docs/bitstream.md, section 4. */

import { ByteReader, StreamError } from "./bytes.js";
import { FLAGS, addRows, classCount, decodeClasses } from "./forms.js";
import { decodeMixed, readMixing } from "./mixing.js";
import { readPriors } from "./priors.js";
import { RangeDecoder } from "./range.js";

const LARGEST_SYMBOL = 2 ** 14;
const RATIOS = [1048576, 1143480, 1246974, 1359835, 1482910, 1617125, 1763488, 1923097];
const EIGHTHS = [
    1, 1.0905077326652577, 1.189207115002721, 1.2968395546510096, 1.4142135623730951, 1.5422108254079407,
    1.681792830507429, 1.8340080864093424,
];

/** The number that a symbol of 1 stands for, by the index of the step; a float32. */
export function stepSize(index) {
    return Math.fround(EIGHTHS[index % 8] * 2 ** ((index >> 3) - 24));
}

/**
 * Tensors of a group: {name, shape, temporal, steps, symbols}, symbols an Int32Array in C order.
 *
 * specs: names and shapes; before: Map of tensors of the segment before by name, which weights may refer to; sets: the
 * networks of mixed embeddings. Throws a StreamError for a damaged group.
 */
export function readGroup(bytes, specs, { version, before, sets }) {
    const reader = new ByteReader(bytes);
    const sides = specs.map((spec) => readSide(reader, spec, version, before, sets));
    const decoder = new RangeDecoder(reader.raw(reader.left, "symbols"));
    const tensors = specs.map((spec, i) => {
        const symbols = decodeTensor(decoder, spec, sides[i], sets);
        return { ...spec, steps: sides[i].steps, symbols };
    });
    decoder.finish();
    return tensors;
}

/** The numbers that the symbols of a tensor stand for: Float32Array. */
export function dequantized({ symbols, steps, shape }) {
    const slice = steps.length > 1 ? symbols.length / shape[0] : symbols.length;
    const sizes = steps.map(stepSize);
    return Float32Array.from(symbols, (symbol, i) => symbol * sizes[Math.floor(i / slice)]);
}

function readSide(reader, spec, version, before, sets) {
    const flags = reader.uint8("flags");
    if (!isAllowed(spec, flags, version, before)) {
        throw new StreamError(`${spec.name}: flags ${flags} make no sense for ${spec.shape}`);
    }
    const steps = [...reader.raw(flags & FLAGS.steps ? spec.shape[0] : 1, "steps")];
    const reference = flags & FLAGS.refers ? rescaled(before.get(spec.name), steps[0]) : null;
    if (flags & FLAGS.mixed) {
        return { flags, steps, reference, mixing: readMixing(reader, sets.length) };
    }
    return { flags, steps, reference, priors: readPriors(reader, classCount(spec, flags)) };
}

function isAllowed({ name, shape, temporal }, flags, version, before) {
    const has = (flag) => (flags & flag) !== 0;
    if (flags > 63 || (has(FLAGS.mixed) && (flags !== FLAGS.mixed || !temporal || version < 10))) {
        return false;
    }
    if (has(FLAGS.predicted | FLAGS.contexts) && !(temporal && shape[0] > 1)) {
        return false;
    }
    if (has(FLAGS.byChannel) && (shape.length < 2 || has(FLAGS.contexts))) {
        return false;
    }
    if (has(FLAGS.steps) && (temporal || shape.length < 2 || shape[0] === 1)) {
        return false;
    }
    const alone = !temporal && !has(FLAGS.predicted | FLAGS.steps | FLAGS.contexts);
    const refers = version >= 5 && alone && before.get(name)?.steps.length === 1;
    return (!has(FLAGS.contexts) || version > 1) && (!has(FLAGS.refers) || refers);
}

function decodeTensor(decoder, spec, { flags, reference, mixing, priors }, sets) {
    if (mixing) {
        return decodeMixed(decoder, spec.shape, mixing, sets);
    }
    const symbols = decodeClasses(decoder, spec, flags, priors);
    if (flags & FLAGS.predicted) {
        addRows(symbols, spec.shape[0]);
    }
    return reference ? symbols.map((symbol, i) => symbol + reference[i]) : symbols;
}

/** Symbols that stand for about the same numbers in another step. */
function rescaled({ symbols, steps }, step) {
    const change = steps[0] - step;
    const shift = Math.max(20 - Math.floor(change / 8), 5);
    const ratio = RATIOS[change & 7];
    const [half, whole] = [2 ** (shift - 1), 2 ** shift];
    return symbols.map((symbol) => {
        const magnitude = Math.floor((Math.abs(symbol) * ratio + half) / whole);
        return Math.sign(symbol) * Math.min(magnitude, LARGEST_SYMBOL);
    });
}
