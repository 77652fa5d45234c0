// Builds the pages into a folder: node build.mjs OUT; with --tests the unit tests instead.
// Every page is an HTML file with one script and one style sheet; each file lies there compressed, too.
import {build} from "esbuild";
import {mkdir, readdir, readFile, rm, writeFile} from "node:fs/promises";
import path from "node:path";
import {fileURLToPath} from "node:url";
import {gzipSync} from "node:zlib";

const here = path.dirname(fileURLToPath(import.meta.url));
const forTests = process.argv[2] === "--tests";
const out = path.resolve(process.argv[forTests ? 3 : 2] ?? path.join(here, "../build/web"));

/** The files of a folder below web/ whose names end so. */
async function files(folder, ending) {
    const names = await readdir(path.join(here, folder));
    return names.filter((name) => name.endsWith(ending)).sort().map((name) => path.join(here, folder, name));
}

await rm(out, {recursive: true, force: true});
await mkdir(out, {recursive: true});
const common = {bundle: true, outdir: out, logLevel: "warning", charset: "utf8", legalComments: "none"};
if (forTests) {
    await build({...common, entryPoints: await files("tests", ".test.ts"), platform: "node", format: "esm",
                 target: "node18", outExtension: {".js": ".mjs"}, sourcemap: "inline"});
} else {
    await build({...common, entryPoints: [...await files("src", ".ts"), ...await files("src", ".css")],
                 format: "iife", target: ["chrome94", "firefox115", "safari16"], minify: true,
                 alias: {"mpegts.js": path.join(here, "node_modules/mpegts.js/dist/mpegts.js")}});
    for (const page of [...await files("src", ".html"), ...await files("src", ".svg")]) {
        await writeFile(path.join(out, path.basename(page)), await readFile(page));
    }
    for (const name of await readdir(out)) {
        const bytes = await readFile(path.join(out, name));
        await writeFile(path.join(out, `${name}.gz`), gzipSync(bytes, {level: 9}));
    }
}
