// Every package as its users get it: packed, and installed without install scripts. pnpm installs each package into a folder of
// its own, in a layout where a package finds only its own dependencies; npm and both versions of yarn install all of them together.
// What is installed is imported in this Node and in the newest one, type-checked with two kinds of module resolution by the
// TypeScript of this repository and by the oldest one that users may have, and bundled by vite and by esbuild. publint and
// arethetypeswrong check each package.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { newestNode, run } from "./run.mjs";

const root = resolve(import.meta.dirname, "..");
const bin = (name) => join(root, "tools/node_modules/.bin", name);
const nodes = [process.execPath, newestNode()].filter((node) => node !== undefined);
const compilers = ["typescript/bin/tsc", "typescript-oldest/bin/tsc"].map((path) =>
  join(root, "tools/node_modules", path),
);
// pnpm sets it to the packages of this repository, and esbuild would find those that a user does not have.
delete process.env.NODE_PATH;

const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
const work = mkdtempSync(join(tmpdir(), "convlens-packages-"));

/** The tarballs of packages by name, as package managers take them. */
const tarballsOf = (packages) => Object.fromEntries(packages.map(({ name, tarball }) => [name, `file:${tarball}`]));

// Their files, because the programs of both are called yarn.
const yarns = [
  [
    "yarn",
    import.meta.resolve("yarn/bin/yarn.js"),
    ["install", "--ignore-scripts", "--non-interactive", "--silent", "--no-lockfile"],
  ],
  ["yarn4", import.meta.resolve("@yarnpkg/cli-dist/bin/yarn.js"), ["install", "--mode=skip-build"]],
];

/** Runs a network on each backend, and on several threads. */
const netThatRuns = `
import { cpu, evaluate, gradients, reference, tensor, useBackend } from "convlens";
import { conv2d, lpPool2d, relu } from "convlens/tensor";

for (const backend of [reference(), await cpu()]) {
  useBackend(backend);
  const x = tensor(Array.from({ length: 16 }, (_, i) => i), [1, 4, 4, 1]);
  const filters = tensor([-1, 0, 0, 1], [2, 2, 1, 1]);
  // Pooling over windows of one pixel changes nothing; its kernels are in another file.
  const y = lpPool2d(relu(conv2d(x, filters, { stride: 2 })), { kernelSize: 1 });
  const got = (await evaluate(y, gradients(y, [filters])[0])).join(" ");
  if (got !== "5,5,5,5 20,24,36,40") throw new Error(backend.name + " computes " + got);
}

// A thread that ends is reported as a warning.
console.warn = (message) => { throw new Error(message); };
useBackend(await cpu({ threads: 3 }));
const image = tensor(new Float32Array(4 * 64 * 64 * 16).fill(1), [4, 64, 64, 16]);
const filters = tensor(new Float32Array(3 * 3 * 16 * 16).fill(0.5), [3, 3, 16, 16]);
for (const end = performance.now() + 200; performance.now() < end; ) {
  await new Promise((resolve) => setTimeout(resolve));
  const [maps] = await evaluate(conv2d(image, filters));
  const wrong = maps.findIndex((y) => Math.abs(y - 72) > 1e-3);
  if (wrong >= 0) throw new Error("threads compute something else");
}
`;

/** gpu.js is an optional peer dependency: it is missing here, and gpu() says so. */
const gpuWithoutGpuJs = `
import { gpu } from "@convlens/backend-gpu";

const said = await gpu().then(() => "nothing", (error) => error.message);
if (!said.includes("npm install gpu.js@2")) throw new Error("gpu() without gpu.js says " + said);
`;
const programs = { convlens: netThatRuns, "@convlens/backend-gpu": gpuWithoutGpuJs };

