/**
 * The operations of both GPU backends, each written once: in WGSL that `glslOf` can turn into GLSL, so types are always
 * named and there is neither `vec4<f32>` nor a comment. A map has its channels in groups of four, `vec4f`, the last one filled up with
 * numbers that nothing sees but weights that are 0. Each source has a function `compute(g, y, x)` that sets `r0` to
 * group g of the result at row y and column x. It reads its inputs, named a to d, by `a_at(g, y, x)` or, where they are
 * just numbers, four by four, by `a_texel(i)`; `a_width` and the like are sizes, and `numbers` are four integers more.
 */

/** Rows of a map that one thread convolves together, so that it reads each weight once for all of them. */
export const CONVOLVED_ROWS = 4;

const ROWS = Array.from({ length: CONVOLVED_ROWS }, (_, row) => row);

/** The error function behind `normal` is that of Abramowitz and Stegun, 7.1.26; its error is below 2e-7. */
const FUNCTIONS = `
fn sigmoid(x: vec4f) -> vec4f {
    return 1.0 / (1.0 + exp(-clamp(x, vec4f(-80.0), vec4f(80.0))));
}
fn normal(x: vec4f) -> vec4f {
    let z: vec4f = 0.70710678 * abs(x);
    let t: vec4f = 1.0 / (1.0 + 0.3275911 * z);
    let high: vec4f = t * (1.421413741 + t * (-1.453152027 + t * 1.061405429));
    let tail: vec4f = 0.5 * exp(-z * z) * t * (0.254829592 + t * (-0.284496736 + high));
    return mix(tail, 1.0 - tail, step(vec4f(0.0), x));
}`;

const ACTIVATIONS = {
    none: "x",
    gelu: "x * normal(x)",
    leaky: "max(x, 0.2 * x)",
    sigmoid: "sigmoid(x)",
    unit: "sigmoid(2.0 * x)",
};

const COMBINATIONS = {
    add: "a + b",
    subtract: "a - b",
    tanh_sum: "2.0 * sigmoid(2.0 * (a + b)) - 1.0",
    sigmoid_sum: "sigmoid(a + b)",
    gate: "c * a + (1.0 - c) * b",
    couple: "(a - b) * exp(1.0 - 2.0 * sigmoid(c))",
};

const BILINEAR = `
fn between(g: i32, v: f32, u: f32) -> vec4f {
    let y: f32 = clamp(v, 0.0, f32(a_height - 1));
    let x: f32 = clamp(u, 0.0, f32(a_width - 1));
    let top: i32 = i32(y);
    let left: i32 = i32(x);
    let bottom: i32 = min(top + 1, a_height - 1);
    let right: i32 = min(left + 1, a_width - 1);
    let above: vec4f = mix(a_at(g, top, left), a_at(g, top, right), x - f32(left));
    let below: vec4f = mix(a_at(g, bottom, left), a_at(g, bottom, right), x - f32(left));
    return mix(above, below, y - f32(top));
}`;

/** A source from one that has `channel(c, y, x)`, a single number. */
function byChannel(source) {
    return `${source}
fn lane(c: i32, y: i32, x: i32) -> f32 {
    if (c < out_channels) { return channel(c, y, x); }
    return 0.0;
}
fn compute(g: i32, y: i32, x: i32) {
    r0 = vec4f(lane(4 * g, y, x), lane(4 * g + 1, y, x), lane(4 * g + 2, y, x), lane(4 * g + 3, y, x));
}`;
}

/** The channels of a, then those of b. */
export const CONCAT_SOURCE = byChannel(`
fn channel(c: i32, y: i32, x: i32) -> f32 {
    if (c < a_channels) { return a_at(c / 4, y, x)[c % 4]; }
    return b_at((c - a_channels) / 4, y, x)[(c - a_channels) % 4];
}`);

/** The channels of a from `numbers.x`. */
export const SLICE_SOURCE = byChannel(`
fn channel(c: i32, y: i32, x: i32) -> f32 {
    return a_at((c + numbers.x) / 4, y, x)[(c + numbers.x) % 4];
}`);

/** Squares of a, `numbers.x` wide, as channels. */
export const UNSHUFFLE_SOURCE = byChannel(`
fn channel(c: i32, y: i32, x: i32) -> f32 {
    let s: i32 = numbers.x;
    let whole: i32 = c / (s * s);
    return a_at(whole / 4, y * s + c / s % s, x * s + c % s)[whole % 4];
}`);

/** a in another size. */
export const RESIZE_SOURCE = `${BILINEAR}
fn compute(g: i32, y: i32, x: i32) {
    let v: f32 = (f32(y) + 0.5) * f32(a_height) / f32(out_height) - 0.5;
    let u: f32 = (f32(x) + 0.5) * f32(a_width) / f32(out_width) - 0.5;
    r0 = between(g, v, u);
}`;

