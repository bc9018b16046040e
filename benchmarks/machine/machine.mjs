// What machine this is, and how quiet.
import { availableParallelism, cpus, loadavg } from "node:os";

/** For the head of a table and of a file. */
export const machine = () => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: availableParallelism(),
  platform: `${process.platform} ${process.arch}`,
  node: process.version,
  date: new Date().toISOString().slice(0, 16),
  load: loadavg()[0],
});
