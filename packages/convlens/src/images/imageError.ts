import { ValueError } from "@convlens/backend";
import { MOST_PIXELS } from "./pixels.ts";

/** What is wrong with a file, in one sentence that names it. */
export const imageError = (name: string, what: string, fix: string, cause?: unknown): ValueError =>
  new ValueError(`${name} ${what}; ${fix}`, {
    operation: "image",
    got: name,
    fix,
    ...(cause !== undefined && { cause }),
  });

/** A file that begins as it should and does not go on so. */
export const damagedError = (name: string, kind: string, cause?: unknown): ValueError => {
  const why = cause instanceof Error ? ` (${cause.message.replace(/:$/, "")})` : "";
  return imageError(name, `is a ${kind} file that is damaged or cut off${why}`, "give a whole one", cause);
};

/** Refuses what would not fit into memory, before anything is decoded. */
export function checkSize(name: string, width: number, height: number): void {
  if (width * height > 0 && width * height <= MOST_PIXELS) return;
  throw imageError(
    name,
    `has ${width} × ${height} pixels, ${width * height === 0 ? "none at all" : `more than the ${MOST_PIXELS / 1e6} million that are opened`}`,
    "make it smaller first",
  );
}
