import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { ConvlensError, UsageError } from "@convlens/backend";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { FolderLock } from "../src/folderLock.ts";
import { main } from "../src/main.ts";
import { CommandLineError } from "../src/options.ts";
import { RunFolder, type RunSettings } from "../src/runFolder.ts";

const folder = mkdtempSync(join(tmpdir(), "convlens-folders-"));
const home = process.cwd();
const said = { out: "", err: "" };
const run = (...args: string[]): Promise<number> => main(args);

beforeAll(() => process.chdir(folder));
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  said.out = "";
  said.err = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => Boolean((said.out += text.toString())));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => Boolean((said.err += text.toString())));
});
afterEach(() => vi.restoreAllMocks());

const settings: RunSettings = {
  data: "edges",
  task: "classify",
  input: [28, 28, 1],
  classes: ["a", "b"],
  augment: "none",
  freeze: [],
  model: "small",
  epochs: 1,
  batchSize: 200,
  learningRate: 0.01,
  optimizer: "adam",
  seed: 1,
};
const create = (name: string, overwrite = false): ReturnType<typeof RunFolder.create> =>
  RunFolder.create("made", name, settings, { overwrite });
/** Id of a process that has ended. */
const { pid: ended } = spawnSync(process.execPath, ["--version"]);
const lockOf = (path: string, holder: object): void =>
  writeFileSync(FolderLock.pathIn(path), JSON.stringify({ host: hostname(), id: "other", ...holder }));

describe("folders of runs", () => {
  it("belong to one run each, however many begin at once", async () => {
    const made = await Promise.all(Array.from({ length: 6 }, () => create("same")));
    expect(made.map(({ folder: { path } }) => path).sort()).toEqual(
      ["same", "same-2", "same-3", "same-4", "same-5", "same-6"].map((name) => join("made", name)),
    );
    await Promise.all(made.map(({ lock }) => lock.release()));
    for (const { folder: own } of made) expect(readdirSync(own.path)).toEqual(["run.json"]);
    expect((await create("same")).folder.path).toBe(join("made", "same-7"));
  });

  it("are used if they are empty, or contain only the lock of a killed process", async () => {
    mkdirSync("made/empty", { recursive: true });
    mkdirSync("made/killed");
    lockOf("made/killed", { pid: ended });
    for (const name of ["empty", "killed"]) {
      const { folder: own, lock } = await create(name);
      expect(own.path).toBe(join("made", name));
      await lock.release();
      expect(readdirSync(own.path)).toEqual(["run.json"]);
    }
  });

  it("have one writer at a time", async () => {
    const { folder: own, lock } = await create("written");
    await expect(own.lock()).rejects.toThrow(UsageError);
    await expect(create("written", true)).rejects.toThrow(/is being written by another convlens train; wait for it/);
    await lock.release();
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => own.lock()));
    expect(all.filter(({ status }) => status === "fulfilled").length).toBe(1);
  });

  it("become free when their process was killed, and only then", async () => {
    mkdirSync("locks");
    const cases: readonly (readonly [holder: object, isHeld: boolean])[] = [
      [{ pid: ended }, false],
      [{ pid: process.ppid }, true],
      [{ pid: process.pid }, true],
      [{ pid: ended, host: "elsewhere" }, true],
      [{ pid: -1 }, false],
      [{ pid: "1" }, false],
    ];
    for (const [holder, isHeld] of cases) {
      lockOf("locks", holder);
      const lock = await FolderLock.take("locks");
      expect(lock === undefined, JSON.stringify(holder)).toBe(isHeld);
      await lock?.release();
      expect(existsSync(FolderLock.pathIn("locks"))).toBe(isHeld);
      rmSync(FolderLock.pathIn("locks"), { force: true });
    }
  });

  it("are always in runs/", async () => {
    for (const name of ["../out", "..", ".", "", "a/b", "a\\b", "a\0b", "x".repeat(101)]) {
      said.err = "";
      expect(await run("train", "edges", "--name", name), name).toBe(2);
      expect(said.err).toMatch(/--name: expected the name of a folder in runs\//);
    }
    expect(existsSync("runs")).toBe(false);
  });

  it("are refused in one sentence if they cannot be created", async () => {
    writeFileSync("file", "");
    await expect(RunFolder.create("file", "a", settings, { overwrite: false })).rejects.toThrow(
      /the folder file\/a cannot be made: a part of the path is a file, not a folder; check the path/,
    );
  });
});

