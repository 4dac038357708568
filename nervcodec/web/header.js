/** Header of a file: docs/bitstream.md, section 2. */

import { ByteReader, MAX_VARINT, StreamError } from "./bytes.js";

const MAX_SIDE = 2 ** 14;
const MAX_RATIO = 2 ** 31;
const MAX_FRAMES = 2 ** 20;
const MAX_SEGMENTS = 2 ** 16;
const LONGEST_GROUP = 64;
const FIRST_OPTIONAL = 128;
/** Most pixels of a picture. */
export const MAX_PIXELS = 2 ** 26;
/** Way in which frames of groups are made level by level, and corrected. */
export const BY_LEVELS = 3;
/** Number of channels of pictures by their domain. */
export const CHANNELS = { rgb: 3, yuv420: 6 };

/** Readers of records by number, each `(reader, header) => nothing`, and the first version that has the record. */
const RECORDS = new Map([
    [1, [4, readTimeline]],
    [2, [5, (r, header) => {
        header.attached = { size: r.positive("attachment"), checksum: r.uint32("attachment") };
    }]],
    [3, [5, (r, header) => {
        header.depth = known(r.uint8("depth"), [10], "samples of a depth");
    }]],
    [4, [5, (r, header) => {
        known(r.uint8("domain"), [1], "pictures in domain");
        header.domain = "yuv420";
    }]],
    [5, [7, readGroups]],
    [6, [8, readFilter]],
    [128, [4, (r, header) => {
        header.aspect = readRatio(r, "sample aspect");
    }]],
    [129, [4, readClock]],
    [130, [4, (r) => repeated(10, (i) => r.varint("mastering display", i < 8 ? 65535 : 2 ** 32 - 1))]],
    [131, [4, (r) => repeated(2, () => r.varint("content light", 65535))]],
]);

/**
 * The header in some bytes, for files of versions 4 to 10.
 *
 * A header has: width, height (pixels), frameRate [n, d], colour {primaries, transfer, matrix, range}, chroma,
 * segments (frames in each), frames (of the file), length (frames of the video), positions (of the file's frames in the
 * video), depth, domain "rgb" or "yuv420", way (0 for no groups), filters (strengths by layer and segment), aspect
 * [n, d], ticks (times at which each frame of the video begins, then the end) in units of timeBase [n, d] seconds, and
 * attached {size, checksum} or null.
 */
export async function readHeader(bytes, version) {
    const reader = new ByteReader(bytes);
    const header = completed(readVideo(reader), readSegments(reader));
    let last = -1;
    while (reader.left) {
        const id = reader.uint8("record");
        if (id <= last) {
            throw new StreamError(`record ${id} of the header comes after record ${last}`);
        }
        last = id;
        const record = new ByteReader(reader.raw(reader.varint("record length"), "record"));
        const [since, read] = RECORDS.get(id) ?? [Infinity, null];
        if (version >= since) {
            await read(record, header, version);
            record.finish(`record ${id}`);
        } else if (id < FIRST_OPTIONAL) {
            throw new StreamError(`record ${id} of the header is not known to this decoder`);
        }
    }
    return header;
}

/** The fields of a header up to the segments. */
export function readVideo(reader) {
    const [width, height] = [reader.positive("width", MAX_SIDE), reader.positive("height", MAX_SIDE)];
    if (width * height > MAX_PIXELS) {
        throw new StreamError(`a picture of ${width}x${height} is larger than ${MAX_PIXELS} pixels`);
    }
    const frameRate = readRatio(reader, "frame rate");
    const [primaries, transfer, matrix, range, chroma] = repeated(5, () => reader.uint8("colour"));
    if (range > 2 || chroma > 4) {
        throw new StreamError("the colour description is out of range");
    }
    return { width, height, frameRate, colour: { primaries, transfer, matrix, range }, chroma };
}

/** The number of frames in each segment. */
export function readSegments(reader) {
    const count = reader.positive("segments", MAX_SEGMENTS);
    const segments = repeated(count, () => reader.positive("segment", MAX_FRAMES));
    if (sum(segments) > MAX_FRAMES) {
        throw new StreamError(`${sum(segments)} frames are more than ${MAX_FRAMES}`);
    }
    return segments;
}

