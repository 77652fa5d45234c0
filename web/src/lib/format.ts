/// Numbers as people read them. What is not known is an en dash, never 0.

export const unknown = "–";

export function bytes(count: number): string {
    if (count < 1000) return `${count} B`;
    const units = ["kB", "MB", "GB", "TB", "PB"];
    let value = count;
    let unit = "";
    for (unit of units) {
        value /= 1000;
        if (value < 999.5) break;
    }
    return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}

export function bitrate(bitsPerSecond: number): string {
    if (bitsPerSecond < 999_500) return `${(bitsPerSecond / 1000).toFixed(0)} kbit/s`;
    return `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`;
}

export function fps(rate: number): string {
    return `${rate.toFixed(1)} fps`;
}

/// "0:07", "12:05", "3:02:11".
export function duration(ms: number): string {
    const total = Math.max(0, Math.floor(ms / 1000));
    const two = (value: number) => String(value).padStart(2, "0");
    const hours = Math.floor(total / 3600);
    const minutes = Math.floor(total / 60) % 60;
    return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}

/// How long something lasts: "40 s", "12 min", "5.2 h", "3 days".
export function span(seconds: number): string {
    if (seconds < 90) return `${Math.round(seconds)} s`;
    if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
    if (seconds < 48 * 3600) return `${(seconds / 3600).toFixed(1)} h`;
    return `${Math.round(seconds / 86400)} days`;
}

/// Of an RFC 3339 time, in the reader's own time zone: "14:05:09", with the date if it is not today's.
export function clockTime(text: string, now: Date = new Date()): string {
    const at = new Date(text);
    if (Number.isNaN(at.getTime())) return unknown;
    const two = (value: number) => String(value).padStart(2, "0");
    const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
    if (at.toDateString() === now.toDateString()) return time;
    return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

/// Microseconds as milliseconds: "0.41 ms", "20 ms".
export function ms(us: number): string {
    const value = us / 1000;
    return `${Math.abs(value) < 9.995 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

export function count(value: number, one: string, many: string): string {
    return `${value} ${value === 1 ? one : many}`;
}
