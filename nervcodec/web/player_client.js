/**
 * The decoder, as promises: sends requests to its worker and hands answers to whoever asked.
 * The worker answers in the order of the requests.
 */
export class DecoderClient {
    /** @param {Worker} worker one that nobody else talks to. */
    constructor(worker) {
        this.worker = worker;
        this.identifier = 0;
        this.forgotten = 0;
        this.orders = []; // of requests without an id: {resolve, reject}, the oldest first
        this.frames = new Map(); // id -> {resolve, reject}
        this.failure = null;
        worker.onmessage = (event) => this.receive(event.data);
        worker.onerror = (event) => {
            event.preventDefault();
            this.fail(new Error(`The decoder stopped: ${event.message || "the browser did not run its script"}.`));
        };
    }

    /** Requests for frames that are neither answered nor forgotten. */
    get pending() {
        return [...this.frames.keys()].filter((id) => id >= this.forgotten).length;
    }

    /** Opens a file (an ArrayBuffer, given away); resolves to what the decoder says of it. */
    async open(file, backend) {
        return (await this.order({ type: "open", file, backend }, [file])).info;
    }

    /** Computes on another backend from now on; resolves to its name. */
    async choose(backend) {
        return (await this.order({ type: "backend", backend })).backend;
    }

    /** Resolves to {pixels, seconds} of a frame made of the first `layers` layers, or to null if it is forgotten. */
    frame(number, layers) {
        const id = this.identifier++;
        return this.ask({ type: "frame", id, number, layers }, [], (promise) => this.frames.set(id, promise));
    }

    /** Takes back the requests for frames that the decoder has not begun. */
    forget() {
        this.forgotten = this.identifier;
        this.worker.postMessage({ type: "forget", below: this.forgotten });
    }

    order(message, transferred = []) {
        return this.ask(message, transferred, (promise) => this.orders.push(promise));
    }

    ask(message, transferred, keep) {
        if (this.failure) return Promise.reject(this.failure);
        return new Promise((resolve, reject) => {
            keep({ resolve, reject });
            this.worker.postMessage(message, transferred);
        });
    }

    receive(answer) {
        const waiting = "id" in answer ? this.takeFrame(answer.id) : this.orders.shift();
        if (answer.type === "failed") waiting.reject(new Error(answer.message));
        else waiting.resolve(answer);
    }

    takeFrame(id) {
        const waiting = this.frames.get(id);
        for (const [earlier, { resolve }] of this.frames) {
            if (earlier > id) break;
            this.frames.delete(earlier);
            if (earlier < id) resolve(null); // passed over by the decoder, as its answers keep the order
        }
        return waiting;
    }

    fail(error) {
        this.failure = error;
        for (const { reject } of [...this.orders, ...this.frames.values()]) reject(error);
        this.orders = [];
        this.frames.clear();
    }
}
