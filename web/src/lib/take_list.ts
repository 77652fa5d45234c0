/// The takes of the monitor: how good each is, why, and how exact its cameras' clocks were.

import * as api from "./api.ts";
import {byId, h, KeyedList, setText} from "./dom.ts";
import * as format from "./format.ts";
import {askToDelete, makeRow} from "./table.ts";

export interface TakeActions {
    remove(name: string): Promise<void>;
}

/// The verdict as a word, or what the take is doing while there is none.
export function verdictOf(take: Pick<api.Take, "state" | "verdict">): {state: string; text: string} {
    if (take.verdict) return {state: take.verdict, text: take.verdict};
    return {state: take.state, text: take.state === "done" ? "being looked at" : take.state};
}

/// "±0.41 ms", or a dash where nothing is known.
export const boundText = (us: number | null | undefined) => typeof us === "number" ? `±${format.ms(us)}` : format.unknown;

/// A line for each camera: what it has of the take, and what is known of its clock.
export function cameraLines(take: api.TakeDetails): string[][] {
    return take.cameras.flatMap(({camera, parts}) => parts.map((part, i) => [
        parts.length > 1 ? `${camera}, part ${i + 1}` : camera, String(part.pictures), String(part.lost),
        typeof part.fps === "number" ? part.fps.toFixed(2) : format.unknown, boundText(part.bound_us),
        part.clock?.method ?? format.unknown,
        typeof part.clock?.drift_ppm === "number" ? `${part.clock.drift_ppm} ppm` : format.unknown]));
}

const labels = ["Take", "Started", "Cameras", "Pictures", "Lost", "Clocks", "Pairing", "Verdict"];

export class TakeList {
    private readonly list: KeyedList<api.Take>;

    constructor(private readonly actions: TakeActions) {
        this.list = new KeyedList<api.Take>(byId("takes"), (take) => take.take, (take) => this.makeRow(take));
        byId("take-close").addEventListener("click", () => byId<HTMLDialogElement>("take-dialog").close());
    }

    show(takes: api.Take[]): void {
        this.list.show(takes);
        byId("takes-section").hidden = takes.length === 0;
    }

    private makeRow({take: name}: api.Take): {element: HTMLElement; update: (take: api.Take) => void} {
        let current: api.Take;
        const details = h("button", {"aria-label": `Show ${name}`, onclick: () => void this.showDetails(name)}, "Show");
        const remove = h("button", {class: "danger", "aria-label": `Delete take ${name}`, onclick: () => this.askToDelete(current)}, "Delete");
        const {row, cells} = makeRow(labels, h("td", {class: "actions"}, details, remove));
        for (const i of [3, 4, 5, 6]) cells[i]?.classList.add("number");
        const state = h("span", {class: "state"});
        cells[7]?.append(state);
        return {element: row, update: (take) => {
            current = take;
            const texts = [name, format.clockTime(take.started_at), take.cameras.join(", "),
                           take.pictures > 0 ? String(take.pictures) : format.unknown, take.verdict !== null || take.seq_missing > 0 ? String(take.seq_missing) : format.unknown,
                           boundText(take.bound_us), take.pairing ? format.ms(take.pairing.worst_us) : format.unknown];
            texts.forEach((text, i) => setText(cells[i] as HTMLElement, text));
            for (const i of [0, 2]) (cells[i] as HTMLElement).title = texts[i] as string;
            const verdict = verdictOf(take);
            state.dataset["state"] = verdict.state;
            setText(state, verdict.text);
            row.classList.toggle("live", take.state === "recording");
            details.hidden = take.verdict === null;
            remove.hidden = take.state === "recording" || take.state === "finalising";
        }};
    }

    private async showDetails(name: string): Promise<void> {
        const dialog = byId<HTMLDialogElement>("take-dialog");
        setText(byId("take-title"), `Take ${name}`);
        const why = byId("take-why");
        const cameras = byId("take-cameras");
        cameras.replaceChildren();
        try {
            const take = await api.ask<api.TakeDetails>("GET", `takes/${encodeURIComponent(name)}`);
            setText(byId("take-verdict"), take.verdict);
            byId("take-verdict").dataset["state"] = take.verdict;
            why.replaceChildren(...take.why.map((reason) => h("li", {}, reason)));
            for (const line of cameraLines(take)) {
                const {row, cells} = makeRow(["Camera", "Pictures", "Lost", "fps", "Clock", "Method", "Drift"]);
                line.forEach((text, i) => setText(cells[i] as HTMLElement, text));
                for (const i of [1, 2, 3, 4, 6]) cells[i]?.classList.add("number");
                cameras.append(row);
            }
        } catch (error) {
            setText(byId("take-verdict"), "unknown");
            why.replaceChildren(h("li", {}, api.textOf(error)));
        }
        dialog.showModal();
    }

    private askToDelete(take: api.Take): void {
        const count = format.count(take.recordings, "recording", "recordings");
        askToDelete(`Delete take ${take.take}?`, `${count}, ${format.bytes(take.bytes)}. Their files cannot be brought back.`,
            () => void this.actions.remove(take.take));
    }
}
