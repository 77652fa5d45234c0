/// One plot of the monitor: a line for each name in a History, drawn by uPlot.

import uPlot from "uplot";
import {h} from "./dom.ts";
import {History} from "./history.ts";

/// Distinct in dark and light, also to colour-blind eyes (after Okabe and Ito).
const colours = ["#3b8fd4", "#e08e0b", "#1a9f79", "#c970a6", "#d5602c", "#8a8f24", "#7b6fd0", "#7f8890"];
const plotHeight = 170;

/// "14:05:09", as everywhere on the page.
const timeOf = (unixSeconds: number) => new Date(unixSeconds * 1000).toTimeString().slice(0, 8);

export class Plot {
    readonly element: HTMLElement;
    private readonly place: HTMLElement;
    private plot: uPlot | null = null;
    private names: string[] = [];

    constructor(title: string, private readonly history: History, private readonly format: (value: number) => string,
                private readonly hasNegative = false) {
        this.place = h("div");
        this.element = h("figure", {class: "panel plot", "aria-label": title}, h("h3", {}, title), this.place);
        this.element.style.margin = "0";
        new ResizeObserver(() => this.plot?.setSize({width: this.width(), height: plotHeight})).observe(this.element);
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.make());
    }

    /// Nothing to draw has no plot.
    draw(): void {
        const names = this.history.names;
        this.element.hidden = names.length === 0;
        if (this.element.hidden) return;
        if (!this.plot || names.join("\n") !== this.names.join("\n")) {
            this.names = names;
            this.make();
        } else {
            this.plot.setData(this.history.data(names) as uPlot.AlignedData);
        }
    }

    private width(): number {
        return Math.max(200, this.element.clientWidth - 24);
    }

    private make(): void {
        this.plot?.destroy();
        const style = getComputedStyle(document.documentElement);
        const soft = style.getPropertyValue("--soft").trim();
        const axis = {stroke: soft, grid: {stroke: style.getPropertyValue("--line").trim(), width: 1}, ticks: {show: false}};
        this.plot = new uPlot({
            width: this.width(), height: plotHeight, cursor: {y: false},
            scales: {x: {time: true, range: (_, __, max) => [max - 600, max]},
                     y: {range: (_, min, max) => this.hasNegative ? [Math.min(-1, min * 1.1), Math.max(1, max * 1.1)] : [0, Math.max(1, max * 1.1)]}},
            axes: [{...axis, space: 70, values: (_, ticks) => ticks.map((at) => timeOf(at).slice(0, 5))}, {...axis, size: 64, values: (_, ticks) => ticks.map(this.format)}],
            series: [{label: "time", value: (_: uPlot, at: number | null) => at === null ? "–" : timeOf(at)}, ...this.names.map((name, i) => ({
                label: name, stroke: colours[i % colours.length] as string, width: 1.5,
                value: (_: uPlot, value: number | null) => value === null ? "–" : this.format(value),
            }))],
        }, this.history.data(this.names) as uPlot.AlignedData, this.place);
    }
}
