/// The camera's side of docs/camera.md: values to messages and back.

export interface StartCapture {
    width: number | null;
    height: number | null;
    /// Width by height, where only that was asked for.
    aspect: number | null;
    bitrateBps: number;
    fps: number;
    /// On the pictures' own clock; null: at once.
    startAtUs: number | null;
    /// What the server calls the capture; null: it knows no resuming.
    capture: string | null;
}

export type Command =
    | {kind: "start"; start: StartCapture}
    | {kind: "stop"}
    | {kind: "received"; capture: string; seq: number}
    | {kind: "clock"; id: number}
    | {kind: "warning"; text: string}
    | {kind: "other"};

const headerBytes = 16;

/// What the camera is to give: as it was asked for, else the most that is usual. Each member is there, since what is
/// left out would stay as an earlier start set it.
export function videoConstraints(wanted: Pick<StartCapture, "width" | "height" | "aspect" | "fps">): MediaTrackConstraints {
    const aspect = wanted.aspect ?? 16 / 9;
    const [widest, highest] = aspect >= 1 ? [1920, 1080] : [1080, 1920];
    const width = wanted.width ?? Math.round(Math.min(widest, highest * aspect));
    const height = wanted.height ?? Math.round(Math.min(highest, widest / aspect));
    return {width: {ideal: width}, height: {ideal: height}, frameRate: {ideal: wanted.fps > 0 ? wanted.fps : 30}};
}

/// A binary message: the stamp in microseconds, the message's number, the encoder's output.
export function encodeFrame(timestampUs: number, seq: number, payload: Uint8Array): ArrayBuffer {
    const message = new ArrayBuffer(headerBytes + payload.length);
    const view = new DataView(message);
    view.setBigUint64(0, BigInt(Math.round(timestampUs)));
    view.setUint32(8, seq >>> 0);
    view.setUint32(12, payload.length);
    new Uint8Array(message, headerBytes).set(payload);
    return message;
}

const number = (value: unknown): number | null => typeof value === "number" && Number.isFinite(value) ? value : null;

export function readCommand(text: string): Command {
    let message: {command?: unknown; status?: unknown; message?: unknown; payload?: Record<string, unknown>};
    try {
        message = JSON.parse(text) as typeof message;
    } catch {
        return {kind: "other"};
    }
    const payload = message.payload ?? {};
    if (message.command === "stop_capture") return {kind: "stop"};
    if (message.command === "clock" && number(payload["id"]) !== null) return {kind: "clock", id: payload["id"] as number};
    if (message.command === "received") {
        const seq = number(payload["seq"]);
        return typeof payload["capture"] === "string" && seq !== null ? {kind: "received", capture: payload["capture"], seq} : {kind: "other"};
    }
    if (message.status === "warning") return {kind: "warning", text: String(message.message)};
    if (message.command !== "start_capture") return {kind: "other"};
    const size = payload["resolution"] as {width?: unknown; height?: unknown} | undefined;
    const shape = payload["aspectRatio"] as {width?: unknown; height?: unknown} | undefined;
    const aspect = (number(shape?.width) ?? 0) / (number(shape?.height) ?? 0);
    const mbit = number(payload["bitrate"]) ?? 4;
    return {kind: "start", start: {
        width: number(size?.width), height: number(size?.height),
        aspect: Number.isFinite(aspect) && aspect > 0 ? aspect : null, bitrateBps: number(payload["bitrateBps"]) ?? mbit * 1e6,
        fps: number(payload["fps"]) ?? 0, startAtUs: number(payload["startAt"]),
        capture: typeof payload["capture"] === "string" ? payload["capture"] : null}};
}

/// H.264 levels by what they allow (table A-1): macroblocks a second and a picture.
const levels: [number, number, number][] = [[0x1e, 40_500, 1620], [0x1f, 108_000, 3600], [0x20, 216_000, 5120], [0x28, 245_760, 8192],
                                            [0x2a, 522_240, 8704], [0x32, 589_824, 22_080], [0x33, 983_040, 36_864], [0x34, 2_073_600, 36_864]];

const macroblocks = (width: number, height: number) => Math.ceil(width / 16) * Math.ceil(height / 16);

/// Whether the level of a codec string allows that size and rate.
export function fitsLevel(codec: string, width: number, height: number, fps: number): boolean {
    const blocks = macroblocks(width, height);
    const level = levels.find(([idc]) => idc === parseInt(codec.slice(-2), 16));
    return level !== undefined && blocks * fps <= level[1] && blocks <= level[2];
}

/// Codec strings to try for that size and rate, the best compression first; each profile also a level higher, since
/// encoders differ about what fits.
export function codecsFor(width: number, height: number, fps: number): string[] {
    const blocks = macroblocks(width, height);
    const first = levels.findIndex(([, perSecond, perPicture]) => blocks * fps <= perSecond && blocks <= perPicture);
    const fitting = levels.slice(first < 0 ? -1 : first).slice(0, 2).map(([level]) => level.toString(16));
    return ["6400", "4d00", "42e0"].flatMap((profile) => fitting.map((level) => `avc1.${profile}${level}`));
}
