const SEEK_SECONDS = 0.1; // a seek that ends earlier than it should by more than this went beyond the end

/** When frames are shown; times are seconds, frames are counted from 0. */
export class Timeline {
    /** @param {{begins: Float64Array, duration: number}} info when frames begin, and when the last ends. */
    constructor({ begins, duration }) {
        this.begins = begins;
        this.duration = duration;
        this.frames = begins.length;
    }

    /** When a frame ends. */
    end(number) {
        return number + 1 < this.frames ? this.begins[number + 1] : this.duration;
    }

    /** The middle of the time of a frame. */
    middle(number) {
        return (this.begins[number] + this.end(number)) / 2;
    }

    /** The frame shown at a time; the first or last one for times outside. */
    at(time) {
        let [low, high] = [0, this.frames];
        while (high - low > 1) {
            const middle = (low + high) >> 1;
            if (this.begins[middle] <= time) low = middle;
            else high = middle;
        }
        return low;
    }
}

/** The time in the video: stands, runs at `speed`, or follows a sound that plays. */
export class Clock {
    constructor() {
        this.speed = 1;
        /** A Sound to go by, or null. */
        this.sound = null;
        this.position = 0;
        this.since = null; // of performance.now(), in milliseconds; null while the clock stands
    }

    /** Seconds. */
    get time() {
        if (this.since !== null) {
            const now = performance.now();
            this.position = this.sound?.time ?? this.position + ((now - this.since) / 1000) * this.speed;
            this.since = now;
        }
        return this.position;
    }

    /** Jumps to a time. */
    set(time) {
        this.position = time;
        if (this.since !== null) this.since = performance.now();
        this.sound?.seek(time);
    }

    start() {
        this.since = performance.now();
        this.sound?.play(this.position, this.speed);
    }

    stop() {
        this.position = this.time;
        this.since = null;
        this.sound?.pause();
    }

    /** Runs at another speed: 1 is that of the video. */
    setSpeed(speed) {
        this.position = this.time;
        this.speed = speed;
        if (this.since !== null) this.start();
    }

    /** Goes by a Sound from now on, or by none (null). */
    follow(sound) {
        this.position = this.time;
        this.sound?.pause();
        this.sound = sound;
        if (this.since !== null) this.start();
    }
}

/** The sound of a file: a Matroska file in an <audio> element, which plays if the browser can. */
export class Sound {
    /**
     * @param {ArrayBuffer} file
     * @param {number} first seconds after which the first picture appears on the clock of the file
     * @param {() => void} refused is called once if the browser cannot play it.
     */
    constructor(file, first, refused) {
        Object.assign(this, { first, playing: false, timer: 0, wanted: 0 });
        this.begin = 0; // earliest time on the clock of the file to which the browser goes
        this.due = 0; // when the sound comes to its beginning, as of performance.now()
        this.audio = new Audio(URL.createObjectURL(new Blob([file], { type: "video/x-matroska" })));
        this.audio.addEventListener("error", refused, { once: true });
        this.audio.addEventListener("loadeddata", () => (this.begin = this.audio.currentTime), { once: true });
        this.audio.addEventListener("seeked", () => this.start());
    }

    /** Seconds, or undefined while it does not play, as before its beginning and after its end. */
    get time() {
        const { paused, ended, seeking, readyState, currentTime } = this.audio;
        const stands = paused || ended || seeking || readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
        return stands || currentTime < this.wanted - SEEK_SECONDS ? undefined : currentTime - this.first;
    }

    play(time, speed) {
        this.playing = true;
        this.audio.playbackRate = speed;
        this.seek(time);
        this.start();
    }

    seek(time) {
        const early = Math.max(0, this.begin - this.first - time);
        this.due = performance.now() + (1000 * early) / this.audio.playbackRate;
        if (early > 0) this.audio.pause();
        this.audio.currentTime = this.wanted = time + this.first;
    }

    /** Plays if it is time to; at its end a browser would begin anew. */
    start() {
        clearTimeout(this.timer);
        if (!this.playing || this.audio.ended) return;
        const wait = this.due - performance.now();
        if (wait > 0) this.timer = setTimeout(() => this.start(), wait);
        else this.audio.play().catch(() => {}); // what it cannot play is an "error" event too; a pause is none
    }

    pause() {
        this.playing = false;
        this.audio.pause();
    }
}
