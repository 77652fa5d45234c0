/// Addresses of live streams as seen from a page, which may lie below a proxy's path.

/// True for "/app/name".
export const isStreamPath = (path: string) => /^\/[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*$/.test(path);

/// The WebSocket of `where`, relative to the page at `page`, with the right to it that the page was given.
export function socketUrl(where: string, page: URL, query: URLSearchParams = new URLSearchParams()): string {
    const url = new URL(where, page);
    url.protocol = page.protocol === "https:" ? "wss:" : "ws:";
    url.search = query.toString();
    url.hash = "";
    return url.toString();
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
