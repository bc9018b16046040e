/** Asks the browser for a camera or a microphone. */
export async function openDevice(constraints: MediaStreamConstraints): Promise<MediaStream> {
  // The property is missing if the page was not loaded over https.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) throw new DOMException("", "SecurityError");
  return devices.getUserMedia(constraints);
}

/** Why a device cannot be used, and what the reader can do. */
export function refusalOf(device: "camera" | "microphone", error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  const instead =
    device === "camera" ? "The samples, a file and the sheet work without it." : "The samples work without it.";
  switch (name) {
    case "NotAllowedError":
      return `The browser does not let this page use the ${device}. To use it, allow it beside the address and try again. ${instead}`;
    case "NotFoundError":
      return `No ${device} was found. ${instead}`;
    case "SecurityError":
      return `Browsers allow the ${device} only on pages that were loaded over https or from this computer. ${instead}`;
    default:
      return `The ${device} could not be started. Another program may be using it. ${instead}`;
  }
}