describe("files of a run", () => {
  const path = "forms";
  const own = new RunFolder(path);
  beforeAll(() => mkdirSync(path));
  const write = (name: string, text: string): void => writeFileSync(join(path, name), text);

  it("contain settings, which are read as they were written, or refused", async () => {
    write("run.json", JSON.stringify(settings));
    expect(await own.settings()).toEqual(settings);
    const kinds = fc.oneof(fc.jsonValue(), fc.constant(undefined));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...(Object.keys(settings) as (keyof RunSettings)[])),
        kinds,
        async (key, value) => {
          write("run.json", JSON.stringify({ ...settings, [key]: value }));
          const isRight =
            typeof value === typeof settings[key] &&
            (typeof value !== "number" || (value >= 1 && (key === "learningRate" || Number.isSafeInteger(value))));
          if (isRight) return;
          if (value === 0 && key === "seed") return;
          if (key === "learningRate" && typeof value === "number" && value > 0) return;
          await expect(own.settings()).rejects.toThrow(/^forms\/run\.json is damaged: its content\.\w+ is not/);
        },
      ),
      { examples: [["learningRate", 0]] },
    );
    for (const text of ["", "{", "null", "[]", "3", "[".repeat(100_000)]) {
      write("run.json", text);
      await expect(own.settings(), text.slice(0, 9)).rejects.toThrow(
        /^forms\/run\.json is damaged: .*; train it again$/,
      );
    }
  });

  it("contain the history, which is read as it was written, or refused", async () => {
    const history = {
      chance: NaN,
      steps: [{ kind: "step", step: 1, loss: NaN, gradientNorm: 1 }],
      records: [
        {
          step: 1,
          layers: [{ path: "a", curve: "relu", units: 1, dead: 0, saturated: 0 }],
          parameters: [{ path: "a", size: 1, gradient: 1, updateRatio: 1 }],
        },
      ],
      epochs: [
        { kind: "epoch", epoch: 0, step: 1, loss: 1, metrics: { accuracy: 1 }, examplesPerSecond: 1, stopped: false },
      ],
    } as never;
    await own.saveHistory(history);
    expect(await own.readHistory()).toEqual(history);
    for (const text of [
      ...["", "[]", "{}", '"a"', '{"steps":[],"records":[],"epochs":3}'],
      '{"steps":[{"step":1,"loss":"2"}],"records":[],"epochs":[]}',
      '{"steps":[],"records":[{"step":1,"layers":[{}],"parameters":[]}],"epochs":[]}',
    ]) {
      write("history.json", text);
      await expect(own.readHistory(), text).rejects.toThrow(/^forms\/history\.json is damaged: .*; delete it/);
    }
    rmSync(join(path, "history.json"));
    expect(await own.readHistory()).toBeUndefined();
  });

  it("are not read from devices, which may be endless", async () => {
    for (const name of ["run.json", "history.json", "checkpoint.safetensors"]) {
      rmSync(join(path, name), { force: true });
      symlinkSync("/dev/zero", join(path, name));
    }
    await expect(own.settings()).rejects.toThrow(CommandLineError);
    await expect(own.readHistory()).rejects.toThrow(ConvlensError);
    await expect(own.readCheckpoint()).rejects.toThrow(/not a regular file/);
  });
});