/** a along the flow b. */
export const WARP_SOURCE = `${BILINEAR}
fn compute(g: i32, y: i32, x: i32) {
    let flow: vec4f = b_at(0, y, x);
    r0 = between(g, f32(y) + flow.y, f32(x) + flow.x);
}`;

/** a times the softmax of channel `numbers.x` of b, plus c if there is a sum yet. */
export function aggregateSource(hasSum) {
    return `
fn weight(i: i32, y: i32, x: i32) -> f32 {
    return b_at(i / 4, y, x)[i % 4];
}
fn compute(g: i32, y: i32, x: i32) {
    let own: f32 = weight(numbers.x, y, x);
    var largest: f32 = own;
    for (var i: i32 = 0; i < b_channels; i++) { largest = max(largest, weight(i, y, x)); }
    var total: f32 = 0.0;
    for (var i: i32 = 0; i < b_channels; i++) { total += exp(weight(i, y, x) - largest); }
    r0 = exp(own - largest) / total * a_at(g, y, x)${hasSum ? " + c_at(g, y, x)" : ""};
}`;
}

/** One of the `COMBINATIONS` of a, b and, for some, c. */
export function combineSource(kind, inputs) {
    return `${FUNCTIONS}
fn compute(g: i32, y: i32, x: i32) {
${inputs.map((name) => `    let ${name}: vec4f = ${name}_at(g, y, x);`).join("\n")}
    r0 = ${COMBINATIONS[kind]};
}`;
}

/**
 * The convolution of a by the weights b (`arrangedWeights`), before PixelShuffle. `compute` takes rows together, the first of which is `CONVOLVED_ROWS` y,
 * and sets r0, r1 and so on. `numbers`: groups of inputs, groups of outputs.
 */
export function convolutionSource(kernel, activation) {
    const range = (count) => Array.from({ length: count }, (_, i) => i);
    const lines = (list, line) => list.map(line).join("\n");
    return `${FUNCTIONS}
fn activated(x: vec4f) -> vec4f {
    return ${ACTIVATIONS[activation]};
}
fn seen(g: i32, y: i32, x: i32) -> vec4f {
    if (y < 0 || y >= a_height) { return vec4f(0.0); }
    return a_at(g, y, x);
}
fn matrix(i: i32) -> mat4x4f {
    return mat4x4f(b_texel(i), b_texel(i + 1), b_texel(i + 2), b_texel(i + 3));
}
fn compute(g: i32, y: i32, x: i32) {
    let top: i32 = ${CONVOLVED_ROWS} * y - ${kernel >> 1};
    var m: mat4x4f;
    var at: i32 = numbers.y + g * numbers.x * ${4 * kernel * kernel};
${lines(ROWS, (row) => `    var s${row}: vec4f = b_texel(g);`)}
    for (var i: i32 = 0; i < numbers.x; i++) {
        for (var u: i32 = x - ${kernel >> 1}; u <= x + ${kernel >> 1}; u++) {
            if (u >= 0 && u < a_width) {
${lines(range(kernel + CONVOLVED_ROWS - 1), (v) => `                let v${v}: vec4f = seen(i, top + ${v}, u);`)}
${lines(range(kernel), (k) => `                m = matrix(at + ${4 * k});
${lines(ROWS, (row) => `                s${row} += m * v${row + k};`)}`)}
            }
            at += ${4 * kernel};
        }
    }
${lines(ROWS, (row) => `    r${row} = activated(s${row});`)}
}`;
}

/**
 * PixelShuffle by `numbers.z` of what `convolutionSource` computes: a holds the first of the rows taken together, b the second and so on.
 */
export const INTERLEAVE_SOURCE = `
fn compute(g: i32, y: i32, x: i32) {
    let s: i32 = numbers.z;
    let group: i32 = (g * s + y % s) * s + x % s;
    let row: i32 = y / s / ${CONVOLVED_ROWS};
    let plane: i32 = y / s % ${CONVOLVED_ROWS};
${ROWS.map((row) => `    if (plane == ${row}) { r0 = ${"abcd"[row]}_at(group, row, x / s); }`).join("\n")}
}`;

/** A source with sizes as entries of `n`: those of the result, of a, b, c and d (channels, height, width, columns), then `numbers`. */
export function withSizes(source) {
    const sizes = { channels: "x", height: "y", width: "z", columns: "w" };
    return source
        .replace(/\b(out|[a-d])_(channels|height|width|columns)\b/g, (_, name, size) => `n[${name === "out" ? 0 : " abcd".indexOf(name)}].${sizes[size]}`)
        .replace(/\bnumbers\b/g, "n[5]");
}

/** GLSL from the WGSL of this file; types keep their names. */
export function glslOf(source) {
    return source
        .replace(/fn (\w+)(\([^)]*\))(?: -> (\w+))?/g, (_, name, parameters, type = "void") => `${type} ${name}${parameters}`)
        .replace(/(?:let |var )?\b(\w+): (\w+)/g, "$2 $1");
}
