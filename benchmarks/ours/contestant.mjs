// Convlens as a contestant: `node contestant.mjs '{"threads":2}'`, with options of cpu().
import { readFileSync } from "node:fs";
import { cpu } from "@convlens/backend-cpu";
import { useBackend } from "@convlens/tensor";
import { serve } from "../contest/serve.mjs";
import { peak } from "../machine/peak.mjs";
import { prepare } from "./prepare.mjs";

const options = JSON.parse(process.argv[2] ?? "{}");
const backend = await cpu(options);
useBackend(backend);

const { version } = JSON.parse(
  readFileSync(new URL("../../packages/backend-cpu/package.json", import.meta.url), "utf8"),
);
await serve({
  about: { version: `${version}, ${backend.name}`, node: process.version, options },
  prepare,
  peak: (seconds) => peak({ threads: options.threads, seconds }),
});
