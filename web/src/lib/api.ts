/// The server's HTTP API (docs/http-api.md) as the pages use it. Addresses are relative to the page, so that a
/// proxy may put everything below a path of its own.

export class ApiError extends Error {
    constructor(readonly status: number, message: string) {
        super(message);
    }
}

interface List<T> {
    items: T[];
    next: string | null;
}

export interface Camera {
    name: string;
    model: string | null;
    state: string;
    session: string | null;
    width: number | null;
    height: number | null;
    fps_1s: number;
    bitrate_1s: number;
    frames: number;
    bad: number;
    /// Of what it records at present.
    recording?: {pictures: number; duration_ms: number; missing: number} | null;
    codec: string;
    clock: Clock;
    health: Health | null;
}

export interface Clock {
    method: string;
    bound_us: number | null;
    drift_ppm: number | null;
}

/// What the device says of itself.
export interface Health {
    battery: number | null;
    charging: boolean | null;
    unsent: number | null;
    lost: number | null;
    awake: boolean | null;
    hidden: boolean | null;
    /// Pictures that its sensor gave in the last second.
    fps: number | null;
}

export interface Take {
    take: string;
    started_at: string;
    cameras: string[];
    recordings: number;
    pictures: number;
    bytes: number;
    seq_missing: number;
    state: string;
    /// Null while one of its recordings has not ended.
    verdict: "ok" | "check" | "failed" | null;
    bound_us: number | null;
    pairing: {worst_us: number; p95_us: number} | null;
}

/// take.json.
export interface TakeDetails {
    verdict: string;
    why: string[];
    cameras: {camera: string; parts: {pictures: number; lost: number; fps: number | null; bound_us: number | null; clock: Clock | null}[]}[];
}

export interface Hook {
    id: string | null;
    url: string;
    format: string;
    state: string;
    queued: number;
    attempts: number;
    next_at: string | null;
    last_error: string | null;
    journal_error: string | null;
    delivered: number;
    dropped: number;
    failed: number;
}

export interface RecordedFile {
    name: string;
    kind: string;
    bytes: number;
}

export interface Recording {
    id: string;
    camera: string;
    take: string | null;
    state: string;
    started_at: string;
    pictures: number;
    bytes: number;
    /// Also while it is being recorded: so far.
    duration_ms: number;
    fps: number | null;
    start: {fps: number} | null;
    /// Messages whose numbers never came.
    seq_missing?: number;
    clock?: {bound_us?: number | null} | null;
    warnings?: string[];
    kept?: boolean;
    files: RecordedFile[];
    error: string | null;
}

export interface Stream {
    path: string;
    state: "live" | "waiting";
    protocol: string;
    peer: string;
    video: {codec: string; width: number | null; height: number | null} | null;
    audio: {codec: string} | null;
    fps_1s: number;
    bitrate_1s: number;
    viewers: number;
}

export interface Viewer {
    id: number;
    stream: string;
    protocol: string;
    peer: string;
    since: string;
    bytes: number;
    dropped: number;
}

export interface Status {
    version: string;
    recordings: {disk_free_bytes: number | null; disk_seconds_left: number | null; warn_free_ms: number};
}

export interface CaptureResult {
    ok: boolean;
    results: {camera: string; outcome: string; error?: string | null}[];
}

export interface StartOptions {
    take?: string;
    fps?: number;
    bitrate_bps?: number;
    resolution?: {width: number; height: number};
}

/// Which roles a request of this browser has.
export interface Rights {
    camera: boolean;
    control: boolean;
}

/// A server that is asked answers at once. One that is told to do something may have to wait for cameras, and one that
/// decodes a picture for one that can be decoded.
const answerMs = 5000;
const deedMs = 120_000;
const snapshotMs = 15_000;

export const textOf = (error: unknown) => error instanceof Error ? error.message : String(error);

/// What `read` makes of the server's answer. Throws an ApiError where there is none, or not within that time.
async function exchange<T>(path: string, request: RequestInit, limitMs: number, read: (response: Response) => Promise<T>): Promise<T> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), limitMs);
    try {
        const response = await fetch(`api/v1/${path}`, {...request, signal: limit.signal});
        if (response.ok) return await read(response);
        const answer = await response.json().catch(() => null) as {error?: {message?: string} | null} | null;
        throw new ApiError(response.status, answer?.error?.message ?? `the server answered ${response.status}`);
    } catch (error) {
        throw error instanceof ApiError ? error : new ApiError(0, "the server does not answer");
    } finally {
        clearTimeout(timer);
    }
}

export function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const request = {method, ...(body === undefined ? {} : {headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)})};
    return exchange<T>(path, request, method === "GET" ? answerMs : deedMs, async (response) => {
        const text = await response.text();
        return (text === "" ? null : JSON.parse(text)) as T;
    });
}

export async function list<T>(path: string): Promise<T[]> {
    return (await ask<List<T>>("GET", path)).items;
}

/// `proof`: what the page's address has to prove a role.
export const rights = (proof = new URLSearchParams()) => ask<Rights>("GET", `login${proof.toString() ? `?${proof}` : ""}`);
export const login = (proof: {token: string} | {once: string}) => ask<Rights>("POST", "login", proof);
export const logout = () => ask<Rights>("POST", "logout", {});

/// Who asks, in every request that does something to others: others are told so.
const client = "monitor page";

/// `cameras`: null for all.
const act = (what: string, cameras: string[] | null, more: object) =>
    ask<CaptureResult>("POST", `capture/${what}`, {...more, ...(cameras ? {cameras} : {}), client});
export const start = (cameras: string[] | null, options: StartOptions) => act("start", cameras, options);
export const stop = (cameras: string[] | null) => act("stop", cameras, {});
export const preview = (cameras: string[], ends: boolean) => act("preview", cameras, ends ? {stop: true} : {});

const remove = (kind: string, name: string) =>
    ask<unknown>("DELETE", `${kind}/${encodeURIComponent(name)}?client=${encodeURIComponent(client)}`);
export const removeRecording = (id: string) => remove("recordings", id);
export const removeTake = (name: string) => remove("takes", name);

export const fileUrl = (recording: string, name: string) =>
    `api/v1/recordings/${encodeURIComponent(recording)}/files/${encodeURIComponent(name)}`;
/// The newest picture of a stream. `path`: "/app/name"; `proof`: what proves the right to it.
export function snapshot(path: string, proof: URLSearchParams): Promise<Blob> {
    const query = proof.toString();
    // What a person waits for goes first.
    return exchange(`streams${path.split("/").map(encodeURIComponent).join("/")}/snapshot.jpg${query ? `?${query}` : ""}`,
                    {priority: "low"}, snapshotMs, (response) => response.blob());
}
