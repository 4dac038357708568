/** Corrections of luma: inverse cosine transforms of blocks (docs/bitstream.md, section 9). */

const COSINE_BLOCK = 8;
const COSINE_COEFFICIENTS = COSINE_BLOCK ** 2;
/** Frequency down and across of each coefficient in order: diagonal after diagonal, on each by the frequency down. */
const COSINE_ORDER = Array.from({ length: COSINE_COEFFICIENTS }, (_, i) => [i >> 3, i % 8]).sort(
    ([down, across], [otherDown, otherAcross]) => down + across - otherDown - otherAcross || down - otherDown,
);
/** Each row of 8 numbers is a cosine of one frequency. */
const COSINE_BASIS = Float32Array.from({ length: COSINE_COEFFICIENTS }, (_, i) => {
    const [wave, place] = [i >> 3, i % 8];
    return Math.sqrt((wave ? 2 : 1) / COSINE_BLOCK) * Math.cos((Math.PI / COSINE_BLOCK) * (place + 0.5) * wave);
});

/**
 * What is added to the luma of a frame; the whole range of samples is 1.
 *
 * @param {Int32Array} extents number of diagonals of coefficients that are sent of each block,
 *     `[height / 8, width / 8]`, rounded up
 * @param {Int32Array} symbols coefficients in steps, `[N, 64]`, of the N blocks whose extent is not 0, in order
 * @param {number} step
 * @param {number} height in pixels
 * @param {number} width
 * @returns {Float32Array} `[height, width]`
 */
export function correctionLuma(extents, symbols, step, height, width) {
    const luma = new Float32Array(height * width);
    const columns = Math.ceil(width / COSINE_BLOCK);
    let start = 0;
    extents.forEach((extent, block) => {
        if (!extent) return;
        const samples = blockSamples(symbols.subarray(start, start + COSINE_COEFFICIENTS), step, extent);
        start += COSINE_COEFFICIENTS;
        const top = COSINE_BLOCK * Math.floor(block / columns);
        const left = COSINE_BLOCK * (block % columns);
        const inside = Math.min(COSINE_BLOCK, width - left);
        for (let y = 0; y < Math.min(COSINE_BLOCK, height - top); y++) {
            luma.set(samples.subarray(COSINE_BLOCK * y, COSINE_BLOCK * y + inside), (top + y) * width + left);
        }
    });
    return luma;
}

/** The samples `[8, 8]` of a block with so many diagonals of coefficients. */
function blockSamples(symbols, step, extent) {
    const rows = new Float32Array(COSINE_COEFFICIENTS); // a sum over frequencies down: row, then frequency across
    symbols.forEach((symbol, i) => {
        if (!symbol) return;
        const [down, across] = COSINE_ORDER[i];
        for (let y = 0; y < COSINE_BLOCK; y++) {
            rows[COSINE_BLOCK * y + across] += symbol * step * COSINE_BASIS[COSINE_BLOCK * down + y];
        }
    });
    const samples = new Float32Array(COSINE_COEFFICIENTS);
    for (let y = 0; y < COSINE_BLOCK; y++) {
        for (let across = 0; across < Math.min(extent, COSINE_BLOCK); across++) {
            const value = rows[COSINE_BLOCK * y + across];
            for (let x = 0; x < COSINE_BLOCK; x++) {
                samples[COSINE_BLOCK * y + x] += value * COSINE_BASIS[COSINE_BLOCK * across + x];
            }
        }
    }
    return samples;
}
