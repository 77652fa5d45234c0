/// Elements made and kept up to date: what is on the page stays there, so that focus and selection do too.

type Child = Node | string | null;
type Listener = (event: never) => void;
type Properties = Record<string, string | number | boolean | Listener | undefined>;

/// An element with attributes, `onclick`-like listeners and children.
export function h<K extends keyof HTMLElementTagNameMap>(
    tag: K, properties: Properties = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (typeof value === "function") {
            element.addEventListener(name.slice(2), value as unknown as EventListener);
        } else if (value !== undefined && value !== false) {
            element.setAttribute(name, value === true ? "" : String(value));
        }
    }
    for (const child of children) if (child !== null) element.append(child);
    return element;
}

/// The element of the page with that id.
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
    const element = document.getElementById(id);
    if (!element) throw new Error(`no element #${id} on this page`);
    return element as T;
}

/// Writes a text only if it changed: screen readers hear nothing new otherwise.
export function setText(element: HTMLElement, text: string): void {
    if (element.textContent !== text) element.textContent = text;
}

/// Shows a text in the element of that id; "": nothing is there.
export function showNotice(id: string, text: string): void {
    byId(id).hidden = text === "";
    setText(byId(id), text);
}

/// Shows `items` as children of `parent` in their order, each made once and updated after.
export class KeyedList<T> {
    private readonly shown = new Map<string, {element: HTMLElement; update: (item: T) => void}>();

    constructor(private readonly parent: HTMLElement, private readonly key: (item: T) => string,
                private readonly make: (item: T) => {element: HTMLElement; update: (item: T) => void}) {}

    show(items: readonly T[]): void {
        const wanted = new Set(items.map(this.key));
        for (const [key, row] of this.shown) {
            if (wanted.has(key)) continue;
            row.element.remove();
            this.shown.delete(key);
        }
        let before: Element | null = this.parent.firstElementChild;
        for (const item of items) {
            let row = this.shown.get(this.key(item));
            if (!row) {
                row = this.make(item);
                this.shown.set(this.key(item), row);
            }
            row.update(item);
            if (row.element === before) {
                before = before.nextElementSibling;
            } else {
                this.parent.insertBefore(row.element, before);
            }
        }
    }
}
