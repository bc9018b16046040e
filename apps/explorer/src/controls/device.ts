const constraints = { camera: { video: { width: 320, height: 240 } }, microphone: { audio: true } };
type Device = keyof typeof constraints;

/** Opens a camera or a microphone, and starts to use it. @throws An error that says what the reader can do. */
export async function openDevice(device: Device, use: (stream: MediaStream) => void | Promise<void>): Promise<void> {
  try {
    // The property is missing if the page was not loaded over https.
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    if (devices === undefined) throw new DOMException("", "SecurityError");
    await use(await devices.getUserMedia(constraints[device]));
  } catch (cause) {
    throw new Error(refusalOf(device, cause), { cause });
  }
}

/** Why a device cannot be used, and what the reader can do. */
function refusalOf(device: Device, error: unknown): string {
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
