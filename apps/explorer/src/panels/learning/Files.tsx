import type { JSX } from "preact";
import type { NetName } from "../../compute/learning.ts";
import type { LearningSession } from "./session.ts";

/** Larger files are not read: no net of this page has as many weights. In bytes. */
const MOST_BYTES = 20_000_000;

/** Hands a file to the reader. */
function download(name: string, bytes: Uint8Array): void {
  const address = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  // The browser has begun to read by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Takes a net away as a safetensors file, or brings one. */
export function Files(props: {
  readonly session: LearningSession;
  readonly net: NetName;
  readonly step: number;
}): JSX.Element {
  const { session, net, step } = props;
  const load = async (file: File): Promise<void> => {
    if (file.size > MOST_BYTES) {
      session.problem.value = `${file.name} has ${Math.round(file.size / 1e6)} MB; a net of this page has less than one. The net stays as it is.`;
      return;
    }
    await session.load(new Uint8Array(await file.arrayBuffer()));
    const problem = session.problem.value;
    if (problem !== undefined)
      session.problem.value = `${file.name} could not be loaded, and the net stays as it is. ${problem}.`;
  };
  return (
    <div class="controls">
      <button
        type="button"
        onClick={() =>
          void session.save(net, step).then((bytes) => bytes && download(`convlens-step-${step}.safetensors`, bytes))
        }
      >
        Download the net of step {step}
      </button>
      <label class="file">
        <span>Or load a net (safetensors)</span>
        <input
          type="file"
          accept=".safetensors"
          onChange={(event) => {
            const input = event.currentTarget;
            const file = input.files?.[0];
            if (file) void load(file).finally(() => (input.value = ""));
          }}
        />
      </label>
    </div>
  );
}
