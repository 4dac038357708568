import { ReferenceBackend } from "./reference.js";
import { WebGL2Backend } from "./webgl2.js";
import { WebGPUBackend } from "./webgpu.js";

/** A worker that, asked for a backend by name, tells how far each of its operations is from the reference, and more. */

let state = 1;

/** Numbers like those of a normal distribution, the same in each run. */
function random(length, deviation = 1) {
    return Float32Array.from({ length }, () => {
        let sum = 0;
        for (let i = 0; i < 12; i++) {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
            sum += state / 2 ** 32;
        }
        return (sum - 6) * deviation;
    });
}

/** Cases: name, sizes of the inputs, and what is done with a backend and the inputs. */
function* cases() {
    const flat = [5, 7, 10];
    for (const [kernel, shuffle, activation, inputs, outputs] of [
        [1, 1, "none", 3, 5],
        [3, 2, "gelu", 5, 24],
        [5, 4, "leaky", 4, 80],
        [3, 3, "sigmoid", 9, 9],
        [7, 1, "none", 6, 8],
        [9, 1, "unit", 2, 3],
    ]) {
        const weight = random(outputs * inputs * kernel * kernel, 1 / Math.sqrt(inputs * kernel * kernel));
        const bias = random(outputs);
        const convolve = (backend, [a]) =>
            backend.conv(a, backend.layer(weight, bias, { inputs, outputs, kernel, shuffle }), activation);
        yield [`conv ${kernel}x${kernel}, shuffle ${shuffle}, ${activation}`, [[inputs, 9, 6]], convolve];
    }
    for (const kind of ["add", "subtract", "tanh_sum", "sigmoid_sum", "gate", "couple"]) {
        yield [kind, [flat, flat, flat], (backend, [a, b, c]) => backend.combine(kind, a, b, c)];
    }
    yield ["concat", [[3, 4, 5], [6, 4, 5], [1, 4, 5]], (backend, maps) => backend.concat(maps)];
    yield ["slice", [[11, 4, 5]], (backend, [a]) => backend.slice(a, 3, 9)];
    yield ["unshuffle", [[3, 6, 12]], (backend, [a]) => backend.unshuffle(a, 3)];
    yield ["resize to more", [flat], (backend, [a]) => backend.resize(a, 15, 40)];
    yield ["resize to less", [flat], (backend, [a]) => backend.resize(a, 3, 4)];
    yield ["warp", [flat, [2, 7, 10]], (backend, [a, flow]) => backend.warp(a, backend.combine("add", flow, flow))];
    const pictures = Array(5).fill([6, 4, 5]);
    yield ["aggregate", [[5, 4, 5], ...pictures], (backend, [weights, ...maps]) => backend.aggregate(maps, weights)];
    yield ["many tiles", [[1030, 70, 3]], (backend, [a]) => backend.slice(a, 1, 1029)];
}

/** What becomes of inputs of some sizes: size and numbers. */
function result(backend, sizes, inputs, operate) {
    return backend.frame(async () => {
        const maps = inputs.map((values, i) => backend.input(values, ...sizes[i]));
        const map = operate(backend, maps);
        return { size: [map.channels, map.height, map.width].join(), values: await backend.read(map) };
    });
}

/** Name and largest difference of each case, twice, since the second time the memory of the first is used again. */
async function differences(backend) {
    const found = [];
    for (const [name, sizes, operate] of [...cases(), ...cases()]) {
        const inputs = sizes.map((size) => random(size.reduce((a, b) => a * b)));
        const wanted = await result(new ReferenceBackend(), sizes, inputs, operate);
        const { size, values } = await result(backend, sizes, inputs, operate);
        if (size !== wanted.size || values.length !== wanted.values.length) throw new Error(`${name}: size ${size}`);
        const worse = (worst, value, i) => Math.max(worst, Math.abs(value - wanted.values[i]));
        found.push([name, values.reduce(worse, 0)]);
    }
    return found;
}

/** How many times a backend has asked for memory after each of three frames that are alike. */
async function allocations(backend) {
    const counts = [];
    let count = 0;
    const allocate = backend.allocate.bind(backend);
    backend.allocate = (...size) => {
        count++;
        return allocate(...size);
    };
    const layer = backend.layer(random(16 * 4 * 9), random(16), { inputs: 4, outputs: 16, kernel: 3, shuffle: 2 });
    const operate = (_, [a]) => backend.combine("add", backend.conv(a, layer, "gelu"), backend.conv(a, layer, "none"));
    for (let frame = 0; frame < 3; frame++) {
        await result(backend, [[4, 11, 13]], [random(4 * 11 * 13)], operate);
        counts.push(count);
    }
    return counts;
}

/** What a backend says once its GPU is lost. */
async function complaint(backend) {
    const map = backend.input(random(12), 3, 2, 2);
    backend.dispose();
    return backend.read(map).then(() => "", (error) => error.message);
}

onmessage = async ({ data }) => {
    try {
        const backend = await { WebGL2: WebGL2Backend, WebGPU: WebGPUBackend }[data].create();
        if (!backend) return postMessage({ absent: true });
        const said = { name: backend.name, software: backend.software };
        said.differences = await differences(backend);
        said.allocations = await allocations(backend);
        said.complaint = await complaint(backend);
        postMessage(said);
    } catch (error) {
        postMessage({ error: error.stack });
    }
};
