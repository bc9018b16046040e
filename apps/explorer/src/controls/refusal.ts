/** Why a device gives nothing, and what to do. */
export function refusalOf(device: "camera" | "microphone", error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  const instead = device === "camera" ? "The samples, a file and the sheet work without." : "The samples work without.";
  switch (name) {
    case "NotAllowedError":
      return `The browser does not let this page use the ${device}. If you want it to, allow it beside the address, and try again. ${instead}`;
    case "NotFoundError":
      return `No ${device} was found. ${instead}`;
    case "SecurityError":
      return `Browsers lend the ${device} only to pages that were loaded over https or from this computer. ${instead}`;
    default:
      return `The ${device} could not be started; maybe another program uses it. ${instead}`;
  }
}