describe("a run folder from an untrusted source", () => {
  // Writes a file when it is imported: code that ran.
  const hostile = `import { writeFileSync } from "node:fs";
writeFileSync("ran", "");
export { model } from ${JSON.stringify(join(import.meta.dirname, "nets/branches.ts"))};`;

  beforeAll(async () => {
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    writeFileSync("hostile.mjs", hostile);
    const args = ["--model", "./hostile.mjs", "--epochs", "1", "--batch-size", "500", "--name", "theirs"];
    expect(await run("train", "shapes", ...args)).toBe(0);
  }, 60_000);
  beforeEach(() => {
    rmSync("ran", { force: true });
    // A copy for each test, since a module runs once.
    const path = join("runs/theirs/run.json");
    const text = JSON.parse(readFileSync(path, "utf8")) as RunSettings;
    copies++;
    writeFileSync(`hostile${copies}.mjs`, hostile);
    writeFileSync(path, JSON.stringify({ ...text, model: join(process.cwd(), `hostile${copies}.mjs`) }));
  });
  let copies = 0;

  it("runs no code by default", async () => {
    for (const args of [
      ["evaluate", "runs/theirs"],
      ["predict", "runs/theirs", "image.png"],
      ["inspect", "runs/theirs", "--no-report"],
      ["inspect", "runs/theirs/checkpoint.safetensors", "--no-report"],
      ["train", "--resume", "runs/theirs", "--epochs", "2"],
    ]) {
      said.err = "";
      expect(await run(...args), args.join(" ")).toBe(2);
      expect(said.err).toMatch(
        /the model of runs\/theirs is the module .*hostile\d+\.mjs, whose code would run; name the module with --model <file>, or pass --trust if you trust the folder/,
      );
      expect(existsSync("ran"), args.join(" ")).toBe(false);
    }
  });

  it("is used with the module of the command line, not with that of the folder", { timeout: 60_000 }, async () => {
    const mine = join(import.meta.dirname, "nets/branches.ts");
    expect(await run("evaluate", "runs/theirs", "--model", mine)).toBe(0);
    expect(existsSync("ran")).toBe(false);
    // The weights are those of another model.
    expect(await run("evaluate", "runs/theirs", "--model", "lenet")).toBe(1);
    expect(said.err).toMatch(/is not a variable of this model|is missing in the file/);
  });

  it("runs its module with --trust", { timeout: 60_000 }, async () => {
    expect(await run("evaluate", "runs/theirs", "--trust")).toBe(0);
    expect(existsSync("ran")).toBe(true);
  });

  it("writes no control characters to the terminal", async () => {
    const text = JSON.parse(readFileSync("runs/theirs/run.json", "utf8")) as RunSettings;
    for (const change of [{ model: "\u001b[2Jgone" }, { data: "\u009b2J\u202egone" }]) {
      writeFileSync("runs/theirs/run.json", JSON.stringify({ ...text, ...change }));
      said.err = "";
      expect(await run("evaluate", "runs/theirs", "--trust")).toBe(2);
      expect(said.err).toContain("gone");
      // oxlint-disable-next-line no-control-regex
      expect(said.err).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
  });

  it("cannot redirect writes by links", { timeout: 60_000 }, async () => {
    rmSync("runs/theirs/run.json");
    const names = ["checkpoint.safetensors", "history.json", "report.html", "run.json"];
    const { folder: own, lock } = await RunFolder.create("runs", "linked", settings, { overwrite: false });
    await lock.release();
    for (const name of names) {
      writeFileSync(`precious-${name}`, "precious");
      rmSync(join(own.path, name), { force: true });
      symlinkSync(join(process.cwd(), `precious-${name}`), join(own.path, name));
    }
    expect(
      await run(
        "train",
        "edges",
        "--model",
        "small",
        "--epochs",
        "1",
        "--batch-size",
        "500",
        "--name",
        "linked",
        "--overwrite",
      ),
    ).toBe(0);
    for (const name of names) expect(readFileSync(`precious-${name}`, "utf8")).toBe("precious");
  });
});

describe("a custom model", () => {
  it.each([
    ["throws", "() => { throw new Error('no such layer'); }", /model\(4\) of .* failed: no such layer/],
    ["throws a value that is not an error", "() => { throw null; }", /failed: null/],
    ["is async", "async () => { throw new Error('later'); }", /returned a promise; return the layer itself/],
    ["returns nothing", "() => undefined", /returned a value of type undefined; return a layer/],
    ["returns null", "() => null", /returned null; return a layer/],
    ["returns a list", "() => []", /returned an array; return a layer/],
    ["is a class", "class {}", /failed: Class/],
    ["is a layer whose call throws", "() => ({ call() { throw new TypeError('deep') } })", /deep/],
    ["is a layer whose call is async", "() => ({ async call() {} })", /the output of a layer must be a tensor/],
  ])("that %s is refused in one sentence", async (name, code, printed) => {
    const file = `./${name.replaceAll(/\W/g, "-")}.mjs`;
    writeFileSync(file, `export const model = ${code};`);
    expect(await run("train", "shapes", "--model", file)).toBeGreaterThan(0);
    expect(said.err).toMatch(printed);
    expect(said.err).not.toMatch(/\n\s+at /);
    // A run that cannot begin leaves no folder.
    expect(readdirSync("runs").filter((run) => run.startsWith("shapes-"))).toEqual([]);
  });
});
