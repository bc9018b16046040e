#!/usr/bin/env node
import { main } from "./main.ts";

for (const stream of [process.stdout, process.stderr])
  stream.on("error", ({ code, message }: NodeJS.ErrnoException) => {
    // The reader of the output closed it, as `head` does.
    if (code === "EPIPE") process.exit(141);
    if (stream === process.stdout) process.stderr.write(`convlens: the output cannot be written: ${message}\n`);
    process.exit(1);
  });

process.exitCode = await main(process.argv.slice(2));
