/**
 * The decoder of the player, in a worker: answers messages one after the other.
 *
 * {type: "open", file, backend} is answered by {type: "opened", info}; {type: "frame", id, number, layers} by
 * {type: "frame", id, number, layers, pixels, seconds}, the pixels RGBA of the picture; {type: "backend", backend} by
 * {type: "backend", backend}. {type: "forget", below} drops requests of frames with smaller ids that are not begun.
 * Where something is wrong the answer is {type: "failed", id, message}, a sentence for people.
 *
 * ASSETS stands before the joined modules (nervcodec/export/page.py): the bytes of kernels.wasm in base64, and the
 * networks of mixed embeddings.
 */
/* global ASSETS */

import { StreamError } from "./bytes.js";
import { readStream } from "./container.js";
import { Decoder } from "./decoder.js";
import { Kernels } from "./kernels.js";
import { toRgba } from "./colour.js";
import { PlainBackend } from "./plain.js";
import { Segments } from "./segments.js";
import { WebGL2Backend } from "./webgl2.js";
import { WebGPUBackend } from "./webgpu.js";

const KERNEL_BYTES = Uint8Array.from(atob(ASSETS.kernels), (letter) => letter.charCodeAt(0));
/** Backends by name, the one to prefer first. */
const DECODER_BACKENDS = {
    webgpu: () => WebGPUBackend.create(),
    webgl2: () => WebGL2Backend.create(),
    wasm: () => PlainBackend.create(KERNEL_BYTES),
};
const MATROSKA = [0x1a, 0x45, 0xdf, 0xa3];
/** Transfer functions of H.273 for pictures with a high dynamic range. */
const HIGH_RANGE = { 16: "PQ", 18: "HLG" };

/** A backend by name, or for "auto" the first one that the processor does not emulate. */
async function chooseBackend(name) {
    for (const [own, create] of Object.entries(DECODER_BACKENDS)) {
        const backend = own === name || name === "auto" ? await create() : null;
        if (backend && !(name === "auto" && backend.software)) {
            return backend;
        }
        backend?.dispose();
    }
    throw new StreamError(`this browser has no ${name}`);
}

class Session {
    constructor(decoder, stream) {
        Object.assign(this, { decoder, stream });
    }

    static async open(file, name) {
        const stream = await readStream(new Uint8Array(file));
        const segments = new Segments(stream, ASSETS.networks);
        const kernels = await Kernels.create(KERNEL_BYTES);
        const backend = await chooseBackend(name);
        return new Session(new Decoder(segments, backend, kernels), stream);
    }

    /** What the player shows about a file. */
    info() {
        const { header, layers, version, attachment } = this.stream;
        const { timeline, segments } = this.decoder;
        const isMatroska = attachment && MATROSKA.every((byte, i) => attachment[i] === byte);
        return {
            width: header.width,
            height: header.height,
            aspect: header.aspect,
            frames: timeline.places.length,
            begins: timeline.begins,
            duration: timeline.duration,
            frameRate: header.frameRate,
            layers: layers.length,
            models: segments.configs.map((configs) => [...new Set(configs.map((config) => config.model))].join(" ")),
            version,
            depth: header.depth,
            domain: header.domain,
            layerBytes: layers.map(({ chunks }) => chunks.reduce((total, { size }) => total + size, 0)),
            backend: this.decoder.rendering.backend.name,
            backends: Object.keys(DECODER_BACKENDS),
            attachedBytes: header.attached?.size ?? 0,
            sound: isMatroska ? attachment.slice().buffer : null,
            notes: notesOn(header, attachment),
        };
    }

    /** Pixels of a frame, RGBA, and the seconds that each part of the work has taken. */
    async frame(number, layers) {
        const { decoder, stream } = this;
        const now = () => performance.now() / 1000;
        const clock = () => ({ parse: decoder.segments.seconds, network: decoder.seconds, all: now() });
        const begin = clock();
        const picture = await decoder.picture(number, layers);
        const made = clock();
        const pixels = toRgba(picture, stream.header, stream.header.colour);
        const parse = made.parse - begin.parse;
        const network = made.network - begin.network - parse;
        const motion = made.all - begin.all - parse - network;
        return { pixels: pixels.buffer, seconds: { parse, network, motion, colour: clock().all - made.all } };
    }
}

function notesOn({ depth, colour, attached }, attachment) {
    const notes = [];
    if (depth > 8) {
        notes.push(`Samples of ${depth} bits are shown with 8.`);
    }
    if (HIGH_RANGE[colour.transfer]) {
        const range = `a high dynamic range (${HIGH_RANGE[colour.transfer]})`;
        notes.push(`The picture has ${range} and is shown without tone mapping.`);
    }
    if (attached && !attachment) {
        notes.push("Sound and subtitles of the file are damaged.");
    }
    return notes;
}

let session = null;
let firstWanted = 0;
let pending = Promise.resolve();

const ANSWERS = {
    async open({ file, backend }) {
        session = await Session.open(file, backend);
        return [{ type: "opened", info: session.info() }];
    },
    async backend({ backend }) {
        const chosen = await chooseBackend(backend);
        session.decoder.moveTo(chosen);
        return [{ type: "backend", backend: chosen.name }];
    },
    async frame({ id, number, layers }) {
        if (id < firstWanted) {
            return [];
        }
        const { pixels, seconds } = await session.frame(number, layers);
        return [{ type: "frame", id, number, layers, pixels, seconds }, [pixels]];
    },
};

/** A sentence about an error; those that are no fault of the file are said to be the decoder's. */
function sentenceOf(error) {
    return error instanceof StreamError ? error.message : `the decoder failed: ${error.message}`;
}

async function answer(message) {
    try {
        const [reply, transferred] = await ANSWERS[message.type](message);
        if (reply) {
            self.postMessage(reply, transferred ?? []);
        }
    } catch (error) {
        const { id } = message;
        self.postMessage({ type: "failed", ...(id === undefined ? {} : { id }), message: sentenceOf(error) });
    }
}

self.onmessage = ({ data }) => {
    if (data.type === "forget") {
        firstWanted = data.below;
    } else {
        pending = pending.then(() => answer(data));
    }
};
