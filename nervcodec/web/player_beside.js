const SAME_SECONDS = 0.001; // browsers round the times of their videos

/** The original in a <video> over the decoded picture, shown to the right of a divider that can be dragged. */
export class Beside {
    /**
     * @param {Player} player
     * @param {HTMLElement} stage what holds both pictures and the divider.
     * @param {HTMLVideoElement} video
     * @param {HTMLElement} divider takes the keyboard; the arrows, Home and End move it.
     */
    constructor(player, stage, video, divider) {
        Object.assign(this, { player, stage, video, divider });
        this.place(50);
        video.addEventListener("seeked", () => this.update());
        divider.addEventListener("keydown", (event) => this.move(event));
        divider.addEventListener("pointerdown", (event) => divider.setPointerCapture(event.pointerId));
        divider.addEventListener("pointermove", (event) => {
            if (!divider.hasPointerCapture(event.pointerId)) return;
            const { left, width } = stage.getBoundingClientRect();
            this.place((100 * (event.clientX - left)) / width);
        });
    }

    /** Loads the original from an address; resolves when its first picture is there, rejects if it cannot be played. */
    load(address) {
        return new Promise((resolve, reject) => {
            this.video.addEventListener("loadeddata", resolve, { once: true });
            this.video.addEventListener("error", reject, { once: true });
            this.video.src = address;
        });
    }

    /** Shows the decoded picture from the left up to a share in percent. */
    place(share) {
        this.share = Math.max(0, Math.min(100, share));
        this.stage.style.setProperty("--share", `${this.share}%`);
        const rounded = Math.round(this.share);
        this.divider.setAttribute("aria-valuenow", rounded);
        this.divider.setAttribute("aria-valuetext", `decoded on ${rounded} % of the width, original on the rest`);
    }

    move(event) {
        const places = { ArrowLeft: this.share - 2, ArrowRight: this.share + 2, Home: 0, End: 100 };
        if (!(event.key in places)) return;
        event.preventDefault();
        event.stopPropagation();
        this.place(places[event.key]);
    }

    /**
     * Brings the original to the picture that the player shows, by a seek for each picture: played at a rate that is
     * corrected on the way, it is off by some frames most of the time. A seek that goes on is not interrupted.
     */
    update() {
        const time = this.player.timeline.middle(this.player.shown.number);
        const near = Math.abs(this.video.currentTime - time) < SAME_SECONDS;
        if (!this.video.seeking && !near) this.video.currentTime = time;
    }
}
