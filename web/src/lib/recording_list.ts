/// The recordings of the monitor and the takes they belong to, with player, download and deletion.

import * as api from "./api.ts";
import {byId, h, KeyedList, setText} from "./dom.ts";
import * as format from "./format.ts";

export interface Take {
    name: string;
    started_at: string;
    cameras: string[];
    pictures: number;
    lost: number;
    state: string;
}

/// The takes among `recordings`, which are newest first.
export function takesOf(recordings: readonly api.Recording[]): Take[] {
    const takes = new Map<string, Take>();
    for (const recording of recordings) {
        if (!recording.take) continue;
        const take = takes.get(recording.take) ??
            {name: recording.take, started_at: recording.started_at, cameras: [], pictures: 0, lost: 0, state: "done"};
        takes.set(recording.take, take);
        if (!take.cameras.includes(recording.camera)) take.cameras.push(recording.camera);
        take.pictures += recording.pictures;
        take.lost += api.lostOf(recording);
        if (recording.started_at < take.started_at) take.started_at = recording.started_at;
        const worse = ["done", "finalising", "recording", "failed"];
        if (worse.indexOf(recording.state) > worse.indexOf(take.state)) take.state = recording.state;
    }
    for (const take of takes.values()) take.cameras.sort();
    return [...takes.values()];
}

/// A table's row: its cells by label, which narrow screens show beside each value.
export function makeRow(labels: readonly string[], ...more: HTMLElement[]): {row: HTMLTableRowElement; cells: HTMLTableCellElement[]} {
    const cells = labels.map((label) => h("td", {"data-label": label}));
    return {row: h("tr", {}, ...cells, ...more), cells};
}

export class RecordingList {
    private readonly list: KeyedList<api.Recording>;
    private readonly takes: KeyedList<Take>;

    constructor(private readonly remove: (id: string) => Promise<void>) {
        this.list = new KeyedList<api.Recording>(byId("recordings"), (recording) => recording.id, (recording) => this.makeRow(recording));
        this.takes = new KeyedList<Take>(byId("takes"), (take) => take.name, () => {
            const {row, cells} = makeRow(["Take", "Started", "Cameras", "Pictures", "Lost", "State"]);
            const state = h("span", {class: "state"});
            cells[5]?.append(state);
            for (const i of [3, 4]) cells[i]?.classList.add("number");
            return {element: row, update: (take) => {
                const texts = [take.name, format.clockTime(take.started_at), take.cameras.join(", "),
                               take.pictures > 0 ? String(take.pictures) : format.unknown,
                               take.state === "done" || take.lost > 0 ? String(take.lost) : format.unknown];
                texts.forEach((text, i) => setText(cells[i] as HTMLElement, text));
                state.dataset["state"] = take.state;
                setText(state, take.state);
            }};
        });
        byId("play-close").addEventListener("click", () => byId<HTMLDialogElement>("play-dialog").close());
        byId("play-dialog").addEventListener("close", () => {
            const video = byId<HTMLVideoElement>("play-video");
            video.pause();
            video.removeAttribute("src");
            video.load();
        });
    }

    show(recordings: api.Recording[]): void {
        this.list.show(recordings);
        byId("no-recordings").hidden = recordings.length > 0;
        setText(byId("recordings-count"), recordings.length > 0 ? `the newest ${recordings.length}` : "");
        const takes = takesOf(recordings);
        this.takes.show(takes);
        byId("takes-section").hidden = takes.length === 0;
    }

    private makeRow(first: api.Recording): {element: HTMLElement; update: (recording: api.Recording) => void} {
        const id = first.id;
        let current = first;
        const play = h("button", {"aria-label": `Play ${id}`, onclick: () => this.play(current)}, "Play");
        const download = h("a", {class: "button", "aria-label": `Download ${id}`}, "Download");
        const remove = h("button", {class: "danger", "aria-label": `Delete ${id}`, onclick: () => this.askToDelete(current)}, "Delete");
        const {row, cells} = makeRow(["Started", "Camera", "Take", "Length", "Pictures", "fps", "Lost", "Size", "State"],
            h("td", {class: "actions"}, play, download, remove));
        for (const i of [3, 4, 5, 6, 7]) cells[i]?.classList.add("number");
        const state = h("span", {class: "state"});
        cells[8]?.append(state);
        const update = (recording: api.Recording) => {
            current = recording;
            const isOpen = recording.state === "recording";
            const mp4 = recording.files.find((file) => file.kind === "mp4");
            const length = isOpen ? Date.now() - new Date(recording.started_at).getTime() : recording.duration_ms;
            const texts = [format.clockTime(recording.started_at), recording.camera, recording.take ?? format.unknown,
                           format.duration(length), recording.pictures > 0 ? String(recording.pictures) : format.unknown,
                           recording.fps ? recording.fps.toFixed(2) : format.unknown,
                           recording.state === "done" || api.lostOf(recording) > 0 ? String(api.lostOf(recording)) : format.unknown,
                           recording.bytes > 0 ? format.bytes(recording.bytes) : format.unknown];
            texts.forEach((text, i) => setText(cells[i] as HTMLElement, text));
            state.dataset["state"] = recording.state;
            setText(state, recording.error ? `${recording.state}: ${recording.error}` : recording.state);
            state.title = (recording.warnings ?? []).join("\n");
            play.hidden = download.hidden = !mp4;
            if (mp4) {
                download.href = api.fileUrl(id, mp4.name);
                download.download = `${id}.mp4`;
            }
            remove.hidden = isOpen || recording.state === "finalising";
        };
        return {element: row, update};
    }

    private play(recording: api.Recording): void {
        const mp4 = recording.files.find((file) => file.kind === "mp4");
        if (!mp4) return;
        setText(byId("play-title"), recording.id);
        const video = byId<HTMLVideoElement>("play-video");
        video.src = api.fileUrl(recording.id, mp4.name);
        byId<HTMLDialogElement>("play-dialog").showModal();
        void video.play().catch(() => undefined);
    }

    private askToDelete(recording: api.Recording): void {
        const dialog = byId<HTMLDialogElement>("delete-dialog");
        setText(byId("delete-text"), `${recording.id}, ${format.count(recording.pictures, "picture", "pictures")}, ${format.bytes(recording.bytes)}. Its files cannot be brought back.`);
        dialog.returnValue = "";
        dialog.onclose = () => {
            if (dialog.returnValue === "delete") void this.remove(recording.id);
        };
        dialog.showModal();
    }
}
