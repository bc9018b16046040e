// Describes the machine, and how quiet it is.
import { availableParallelism, cpus, loadavg } from "node:os";

/** Head of tables and files. */
export const machine = () => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: availableParallelism(),
  platform: `${process.platform} ${process.arch}`,
  node: process.version,
  date: new Date().toISOString().slice(0, 16),
  load: loadavg()[0],
});
