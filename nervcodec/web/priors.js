/** Priors of symbols in whole numbers: docs/bitstream.md, section 5. */

/** The number 1 in fixed point, with 48 fractional bits. */
export const ONE = 1n << 48n;
const TOTAL = 2 ** 24;
/** Largest magnitude of a symbol that a prior covers. */
const MAX_MAGNITUDE = 2 ** 15;

/** The largest whole number whose square is at most n. */
export function isqrt(n) {
    let root = 1n << BigInt((n.toString(2).length + 1) >> 1);
    for (let next = root; ; ) {
        next = (root + n / root) >> 1n;
        if (next >= root) {
            return root;
        }
        root = next;
    }
}

/** The quotient of a whole number by a positive one, rounded down. */
function floorDivided(a, b) {
    const quotient = a / b;
    return quotient * b > a ? quotient - 1n : quotient;
}

/** exp(-x) in fixed point. */
export function expMinus(x) {
    const small = x >> 16n;
    let [result, term] = [ONE, ONE];
    for (let n = 1n; n <= 4n; n++) {
        term = floorDivided(-((term * small) >> 48n), n);
        result += term;
    }
    for (let i = 0; i < 16; i++) {
        result = (result * result) >> 48n;
    }
    return result;
}

const ROOT_TWO = isqrt(2n << 96n);
const EIGHTH = isqrt(isqrt(ROOT_TWO << 48n) << 48n);

function thetaOf(isGauss, scale) {
    let d = ONE;
    for (let i = 0; i < scale % 8; i++) {
        d = (d * EIGHTH) >> 48n;
    }
    d = (d << BigInt(scale >> 3)) >> 3n;
    return expMinus(isGauss ? (ONE << 96n) / (2n * d * d) : (ROOT_TWO * ONE) / d);
}

/** Frequencies of the symbols from -magnitude to magnitude: whole numbers. */
function priorFrequencies({ magnitude, family, scale, spike }) {
    const theta = thetaOf(family === 1, scale);
    const growth = family === 1 ? (theta * theta) >> 48n : ONE;
    const law = []; // up to where it is 0
    for (let [power, ratio] = [ONE, theta]; power > 0n && law.length <= magnitude; ) {
        law.push(power);
        [power, ratio] = [(power * ratio) >> 48n, (ratio * growth) >> 48n];
    }
    const total = 2n * law.reduce((a, b) => a + b) - ONE;
    const frequencies = new Float64Array(2 * magnitude + 1).fill(1);
    law.forEach((share, k) => {
        const frequency = 1 + Number((((share << 24n) / total) * BigInt(256 - spike)) >> 8n);
        frequencies[magnitude - k] = frequencies[magnitude + k] = frequency;
    });
    frequencies[magnitude] += spike * 65536;
    return frequencies;
}

/** Boundaries of symbols in 2^24 from their frequencies, one more than there are symbols (section 6). */
export function boundariesOf(frequencies, boundaries = new Float64Array(frequencies.length + 1)) {
    let [total, sum] = [0, 0];
    for (const frequency of frequencies) {
        total += frequency;
    }
    const factor = (TOTAL - frequencies.length) / total;
    for (let j = 0; j < frequencies.length; j++) {
        boundaries[j] = j + Math.floor(factor * sum);
        sum += frequencies[j];
    }
    boundaries[frequencies.length] = TOTAL;
    return boundaries;
}

const PRIOR_TABLES = new Map();
/** Most symbols in the tables that are remembered. */
const MOST_SYMBOLS = 2 ** 21;
let rememberedSymbols = 0;

/** Boundaries of the symbols of a prior, remembered. */
export function priorTable(prior) {
    const key = [prior.magnitude, prior.family, prior.scale, prior.spike].join();
    if (!PRIOR_TABLES.has(key)) {
        rememberedSymbols += 2 * prior.magnitude + 1;
        if (rememberedSymbols > MOST_SYMBOLS) {
            PRIOR_TABLES.clear();
            rememberedSymbols = 2 * prior.magnitude + 1;
        }
        PRIOR_TABLES.set(key, boundariesOf(priorFrequencies(prior)));
    }
    return PRIOR_TABLES.get(key);
}

/** The largest magnitude of some symbols, of at most `largest`, then the priors of a number of classes. */
export function readPriors(reader, count, largest = MAX_MAGNITUDE) {
    const magnitude = reader.varint("magnitude", largest);
    return Array.from({ length: count }, () => {
        const law = magnitude ? reader.uint8("scale") : 0;
        return { magnitude, family: law >> 7, scale: law & 127, spike: magnitude ? reader.uint8("spike") : 0 };
    });
}
