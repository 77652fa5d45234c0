/// Addresses of live streams as seen from a page, which may lie below a proxy's path.

/// True for "/app/name".
export const isStreamPath = (path: string) => /^\/[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*$/.test(path);

/// True for the pictures of a JPEG camera, which has no other stream.
export const isJpegPath = (path: string) => path.startsWith("/mjpeg/");

/// The WebSocket of `where`, relative to the page at `page`, with the right to it that the page was given.
export function socketUrl(where: string, page: URL, query: URLSearchParams = new URLSearchParams()): string {
    const url = new URL(where, page);
    url.protocol = page.protocol === "https:" ? "wss:" : "ws:";
    url.search = query.toString();
    url.hash = "";
    return url.toString();
}

/// A stream that a wall shows.
export interface WallStream {
    path: string;
    /// What proves the right to it.
    proof: URLSearchParams;
}

/// The streams of a wall's address, `paths` of its query: a signature is for one path, so each may bring its own
/// (`/camera/door?sign=...`). `shared`: what the page has for those that do not. What is no stream, or named twice, is
/// left out.
export function wallStreams(paths: string, shared: URLSearchParams): WallStream[] {
    const streams = new Map<string, WallStream>();
    for (const text of paths.split(",")) {
        const mark = text.indexOf("?");
        const path = (mark < 0 ? text : text.slice(0, mark)).trim();
        const own = credentials(new URLSearchParams(mark < 0 ? "" : text.slice(mark + 1)));
        if (isStreamPath(path) && !streams.has(path)) streams.set(path, {path, proof: own.toString() ? own : shared});
    }
    return [...streams.values()];
}

/// What of a page's query proves a right to a stream.
export function credentials(query: URLSearchParams): URLSearchParams {
    const kept = new URLSearchParams();
    for (const name of ["sign", "token"]) {
        const value = query.get(name);
        if (value) kept.set(name, value);
    }
    return kept;
}
