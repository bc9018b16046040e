import type { NetName } from "../../compute/learning.ts";
import { Button } from "../../controls/Button.tsx";
import { FileInput } from "../../controls/FileInput.tsx";
import type { LearningSession } from "./sessionLoop.ts";

/** Bytes of the largest file that is read. */
const MOST_BYTES = 20_000_000;

/** Offers a file for download. */
function download(name: string, bytes: Uint8Array): void {
  const address = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  // By then the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Saves a net as a safetensors file, or loads one. */
export function Files(props: { readonly session: LearningSession; readonly net: NetName; readonly step: number }) {
  const { session, net, step } = props;
  const load = async (file: File): Promise<void> => {
    if (file.size > MOST_BYTES)
      return session.say(
        `${file.name} has ${Math.round(file.size / 1e6)} MB, but a net of this page has less than one. The net stays as it is.`,
      );
    const problem = await session.load(new Uint8Array(await file.arrayBuffer()));
    if (problem !== undefined) session.say(`${file.name} could not be loaded, and the net stays as it is. ${problem}.`);
  };
  const save = async (): Promise<void> => {
    const bytes = await session.save(net, step);
    if (bytes !== undefined) download(`convlens-step-${step}.safetensors`, bytes);
  };
  return (
    <div class="controls">
      <Button text={`Download the net of step ${step}`} onClick={() => void save()} />
      <FileInput label="Or load a net (safetensors)" accept=".safetensors" onFiles={([file]) => load(file)} />
    </div>
  );
}
