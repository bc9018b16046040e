import { useCompute, type ComputeStatus } from "../compute/compute.ts";
import { trainedBy } from "../compute/learned.ts";
import { nameOf } from "../compute/processor.ts";
import { Button } from "../controls/Button.tsx";
import { nextTheme, theme } from "../draw/theme.ts";

/** The backend, its threads and its speed; the processor of chapter 6, if it is another one; and a button for the theme. */
export function MachineLine() {
  const { status } = useCompute();
  return (
    <div class="machine">
      <p role="status">{sentence(status.value)}</p>
      <Button text={`Theme: ${theme.value}`} onClick={nextTheme} />
    </div>
  );
}

function sentence(status: ComputeStatus): string {
  switch (status.kind) {
    case "starting":
      return "Starting the worker that computes…";
    case "failed":
      return `This browser cannot compute the page: ${status.text}. It needs WebAssembly SIMD, which all recent browsers have. A reload may help.`;
    case "ready": {
      const { backend, threads, isolated, productsPerSecond } = status.machine;
      const name = backend.replace(/ \(.*/, "");
      const on = threads === 1 ? "one thread" : `${threads} threads`;
      const why = isolated ? "" : " (more threads need a page with isolation headers)";
      const speed = `${(productsPerSecond / 1e9).toPrecision(2)} billion multiply-adds per second (measured when the page was opened)`;
      return `Convlens, backend ${name}, ${on}${why}: convolution at ${speed}.${training(threads)}`;
    }
  }
}

/** The processor that trains the net of chapter 6, if it is not that of the page; of a graphics processor also its name. */
function training(threads: number): string {
  if (trainedBy.value === undefined) return "";
  const { processor, backend } = trainedBy.value;
  const name = nameOf(processor, threads);
  if (name === nameOf("all", threads)) return "";
  return ` The net of chapter 6 is trained on: ${name}${processor === "graphics" ? backend.replace(/^gpu/, "") : ""}.`;
}
