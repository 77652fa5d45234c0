/// The live streams of the monitor, and who watches them.

import type {Stream, Viewer} from "./api.ts";
import {byId, h, KeyedList, setText} from "./dom.ts";
import * as format from "./format.ts";
import {makeRow, showTable} from "./table.ts";

function videoOf(stream: Stream): string {
    if (!stream.video) return stream.audio ? stream.audio.codec : format.unknown;
    const size = stream.video.width && stream.video.height ? ` ${stream.video.width} × ${stream.video.height}` : "";
    return stream.video.codec + size + (stream.audio ? `, ${stream.audio.codec}` : "");
}

export class StreamLists {
    private readonly streams = new KeyedList<Stream>(byId("streams"), (stream) => stream.path, ({path}) => {
        const watch = h("a", {class: "button", "aria-label": `Watch ${path}`, href: `player?path=${encodeURIComponent(path)}`}, "Watch");
        const {row, cells} = makeRow(["Stream", "From", "Video", "fps", "Rate", "Viewers"], h("td", {class: "actions"}, watch));
        for (const i of [3, 4, 5]) cells[i]?.classList.add("number");
        return {element: row, update: (stream) => {
            const texts = [path, stream.state === "live" ? `${stream.protocol} ${stream.peer}` : "nobody", videoOf(stream),
                           stream.fps_1s > 0 ? stream.fps_1s.toFixed(1) : format.unknown,
                           stream.bitrate_1s > 0 ? format.bitrate(stream.bitrate_1s) : format.unknown, String(stream.viewers)];
            texts.forEach((text, i) => setText(cells[i] as HTMLElement, text));
        }};
    });
    private readonly viewers = new KeyedList<Viewer>(byId("viewers"), (viewer) => String(viewer.id), () => {
        const {row, cells} = makeRow(["Stream", "By", "From", "Since", "Sent", "Dropped"]);
        for (const i of [4, 5]) cells[i]?.classList.add("number");
        return {element: row, update: (viewer) => {
            const texts = [viewer.stream, viewer.protocol, viewer.peer, format.clockTime(viewer.since),
                           format.bytes(viewer.bytes), format.count(viewer.dropped, "packet", "packets")];
            texts.forEach((text, i) => setText(cells[i] as HTMLElement, text));
        }};
    });

    /// `jpegs`: the paths of JPEG cameras that stream; they are no streams, but have a place on the wall.
    show(streams: Stream[], viewers: Viewer[], jpegs: string[]): void {
        this.streams.show(streams);
        this.viewers.show(viewers);
        showTable("streams", streams.length);
        byId("viewers-section").hidden = viewers.length === 0;
        const paths = [...streams.filter((stream) => stream.state === "live").map((stream) => stream.path), ...jpegs];
        const wall = byId<HTMLAnchorElement>("wall");
        wall.href = `wall?paths=${paths.slice(0, 16).map(encodeURIComponent).join(",")}`;
        wall.hidden = paths.length === 0;
    }
}