try {
  const packages = pack();
  const folders = [...installEach(packages), installAll(packages)];
  checkTypes(folders);
  for (const folder of folders) await use(folder);
  for (const { name, entries, tarball } of packages) {
    run(bin("publint"), ["--strict", "--pack=false", tarball]);
    run(bin("attw"), [tarball, "--profile", "esm-only", "--quiet"]);
    console.log(`${name}: ${entries.length} entries, in ${nodes.length} versions of Node and two bundlers`);
  }
  for (const yarn of yarns) useByYarn(packages, yarn);
  console.log(`all: by npm and ${yarns.length} versions of yarn`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** A tarball of each package. */
function pack() {
  return readdirSync(join(root, "packages")).map((folder) => {
    const cwd = join(root, "packages", folder);
    const { name, exports } = readJson(join(cwd, "package.json"));
    if (!existsSync(join(cwd, "dist/index.js"))) throw new Error(`${name} is not built: run pnpm build first`);
    const tarball = join(work, `${folder}.tgz`);
    run("pnpm", ["pack", "--out", tarball], { cwd });
    const entries = Object.keys(exports).filter((entry) => !entry.endsWith(".json"));
    return { name, folder, tarball, entries: entries.map((entry) => join(name, entry)) };
  });
}

/** Writes modules into a folder that import all entries of packages and run their programs; `page.mjs` has none for Node only. */
function writeModules(cwd, packages) {
  const own = packages.filter(({ name }) => name in programs);
  for (const { name, folder } of own) writeFileSync(join(cwd, `${folder}.mjs`), programs[name]);
  const running = own.map(({ folder }) => `import "./${folder}.mjs";\n`).join("");
  const entries = packages.flatMap((each) => each.entries);
  writeFileSync(join(cwd, "types.ts"), importing(entries));
  writeFileSync(join(cwd, "all.mjs"), running + importing(entries));
  writeFileSync(join(cwd, "page.mjs"), running + importing(entries.filter((entry) => !entry.endsWith("/node"))));
}

/** Makes a folder that depends on packages, and uses `overrides` for their dependencies. */
function makeFolder(cwd, installed, overrides) {
  mkdirSync(cwd);
  const dependencies = tarballsOf(installed);
  writeFileSync(
    join(cwd, "package.json"),
    JSON.stringify({ private: true, type: "module", dependencies, ...overrides }),
  );
  writeModules(cwd, installed);
  return { cwd, installed };
}

/** Installs each package with its declared dependencies into its own folder, by pnpm, as one workspace. */
function installEach(packages) {
  const cwd = join(work, "each");
  mkdirSync(cwd);
  writeFileSync(
    join(cwd, "pnpm-workspace.yaml"),
    `packages: ["*"]\noverrides: ${JSON.stringify(tarballsOf(packages))}\nhoist: false\nminimumReleaseAge: 0\npmOnFail: ignore\n`,
  );
  const folders = packages.map((each) => makeFolder(join(cwd, each.folder), [each]));
  run("pnpm", ["install", "--ignore-scripts", "--silent"], { cwd });
  return folders;
}

/** Installs all packages together, by npm. */
function installAll(packages) {
  const folder = makeFolder(join(work, "all-npm"), packages, { overrides: tarballsOf(packages) });
  run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: folder.cwd });
  return folder;
}

/** Type-checks what the packages export, in all folders at once. */
function checkTypes(folders) {
  const files = folders.map(({ cwd }) => join(cwd, "types.ts"));
  for (const [module, moduleResolution] of [
    ["nodenext", "nodenext"],
    ["preserve", "bundler"],
  ]) {
    const checked = { strict: true, noEmit: true, target: "es2022", lib: ["es2023", "dom"], types: [] };
    writeFileSync(
      join(work, "tsconfig.json"),
      JSON.stringify({ compilerOptions: { ...checked, module, moduleResolution }, files }),
    );
    for (const compiler of compilers) run(process.execPath, [compiler, "-p", work]);
  }
}

/** Runs what is installed in a folder, and bundles of it. */
async function use({ cwd, installed }) {
  for (const node of nodes) run(node, ["all.mjs"], { cwd });
  if (installed.some(({ name }) => name === "convlens"))
    for (const node of nodes)
      run(join(cwd, "node_modules/.bin/convlens"), ["summary", "lenet"], {
        cwd,
        env: { PATH: `${join(node, "..")}:${process.env.PATH}` },
      });

  // Its file: the program that pnpm puts on the path lets esbuild find every package of this repository.
  const esbuild = join(root, "tools/node_modules/esbuild/bin/esbuild");
  const bundling = ["--bundle", "--minify", "--keep-names", "--format=esm", "--outfile=esbuild/page.mjs"];
  run(process.execPath, [esbuild, "page.mjs", ...bundling], { cwd });
  const output = { entryFileNames: "page.mjs", format: "es" };
  const rolldownOptions = { input: join(cwd, "page.mjs"), output };
  await build({
    root: cwd,
    configFile: false,
    logLevel: "error",
    build: { outDir: "vite", target: "esnext", modulePreload: false, rolldownOptions },
  });
  rmSync(join(cwd, "node_modules"), { recursive: true });
  for (const bundle of ["esbuild/page.mjs", "vite/page.mjs"]) for (const node of nodes) run(node, [bundle], { cwd });
}

/** Installs all packages by yarn and runs them. Version 4 has no node_modules; a package finds only its own dependencies. */
function useByYarn(packages, [yarn, url, install]) {
  const { cwd } = makeFolder(join(work, `all-${yarn}`), packages, { resolutions: tarballsOf(packages) });
  const env = {
    // Without a lockfile it would refuse on CI.
    YARN_ENABLE_IMMUTABLE_INSTALLS: "false",
    // Otherwise a package also finds the dependencies of this project.
    YARN_PNP_FALLBACK_MODE: "none",
    YARN_ENABLE_TELEMETRY: "0",
    YARN_CACHE_FOLDER: join(work, `${yarn}-cache`),
  };
  const program = fileURLToPath(url);
  run(process.execPath, [program, ...install], { cwd, env });
  for (const node of nodes) run(node, [program, "node", "all.mjs"], { cwd, env });
}

/** A module that fails if one of the entries is empty. */
function importing(entries) {
  const imports = entries.map((entry, i) => `import * as m${i} from "${entry}";\n`).join("");
  const all = entries.map((_, i) => `m${i}`).join();
  return `${imports}for (const m of [${all}]) if (Object.keys(m).length === 0) throw new Error("an entry is empty");\n`;
}
