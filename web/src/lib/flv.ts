/// FLV tags as they come over a WebSocket (docs/live.md): bytes in, values out.

export interface FlvTag {
    kind: "audio" | "video" | "script" | "other";
    /// Decoding time in milliseconds, on the stream's own line.
    dts: number;
    body: Uint8Array;
}

/// What a video tag of H.264 holds.
export type AvcPart =
    | {kind: "configuration"; codec: string; description: Uint8Array}
    | {kind: "picture"; isKey: boolean; ptsUs: number; data: Uint8Array};

const headerBytes = 11;
const sizeBytes = 4;

/// The tags in `bytes`, which begin at a tag or at the file's header and end behind a tag: so the server sends them.
/// Throws if they do not.
export function readTags(bytes: Uint8Array): FlvTag[] {
    const tags: FlvTag[] = [];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    if (bytes.length >= 13 && bytes[0] === 0x46 && bytes[1] === 0x4c && bytes[2] === 0x56) at = view.getUint32(5) + sizeBytes;
    while (at < bytes.length) {
        if (bytes.length - at < headerBytes) throw new Error("an FLV tag is cut off");
        const type = view.getUint8(at) & 0x1f;
        const size = view.getUint32(at) & 0xffffff;
        const dts = (view.getUint8(at + 7) << 24 | view.getUint32(at + 3) & 0xffffff) >>> 0;
        const end = at + headerBytes + size;
        if (end + sizeBytes > bytes.length) throw new Error("an FLV tag is cut off");
        const kind = type === 8 ? "audio" : type === 9 ? "video" : type === 18 ? "script" : "other";
        tags.push({kind, dts, body: bytes.subarray(at + headerBytes, end)});
        at = end + sizeBytes;
    }
    return tags;
}

/// "avc1.64001f" of a decoder configuration record.
export function codecOf(record: Uint8Array): string {
    const hex = [...record.subarray(1, 4)].map((byte) => byte.toString(16).padStart(2, "0"));
    return `avc1.${hex.join("")}`;
}

/// Null for what is not H.264, or holds neither a configuration nor a picture.
export function readAvc(tag: FlvTag): AvcPart | null {
    const {body} = tag;
    if (tag.kind !== "video" || body.length < 5 || (body[0] as number) & 0x80 || ((body[0] as number) & 0x0f) !== 7) return null;
    const data = body.subarray(5);
    if (body[1] === 0 && data.length >= 7) return {kind: "configuration", codec: codecOf(data), description: data};
    if (body[1] !== 1 || data.length === 0) return null;
    const offset = (((body[2] as number) << 16 | (body[3] as number) << 8 | (body[4] as number)) << 8) >> 8;
    return {kind: "picture", isKey: (body[0] as number) >> 4 === 1, ptsUs: (tag.dts + offset) * 1000, data};
}

const codecNames: Record<string, string> = {hvc1: "H.265", av01: "AV1", vp08: "VP8", vp09: "VP9", vvc1: "H.266"};
const legacyNames: Record<number, string> = {2: "Sorenson H.263", 4: "VP6", 12: "H.265", 13: "AV1"};

/// The name of the codec of a tag's pictures, where it is not H.264; null where it is, and for what is no picture.
export function otherCodec({kind, body}: FlvTag): string | null {
    const first = body[0] ?? 0;
    if (kind !== "video" || body.length < 5) return null;
    if ((first & 0x80) === 0) return (first & 0x0f) === 7 ? null : legacyNames[first & 0x0f] ?? `FLV codec ${first & 0x0f}`;
    // Enhanced RTMP: a FourCC, but for bodies of several tracks, which are none of the stream's own.
    if ((first & 0x0f) === 6) return null;
    const fourCc = String.fromCharCode(...body.subarray(1, 5));
    return fourCc === "avc1" ? null : codecNames[fourCc] ?? fourCc;
}
