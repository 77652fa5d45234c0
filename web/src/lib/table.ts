/// What the monitor's tables share.

import {byId, h, setText} from "./dom.ts";

/// A table's row: its cells by label, which narrow screens show beside each value.
export function makeRow(labels: readonly string[], ...more: HTMLElement[]): {row: HTMLTableRowElement; cells: HTMLTableCellElement[]} {
    const cells = labels.map((label) => h("td", {"data-label": label}));
    return {row: h("tr", {}, ...cells, ...more), cells};
}

/// The table with that body if it has rows, else the sentence in its place.
export function showTable(id: string, rows: number): void {
    const table = byId(id).closest("table");
    if (table) table.hidden = rows === 0;
    byId(`no-${id}`).hidden = rows > 0;
}

/// Asks before files are gone for good.
export function askToDelete(title: string, text: string, remove: () => void): void {
    const dialog = byId<HTMLDialogElement>("delete-dialog");
    setText(byId("delete-title"), title);
    setText(byId("delete-text"), text);
    dialog.returnValue = "";
    dialog.onclose = () => dialog.returnValue === "delete" && remove();
    dialog.showModal();
}
