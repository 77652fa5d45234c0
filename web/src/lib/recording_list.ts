/// The recordings of the monitor, with player, download and deletion.

import * as api from "./api.ts";
import {byId, h, KeyedList, setText, showNotice} from "./dom.ts";
import * as format from "./format.ts";
import {askToDelete, makeRow, showTable} from "./table.ts";

/// Length and losses as the server says them; while the files are made it has no figures yet.
export function figuresOf(recording: Pick<api.Recording, "state" | "duration_ms" | "seq_missing">): {length: string; lost: string} {
    const {state, duration_ms: length, seq_missing: lost} = recording;
    const isKnown = state === "recording" || state === "done";
    return {length: isKnown || length > 0 ? format.duration(length) : format.unknown,
            lost: lost !== undefined && (isKnown || lost > 0) ? String(lost) : format.unknown};
}

/// More than one where the pictures' size changed; none where it failed, or none was to be made.
const filmsOf = (recording: api.Recording) => recording.files.filter((file) => file.kind === "mp4");

export class RecordingList {
    private readonly list: KeyedList<api.Recording>;

    constructor(private readonly remove: (id: string) => Promise<void>) {
        this.list = new KeyedList<api.Recording>(byId("recordings"), (recording) => recording.id, (recording) => this.makeRow(recording));
        byId("play-close").addEventListener("click", () => byId<HTMLDialogElement>("play-dialog").close());
        byId("notes-close").addEventListener("click", () => byId<HTMLDialogElement>("notes-dialog").close());
        byId("play-dialog").addEventListener("close", () => {
            const video = byId<HTMLVideoElement>("play-video");
            video.pause();
            video.removeAttribute("src");
            video.load();
        });
    }

    show(recordings: api.Recording[]): void {
        this.list.show(recordings);
        showTable("recordings", recordings.length);
        setText(byId("recordings-count"), recordings.length > 0 ? `the newest ${recordings.length}` : "");
    }

    private makeRow(first: api.Recording): {element: HTMLElement; update: (recording: api.Recording) => void} {
        const id = first.id;
        let current = first;
        const play = h("button", {"aria-label": `Play ${id}`, onclick: () => this.open(current, true)}, "Play");
        const files = h("button", {"aria-label": `Files of ${id}`, onclick: () => this.open(current, false)}, "Files");
        const download = h("a", {class: "button", "aria-label": `Download ${id}`}, "Download");
        const remove = h("button", {class: "danger", "aria-label": `Delete ${id}`, onclick: () => this.askToDelete(current)}, "Delete");
        const notes = h("button", {class: "quiet", hidden: true, onclick: () => this.tellNotes(current)});
        const {row, cells} = makeRow(["Started", "Camera", "Take", "Length", "Pictures", "fps", "Lost", "Size", "State"],
            h("td", {class: "actions"}, play, download, files, remove));
        for (const i of [3, 4, 5, 6, 7]) cells[i]?.classList.add("number");
        const state = h("span", {class: "state"});
        cells[8]?.append(h("span", {}, state, notes));
        const update = (recording: api.Recording) => {
            current = recording;
            const isOpen = recording.state === "recording";
            const mp4s = filmsOf(recording);
            const {length, lost} = figuresOf(recording);
            const texts = [format.clockTime(recording.started_at), recording.camera, recording.take ?? format.unknown,
                           length, recording.pictures > 0 ? String(recording.pictures) : format.unknown,
                           recording.fps ? recording.fps.toFixed(2) : format.unknown,
                           lost,
                           recording.bytes > 0 ? format.bytes(recording.bytes) : format.unknown];
            texts.forEach((text, i) => setText(cells[i] as HTMLElement, text));
            for (const i of [1, 2]) (cells[i] as HTMLElement).title = texts[i] as string;  // may be cut off
            state.dataset["state"] = recording.state;
            setText(state, recording.error ? `${recording.state}: ${recording.error}` : recording.state + (recording.kept ? ", kept" : ""));
            row.classList.toggle("live", isOpen);
            this.showNotes(notes, recording.warnings ?? []);
            const [mp4] = mp4s;
            play.hidden = !mp4;
            // One of several would pass for the whole.
            download.hidden = mp4s.length !== 1;
            files.hidden = mp4s.length === 1 || recording.files.length === 0;
            if (mp4) {
                download.href = api.fileUrl(id, mp4.name);
                download.download = `${id}.mp4`;
            }
            remove.hidden = recording.kept === true || isOpen || recording.state === "finalising";
        };
        return {element: row, update};
    }

    /// What is to be known of a recording: how many notes there are, and at a press all of them.
    private showNotes(button: HTMLButtonElement, warnings: string[]): void {
        button.hidden = warnings.length === 0;
        setText(button, format.count(warnings.length, "note", "notes"));
    }

    private tellNotes(recording: api.Recording): void {
        setText(byId("notes-title"), recording.id);
        byId("notes-list").replaceChildren(...(recording.warnings ?? []).map((text) => h("li", {}, text)));
        byId<HTMLDialogElement>("notes-dialog").showModal();
    }

    /// Its films one after the other, if it is to be played, and all its files.
    private open(recording: api.Recording, plays: boolean): void {
        setText(byId("play-title"), recording.id);
        const video = byId<HTMLVideoElement>("play-video");
        showNotice("play-trouble", "");
        video.onerror = () => showNotice("play-trouble", video.error?.code === MediaError.MEDIA_ERR_NETWORK ? "The server does not answer."
            : "This browser cannot play it, as most cannot play JPEG pictures in an MP4. Download the file, and open it in a player.");
        const mp4s = filmsOf(recording);
        video.hidden = mp4s.length === 0;
        const play = (number: number) => {
            const mp4 = mp4s[number];
            if (!mp4) return;
            video.src = api.fileUrl(recording.id, mp4.name);
            video.onended = () => play(number + 1);
            if (plays || number > 0) void video.play().catch(() => undefined);
        };
        play(0);
        byId("play-files").replaceChildren(...recording.files.map((file) => h("li", {},
            h("a", {href: api.fileUrl(recording.id, file.name), download: `${recording.id}-${file.name}`}, file.name), ` ${format.bytes(file.bytes)}`)));
        byId<HTMLDialogElement>("play-dialog").showModal();
    }

    private askToDelete(recording: api.Recording): void {
        const contents = [format.count(recording.pictures, "picture", "pictures"), format.count(recording.files.length, "file", "files"), format.bytes(recording.bytes)];
        askToDelete("Delete this recording?", `${recording.id}, ${contents.join(", ")}. Its files cannot be brought back.`,
            () => void this.remove(recording.id));
    }
}
