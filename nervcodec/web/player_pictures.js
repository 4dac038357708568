const CACHE_BYTES = 2 ** 28;
const MOST_AHEAD = 4;
const MEASURED_FRAMES = 32;

/** Decoded pictures, as many of those used last as fit into 256 MiB, and what decoding them took. */
export class PictureStore {
    /**
     * @param {DecoderClient} client of an opened file.
     * @param {{width: number, height: number}} info what the decoder says of the file.
     */
    constructor(client, { width, height }) {
        this.client = client;
        this.width = width;
        this.height = height;
        this.capacity = Math.max(4, Math.floor(CACHE_BYTES / (4 * width * height)));
        /** Frames that are asked for before they are shown: 1 to 4. */
        this.ahead = Math.max(1, Math.min(MOST_AHEAD, this.capacity >> 2));
        /** Seconds from the last request that was answered to its answer. */
        this.latency = 0;
        this.clear();
    }

    /** Drops all pictures and measurements. */
    clear() {
        this.pictures = new Map(); // "number/layers" -> ImageData, the one used last at the end
        this.promises = new Map(); // the same keys -> promise of an ImageData or null
        this.errors = new Map(); // the same keys -> Error that the decoder answered
        this.measured = []; // {parse, network, motion, colour} in seconds, of the last decoded pictures
    }

    /** The picture (an ImageData), or undefined if it is not there; throws the Error of one that cannot be decoded. */
    ready({ number, layers }) {
        const key = `${number}/${layers}`;
        if (this.errors.has(key)) throw this.errors.get(key);
        const picture = this.pictures.get(key);
        if (picture) {
            this.pictures.delete(key);
            this.pictures.set(key, picture);
        }
        return picture;
    }

    /** Resolves to the picture, or to null if it was forgotten before the decoder came to it. */
    async picture(wish) {
        return this.ready(wish) ?? this.promises.get(`${wish.number}/${wish.layers}`) ?? this.ask(wish);
    }

    /** Asks for pictures that are not there, the most urgent first, while the decoder has little to do. */
    prefetch(wishes) {
        for (const wish of wishes) {
            if (this.client.pending >= this.ahead) return;
            const key = `${wish.number}/${wish.layers}`;
            const known = this.pictures.has(key) || this.promises.has(key) || this.errors.has(key);
            if (!known) this.ask(wish).catch(() => {}); // ready() throws it when the picture is needed
        }
    }

    /** Takes back what the decoder has not begun, unless one of the pictures that are wanted now is among it. */
    forget(wishes) {
        if (wishes.some(({ number, layers }) => this.promises.has(`${number}/${layers}`))) return;
        this.client.forget();
        this.promises.clear();
    }

    /** Mean seconds a picture by kind of work: {parse, network, motion, colour}; 0 each before the first one. */
    get seconds() {
        const { measured } = this;
        const mean = (kind) => measured.reduce((sum, one) => sum + one[kind], 0) / Math.max(1, measured.length);
        return Object.fromEntries(["parse", "network", "motion", "colour"].map((kind) => [kind, mean(kind)]));
    }

    ask({ number, layers }) {
        const key = `${number}/${layers}`;
        const { promises } = this;
        const begin = performance.now();
        const promise = this.client.frame(number, layers).then((answer) => {
            this.latency = (performance.now() - begin) / 1000;
            return answer && this.keep(key, answer);
        });
        const done = () => promises.get(key) === promise && promises.delete(key);
        promises.set(key, promise);
        promise.then(done, (error) => done() && this.errors.set(key, error));
        return promise;
    }

    keep(key, { pixels, seconds }) {
        const picture = new ImageData(new Uint8ClampedArray(pixels), this.width, this.height);
        this.pictures.set(key, picture);
        if (this.pictures.size > this.capacity) this.pictures.delete(this.pictures.keys().next().value);
        this.measured = [...this.measured, seconds].slice(-MEASURED_FRAMES);
        return picture;
    }
}
