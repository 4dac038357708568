/** Frames that are shown, and the frames of the file that they are made of (docs/bitstream.md, section 2). */

const gcd = (a, b) => (b ? gcd(b, a % b) : a);

/**
 * The timeline of a header.
 *
 * begins: Float64Array, seconds at which each shown frame begins; duration in seconds; places: for each shown frame
 * {frame, position}: the last frame of the file that is not later, and its position in the video.
 */
export function timelineOf(header) {
    const { positions, length, way, timeBase, ticks } = header;
    const shown = way ? Array.from({ length }, (_, position) => position) : positions;
    const seconds = (position) => ((ticks ? ticks[position] : position) * timeBase[0]) / timeBase[1];
    let frame = 0;
    const places = shown.map((position) => {
        frame += positions[frame + 1] <= position ? 1 : 0;
        return { frame, position };
    });
    return { begins: Float64Array.from(shown, seconds), duration: seconds(length), places };
}

/** The time of a position between two others of the video as a fraction [p, q] of the way, in lowest terms. */
export function timeBetween({ ticks }, before, position, after) {
    const at = (place) => (ticks ? ticks[place] : place);
    return inLowestTerms(at(position) - at(before), at(after) - at(before));
}

/** A fraction in lowest terms. */
export function inLowestTerms(p, q) {
    const divisor = gcd(p, q);
    return [p / divisor, q / divisor];
}

/** First frame of each segment, and the segment of each frame of the file. */
export function segmentStarts({ segments }) {
    const starts = [0];
    segments.forEach((frames, segment) => starts.push(starts[segment] + frames));
    return starts;
}
