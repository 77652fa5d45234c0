/// Whom the server tells what happens, and whether that works.

import type {Hook} from "./api.ts";
import {byId, h, KeyedList, setText} from "./dom.ts";
import * as format from "./format.ts";
import {makeRow} from "./table.ts";

/// What a hook does, in words; `isBad`: somebody should look.
export function hookState(hook: Hook): {text: string; isBad: boolean} {
    const isBad = hook.state === "ended" || hook.state === "broken" || hook.journal_error !== null || hook.failed > 0 || hook.dropped > 0 || hook.attempts > 1;
    const next = hook.state === "waiting" && hook.next_at ? `, again at ${format.clockTime(hook.next_at)}` : "";
    const why = hook.last_error && hook.state !== "idle" ? `: ${hook.last_error}` : "";
    const disk = hook.journal_error !== null ? `; journal: ${hook.journal_error}` : "";
    return {text: `${hook.state}${next}${why}${disk}`, isBad};
}

export class HookList {
    private readonly list = new KeyedList<Hook>(byId("hooks"), (hook) => hook.id ?? `${hook.url} ${hook.format}`, (first) => {
        const {row, cells} = makeRow(["Address", "Format", "Delivered", "Waiting", "Given up", "State"]);
        if (first.id) (cells[0] as HTMLElement).title = first.id;
        for (const i of [2, 3, 4]) cells[i]?.classList.add("number");
        const state = h("span", {class: "state"});
        cells[5]?.append(state);
        return {element: row, update: (hook) => {
            const texts = [first.url, first.format, String(hook.delivered), String(hook.queued), String(hook.failed + hook.dropped)];
            texts.forEach((text, i) => setText(cells[i] as HTMLElement, text));
            const {text, isBad} = hookState(hook);
            state.dataset["state"] = isBad ? "check" : hook.state === "sending" ? "live" : "idle";
            setText(state, text);
        }};
    });

    show(hooks: Hook[]): void {
        this.list.show(hooks);
        byId("hooks-section").hidden = hooks.length === 0;
    }
}
