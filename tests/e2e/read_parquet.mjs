// Reads the Parquet files named by its arguments with the package hyparquet; `npm ci` in web/ installs it. Prints a
// JSON list, of each file an object: the type of each column, of lists with one "[]" for each level; its metadata; and
// its rows.
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const {asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema} =
    await import(pathToFileURL(require.resolve("hyparquet")));

function typeOf({element, children}) {
    if (children.length === 0) return element.logical_type?.type === "STRING" ? "STRING" : element.type;
    if (element.logical_type?.type !== "LIST") throw new Error(`${element.name} is a group, and no list`);
    return typeOf(children[0].children[0]) + "[]";
}

const files = [];
for (const path of process.argv.slice(2)) {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    const rows = await parquetReadObjects({file, metadata});
    if (BigInt(rows.length) !== metadata.num_rows) throw new Error(`${path}: ${metadata.num_rows} rows announced`);
    files.push({
        columns: Object.fromEntries(parquetSchema(metadata).children.map(one => [one.element.name, typeOf(one)])),
        metadata: Object.fromEntries((metadata.key_value_metadata ?? []).map(({key, value}) => [key, value])),
        rows,
    });
}
console.log(JSON.stringify(files, (_, value) => typeof value === "bigint" ? Number(value) : value));