/** A header with what records may change as it is without them. */
export function completed(video, segments) {
    const frames = sum(segments);
    const [rate, scale] = video.frameRate;
    return {
        ...video,
        segments,
        frames,
        length: frames,
        positions: repeated(frames, (i) => i),
        depth: 8,
        domain: "rgb",
        way: 0,
        filters: [],
        aspect: [1, 1],
        timeBase: [scale, rate],
        ticks: null,
        attached: null,
    };
}

function readTimeline(reader, header) {
    const { frames } = header;
    const length = reader.positive("frames of the video", MAX_FRAMES);
    const positions = [0];
    let last = 0;
    while (reader.left) {
        const [count, gap] = [reader.positive("run", frames), reader.positive("gap", length)];
        const from = positions.at(-1);
        if (positions.length + count > frames || from + count * gap >= length || gap === last) {
            throw new StreamError(`${count} gaps of ${gap} after frame ${from} of ${length}`);
        }
        for (let i = 1; i <= count; i++) {
            positions.push(from + i * gap);
        }
        last = gap;
    }
    if (positions.length !== frames || frames === length) {
        throw new StreamError(`a timeline of ${positions.length} frames for ${frames} of ${length}`);
    }
    Object.assign(header, { positions, length });
}

function readGroups(reader, header, version) {
    const way = known(reader.uint8("groups"), [1, 2, 3].slice(0, version - 6), "frames between made in way");
    const { positions, length, frames, segments } = header;
    if (frames === length) {
        throw new StreamError("groups need a timeline");
    }
    if (way === BY_LEVELS) {
        const gaps = positions.slice(1).map((position, i) => position - positions[i]);
        let begin = 0;
        if (gaps.some((gap) => gap > LONGEST_GROUP)) {
            throw new StreamError(`a group is longer than ${LONGEST_GROUP} frames`);
        }
        if (segments.slice(0, -1).some((count) => gaps[(begin += count) - 1] > 1)) {
            throw new StreamError("a group lies in two segments");
        }
    }
    header.way = way;
}

function readFilter(reader, header) {
    const count = header.segments.length;
    const strengths = [...reader.raw(reader.left, "filter")];
    if (!strengths.length || strengths.length % count) {
        throw new StreamError(`${strengths.length} strengths of the filter for ${count} segments`);
    }
    header.filters = repeated(strengths.length / count, (i) => strengths.slice(i * count, (i + 1) * count));
}

async function readClock(reader, header) {
    const timeBase = readRatio(reader, "time base");
    const shortest = reader.positive("shortest frame");
    const longer = new ByteReader(await inflated(reader.raw(reader.left, "durations"), 5 * header.length));
    const ticks = [0];
    for (let i = 0; i < header.length; i++) {
        ticks.push(ticks[i] + shortest + longer.varint("duration", MAX_VARINT));
    }
    longer.finish("durations");
    Object.assign(header, { timeBase, ticks });
}

/** What a raw deflate stream (RFC 1951) holds, at most some bytes. */
async function inflated(bytes, most) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    const whole = new Uint8Array(most);
    let size = 0;
    try {
        for (let reader = stream.getReader(), part; !(part = await reader.read()).done; size += part.value.length) {
            whole.set(part.value, size);
        }
    } catch {
        throw new StreamError("durations that cannot be inflated");
    }
    return whole.subarray(0, size);
}

function readRatio(reader, what) {
    return [reader.positive(what, MAX_RATIO), reader.positive(what, MAX_RATIO)];
}

function known(value, values, what) {
    if (!values.includes(value)) {
        throw new StreamError(`${what} ${value} are not known to this decoder`);
    }
    return value;
}

/** What a function gives for 0 up to a count. */
export function repeated(count, make) {
    return Array.from({ length: count }, (_, i) => make(i));
}

/** The sum of numbers. */
export function sum(numbers) {
    return numbers.reduce((a, b) => a + b, 0);
}
