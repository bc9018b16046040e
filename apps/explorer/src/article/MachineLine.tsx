import type { JSX } from "preact";
import { useCompute, type ComputeStatus } from "../compute/compute.ts";
import { trainedBy } from "../compute/learned.ts";
import { nameOf } from "../compute/processor.ts";
import { nextTheme, theme } from "../draw/theme.ts";

/** Says what computes, on how many threads, and how fast; what trains, if that is another; and switches between light and dark. */
export function MachineLine(): JSX.Element {
  const { status } = useCompute();
  return (
    <div class="machine">
      <p role="status">{sentence(status.value)}</p>
      <button type="button" onClick={nextTheme}>
        Theme: {theme.value}
      </button>
    </div>
  );
}

function sentence(status: ComputeStatus): string {
  switch (status.kind) {
    case "starting":
      return "Starting the worker that computes…";
    case "failed":
      return `Nothing can be computed here: ${status.text}. A browser of the last years with WebAssembly SIMD is needed; a reload may help.`;
    case "ready": {
      const { backend, threads, isolated, productsPerSecond } = status.machine;
      const name = backend.replace(/ \(.*/, "");
      const on = threads === 1 ? "one thread" : `${threads} threads`;
      const why = isolated ? "" : " (more need a page served with isolation headers)";
      const speed = `${(productsPerSecond / 1e9).toPrecision(2)} billion multiply-adds per second (measured when the page was opened)`;
      return `Convlens, backend ${name}, ${on}${why}: convolves ${speed}.${training(threads)}`;
    }
  }
}

/** What trains the net of chapter 6, if that is not what computes the rest; of a graphics processor also which. */
function training(threads: number): string {
  if (trainedBy.value === undefined) return "";
  const { processor, backend } = trainedBy.value;
  const name = nameOf(processor, threads);
  if (name === nameOf("all", threads)) return "";
  return ` The net of chapter 6 learns on: ${name}${processor === "graphics" ? backend.replace(/^gpu/, "") : ""}.`;
}
